"""A token is made, copied and revoked."""

from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from colorizer.models import User
from colorizer.services import tokens
from tests.browser.axe import faults
from tests.conftest import Stack


def test_a_token_is_made_copied_and_revoked(
    visitor: Page, context: BrowserContext, live_stack: Stack, family_owner: User, enter: Callable[[User], None]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("family", args=[family_owner.families.get().pk]))
    visitor.get_by_role("link", name="Access for programs").click()
    visitor.get_by_label("What is it for?").fill("Scanner in the study")
    visitor.get_by_label("Upload, describe, cancel, retry and delete").check()
    visitor.get_by_role("button", name="Make a token").click()

    field = visitor.get_by_label("Give it to the program")
    expect(field).to_be_visible()
    assert faults(visitor) == []
    visitor.get_by_role("button", name="Copy the token").click()
    expect(visitor.get_by_text("Copied.")).to_be_visible()
    secret = visitor.evaluate("navigator.clipboard.readText()")
    assert secret == field.input_value()
    assert tokens.recognise(secret).scopes == {"read", "write"}

    visitor.get_by_role("link", name="Family", exact=True).click()
    visitor.get_by_role("link", name="Access for programs").click()
    expect(visitor.get_by_text(secret)).to_have_count(0)
    visitor.get_by_role("button", name="Revoke Scanner in the study").click()
    expect(visitor.get_by_text("no longer lets anyone in")).to_be_visible()
    expect(visitor.get_by_role("button", name="Revoke Scanner in the study")).to_have_count(0)
