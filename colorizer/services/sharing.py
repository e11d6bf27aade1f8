"""Links by which people outside the family see one album or one photo: making one, ending it, unlocking it."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from ..models import Action, Album, Photo, Share, User
from . import audit

ONE_VISIT = timedelta(minutes=10)
"""Whatever is looked at within so long counts as one visit, whoever looks: nobody is followed."""


@transaction.atomic
def create(
    *,
    by: User,
    album: Album | None = None,
    photo: Photo | None = None,
    lasts: timedelta | None,
    password: str = "",
    can_download: bool = False,
    tells_story: bool = False,
) -> tuple[Share, str]:
    """A new share of ``album`` or ``photo``, and its token. Only the token's hash is kept, so it can be shown once.

    Args:
        by: an owner or editor of the family. The share of one who is neither shows nothing, to nobody.
        lasts: how long it works; None until someone ends it.
        password: asked of whoever opens the link, where it is not empty.
        can_download: whether full-size files and a ZIP may be had, not only what a screen shows.
        tells_story: whether captions, dates and people's names are shown too.
    """
    token, now = secrets.token_urlsafe(32), timezone.now()
    share = Share.objects.create(
        family_id=album.family_id if album else photo.album.family_id,  # type: ignore[union-attr]
        album=album,
        photo=photo,
        token_sha256=hash_of(token),
        password=make_password(password) if password else "",
        can_download=can_download,
        tells_story=tells_story,
        created_by=by,
        created_at=now,
        expires_at=now + lasts if lasts else None,
    )
    audit.record(action=Action.SHARE_MADE, actor=by, family_id=share.family_id, object_id=share.pk)
    return share, token


@transaction.atomic
def end(*, share: Share, by: User) -> None:
    """For good, from the next look on. One that has ended stays as it is."""
    if Share.objects.filter(pk=share.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record(action=Action.SHARE_WITHDRAWN, actor=by, family_id=share.family_id, object_id=share.pk)


@transaction.atomic
def end_all_of(*, user_id: int, family_id: UUID, by: User | None) -> None:
    """End the links that a member made, who may share no more: coming back must not bring them back."""
    made = Share.objects.filter(created_by=user_id, family=family_id, revoked_at=None)
    ended = list(made.values_list("pk", flat=True))
    made.filter(pk__in=ended).update(revoked_at=timezone.now())
    audit.record_each(action=Action.SHARE_WITHDRAWN, actor=by, family_id=family_id, object_ids=ended)


def unlock(*, share: Share, password: str, by: User | None = None) -> str | None:
    """The key that a session keeps for this share alone where ``password`` is right; None where it is wrong.

    ``by``: who is signed in, if anyone is.
    """
    if not check_password(password, share.password):
        return None
    audit.record(action=Action.SHARE_UNLOCKED, actor=by, family_id=share.family_id, object_id=share.pk)
    return key_of(share)


def is_unlocked(*, share: Share, key: str) -> bool:
    """Whether ``key`` was given for this share and the password that it has now. One without is always unlocked."""
    return not share.password or constant_time_compare(key, key_of(share))


def key_of(share: Share) -> str:
    """Nobody can make it who does not know the site's secret, and it tells nothing of the password."""
    return salted_hmac("colorizer.share", f"{share.pk}:{share.password}", algorithm="sha256").hexdigest()


def note_visit(*, share: Share) -> None:
    """Remember that somebody looked, and when; not who, and not how often within a visit."""
    now = timezone.now()
    quiet = Q(seen_at=None) | Q(seen_at__lt=now - ONE_VISIT)
    Share.objects.filter(quiet, pk=share.pk).update(seen_at=now, visits=F("visits") + 1)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
