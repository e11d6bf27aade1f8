"""The U-Net of pix2pix, its discriminator, and how they learn against each other."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from PIL import Image
from torch import nn
from torch.nn.functional import softplus

from ml.color import AB_UNIT
from ml.data import photo_planes
from ml.networks.discriminator import PatchDiscriminator
from ml.networks.pix2pix import Pix2Pix
from ml.objectives.adversarial import Adversarial
from ml.sampler import Batch
from ml.settings import Settings

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def whole() -> Pix2Pix:
    torch.manual_seed(0)
    return Pix2Pix().eval()


def weights(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def convolutions(module: nn.Module) -> list[nn.Conv2d | nn.ConvTranspose2d]:
    return [m for m in module.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]


def test_both_networks_have_the_papers_size(whole: Pix2Pix) -> None:
    # The published 54,414,531 and 2,768,705 are for three channels in and out. Ours read one and paint two: 2,048
    # weights less in the first layer and 2,049 in the last; and the discriminator reads three instead of six, 3,072.
    assert weights(whole) == 54_414_531 - 2_048 - 2_049
    assert weights(PatchDiscriminator()) == 2_768_705 - 3_072


def test_eight_levels_bring_256_pixels_to_one_and_back(whole: Pix2Pix) -> None:
    sizes: list[int] = []
    hooks = [m.register_forward_hook(lambda _, __, y: sizes.append(y.shape[-1])) for m in (*whole.down, *whole.up)]
    with torch.inference_mode():
        ab = whole(torch.rand(1, 1, 256, 256) * 100)
    for hook in hooks:
        hook.remove()
    assert sizes == [128, 64, 32, 16, 8, 4, 2, 1, 2, 4, 8, 16, 32, 64, 128]
    assert ab.shape == (1, 2, 256, 256)


def test_initial_weights_are_drawn_with_a_deviation_of_two_hundredths(whole: Pix2Pix) -> None:
    for conv in (*convolutions(whole), *convolutions(PatchDiscriminator())):
        drawn = conv.weight.detach()
        assert drawn.mean().abs() < 0.002
        assert drawn.std().item() == pytest.approx(0.02, rel=0.15)
        assert conv.bias is None or not conv.bias.any()


def test_colour_stays_within_the_tanh(whole: Pix2Pix) -> None:
    network = Pix2Pix(4, 3).eval()
    with torch.no_grad():
        network.paint[0].weight.fill_(1e3)
    ab = network(torch.rand(1, 1, 16, 16) * 100)
    assert ab.abs().max() <= AB_UNIT


def test_a_photo_gets_the_same_colours_twice() -> None:
    torch.manual_seed(0)
    network = Pix2Pix(4, 5)
    lightness = torch.rand(2, 1, 32, 32) * 100
    assert not torch.equal(network(lightness), network(lightness))
    network.eval()
    assert torch.equal(network(lightness), network(lightness))


def test_the_discriminator_judges_256_pixels_in_30_by_30_patches() -> None:
    picture = torch.zeros(1, 2, 256, 256)
    (logits,) = PatchDiscriminator(2)(torch.rand(1, 1, 256, 256) * 100, picture)
    assert logits.shape == (1, 1, 30, 30)


def test_a_patch_is_70_pixels_wide_by_its_layers() -> None:
    field = 1
    for conv in reversed(convolutions(PatchDiscriminator())):
        field = (field - 1) * conv.stride[0] + conv.kernel_size[0]
    assert field == 70


def test_a_patch_is_70_pixels_wide_by_its_gradient() -> None:
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(8).eval()
    ab = torch.randn(1, 2, 256, 256).mul(20).requires_grad_()
    (logits,) = discriminator(torch.rand(1, 1, 256, 256) * 100, ab)
    (gradient,) = torch.autograd.grad(logits[0, 0, 15, 15], ab)
    touched = gradient[0].abs().sum(dim=0) > 0
    for axis in (0, 1):
        reached = touched.any(dim=axis).nonzero().flatten()
        assert (reached.max() - reached.min() + 1).item() == len(reached) == 70


def test_pictures_are_judged_as_if_each_were_alone() -> None:
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(4, 2)
    lightness, true, painted = (torch.rand(2, c, 32, 32) * 50 for c in (1, 2, 2))
    together = discriminator(lightness, true, painted)
    for picture, logits in zip((true, painted), together, strict=True):
        torch.testing.assert_close(discriminator(lightness, picture)[0], logits)


def small_objective(**given: Any) -> Adversarial:
    """A narrow, shallow copy of both networks, for 16 pixels."""
    torch.manual_seed(0)
    settings = Settings.of("pix2pix", steps=1, **given)
    objective = Adversarial(Pix2Pix(8, 4), settings, torch.empty(0), PatchDiscriminator(8, 2))
    objective.setup(Fabric(accelerator="cpu", devices=1))
    objective.network.train()
    return objective


@pytest.fixture
def batches(astronaut: np.ndarray) -> Iterator[Batch]:
    """Views of a photo, four a batch, of 16 pixels."""
    planes = photo_planes(Image.fromarray(astronaut).resize((48, 36), Image.Resampling.BOX))
    photo = torch.from_numpy(planes).permute(2, 0, 1).float()
    random = np.random.default_rng(0)

    def view() -> torch.Tensor:
        y, x = random.integers(0, 36 - 16), random.integers(0, 48 - 16)
        return photo[:, y : y + 16, x : x + 16]

    def draw() -> Iterator[Batch]:
        while True:
            views = torch.stack([view() for _ in range(4)])
            yield Batch(views[:, :1] / 2.55, views[:, 1:] - 128)

    return draw()


def test_neither_wins_outright_over_200_steps(batches: Iterator[Batch]) -> None:
    objective = small_objective()
    history = [objective.step(batch) for batch in islice(batches, 200)]
    told_apart = [losses["discriminator"] for losses in history]
    assert min(told_apart) > 0.1
    assert max(told_apart) < 1.3
    assert max(told_apart) - min(told_apart) > 0.1
    assert sum(h["pixels"] for h in history[-10:]) < 0.6 * sum(h["pixels"] for h in history[:10])


def test_the_discriminator_learns_first_and_each_from_its_own_turn_alone(
    batches: Iterator[Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    objective = small_objective()
    turns: list[tuple[str, set[str], set[str]]] = []
    descend = Adversarial.descend

    def watched(self: Adversarial, loss: torch.Tensor, optimizer: str = "network") -> float:
        for module in self.modules.values():
            module.zero_grad(set_to_none=True)
        before = {m: [p.clone() for p in module.parameters()] for m, module in self.modules.items()}
        norm = descend(self, loss, optimizer)
        pulled = {m for m, module in self.modules.items() if any(p.grad is not None for p in module.parameters())}
        moved = {m for m, old in before.items() if not all(map(torch.equal, old, self.modules[m].parameters()))}
        turns.append((optimizer, pulled, moved))
        return norm

    monkeypatch.setattr(Adversarial, "descend", watched)
    objective.step(next(batches))
    assert turns == [(turn, {turn}, {turn}) for turn in ("discriminator", "network")]


def test_what_it_reports_is_what_the_papers_add_up(batches: Iterator[Batch]) -> None:
    objective = small_objective(smoothing=0.1)
    novice = copy.deepcopy(objective.modules["discriminator"])
    painted: list[torch.Tensor] = []
    objective.bare.register_forward_hook(lambda _, __, output: painted.append(output.detach()))
    batch = next(batches)
    losses = objective.step(batch)

    def unsure(judge: nn.Module, ab: torch.Tensor) -> tuple[float, float]:
        """Cross-entropy of saying that ``ab`` is true, and that it is not."""
        (logits,) = judge(batch.lightness, ab)
        return softplus(-logits).mean().item(), softplus(logits).mean().item()

    said_true, said_false = unsure(novice, batch.ab)
    apart = (0.9 * said_true + 0.1 * said_false + unsure(novice, painted[0])[1]) / 2
    assert losses["discriminator"] == pytest.approx(apart, rel=1e-4)
    assert losses["pixels"] == pytest.approx(100 * (painted[0] - batch.ab).abs().mean().item() / AB_UNIT, rel=1e-4)
    taught = objective.modules["discriminator"]
    assert losses["adversarial"] == pytest.approx(unsure(taught, painted[0])[0], rel=1e-4)
    assert losses["loss"] == pytest.approx(losses["pixels"] + losses["adversarial"], rel=1e-5)


def test_without_an_adversary_only_the_network_learns(batches: Iterator[Batch]) -> None:
    objective = small_objective(adversarial=0.0)
    assert set(objective.modules) == set(objective.optimizers) == {"network"}
    losses = objective.step(next(batches))
    assert set(losses) == {"loss", "pixels", "norm"}
    assert losses["loss"] == losses["pixels"]


def test_a_resume_brings_the_discriminator_back(batches: Iterator[Batch]) -> None:
    given = list(islice(batches, 4))

    def learn(objective: Adversarial, steps: range) -> list[dict[str, float]]:
        history = []
        for step in steps:
            torch.manual_seed(step)
            history.append(objective.step(given[step]))
        return history

    straight = small_objective()
    learn(straight, range(2))
    state = {k: v.clone() for k, v in straight.state_dict().items()}
    resumed = small_objective()
    learn(resumed, range(3, 4))
    resumed.load_state_dict(state)
    assert learn(straight, range(2, 4)) == learn(resumed, range(2, 4))


def test_a_network_of_its_own_defaults_learns_as_the_paper_does() -> None:
    settings = Settings.of("pix2pix", steps=1)
    objective = Adversarial(Pix2Pix(2, 2), settings, torch.empty(0))
    for optimizer in objective.optimizers.values():
        assert isinstance(optimizer, torch.optim.Adam)
        assert optimizer.defaults["lr"] == 2e-4
        assert optimizer.defaults["betas"] == (0.5, 0.999)
    assert objective.options.pixels == 100
    assert weights(objective.modules["discriminator"]) == weights(PatchDiscriminator())
