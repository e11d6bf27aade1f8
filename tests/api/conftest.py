"""Programs that call, each with a token of its own."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from colorizer.models import Album, Family, Photo, Scope, User
from colorizer.services import tokens
from tests.views.conftest import make_photo

Program = Callable[..., Client]


def token_of(user: User, *scopes: str, family: Family | None = None) -> str:
    """A token of ``user``, with all the scopes that they may give where none is named."""
    family = family or user.families.earliest("created_at")
    chosen = scopes or tokens.grantable(family=family, user=user)
    return tokens.create(family=family, user=user, name="Program", scopes=chosen)


def bearing(secret: str, **headers: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {secret}"} | headers)


@pytest.fixture
def program() -> Program:
    """A program with a token of ``user``: all scopes, or those that are named."""

    def make(user: User, *scopes: str, **more: Any) -> Client:
        return bearing(token_of(user, *scopes, **more))

    return make


@pytest.fixture
def as_editor(program: Program, editor: User) -> Client:
    return program(editor)


@pytest.fixture
def reader(program: Program, viewer: User) -> Client:
    return program(viewer, Scope.READ)


@pytest.fixture
def photo(album: Album) -> Photo:
    return make_photo(album)
