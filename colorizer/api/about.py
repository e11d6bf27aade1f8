from django.db.models import Count, Q, Sum
from ninja import Router

from ..models import Photo, Scope
from ..selectors import space
from . import caller, present, schemas
from .caller import ApiRequest

router = Router(tags=["Token and family"])


@router.get("/", auth=caller.Bearer(), response=schemas.WhoAmI, url_name="who_am_i", summary="Whose token this is")
def who_am_i(request: ApiRequest) -> schemas.WhoAmI:
    bearer = request.auth
    return schemas.WhoAmI(
        family=schemas.FamilyRef(id=bearer.family.pk, name=bearer.family.name),
        user=str(bearer.user),
        role=bearer.role,
        scopes=[scope for scope in Scope if scope in bearer.scopes],
        token=schemas.TokenOut.from_orm(bearer.token),
        links={name: present.link(name) for name in ("family", "usage", "albums", "photos", "shares", "openapi-json")},
    )


@router.get("/family", auth=caller.READ, response=schemas.FamilyOut, url_name="family", summary="The token's family")
def family(request: ApiRequest) -> schemas.FamilyOut:
    found = caller.family(request)
    kept = Photo.objects.kept().filter(album__family=found)
    counts = kept.aggregate(photos=Count("pk"), coloured=Count("pk", filter=Q(shown__isnull=False)))
    albums = found.albums.filter(deleted_at=None).count()
    return schemas.FamilyOut(id=found.pk, name=found.name, role=request.auth.role, albums=albums, **counts)


@router.get("/usage", auth=caller.READ, response=schemas.Usage, url_name="usage", summary="How much room is left")
def usage(request: ApiRequest) -> schemas.Usage:
    family = caller.family(request)
    used = family.originals.aggregate(files=Count("pk"), bytes=Sum("size", default=0))
    room = space.room(family=family)
    return schemas.Usage(
        **used,
        most_bytes=room.most_bytes or None,
        bytes_left=room.bytes,
        most_files_a_day=room.most_photos or None,
        files_left_today=room.photos,
    )
