"""What a person may ask of a colouring: colours at places (pins) or of another photo, how vivid and how warm it shall
be, and another guess than the model's first.

Read strictly, with every bound, and without torch: what passes here the worker can use (`ml.pins`).
"""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, WithJsonSchema

MOST_PINS = 200
MOST_POINTS = 1_000
"""Of one stroke."""
MOST_RADIUS = 0.5
LONGEST_NOTE = 500
MOST_WARMTH = 20

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Hex = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Lightness = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Axis = Annotated[float, Field(ge=-128, le=128, allow_inf_nan=False)]
Lab = Annotated[
    tuple[Lightness, Axis, Axis],
    Field(strict=False, description="L*, a*, b*. The lightness is the photo's own: L* is not used."),
]
Guess = Annotated[
    tuple[Axis, Axis],
    Field(strict=False, description="a* and b* of a colour that is tried wherever the model thinks it likely."),
]
Point = Annotated[list[Share], Field(min_length=2, max_length=2, description="From the left and from the top.")]
PhotoId = Annotated[UUID, Field(strict=False), WithJsonSchema({"type": "string", "format": "uuid"})]
Note = Annotated[str, StringConstraints(max_length=LONGEST_NOTE, pattern=r"^[^\x00]*$")]


class Mark(BaseModel):
    """A colour that a person has chosen, and why; where, say those that are made of it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    colour: Hex | Lab
    radius: float = Field(
        0.01, ge=0, le=MOST_RADIUS, allow_inf_nan=False, description="A share of the photo's short side."
    )
    note: Note = Field("", description="Why: it goes into the export and into the file.")
    on: bool = Field(True, description="False: it is kept, and changes nothing.")


class Pin(Mark):
    """A colour at a place of the photo."""

    x: Share = Field(description="From the left of the upright photo.")
    y: Share = Field(description="From its top.")


class Stroke(Mark):
    """A colour along a line."""

    points: list[Point] = Field(
        min_length=1, max_length=MOST_POINTS, description="Joined by straight lines, in their order."
    )


def _kind(said: object) -> str:
    return "stroke" if isinstance(said, Stroke) or (isinstance(said, dict) and "points" in said) else "pin"


AnyMark = Annotated[Annotated[Pin, Tag("pin")] | Annotated[Stroke, Tag("stroke")], Discriminator(_kind)]
KINDS = frozenset({"pin", "stroke"})
"""Which pydantic names in the place of an error, though nobody wrote them there."""


class Asked(BaseModel):
    """Pins, a reference, dials and another guess together. The fields are those of a `Coloring`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pins: list[AnyMark] = Field([], max_length=MOST_PINS, description="Where marks overlap, the later one lies on top.")
    reference: PhotoId | None = Field(
        None, description="Another photo of the family, in colour, whose colours are taken over where the two match."
    )
    vividness: float = Field(1, ge=0, le=2, allow_inf_nan=False, description="1 is the model's own.")
    warmth: float = Field(
        0, ge=-MOST_WARMTH, le=MOST_WARMTH, allow_inf_nan=False, description="Above 0 yellower, below bluer."
    )
    guess: Guess | None = Field(None, description="Another guess than the model's first; null: that one.")

    @classmethod
    def read(cls, json: bytes) -> Self:
        """From JSON. Raises pydantic's ValidationError."""
        return cls.model_validate_json(json)

    @property
    def fields(self) -> dict[str, Any]:
        """As the row keeps them."""
        return {
            "pins": [pin.model_dump(mode="json") for pin in self.pins],
            "reference_id": self.reference,
            "vividness": self.vividness,
            "warmth": self.warmth,
            "guess": list(self.guess) if self.guess else None,
        }
