"""What decides a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ml import networks
from ml.augmentation import effects


@dataclass(frozen=True)
class Settings:
    """What decides a run, made by :meth:`of`.

    Attributes:
        network: a name of :func:`ml.networks.names`.
        steps, epochs, minutes: what ends it; of several, whichever comes first. An epoch is as many views as photos.
        batch: views a step, over all processes.
        crop: pixels of a view's side.
        views: "crops", cut out at random; or "whole", every photo squashed to a square, always the same.
        mix: draw groups of photos in :data:`ml.sampler.MIX`'s shares; else every photo once an epoch.
        augment: what old photos suffer, of :data:`ml.augmentation.EFFECTS`, separated by commas; "all" or "none".
        cut_mix: share of the views into which a rectangle of another photo is laid, against learning photos by heart.
        cached: compute the network's frozen features once a photo; needs views "whole", augment "none" and cut_mix 0.
        rate: learning rate at the top.
        schedule: "cosine" falls to nought at the end; "plateau" to a tenth whenever validation has not improved for
            ``plateau`` times; "constant" stays.
        warm_up: steps until the rate is at its top.
        patience: end when validation has not improved for so many times, and keep the best weights; None: do not.
        averaging: decay of the weights' moving average, which is validated and kept; 0: the last weights.
        clip: largest norm of a gradient; 0: any.
        precision: as Lightning Fabric names it: "32-true", "bf16-mixed", "16-mixed".
        save_minutes: between two states on disk.
        validate_every: steps between validations; 0: an epoch. The last step is followed by one in any case.
        options: the objective's own settings.
    """

    network: str
    steps: int | None = None
    epochs: float | None = None
    minutes: float | None = None
    batch: int = 32
    crop: int = 128
    views: Literal["crops", "whole"] = "crops"
    mix: bool = True
    augment: str = "contrast,grain"
    cut_mix: float = 0.0
    cached: bool = False
    rate: float = 1e-3
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    plateau: int = 10
    warm_up: int = 100
    patience: int | None = None
    averaging: float = 0.999
    clip: float = 1.0
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    seed: int = 1
    save_minutes: float = 5.0
    validate_every: int = 250
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            _check(name, kind, getattr(self, name))
        for name, least in _LEAST.items():
            if (value := getattr(self, name)) is not None and value < least:
                raise ValueError(f"{name} must be {least} or more, not {value}")
        effects(self.augment)
        if not (self.steps or self.epochs or self.minutes):
            raise ValueError("a training needs steps, epochs or minutes")
        if self.cached and (self.views != "whole" or self.augment != "none" or self.cut_mix):
            raise ValueError(
                'cached features need views "whole", augment "none" and cut_mix 0: a view must always be the same'
            )

    @classmethod
    def of(cls, network: str, **given: Any) -> Settings:
        """Settings of a network: what is ``given`` over its own defaults over ours.

        A name that is no field is an option of the network's objective. Raises ValueError for a network, a setting
        or a value that is not known, and where nothing ends the run.
        """
        kind = networks.find(network)
        merged = {**kind.defaults, **given}
        own = {f.name for f in fields(cls)} - {"network", "options"}
        options = {k: v for k, v in merged.items() if k not in own}
        known = {f.name for f in fields(kind.objective.Options)}
        if unknown := sorted(set(options) - known):
            raise ValueError(f"{network} has no setting {', '.join(unknown)}; it has {', '.join(sorted(own | known))}")
        kinds = get_type_hints(kind.objective.Options)
        for name, value in options.items():
            _check(name, kinds[name], value)
        chosen = {k: v for k, v in merged.items() if k in own}
        return cls(network=network, **chosen, options=asdict(kind.objective.Options(**options)))

    def same_course(self, saved: Mapping[str, Any]) -> bool:
        """Whether a run with these settings may go on from one that was ``saved`` as a dictionary.

        Its end may be moved; a setting that is younger than the saved run had its default.
        """
        defaults = {f.name: f.default for f in fields(self)}
        then, now = {**defaults, **saved}, asdict(self)
        then["options"] = {**asdict(networks.find(self.network).objective.Options()), **then["options"]}
        return all(then[name] == now[name] for name in now if name not in _END)

    def in_words(self) -> list[str]:
        """What ``python -m ml train`` is to be told to have these: all that is not a network's default anyway."""
        usual = Settings.of(self.network, steps=1)
        own = {k: v for k, v in asdict(self).items() if k != "options" and v != getattr(usual, k)}
        given = own | {k: v for k, v in self.options.items() if v != usual.options.get(k)}
        return [f"--network {self.network}"] + [
            f"--{name} {value}" if name in NAMED else f"--set {name}={json.dumps(value).strip(chr(34))}"
            for name, value in given.items()
            if value is not None
        ]


NAMED = ("steps", "epochs", "minutes", "batch", "crop", "rate", "precision", "seed")
"""Settings that have an option of their own."""
_LEAST = {
    **dict.fromkeys(("batch", "crop", "plateau"), 1),
    **dict.fromkeys(("steps", "epochs", "minutes", "cut_mix", "rate", "warm_up", "averaging", "clip"), 0),
    **dict.fromkeys(("patience", "save_minutes", "validate_every"), 0),
}
_END = ("steps", "epochs", "minutes", "patience", "save_minutes")


def _check(name: str, kind: Any, value: Any) -> None:
    """Raise ValueError where a value cannot be a setting's."""
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ValueError(f"{name} must be {' or '.join(get_args(kind))}, not {value!r}")
        return
    kinds = set(get_args(kind)) or {kind}
    if kind is str and not isinstance(value, str):
        raise ValueError(f"{name} must be a word, not {value!r}")
    if not kinds & {int, float, bool}:
        return
    if float in kinds:
        kinds.add(int)
    # Of a number, true and false are none.
    fits = type(value) is bool if bool in kinds else isinstance(value, tuple(kinds)) and type(value) is not bool
    if not fits:
        raise ValueError(f"{name} must be {'true or false' if bool in kinds else 'a number'}, not {value!r}")
