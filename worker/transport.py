"""What comes out of the broker, looked at before the consumer sees it.

A message of another version of Heirloom, or something that is none at all, would end the consumer (celery 5.7 takes its
form for granted), and one that is not acknowledged comes back for ever. It is written down and dropped instead: the
rows are the truth, and what waits is sent again.
"""

import logging
from typing import Any

import kombu.transport
from kombu.exceptions import ContentDisallowed, DecodeError
from kombu.transport import redis

logger = logging.getLogger(__name__)
_OF_CELERY_ITSELF = ("pidbox", "celeryev")


class Channel(redis.Channel):  # type: ignore[misc]
    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except ValueError as error:  # JSON's and Unicode's are of this kind
            logger.error("Dropped what is no message: %s", error)
            return True


class Transport(redis.Transport):  # type: ignore[misc]
    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> Any:
        if not any(word in queue for word in _OF_CELERY_ITSELF) and (wrong := self._wrong_with(message)):
            logger.error("Dropped a message that this version does not know from %s: %s", queue, wrong)
            return None
        return super()._deliver(message, queue)

    def _wrong_with(self, raw: Any) -> str:
        """Why it is no message of ours (Celery's protocol 2, JSON); empty where it is one."""
        try:
            message = self.Channel.Message(raw, channel=self.channels[0])
            arguments, keywords, embedded = message.decode()
            name = message.headers["task"]
        except (ContentDisallowed, DecodeError, ValueError, TypeError, KeyError, AttributeError, LookupError) as error:
            return f"{type(error).__name__}: {error}"
        are_right = isinstance(arguments, list) and isinstance(keywords, dict) and isinstance(embedded, dict)
        has_name = isinstance(name, str) and isinstance(message.headers.get("id"), str)
        return "" if are_right and has_name else "its body is of another kind"


def install() -> None:
    """From here on, this process takes what redis:// and rediss:// name through this transport."""
    for name in ("redis", "rediss"):
        kombu.transport.TRANSPORT_ALIASES[name] = f"{__name__}:Transport"
