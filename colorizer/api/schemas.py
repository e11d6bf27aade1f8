"""What goes in and out, as the API's description shows it. What comes in is read strictly."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from ..asked import AnyMark, Asked, Hex
from ..models import Photo, Role, Scope, Status

NO_NUL = r"^[^\x00]*$"
"""No database keeps a NUL character in a text."""
NOT_BLANK = r"^[^\x00]*[^\x00-\x20][^\x00]*$"

Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NOT_BLANK)]
Description = Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL)]
Long = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]
Short = Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]
Password = Annotated[str, StringConstraints(min_length=6, max_length=128, pattern=NO_NUL)]


def whole(said: object) -> object:
    """JSON makes no difference between 7 and 7.0."""
    return int(said) if isinstance(said, float) and said.is_integer() else said


Days = Annotated[int, Field(ge=1, le=365), BeforeValidator(whole)]
Link = Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]

Rendition = Literal["grey-480", "grey-1600", "grey-zoom", "colour-480", "colour-1600", "colour-zoom"]


class Input(Schema):
    model_config = ConfigDict(extra="forbid", strict=True)


def example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class Paging(Schema):
    limit: int = Field(50, ge=1, le=100, description="So many at most.")
    offset: int = Field(0, ge=0, le=1_000_000, description="So many are passed over.")


class Page(Schema):
    total: int = Field(description="So many there are in all.")
    next: Link | None = Field(description="Where the next ones are; null on the last page.")


class FieldError(Schema):
    field: str = Field(description="Where: the name of a field, query parameter or part.")
    code: str
    message: str = Field(description="In the reader's language.")


class ProblemOut(Schema):
    """RFC 9457 problem details. ``title``, ``detail`` and messages are in the language of Accept-Language."""

    type: str = Field(description="A URN that ends in the code.")
    title: str
    status: int
    detail: str
    instance: Link
    code: str = Field(description="For programs: it stays when the words change.")
    errors: list[FieldError] | None = Field(None, description="With 422: each field that is not valid.")
    photo: UUID | None = Field(None, description="With 409: the photo that is here already.")


class Reason(Schema):
    """Why something did not work, as the pages say it."""

    code: str
    sentence: str
    advice: str


class FamilyRef(Schema):
    id: UUID
    name: str


class TokenOut(Schema):
    name: str
    created_at: datetime
    expires_at: datetime


class WhoAmI(Schema):
    """Whose token this is, and what it may do at this moment."""

    family: FamilyRef
    user: str = Field(description="The name of the token's maker.")
    role: Role = Field(description="The maker's role in the family, as it is now.")
    scopes: list[Scope] = Field(description="What the token may do now: its own scopes, as far as the role goes.")
    token: TokenOut
    links: dict[str, Link]


class FamilyOut(Schema):
    id: UUID
    name: str
    role: Role
    albums: int
    photos: int
    coloured: int


class Usage(Schema):
    """What the family keeps, and may add still. Null: without limit."""

    files: int = Field(description="Uploaded files, those in the trash too.")
    bytes: int = Field(description="Of all of them.")
    most_bytes: int | None
    bytes_left: int | None
    most_files_a_day: int | None
    files_left_today: int | None


class AlbumIn(Input):
    model_config = example(title="Summers at the lake", description="From the attic.")

    title: Title
    description: Description = ""


class AlbumPatch(Input):
    """What is left out stays as it is."""

    model_config = example(title="Summers at the lake, 1931")

    title: Title = Field("", validate_default=False)
    description: Description = ""


class AlbumOut(Schema):
    id: UUID
    title: str
    description: str
    is_unsorted: bool = Field(description="Whether it is the one for photos of no album.")
    photos: int
    coloured: int
    created_at: datetime
    links: dict[str, Link]


class AlbumPage(Page):
    items: list[AlbumOut]


class OriginalOut(Schema):
    name: str = Field(description="As the device called it.")
    format: str = Field(description="What it is: jpeg, png, webp, heic or tiff.")
    bytes: int
    sha256: str
    pages: int


class ModelOut(Schema):
    name: str
    sha256: str = Field(description="Of the weights.")


Name = Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]


class ColoringIn(Asked, Input):
    """What is known better than the model guesses. What is left out is the model's own choice."""

    model_config = example(
        pins=[{"x": 0.42, "y": 0.3, "colour": "#a04030", "note": "red, says aunt Ida"}], vividness=1.2, warmth=4
    )

    name: Name = Field("", description="What this version is called.")


class ColoringPatch(Input):
    model_config = example(name="Ida's red dress")

    name: Name = Field(description="Empty: as Heirloom calls it.")


class ColoringOut(Schema):
    """One way a photo was given colour, and how far it is."""

    id: UUID
    photo: UUID
    status: Status
    stage: str
    percent: int = Field(ge=0, le=100)
    place: int | None = Field(description="In line: 1 is next, 0 is being worked on. Null where it does not wait.")
    seconds_left: int | None = Field(description="A guess of when the colours are there.")
    seconds: float | None = Field(description="What the work took, once it is done.")
    title: str = Field(description="Its name, or what Heirloom calls it in the reader's language.")
    name: str
    is_automatic: bool = Field(description="Whether nobody asked for anything.")
    based_on: UUID | None = Field(description="The version that was corrected.")
    pins: list[AnyMark]
    reference: UUID | None = Field(description="The photo whose colours it took over; it may be gone by now.")
    vividness: float
    warmth: float
    guess: list[float] | None = Field(description="a* and b* of another guess than the model's first.")
    model: ModelOut | None = Field(description="Which one gave the colours, once it is done.")
    reason: Reason | None = Field(description="Why it failed.")
    is_shown: bool = Field(description="Whether the family sees this one.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    links: dict[str, Link]


Colour = Annotated[Hex, AfterValidator(str.lower)]


class ColourIn(Input):
    """A colour to be found again at the next photo."""

    model_config = example(name="Grandfather's uniform", colour="#6b6f52")

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NOT_BLANK)]
    colour: Colour


class ColourOut(Schema):
    """A colour that the family keeps for a person or a thing."""

    id: UUID
    name: str
    colour: str = Field(description="As #rrggbb, for a pin.")
    kept_by: str | None = Field(description="Who did, if they are still here.")
    created_at: datetime
    links: dict[str, Link]


class ColourList(Schema):
    items: list[ColourOut] = Field(description="By name.")


class ColoringList(Schema):
    items: list[ColoringOut]


class PhotoOut(Schema):
    """A photo as it is now. ``coloring`` is its latest; the header Retry-After says when to look again."""

    id: UUID
    album: UUID
    state: Photo.State = Field(description="`asks`: it is in colour already; see the operation `answer`.")
    refusal: Reason | None = Field(description="Why it cannot be used, with state `refused`.")
    page: int
    width: int = Field(description="Pixels, upright; 0 until it is read.")
    height: int
    caption: str
    taken: str
    people: str
    original: OriginalOut
    coloring: ColoringOut | None
    has_result: bool
    created_at: datetime
    changed_at: datetime
    links: dict[str, Link]


class Where(Schema):
    album: Annotated[UUID | None, WithJsonSchema({"type": "string", "format": "uuid"})] = Field(
        None, description="Where to; left out: the family's album “Unsorted”."
    )


class PhotoPage(Page):
    items: list[PhotoOut]


class PhotoPatch(Input):
    """What is left out stays as it is."""

    model_config = example(caption="Greta at the lake", taken="summer 1931", people="Greta, Nils")

    caption: Long = ""
    taken: Short = ""
    people: Long = ""


class Answer(Input):
    """The family's answer for a photo that seems to be in colour already."""

    model_config = example(colour=True)

    colour: bool = Field(description="Colour it afresh; else keep it as it is.")


class ShareIn(Input):
    """How a link works."""

    model_config = example(days=7, password="the blue box", can_download=True)  # noqa: S106 - an example

    days: Days | None = Field(30, description="So long it works; null: until someone ends it.")
    password: Password = Field("", validate_default=False, description="Asked of whoever opens it; left out: none.")
    can_download: bool = Field(False, description="Whether full-size photos may be had.")
    tells_story: bool = Field(False, description="Whether captions, dates and names are shown too.")


class ShareOut(Schema):
    """A link to an album or to a photo."""

    id: UUID
    album: UUID | None
    photo: UUID | None
    has_password: bool
    can_download: bool
    tells_story: bool
    made_by: str
    created_at: datetime
    expires_at: datetime | None
    seen_at: datetime | None
    visits: int
    links: dict[str, Link]


class ShareMade(ShareOut):
    url: str = Field(description="The link itself, shown only now.")


class SharePage(Page):
    items: list[ShareOut]
