from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class Session(AbstractBaseSession):
    """A browser that someone is signed in with, or a guest's. It knows whose it is, so that all of one can be ended."""

    user_id = models.BigIntegerField(null=True, editable=False, db_index=True)

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from ..sessions import SessionStore

        return SessionStore
