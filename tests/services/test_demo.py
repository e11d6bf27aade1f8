"""The demo family: what `up` may say of its sign-in."""

import pytest

from colorizer.models import User
from colorizer.services import demo
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_the_password_opens_the_demo_until_it_is_changed_or_the_demo_is_gone() -> None:
    assert not demo.opens(password=PASSWORD)
    user = User.objects.create_user(demo.EMAIL, PASSWORD)
    assert demo.opens(password=PASSWORD)
    user.set_password("another box of photos")
    user.save()
    assert not demo.opens(password=PASSWORD)
