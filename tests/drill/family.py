"""A family that uploads photos through the web all the while, and tries again as their browser does."""

import hashlib
import http.client
import http.cookiejar
import io
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from PIL import Image, ImageDraw

MOST_OPEN = 4
"""So many of their photos wait at most: enough that a fault always meets one at work."""
LONGEST = 60.0
SIDE = 1100
PASSING = (0, 408, 429, 502, 503, 504)
"""What an upload is answered with that is tried again; 0 where there was no answer."""


class Family:
    """Its people, its album, and all that was accepted from it, by checksum."""

    def __init__(self, url: str) -> None:
        from colorizer.models import Album, Membership, Role, User
        from colorizer.models import Family as Row

        self.url = url
        self.row = Row.objects.create(name="Lindqvist")
        self.album: UUID = Album.objects.create(family=self.row, title="Summers at the lake").pk
        user = User.objects.create_user(email="anna@example.org", password="an old box of photos")
        Membership.objects.create(family=self.row, user=user, role=Role.OWNER)
        self.accepted: dict[str, str] = {}
        """What each accepted file is called, by its SHA-256."""
        self.answers: Counter[int] = Counter()
        self.slowest = 0.0
        self.surprises: list[str] = []
        """What no upload should ever be answered with."""
        self._made = 0
        self._jar = http.cookiejar.CookieJar()
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self._loads = threading.Event()
        self._idle = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._load, daemon=True)

    # --- Through the web ------------------------------------------------------------------------------------------

    def sign_in(self) -> None:
        page = f"{self.url}/accounts/login/"
        self._browser.open(page, timeout=LONGEST).close()
        form = {"login": "anna@example.org", "password": "an old box of photos", "csrfmiddlewaretoken": self._token()}
        request = urllib.request.Request(page, urllib.parse.urlencode(form).encode(), {"Referer": page})
        with self._browser.open(request, timeout=LONGEST) as answer:
            assert answer.url == f"{self.url}/", answer.url

    def body(self, name: str, data: bytes) -> tuple[bytes, dict[str, str]]:
        """An upload as a browser writes it, with its headers."""
        border = uuid4().hex
        fields = [b'name="position"\r\n\r\n1', f'name="file"; filename="{name}"\r\n\r\n'.encode() + data]
        parts = b"".join(b"--%s\r\nContent-Disposition: form-data; %s\r\n" % (border.encode(), part) for part in fields)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={border}",
            "X-CSRFToken": self._token(),
            "Accept": "application/json",
            "Referer": self.url,
        }
        return parts + b"--%s--\r\n" % border.encode(), headers

    @property
    def cookies(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar)

    @property
    def address(self) -> str:
        return f"{self.url}/albums/{self.album}/upload/"

    def try_upload(self, name: str, data: bytes) -> tuple[int, dict[str, Any]]:
        """One try: the answer's status and JSON; 0 where none came."""
        body, headers = self.body(name, data)
        began = time.monotonic()
        try:
            status, text = self._send(urllib.request.Request(self.address, body, headers))
            said = json.loads(text) if text.startswith(b"{") else {"text": text[:200]}
        except (OSError, http.client.HTTPException):  # not sent, not answered, or only half
            status, said = 0, {}
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.answers[status] += 1
        if status in (201, 409):
            self.accepted[hashlib.sha256(data).hexdigest()] = name
        return status, said

    def _send(self, request: urllib.request.Request) -> tuple[int, bytes]:
        try:
            with self._browser.open(request, timeout=LONGEST) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def upload(self, name: str, data: bytes) -> int:
        """Until it is accepted or refused, as the page does; the last status."""
        while (status := self.try_upload(name, data)[0]) in PASSING:
            time.sleep(1)
        return status

    def _token(self) -> str:
        return next(cookie.value or "" for cookie in self._jar if cookie.name.endswith("csrftoken"))

    # --- All the while --------------------------------------------------------------------------------------------

    def begin(self) -> None:
        self._loads.set()
        if not self._thread.is_alive():
            self._thread.start()

    def pause(self) -> None:
        """Upload no more, once what is on its way has arrived."""
        self._loads.clear()
        self._idle.wait(timeout=2 * LONGEST)

    def end(self) -> None:
        self._over.set()
        self._loads.set()

    def _load(self) -> None:
        from django.db import connection

        from colorizer.models import Original, Photo

        while not self._over.is_set():
            if not self._loads.is_set():
                self._idle.set()
                self._loads.wait(timeout=0.2)
                continue
            self._idle.clear()
            try:
                waiting = Original.objects.filter(family=self.row, status__in=Original.OPEN).count()
                waiting += Photo.objects.filter(album=self.album, colorings__status__in=Original.OPEN).count()
            except Exception:  # the database may be what is away
                connection.close()
                waiting = 0
            if waiting >= MOST_OPEN:
                time.sleep(0.1)
            else:
                self.try_again_or_leave()

    def try_again_or_leave(self) -> None:
        name, data = self.next_photo()
        while not self._over.is_set():
            status, said = self.try_upload(name, data)
            if status in (201, 409):
                return
            if status not in (*PASSING, 507):
                self.surprises.append(f"An upload was answered with {status}: {said}")
                return
            time.sleep(1)

    def next_photo(self, side: int = SIDE, kind: str = "JPEG") -> tuple[str, bytes]:
        """A photo that nobody uploaded before."""
        self._made += 1
        picture = Image.linear_gradient("L").resize((side, side * 3 // 4))
        ImageDraw.Draw(picture).text((20, 20), f"{self._made} {uuid4()}", fill=255)
        data = io.BytesIO()
        picture.save(data, kind, **({"quality": 90} if kind == "JPEG" else {}))
        return f"lake-{self._made}.{ {'JPEG': 'jpg', 'TIFF': 'tif', 'PNG': 'png'}[kind] }", data.getvalue()
