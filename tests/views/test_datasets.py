"""The curator's pages: filters, decisions without a script, what is refused, and who may do what."""

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from colorizer import roles
from colorizer.models import Dataset, DatasetItem, User
from colorizer.selectors import curating, teaching
from colorizer.services import datasets
from tests.curation import accept, add, encoded, measure, pages, photos, picture, zipped
from tests.views.conftest import SignIn


@pytest.fixture
def curator(owner: User) -> User:
    owner.groups.set(Group.objects.filter(name=roles.CURATOR))
    return User.objects.get(pk=owner.pk)


@pytest.fixture
def browser(curator: User, sign_in: SignIn) -> Client:
    return sign_in(curator)


@pytest.fixture
def dataset(curator: User) -> Dataset:
    made = datasets.create(name="Gardens", kind=Dataset.Kind.TRAINING, by=curator)
    add(made, curator, photos(3) | {"copy.jpg": encoded(picture(0), quality=50)}, category="garden")
    add(made, curator, {"grey.jpg": encoded(picture(9, colour=0))})
    measure()
    return made


def names(browser: Client, dataset: Dataset, query: str) -> list[str]:
    page = browser.get(reverse("dataset", args=[dataset.pk]) + query).context["page"]
    return [item.name for item in page]


def test_photos_are_found_by_what_they_are(browser: Client, dataset: Dataset) -> None:
    dataset.items.filter(name="1.jpg").update(state="accepted", split="val", crop_free=True)
    for query, expected in {
        "": ["0.jpg", "1.jpg", "2.jpg", "copy.jpg", "grey.jpg"],
        "?state=accepted": ["1.jpg"],
        "?category=": ["grey.jpg"],
        "?category=*&split=val&state=accepted": ["1.jpg"],
        "?flag=dull": ["grey.jpg"],
        "?flag=copies": ["0.jpg", "copy.jpg"],
        "?flag=crop-free": ["1.jpg"],
        "?flag=failed": [],
        "?state=odd&flag=odd&page=odd&photo=odd": ["0.jpg", "1.jpg", "2.jpg", "copy.jpg", "grey.jpg"],
    }.items():
        assert names(browser, dataset, query) == expected, query


def test_a_decision_leads_to_the_next_of_the_filter_without_any_script(browser: Client, dataset: Dataset) -> None:
    first, second = dataset.items.order_by("created_at")[:2]
    judge = reverse("dataset_judge", args=[dataset.pk, first.pk]) + "?state=new"
    answer = browser.post(judge, {"state": "accepted"})
    assert answer["Location"].endswith(f"?state=new&photo={second.pk}")
    first.refresh_from_db()
    assert first.state == "accepted"


def test_with_one_the_answer_brings_the_judged_tile_along(browser: Client, dataset: Dataset) -> None:
    first, second = dataset.items.order_by("created_at")[:2]
    judge = reverse("dataset_judge", args=[dataset.pk, first.pk])
    said = browser.post(judge, {"state": "rejected"}, headers={"HX-Request": "true"}).content.decode()
    assert f'data-photo="{second.pk}"' in said
    assert f'id="item-{first.pk}" hx-swap-oob="true"' in said


def test_all_of_a_filter_at_once(browser: Client, dataset: Dataset) -> None:
    browser.post(reverse("dataset_judge_all", args=[dataset.pk]) + "?flag=dull", {"state": "rejected"})
    assert [item.name for item in dataset.items.filter(state="rejected")] == ["grey.jpg"]
    browser.post(reverse("dataset_delete_rejected", args=[dataset.pk]))
    assert dataset.items.count() == 4


@pytest.mark.parametrize("form", [{"state": "odd"}, {"split": "odd"}, {"category": "x" * 50}, {"crop_free": "odd"}])
def test_a_decision_that_is_none_changes_nothing(browser: Client, dataset: Dataset, form: dict[str, str]) -> None:
    before = list(dataset.items.values("state", "split", "category", "crop_free"))
    item = dataset.items.all()[0]
    assert browser.post(reverse("dataset_judge", args=[dataset.pk, item.pk]), form).status_code == 302
    assert list(dataset.items.values("state", "split", "category", "crop_free")) == before


def test_what_was_refused_is_told_once(browser: Client, dataset: Dataset) -> None:
    page = reverse("dataset", args=[dataset.pk])
    files = [SimpleUploadedFile("note.txt", b"a note"), SimpleUploadedFile("new.jpg", photos(1, first=30)["30.jpg"])]
    answer = browser.post(reverse("dataset_add", args=[dataset.pk]), {"files": files, "licence": "open"}, follow=True)
    assert "1 photo was added." in answer.content.decode()
    assert "note.txt" in answer.content.decode()
    assert "note.txt" not in browser.get(page).content.decode()


@pytest.mark.parametrize(
    ("name", "content", "status", "says"),
    [
        ("new.jpg", photos(1, first=30)["30.jpg"], 201, ""),
        ("note.txt", b"a note", 422, "We do not know this kind of file."),
        ("set.zip", zipped(photos(2, first=30) | {"note.txt": b"a note"}), 201, "2 photos were added. These were not:"),
        ("pages.tif", pages(3), 201, "It has 3 pages."),
        ("none.zip", zipped({"a.txt": b"a", "b.txt": b"b"}), 422, "0 photos were added. These were not:"),
    ],
)
def test_a_script_that_sends_file_by_file_is_told_of_each(
    browser: Client, dataset: Dataset, name: str, content: bytes, status: int, says: str
) -> None:
    form = {"files": SimpleUploadedFile(name, content), "licence": "open", "category": "harbour"}
    before = dataset.items.count()
    answer = browser.post(reverse("dataset_add", args=[dataset.pk]), form, headers={"accept": "application/json"})
    said = answer.json()
    assert answer.status_code == status
    assert says in said.get("message", "") + said.get("report", "")
    assert bool(said) == bool(says)
    assert (dataset.items.count() > before) == (status == 201)
    assert set(dataset.items.filter(category="harbour").values_list("licence", flat=True)) <= {"open"}


def test_to_add_nothing_is_said_so(browser: Client, dataset: Dataset) -> None:
    answer = browser.post(reverse("dataset_add", args=[dataset.pk]), {"licence": "open"}, follow=True)
    assert "Choose photos" in answer.content.decode()


def test_a_dataset_needs_a_name_of_its_own(browser: Client, dataset: Dataset) -> None:
    answer = browser.post(reverse("datasets"), {"name": "Gardens", "kind": "training"})
    assert answer.status_code == 200
    assert answer.context["form"].errors["name"]


def test_freezing_too_early_says_why(browser: Client, dataset: Dataset) -> None:
    answer = browser.post(reverse("dataset_freeze", args=[dataset.pk]), follow=True)
    assert "There is no accepted photo to freeze" in answer.content.decode()
    assert not dataset.versions.exists()


def test_a_file_is_given_without_running_anything_in_it(browser: Client, dataset: Dataset) -> None:
    item = dataset.items.all()[0]
    answer = browser.get(reverse("dataset_file", args=[dataset.pk, item.pk, "copy"]))
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    assert "immutable" not in answer["Cache-Control"]
    other = Dataset.objects.create(name="Other")
    assert browser.get(reverse("dataset_file", args=[other.pk, item.pk, "copy"])).status_code == 404
    assert browser.get(reverse("dataset_file", args=[dataset.pk, item.pk, "else"])).status_code == 404


@pytest.mark.parametrize("role", [roles.TRAINER, roles.PROMOTER])
def test_other_roles_see_no_photo(sign_in: SignIn, dataset: Dataset, stranger: User, role: str) -> None:
    stranger.groups.set(Group.objects.filter(name=role))
    item = dataset.items.all()[0]
    for name, arguments in (
        ("datasets", []),
        ("dataset", [dataset.pk]),
        ("dataset_file", [dataset.pk, item.pk, "file"]),
    ):
        assert sign_in(stranger).get(reverse(name, args=arguments)).status_code == 404


def test_what_it_will_teach_is_told_in_words(browser: Client, dataset: Dataset) -> None:
    accept(dataset)
    page = browser.get(reverse("dataset_lessons", args=[dataset.pk]))
    lessons = page.context["lessons"]
    assert lessons.total == 5
    said = " ".join(lessons.sentences)
    assert "20 % are dull" in said
    assert "No face was found" in said
    assert "1 photo has no category" in said


def test_scarce_skin_is_named(dataset: Dataset) -> None:
    accept(dataset)
    rows = [
        DatasetItem(dataset=dataset, sha256=f"{n:064}", key=f"{n}", state="accepted", status="done") for n in range(60)
    ]
    for number, row in enumerate(rows):
        row.faces = {"dark" if number < 5 else "middle" if number < 30 else "light": 1}
    DatasetItem.objects.bulk_create(rows)
    assert any("dark skin" in said and "light skin" not in said for said in teaching.lessons(dataset).sentences)


def test_the_number_keys_stand_for_the_categories_in_use_first(dataset: Dataset) -> None:
    assert curating.keys(dataset)[0] == "garden"
    assert len(curating.keys(dataset)) <= curating.MOST_KEYS


def test_a_page_of_sixty_takes_few_queries(
    browser: Client, dataset: Dataset, curator: User, django_assert_max_num_queries: object
) -> None:
    rows = [DatasetItem(dataset=dataset, sha256=f"{n:064}", key=f"{n}", status="done") for n in range(70)]
    DatasetItem.objects.bulk_create(rows)
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        assert len(browser.get(reverse("dataset", args=[dataset.pk])).context["page"]) == 60
