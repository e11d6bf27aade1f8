"""Faults on the way to a server: a proxy that one puts before it, and that breaks what goes through on demand.

    with Proxy(store.port) as proxy:
        os.environ["S3_ENDPOINT"] = proxy.url
        proxy.fault = lambda request: Fault(status=500) if request.startswith("PUT ") else None
        proxy.refuse()  # nobody listens; then proxy.accept()

Before an S3 store (``speaks="http"``) it sees each request's first line and can answer for the store; before a database
(``speaks="bytes"``) it sees connections only. Signatures stay valid: the name of the host is passed on as it came.
"""

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

HEAD_ENDS = b"\r\n\r\n"
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Fault:
    """What befalls one request: an answer that is an error, silence, or the end of the connection after some bytes."""

    status: int = 0
    hang: bool = False
    cut_after: int | None = None
    """So many bytes of the request's body reach the server."""
    answer_lost: bool = False
    """The server does as it is asked, and its answer never arrives."""


class Proxy:
    """Passes on what comes to ``port`` to ``target`` of this machine, each connection in threads of its own."""

    def __init__(self, target: int, *, speaks: Literal["http", "bytes"] = "http") -> None:
        self.target = target
        self.speaks = speaks
        self.fault: Callable[[str], Fault | None] = lambda request: None
        """Given a request's first line ("" for bytes), what befalls it."""
        self.requests: list[str] = []
        """The first lines of all requests so far."""
        self.port = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._listener: socket.socket | None = None
        self.accept()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self) -> None:
        """Listen, on the same port as before."""
        if self._listener is None:
            self._released.clear()
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
            self.port = self._listener.getsockname()[1]
            threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """As if the server's machine were gone: connections end, and no new one is taken."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept()
            listener.close()
        self.cut()

    def cut(self) -> None:
        """End all connections that are open; new ones are taken."""
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self._released.set()
        if self._listener is not None:
            self._released = threading.Event()

    def close(self) -> None:
        self.refuse()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, socket.create_connection(("127.0.0.1", self.target)) as server, suppress(OSError):
                with self._lock:
                    self._open |= {client, server}
                self._pass_on(client, server)
        except OSError:  # the server itself is not there
            return
        finally:
            with self._lock:
                self._open -= {each for each in self._open if each.fileno() == -1}

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        head, body = _read_head(client) if self.speaks == "http" else (b"", b"")
        request = head.split(b"\r\n", 1)[0].decode("latin-1")
        if self.speaks == "http" and not request:
            return
        self.requests.append(request)
        fault = self.fault(request)
        if fault and fault.hang:
            self._released.wait()
            return
        if fault and fault.status:
            _answer(client, head, body, fault.status)
            return
        server.sendall(_for_one_request(head))
        if fault and fault.answer_lost:
            _lose_answer(client, server, head, body)
            return
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server, first=body, most=fault.cut_after if fault else None)
        if fault and fault.cut_after is not None:
            client.shutdown(socket.SHUT_RDWR)
            server.shutdown(socket.SHUT_RDWR)
        back.join()


def _lose_answer(client: socket.socket, server: socket.socket, head: bytes, body: bytes) -> None:
    server.sendall(body)
    if b"100-continue" in head.lower():
        client.sendall(server.recv(_CHUNK))
    left = _length(head) - len(body)
    while left > 0 and (chunk := client.recv(_CHUNK)):
        server.sendall(chunk)
        left -= len(chunk)
    while server.recv(_CHUNK):
        pass


def _length(head: bytes) -> int:
    found = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else 0


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """The request's head, and what came of its body with it."""
    read = b""
    while HEAD_ENDS not in read:
        if not (chunk := client.recv(_CHUNK)):
            return b"", b""
        read += chunk
    head, body = read.split(HEAD_ENDS, 1)
    return head + HEAD_ENDS, body


def _for_one_request(head: bytes) -> bytes:
    """So that the next request comes by a connection of its own, and is seen."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([lines[0], b"Connection: close", *lines[1:]]) if head else b""


def _answer(client: socket.socket, head: bytes, body: bytes, status: int) -> None:
    """An error in the store's place, once the request is read: who still writes would not hear it."""
    waits = b"100-continue" in head.lower()
    left = 0 if waits else _length(head) - len(body)
    while left > 0 and (chunk := client.recv(_CHUNK)):
        left -= len(chunk)
    client.sendall(f"HTTP/1.1 {status} Fault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


def _pump(source: socket.socket, target: socket.socket, *, first: bytes = b"", most: int | None = None) -> None:
    """Bytes from one to the other, until the source ends or ``most`` have gone over."""
    chunk, gone = first, 0
    with suppress(OSError):
        while True:
            chunk = chunk if most is None else chunk[: most - gone]
            target.sendall(chunk)
            gone += len(chunk)
            if (most is not None and gone >= most) or not (chunk := source.recv(_CHUNK)):
                break
    if most is None:
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
