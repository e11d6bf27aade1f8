"""Taking a photo in: what is taken, what is refused and with which words, and what is left behind either way."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import connection

from colorizer import dispatch, storage, words
from colorizer.models import Album, Family, Original, Photo, Queue, Role, User
from colorizer.services import coloring, intake, trash
from tests import files
from tests.conftest import member, on_disk_alone
from tests.files import picture, upload


def stored_files() -> list[str]:
    return [file.key for file in storage.originals().files()] + [
        half.key for half in storage.originals().half_written()
    ]


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """Each test begins with an empty store, whatever ran before it."""
    for key in stored_files():
        storage.originals().delete(key)


def accept(album: Album, user: User, name: str, content: bytes, **more: Any) -> Photo:
    return intake.accept(into=album, user=user, upload=upload(name, content), **more)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.jpg", "JPEG"),
        ("a.JPEG", "JPEG"),
        ("a.png", "PNG"),
        ("a.webp", "WEBP"),
        ("a.tif", "TIFF"),
        ("a.heic", "HEIC"),
    ],
)
def test_a_photo_of_each_format_is_stored_byte_for_byte(album: Album, editor: User, name: str, format: str) -> None:
    content = picture(format)

    photo = accept(album, editor, name, content)

    with storage.originals().open(photo.original.key) as stored:
        assert stored.read() == content
    assert (photo.page, photo.state, photo.album) == (1, Photo.State.PREPARING, album)
    assert (photo.original.format, photo.original.size) == (format.lower(), len(content))
    assert photo.original.uploaded_by == editor


def test_a_large_upload_that_came_through_a_temporary_file_is_stored_too(album: Album, editor: User) -> None:
    content = picture("JPEG", size=(300, 200))
    file = TemporaryUploadedFile("big.jpg", "image/jpeg", len(content), None)
    file.write(content)

    with closing(file):
        photo = intake.accept(into=album, user=editor, upload=file)

    with storage.originals().open(photo.original.key) as stored:
        assert stored.read() == content


@on_disk_alone
def test_an_original_may_not_be_written_to_afterwards(album: Album, editor: User) -> None:
    photo = accept(album, editor, "a.jpg", picture("JPEG"))
    assert Path(storage.originals().path(photo.original.key)).stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("kind", [b"VP8 ", b"VP8L", b"VP8X"])
def test_each_kind_of_webp_tells_its_size(album: Album, editor: User, kind: bytes) -> None:
    with pytest.raises(intake.Refused, match="too_many_pixels"):
        accept(album, editor, "a.webp", files.webp_header(kind, 16000, 16000))
    assert accept(album, editor, "a.webp", files.webp_header(kind, 100, 80))


REFUSED = {
    "nothing in it": ("a.jpg", b"", "empty", 422),
    "no ending": ("scan", picture("JPEG"), "extension", 415),
    "an unknown ending": ("a.exe", picture("JPEG"), "extension", 415),
    "an ending that hides another": ("a.jpg.html", picture("JPEG"), "extension", 415),
    "text called a photo": ("a.jpg", b"Dear grandmother, " * 30, "not_a_photo", 415),
    "a web page called a photo": ("a.png", b"<html><script>alert(1)</script></html>", "not_a_photo", 415),
    "a PDF": ("album.pdf", b"%PDF-1.7\n", "pdf", 415),
    "a PDF called a photo": ("album.jpg", b"%PDF-1.7\n", "pdf", 415),
    "a drawing": ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "svg", 415),
    "a drawing called a photo": ("a.png", b'<?xml version="1.0"?><svg onload="alert(1)"/>', "svg", 415),
    "a raw file": ("a.nef", b"MM\0*", "raw", 415),
    "a raw file called a TIFF": ("a.tif", files.dng(), "raw", 415),
    "a film": ("a.mp4", files.video(), "video", 415),
    "a film called a photo": ("a.heic", files.video(), "video", 415),
    "an archive": ("a.zip", files.zip_archive(), "archive", 415),
    "an archive called a photo": ("a.jpg", files.zip_archive(), "archive", 415),
    "a GIF": ("a.gif", picture("GIF"), "unsupported", 415),
    "a bitmap called a photo": ("a.png", picture("BMP"), "unsupported", 415),
    "a Photoshop file": ("a.psd", b"8BPS\0\1", "unsupported", 415),
    "an AVIF called HEIC": ("a.heic", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "unsupported", 415),
    "a PNG called JPEG": ("a.jpg", picture("PNG"), "wrong_name", 422),
    "a PNG of 400 megapixels": ("a.png", files.png_header(20_000, 20_000), "too_many_pixels", 413),
    "a JPEG of 400 megapixels": ("a.jpg", files.jpeg_header(20_000, 20_000), "too_many_pixels", 413),
    "a PNG of no width": ("a.png", files.png_header(0, 10), "unreadable", 422),
    "a PNG cut off in its header": ("a.png", picture("PNG")[:20], "unreadable", 422),
    "a JPEG cut off in its header": ("a.jpg", picture("JPEG")[:12], "unreadable", 422),
    "a JPEG of fill bytes": (
        "a.jpg",
        b"\xff\xd8" + b"\xff" * 20_000 + files.jpeg_header(60, 40)[2:],
        "unreadable",
        422,
    ),
    "a TIFF whose directory is missing": ("a.tif", b"II*\0\xff\xff\0\0", "unreadable", 422),
    "a TIFF of a million tags": ("a.tif", b"II*\0\x08\0\0\0\xff\xff" + bytes(800_000), "unreadable", 422),
    "a HEIC with nothing behind its brand": ("a.heic", picture("HEIC")[:40], "unreadable", 422),
    "a HEIC of 400 megapixels": ("a.heic", files.heic_of(20_000, 20_000), "too_many_pixels", 413),
    "a HEIC of no width": ("a.heic", files.heic_of(0, 20), "unreadable", 422),
    "a HEIC of boxes alone": ("a.heic", picture("HEIC")[:28] + b"\0\0\0\x08free" * 20_000, "unreadable", 422),
    "a HEIC whose box is shorter than its head": (
        "a.heic",
        picture("HEIC")[:28] + b"\0\0\0\x04meta",
        "unreadable",
        422,
    ),
    "a WebP with nothing in it": ("a.webp", b"RIFF\x04\0\0\0WEBP", "unreadable", 422),
}


@pytest.mark.parametrize(("name", "content", "code", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_photo_of_ours_is_refused_in_words_and_leaves_nothing(
    album: Album, editor: User, name: str, content: bytes, code: str, status: int
) -> None:
    with pytest.raises(intake.Refused) as refusal:
        accept(album, editor, name, content)

    assert (refusal.value.code, refusal.value.status) == (code, status)
    _, advice = words.WORDS[code]
    assert "%(" not in refusal.value.message
    assert refusal.value.message.endswith(str(advice) if "%(" not in str(advice) else ".")
    assert not Original.objects.exists()
    assert not stored_files()


def test_a_file_over_the_limit_of_bytes_is_refused(album: Album, editor: User, settings: Any) -> None:
    settings.HEIRLOOM_MAX_FILE_MB = 1
    with pytest.raises(intake.Refused) as refusal:
        accept(album, editor, "a.jpg", picture("JPEG") + bytes(1_000_001))
    assert (refusal.value.code, refusal.value.status) == ("too_many_bytes", 413)
    assert "1 megabytes" in refusal.value.message


def test_the_pixels_of_all_pages_count_together(album: Album, editor: User, settings: Any) -> None:
    settings.HEIRLOOM_MAX_MEGAPIXELS = 1
    assert accept(album, editor, "one.tif", picture("TIFF", size=(700, 700)))
    with pytest.raises(intake.Refused, match="too_many_pixels"):
        accept(album, editor, "three.tif", picture("TIFF", size=(700, 700), pages=3))


def test_a_tiff_of_too_many_pages_is_refused(album: Album, editor: User, settings: Any) -> None:
    settings.HEIRLOOM_MAX_PAGES = 4
    assert accept(album, editor, "four.tif", picture("TIFF", pages=4))
    with pytest.raises(intake.Refused, match="too_many_pages"):
        accept(album, editor, "five.tif", picture("TIFF", pages=5))


def test_a_tiff_whose_directories_go_in_a_circle_has_each_page_once(album: Album, editor: User, settings: Any) -> None:
    settings.HEIRLOOM_MAX_PAGES = 1
    content = bytearray(picture("TIFF"))
    start = int.from_bytes(content[4:8], "little")
    entries = int.from_bytes(content[start : start + 2], "little")
    content[start + 2 + 12 * entries : start + 6 + 12 * entries] = start.to_bytes(4, "little")
    assert accept(album, editor, "circle.tif", bytes(content))


def test_no_file_at_all_is_refused(album: Album, editor: User) -> None:
    with pytest.raises(intake.Refused, match="missing"):
        intake.accept(into=album, user=editor, upload=None)


def test_the_check_reads_headers_and_never_decodes_a_pixel(
    album: Album, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(*args: object, **kwargs: object) -> None:
        raise AssertionError("A pixel was decoded in the web process.")

    photos = {f"a.{format.lower()}": picture(format) for format in ("JPEG", "PNG", "WEBP", "TIFF", "HEIC")}
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    monkeypatch.setattr("pi_heif.open_heif", decoded)
    for name, content in photos.items():
        assert accept(album, editor, name, content)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\Users\\Oma\\farm.jpg", "farm.jpg"),
        ("<script>alert(1)</script>.jpg", "script>.jpg"),
        ("Oma 👵🏻 1931.jpg", "Oma 👵🏻 1931.jpg"),
        ("x" * 300 + ".jpg", "x" * 251 + ".jpg"),
        ("farm\u202egpj.jpg", "farmgpj.jpg"),
        ("farm\0\n.jpg", "farm.jpg"),
    ],
)
def test_a_name_is_kept_without_its_path_and_never_names_a_stored_file(
    album: Album, editor: User, given: str, kept: str
) -> None:
    file = upload("a.jpg", picture("JPEG"))
    # Past the cleaning that Django's own upload handler does: a name can come by another way.
    file.__dict__["_name"] = given

    photo = intake.accept(into=album, user=editor, upload=file)

    assert photo.original.name == kept
    assert photo.original.key == f"{album.family_id}/{photo.original_id}.jpg"


def test_the_same_file_twice_in_a_family_is_recognised_whatever_its_name_or_album(album: Album, editor: User) -> None:
    first = accept(album, editor, "a.jpg", picture("JPEG"))
    other = Album.objects.create(family=album.family, title="Another")

    with pytest.raises(intake.AlreadyHere) as here:
        accept(other, editor, "b.jpg", picture("JPEG"))

    assert (here.value.photo, here.value.code) == (first, "already_here")
    assert album.title in here.value.message
    assert len(stored_files()) == 1


def test_another_family_may_have_the_same_file(album: Album, editor: User, stranger: User) -> None:
    accept(album, editor, "a.jpg", picture("JPEG"))
    theirs = Album.objects.create(family=stranger.families.get(), title="Theirs")
    assert accept(theirs, stranger, "a.jpg", picture("JPEG")).original.family != album.family


def test_a_photo_in_the_trash_is_said_to_be_there(album: Album, editor: User) -> None:
    photo = accept(album, editor, "a.jpg", picture("JPEG"))
    trash.delete_photo(photo=photo)
    with pytest.raises(intake.AlreadyHere) as here:
        accept(album, editor, "a.jpg", picture("JPEG"))
    assert here.value.is_in_trash
    assert "trash" in here.value.message


def test_a_photo_deleted_for_ever_may_come_back(album: Album, editor: User) -> None:
    trash.purge_photo(photo=accept(album, editor, "a.jpg", picture("JPEG")))
    assert accept(album, editor, "a.jpg", picture("JPEG"))


def test_the_first_three_of_an_upload_go_before_the_bulk(album: Album, editor: User) -> None:
    shades = enumerate((10, 20, 30, 40), start=1)
    queues = [
        accept(album, editor, "a.jpg", picture("JPEG", shade=shade), position=at).original.queue for at, shade in shades
    ]
    assert queues == [Queue.INTERACTIVE] * 3 + [Queue.BULK]


def test_the_original_is_sent_to_the_queue_once_it_is_committed(
    album: Album, editor: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(dispatch, "send", sent.append)
    with django_capture_on_commit_callbacks() as callbacks:
        photo = accept(album, editor, "a.jpg", picture("JPEG"))
    assert not sent
    for callback in callbacks:
        callback()
    assert sent == [photo.original]


def test_a_row_that_cannot_be_made_takes_its_file_along(
    album: Album, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError("database or disk is full")

    monkeypatch.setattr(Photo.objects, "create", full)
    with pytest.raises(OSError, match="full"):
        accept(album, editor, "a.jpg", picture("JPEG"))
    assert not stored_files()
    assert not Original.objects.exists()


def test_a_disk_that_fills_up_in_the_middle_leaves_no_half_file(
    album: Album, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Filling(SimpleUploadedFile):
        is_full = False

        def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
            yield super().read(100)
            yield self.read()

        def read(self, *size: int) -> bytes:
            if self.is_full:
                raise OSError("No space left on device")
            return super().read(*size)

    def save(key: str, file: Filling) -> None:
        file.is_full = True
        real(key, file)

    real = storage.save_original
    monkeypatch.setattr(storage, "save_original", save)
    with pytest.raises(OSError, match="No space"):
        intake.accept(into=album, user=editor, upload=Filling("a.jpg", picture("JPEG")))
    assert not stored_files()
    assert not Original.objects.exists()


@pytest.mark.usefixtures("shared_database")
def test_what_fails_after_the_row_is_committed_takes_no_original_along(monkeypatch: pytest.MonkeyPatch) -> None:
    family = Family.objects.create(name="Lindqvist")
    album, editor = Album.objects.create(family=family, title="The lake"), member(family, Role.EDITOR)

    def fail(job: Original) -> None:
        raise RuntimeError("after the commit")

    monkeypatch.setattr(dispatch, "send", fail)
    with pytest.raises(RuntimeError, match="after the commit"):
        accept(album, editor, "a.jpg", picture("JPEG"))
    assert stored_files() == [Original.objects.get().key]


@pytest.mark.usefixtures("shared_database")
def test_of_two_who_upload_the_same_file_at_once_one_finds_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    family = Family.objects.create(name="Lindqvist")
    album, editor = Album.objects.create(family=family, title="The lake"), member(family, Role.EDITOR)
    both_have_looked = threading.Barrier(2)
    save = storage.save_original

    def save_late(*args: Any) -> None:
        save(*args)
        both_have_looked.wait(timeout=20)

    monkeypatch.setattr(storage, "save_original", save_late)
    found: list[str] = []

    def one() -> None:
        try:
            accept(album, editor, "a.jpg", picture("JPEG"))
            found.append("taken")
        except intake.AlreadyHere:
            found.append("already here")
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(found) == ["already here", "taken"]
    assert stored_files() == [Original.objects.get().key]


class TestAnswer:
    @pytest.fixture
    def asking(self, album: Album, editor: User) -> Photo:
        photo = accept(album, editor, "a.jpg", picture("JPEG"))
        photo.state = Photo.State.ASKS
        photo.save()
        return photo

    def test_colour_it_asks_for_the_colouring(self, asking: Photo) -> None:
        intake.answer(photo=asking, colour=True)
        assert asking.state == Photo.State.READY
        assert asking.colorings.count() == 1

    def test_keep_it_leaves_the_photo_as_it_is(self, asking: Photo) -> None:
        intake.answer(photo=asking, colour=False)
        assert asking.state == Photo.State.READY
        assert not asking.colorings.exists()

    def test_a_second_answer_changes_nothing(self, asking: Photo) -> None:
        intake.answer(photo=asking, colour=False)
        intake.answer(photo=asking, colour=True)
        assert not asking.colorings.exists()

    def test_a_photo_that_did_not_ask_gets_no_second_colouring(self, album: Album, editor: User) -> None:
        photo = accept(album, editor, "a.jpg", picture("JPEG"))
        intake.answer(photo=photo, colour=True)
        assert photo.state == Photo.State.PREPARING
        assert coloring.Coloring.objects.count() == 0
