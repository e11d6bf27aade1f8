"""What networks learn by, on networks of a few weights."""

from __future__ import annotations

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from ml.color import bin_centres
from ml.objectives.regression import Regression
from ml.sampler import Batch
from ml.settings import Settings
from tests.ml.tiny import Tiny

pytestmark = pytest.mark.usefixtures("one_thread")
FREQUENCY = torch.full((len(bin_centres()),), 1 / len(bin_centres()))


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
        Settings.of("vgg16", steps=1, error="cubed")


def test_steps_go_down_the_loss(batch: Batch) -> None:
    made = objective()
    history = [made.step(batch)["loss"] for _ in range(100)]
    assert history[-1] < 0.3 * history[0]


def test_a_state_holds_all_that_the_next_step_depends_on(batch: Batch) -> None:
    one, other = objective(), objective()
    for _ in range(3):
        one.step(batch)
    other.load_state_dict(one.state_dict())
    taken = []
    for each in (one, other):
        torch.manual_seed(1)
        taken.append(each.step(batch))
    assert taken[0] == taken[1]
    assert one.state_dict().keys() == other.state_dict().keys()


def test_a_lost_loss_leaves_the_weights_as_they_were(batch: Batch) -> None:
    made = objective()
    before = {k: v.clone() for k, v in made.network.named_parameters()}
    with pytest.raises(FloatingPointError, match="lower rate"):
        made.step(Batch(batch.lightness * torch.nan, batch.ab))
    assert all(torch.equal(v, before[k]) for k, v in made.network.named_parameters())
