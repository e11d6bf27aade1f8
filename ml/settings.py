"""What decides a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from ml import networks


@dataclass(frozen=True)
class Settings:
    """What decides a run, made by :meth:`of`.

    Attributes:
        network: a name of :func:`ml.networks.names`.
        steps, epochs, minutes: what ends it; of several, whichever comes first. An epoch is as many views as photos.
        batch: views a step, over all processes.
        crop: pixels of a view's side.
        views: "crops", cut out at random; or "whole", every photo squashed to a square, always the same.
        mix: draw groups of photos in :data:`ml.data.MIX`'s shares; else every photo once an epoch.
        cached: compute the network's frozen features once a photo (with views "whole").
        rate: learning rate at the top.
        schedule: "cosine" falls to nought at the end; "constant" stays.
        warm_up: steps until the rate is at its top.
        averaging: decay of the weights' moving average, which is validated and kept; 0: the last weights.
        clip: largest norm of a gradient; 0: any.
        validate_every: steps between validations.
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
    cached: bool = False
    rate: float = 1e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    warm_up: int = 100
    averaging: float = 0.999
    clip: float = 1.0
    precision: str = "32-true"
    seed: int = 1
    save_minutes: float = 5.0
    validate_every: int = 250
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, network: str, **given: Any) -> Settings:
        """Settings of a network: what is ``given`` over its own defaults over ours.

        A name that is no field is an option of the network's objective. Raises ValueError for a network or
        for a setting that is not known, and where nothing ends the run.
        """
        kind = networks.find(network)
        merged = {**kind.defaults, **given}
        own = {f.name for f in fields(cls)} - {"network", "options"}
        options = {k: v for k, v in merged.items() if k not in own}
        known = {f.name for f in fields(kind.objective.Options)}
        if unknown := sorted(set(options) - known):
            raise ValueError(f"{network} has no setting {', '.join(unknown)}; it has {', '.join(sorted(own | known))}")
        chosen = {k: v for k, v in merged.items() if k in own}
        if not (chosen.get("steps") or chosen.get("epochs") or chosen.get("minutes")):
            raise ValueError("a training needs steps, epochs or minutes")
        return cls(network=network, **chosen, options=asdict(kind.objective.Options(**options)))
