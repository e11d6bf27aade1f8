"""What networks learn by, on networks of a few weights."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ml.color import AB_UNIT, bin_centres
from ml.networks import Network
from ml.objectives import Objective
from ml.objectives.regression import Regression
from ml.sampler import Batch
from ml.settings import Settings

pytestmark = pytest.mark.usefixtures("one_thread")
FREQUENCY = torch.full((len(bin_centres()),), 1 / len(bin_centres()))


class Tiny(Network):
    """One convolution from lightness to ab."""

    name = "tiny"
    multiple = 2
    stride = 2
    bins = "none"
    objective: ClassVar[type[Objective]] = Regression

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 2, 2, 2)

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        return torch.tanh(self.layer(lightness / 50 - 1)) * AB_UNIT


def objective(error: str = "squared") -> Regression:
    torch.manual_seed(0)
    options = {"error": error, "weight_decay": 0.0}
    made = Regression(Tiny(), Settings("tiny", steps=1, rate=0.01, options=options), FREQUENCY)
    made.setup(Fabric(accelerator="cpu", devices=1))
    return made


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    lightness = torch.rand(4, 1, 8, 8, generator=generator) * 100
    return Batch(lightness, torch.cat([lightness - 50, 20 - lightness / 2], dim=1))


def test_regression_is_the_mean_error_in_units_of_128_on_the_networks_grid(batch: Batch) -> None:
    output = torch.zeros(4, 2, 4, 4)
    truth = nn.functional.avg_pool2d(batch.ab, 2)
    assert objective().losses(output, batch)["squared"] == pytest.approx((truth / 128).square().mean().item())
    assert objective("absolute").losses(output, batch)["absolute"] == pytest.approx((truth / 128).abs().mean().item())
    with pytest.raises(ValueError, match="squared or absolute"):
        objective("cubed")


def test_steps_go_down_the_loss(batch: Batch) -> None:
    made = objective()
    history = [made.step(batch)["loss"] for _ in range(100)]
    assert history[-1] < 0.3 * history[0]


def test_a_state_holds_all_that_the_next_step_depends_on(batch: Batch) -> None:
    one, other = objective(), objective()
    for _ in range(3):
        one.step(batch)
    other.load_state_dict(one.state_dict())
    assert one.step(batch) == other.step(batch)
    assert one.state_dict().keys() == other.state_dict().keys()


def test_a_lost_loss_leaves_the_weights_as_they_were(batch: Batch) -> None:
    made = objective()
    before = {k: v.clone() for k, v in made.network.state_dict().items()}
    with pytest.raises(FloatingPointError, match="lower rate"):
        made.step(Batch(batch.lightness * torch.nan, batch.ab))
    assert all(torch.equal(v, before[k]) for k, v in made.network.state_dict().items())
