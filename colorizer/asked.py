"""What a person may ask of a colouring: colours at places (pins), and how vivid and how warm it shall be.

Read strictly, with every bound, and without torch: what passes here the worker can use (`ml.pins`).
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST_PINS = 200
LONGEST_NOTE = 500
MOST_WARMTH = 20

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Hex = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Lab = Annotated[
    list[Annotated[float, Field(ge=-128, le=128, allow_inf_nan=False)]],
    Field(min_length=3, max_length=3, description="L*, a*, b*. The lightness is the photo's own: L* is not used."),
]
Note = Annotated[str, StringConstraints(max_length=LONGEST_NOTE, pattern=r"^[^\x00]*$")]


class Pin(BaseModel):
    """A colour at a place of the photo, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    x: Share = Field(description="From the left of the upright photo.")
    y: Share = Field(description="From its top.")
    colour: Hex | Lab
    radius: float = Field(0.01, ge=0, le=0.5, allow_inf_nan=False, description="A share of the photo's short side.")
    note: Note = Field("", description="Why: it goes into the export and into the file.")


class Asked(BaseModel):
    """Pins, vividness and warmth together. The fields are those of a `Coloring`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pins: list[Pin] = Field([], max_length=MOST_PINS, description="Where marks overlap, the later one lies on top.")
    vividness: float = Field(1, ge=0, le=2, allow_inf_nan=False, description="1 is the model's own.")
    warmth: float = Field(
        0, ge=-MOST_WARMTH, le=MOST_WARMTH, allow_inf_nan=False, description="Above 0 yellower, below bluer."
    )

    @classmethod
    def read(cls, json: bytes) -> Self:
        """From JSON. Raises pydantic's ValidationError."""
        return cls.model_validate_json(json)

    @property
    def fields(self) -> dict[str, Any]:
        """As the row keeps them."""
        return {
            "pins": [pin.model_dump() for pin in self.pins],
            "vividness": self.vividness,
            "warmth": self.warmth,
        }
