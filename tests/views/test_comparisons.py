"""The pages of a comparison: figures, photos side by side, and votes by those who do not know whose is whose."""

import re

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from colorizer import gate, roles, storage
from colorizer.models import Comparison, ComparisonPhoto, DatasetItem, ModelVersion, Status, User, Vote
from colorizer.selectors import comparisons as selectors
from tests.conftest import member
from tests.services.test_comparing import freeze

from .conftest import SignIn
from .test_workshop import with_role

PHOTOS = 20
FIGURES = {"gain": 0.25, "psnr": 23.0, "ciede2000": 9.5, "auc_rebalanced": 0.84, "hue_accuracy": 0.66}
BAND = {"faces": 12, "judged": False, "ciede2000": 7.0, "interval": [6.0, 8.0]}


def figures() -> dict[str, object]:
    group = {who: FIGURES | {"colourfulness_ratio": 0.97} for who in ("candidate", "live", "mean_ab")}
    group |= {"grey": FIGURES | {"gain": 0.0, "colourfulness_ratio": 0.0, "auc_rebalanced": 0.79}}
    tones = {"faces": 12, "worst_against_mean": None, "bands": {"dark, under 10": BAND}}
    return {
        "groups": {"all": {"photos": PHOTOS} | group, "category harbours": {"photos": 7} | group},
        "skin_tones": {"candidate": tones, "live": tones},
        "pins": {"candidate": {"0": 13.1, "16": 8.2}, "live": {"0": 13.0}},
        "network_time": {"candidate": {"milliseconds": 21.0}, "live": {"milliseconds": 20.0}},
        "left_out": 1,
    }


@pytest.fixture
def comparison(db: None) -> Comparison:
    live = ModelVersion.objects.create(name="lite", sha256="0" * 64, state=ModelVersion.State.LIVE)
    candidate = ModelVersion.objects.create(name="Harbour", sha256="1" * 64)
    known = figures()
    asked = {"model": known["groups"]["all"]["live"], "grey": known["groups"]["all"]["grey"]}  # type: ignore[index]
    made = Comparison.objects.create(
        candidate=candidate,
        live=live,
        benchmark=freeze(PHOTOS),
        status=Status.DONE,
        figures=known,
        gate=gate.ask(asked, asked, photos=50),
    )
    for number, item in enumerate(made.benchmark.items.all()):
        keys = {f"{what}_key": storage.comparison_key(made.pk, f"{number}-{what}.webp") for what in selectors.PICTURES}
        for what in selectors.PICTURES if number > PHOTOS - 3 else ():
            storage.results().replace(keys[f"{what}_key"], ContentFile(f"picture {what} {number}".encode()))
        short = {who: {"ciede2000": 9.0} for who in ("live", "candidate")}
        ComparisonPhoto.objects.create(comparison=made, item=item, difference=number, figures=short, **keys)
    return made


@pytest.fixture
def promoter(sign_in: SignIn, owner: User) -> Client:
    return sign_in(with_role(owner, roles.PROMOTER))


def said(client: Client, name: str, *args: object, **query: object) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_page_says_whether_it_may_pass_and_shows_all_figures(promoter: Client, comparison: Comparison) -> None:
    page = said(promoter, "comparison", comparison.pk)
    for words in (
        "The gate lets it pass.",
        "Its photos are 0.97 times as colourful as the true ones.",
        "No skin-tone band has 20 faces in the benchmark",
        '<th scope="row">harbours</th><td>7</td><td>66.0</td>',
        'dark, under 10° <span class="muted">(not judged)</span></th><td>12</td><td>7.0',
        '<th scope="row">16</th><td>8.20</td><td>–</td>',
        "one could not be read",
    ):
        assert words in page, words
    assert "Blind votes so far" not in page


def test_a_comparison_under_way_says_how_far_it_is(promoter: Client, comparison: Comparison) -> None:
    Comparison.objects.update(status=Status.RUNNING, stage="judging", figures={}, gate={})
    comparison.photos.filter(difference__gt=9).delete()
    assert "50 %" in said(promoter, "comparison", comparison.pk)
    assert "being judged, 50 %" in said(promoter, "comparisons")
    for name in ("comparison_photos", "comparison_vote"):
        assert promoter.get(reverse(name, args=[comparison.pk])).status_code == 404
    Comparison.objects.update(status=Status.FAILED, reason="benchmark_unfit")
    assert "These photos cannot be judged on" in said(promoter, "comparison", comparison.pk)
    promoter.post(reverse("comparison_retry", args=[comparison.pk]))
    assert Comparison.objects.get().status == Status.QUEUED


def test_who_goes_on_with_one_is_led_to_the_one_under_way(promoter: Client, comparison: Comparison) -> None:
    Comparison.objects.update(status=Status.FAILED)
    same = {"candidate": comparison.candidate, "live": comparison.live, "benchmark": comparison.benchmark}
    other = Comparison.objects.create(**same)
    answer = promoter.post(reverse("comparison_retry", args=[comparison.pk]))
    assert answer["Location"] == reverse("comparison", args=[other.pk])
    comparison.refresh_from_db()
    assert comparison.status == Status.FAILED


def test_photos_stand_side_by_side_those_first_that_differ_most(promoter: Client, comparison: Comparison) -> None:
    numbers = [photo.pk for photo in comparison.photos.order_by("-difference")]
    page = promoter.get(reverse("comparison_photos", args=[comparison.pk]))
    assert [photo.pk for photo in page.context["page"]] == numbers[: selectors.A_PAGE]
    second = promoter.get(reverse("comparison_photos", args=[comparison.pk]), {"page": 2})
    assert [photo.pk for photo in second.context["page"]] == numbers[selectors.A_PAGE :]
    picture = promoter.get(reverse("comparison_picture", args=[comparison.pk, numbers[0], "truth"]))
    assert b"".join(picture.streaming_content) == f"picture truth {PHOTOS - 1}".encode()  # type: ignore[attr-defined]


@pytest.mark.parametrize("what", ["survey", "item", "figures", "full"])
def test_no_other_file_is_given_out(promoter: Client, comparison: Comparison, what: str) -> None:
    photo = comparison.photos.all()[0]
    assert promoter.get(reverse("comparison_picture", args=[comparison.pk, photo.pk, what])).status_code == 404


def test_a_photo_that_was_withdrawn_is_shown_no_more(promoter: Client, comparison: Comparison) -> None:
    photo = comparison.photos.all()[0]
    DatasetItem.objects.filter(frozen=photo.item_id).delete()
    assert promoter.get(reverse("comparison_picture", args=[comparison.pk, photo.pk, "truth"])).status_code == 404
    assert photo not in promoter.get(reverse("comparison_photos", args=[comparison.pk])).context["page"]


def test_who_votes_does_not_know_whose_picture_is_whose_and_learns_it_after(
    promoter: Client, owner: User, comparison: Comparison
) -> None:
    photo = comparison.photos.all()[0]
    before = said(promoter, "comparison_vote", comparison.pk)
    assert f"/photos/{photo.pk}/first.webp" in before
    ballot = before.partition('class="ballot"')[2].partition("</form>")[0]
    assert not re.search("candidate|live", ballot.replace(str(comparison.pk), "").replace("Candidate", "candidate"))
    pictures = {
        side: b"".join(
            promoter.get(reverse("comparison_picture", args=[comparison.pk, photo.pk, side])).streaming_content  # type: ignore[attr-defined]
        ).decode()
        for side in selectors.SIDES
    }
    whose = selectors.side_of(photo, "second", user=owner)
    assert pictures["second"].split()[1] == whose
    cast = reverse("comparison_vote_cast", args=[comparison.pk, photo.pk])
    answer = promoter.post(cast, {"side": "second"}, follow=True)
    assert Vote.objects.get().choice == whose
    after = " ".join(answer.content.decode().split())
    assert f"You chose the {'candidate' if whose == 'candidate' else 'live model'}'s colours." in after
    promoter.post(cast, {"side": "first"})
    assert Vote.objects.get().choice == whose
    assert "Blind votes so far" in said(promoter, "comparison", comparison.pk)
    following = promoter.get(reverse("comparison_vote", args=[comparison.pk])).context["photo"]
    assert following != photo


def test_sides_are_shuffled_for_each_voter_and_photo(comparison: Comparison, owner: User, stranger: User) -> None:
    photos = list(comparison.photos.all())
    sides = {user: [selectors.side_of(photo, "first", user=user) for photo in photos] for user in (owner, stranger)}
    assert set(sides[owner]) == {"live", "candidate"}
    assert sides[owner] != sides[stranger]
    assert sides[owner] == [selectors.side_of(photo, "first", user=owner) for photo in photos]
    for photo in photos:
        both = {selectors.side_of(photo, side, user=owner) for side in selectors.SIDES}
        assert both == {"live", "candidate"}


@pytest.mark.parametrize("side", ["", "candidate", "live", "third"])
def test_a_vote_is_for_a_side_or_for_neither(promoter: Client, comparison: Comparison, side: str) -> None:
    cast = reverse("comparison_vote_cast", args=[comparison.pk, comparison.photos.all()[0].pk])
    assert promoter.post(cast, {"side": side}).status_code == 404
    assert not Vote.objects.exists()


def test_a_comparison_is_deleted_with_its_pictures(promoter: Client, comparison: Comparison) -> None:
    photo = comparison.photos.all()[0]
    promoter.post(reverse("comparison_delete", args=[comparison.pk]))
    assert not Comparison.objects.exists()
    assert not storage.results().exists(photo.truth_key)
    assert ModelVersion.objects.count() == 2


def test_a_curator_looks_and_votes_but_neither_deletes_nor_promotes(
    sign_in: SignIn, comparison: Comparison, family: object
) -> None:
    curator = sign_in(with_role(member(family, "viewer"), roles.CURATOR))  # type: ignore[arg-type]
    assert "“Harbour” beside “lite”" in said(curator, "comparisons")
    assert reverse("model", args=[comparison.candidate_id]) not in said(curator, "comparison", comparison.pk)
    said(curator, "comparison_vote", comparison.pk)
    for name in ("comparison_delete", "comparison_retry"):
        assert curator.post(reverse(name, args=[comparison.pk])).status_code == 404
