"""How the default network listens to pins, and the pins it learns with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ml import checkpoint, networks
from ml.color import annealed_mean, bin_centres
from ml.networks import Network
from ml.networks.hints import gather
from ml.objectives.guided import GuidedBins
from ml.settings import Settings
from ml.simulated_pins import simulated_pins

ORANGE = (40.0, 50.0)
BLUE = (10.0, -40.0)


@pytest.fixture(scope="module")
def lite() -> Network:
    return checkpoint.load(checkpoint.shipped()["lite"])[0]


@pytest.fixture(scope="module")
def halves() -> Tensor:
    """A dark half beside a light one."""
    lightness = torch.full((1, 1, 96, 96), 30.0)
    lightness[..., 48:] = 80
    return lightness


def pin(at: tuple[int, int], ab: tuple[float, float], pins: Tensor | None = None) -> Tensor:
    """A mark of 5 x 5 pixels, on its own or on top of others."""
    pins = torch.zeros(1, 3, 96, 96) if pins is None else pins.clone()
    where = (0, slice(None), slice(at[0] - 2, at[0] + 3), slice(at[1] - 2, at[1] + 3))
    pins[where] = torch.tensor([*ab, 1.0])[:, None, None]
    return pins


def colours(network: Network, lightness: Tensor, pins: Tensor | None) -> Tensor:
    with torch.inference_mode():
        return annealed_mean(network(lightness, pins), 0.6)[0]


def test_no_pin_changes_nothing(lite: Network, halves: Tensor) -> None:
    alone = lite(halves)
    torch.testing.assert_close(lite(halves, torch.zeros(1, 3, 96, 96)), alone)


def test_pins_on_one_photo_leave_another_of_the_batch_alone(lite: Network, halves: Tensor) -> None:
    pins = torch.cat([torch.zeros(1, 3, 96, 96), pin((40, 20), ORANGE)])
    both = lite(halves.expand(2, -1, -1, -1), pins)
    torch.testing.assert_close(both[:1], lite(halves), atol=1e-3, rtol=1e-3)
    assert not torch.allclose(both[1], both[0], atol=0.1)


@pytest.mark.parametrize("ab", [ORANGE, BLUE])
def test_a_pinned_cell_takes_the_pins_colour(lite: Network, halves: Tensor, ab: tuple[float, float]) -> None:
    there = colours(lite, halves, pin((42, 22), ab))[:, 10, 5]
    assert torch.dist(there, torch.tensor(ab)) < 5


def test_a_pin_reaches_further_over_its_own_surface_than_over_an_edge(lite: Network, halves: Tensor) -> None:
    moved = (colours(lite, halves, pin((42, 34), ORANGE)) - colours(lite, halves, None)).norm(dim=0)
    # Eight pixels to either side of the mark; the edge is between.
    same, other = moved[10, 6], moved[10, 13]
    assert same > 2 * other


def test_each_side_follows_its_own_pin(lite: Network, halves: Tensor) -> None:
    answer = colours(lite, halves, pin((42, 70), BLUE, pin((42, 22), ORANGE)))
    assert answer[1, 8:13, 4:7].mean() > 25
    assert answer[1, 8:13, 16:19].mean() < -15


def test_colours_are_gathered_by_the_pixels_under_a_mark_alone() -> None:
    pins = torch.zeros(1, 3, 8, 8)
    pins[0, :, 0, 0] = torch.tensor([10.0, -20.0, 1.0])
    pins[0, :, 1, 3] = torch.tensor([30.0, 0.0, 1.0])
    ab, here = gather(pins, 2, 2)
    assert ab[0, :, 0, 0].tolist() == pytest.approx([20, -10])
    assert here[0, 0].tolist() == [[1, 0], [0, 0]]
    assert ab[0, :, 1].abs().max() == 0


@pytest.mark.parametrize("shape", [(1, 3, 32, 64), (2, 3, 32, 32), (1, 2, 32, 32)])
def test_pins_of_another_shape_are_refused(lite: Network, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        lite(torch.zeros(1, 1, 32, 32), torch.zeros(shape))


def test_weights_from_before_there_were_pins_still_load(lite: Network) -> None:
    before = {k: v for k, v in lite.state_dict().items() if not k.startswith("copy.")}
    first, second = networks.create("lite").eval(), networks.create("lite").eval()
    for network in (first, second):
        network.load_state_dict(network.complete(before))
    x, pins = torch.rand(1, 1, 96, 96) * 100, pin((42, 22), ORANGE)
    torch.testing.assert_close(first(x), lite(x))
    torch.testing.assert_close(first(x, pins), second(x, pins))


def test_weights_of_an_encoder_that_heard_pins_still_load(lite: Network) -> None:
    former = {**lite.state_dict(), "hints32.speak.weight": torch.ones(320, 3, 3, 3)}
    again = networks.create("lite").eval()
    again.load_state_dict(again.complete(former))
    x, pins = torch.rand(1, 1, 96, 96) * 100, pin((42, 22), ORANGE)
    torch.testing.assert_close(again(x, pins), lite(x, pins), atol=1e-2, rtol=1e-3)


def test_half_of_what_serves_pins_is_refused(lite: Network, tmp_path: Path) -> None:
    weights = checkpoint.save(tmp_path, "half", lite, checkpoint.read_card(checkpoint.shipped()["lite"]))
    tensors = checkpoint.read_tensors(weights)
    tensors.pop("copy.gate_bias")
    checkpoint.write_tensors(weights, tensors)
    card = checkpoint.read_card(weights)
    checkpoint.write_card(weights, {**card, "sha256": checkpoint.sha256(weights)})
    with pytest.raises(checkpoint.CheckpointError, match=r"copy\.gate_bias"):
        checkpoint.load(weights)


def test_all_that_serves_pins_learns() -> None:
    torch.manual_seed(0)
    network = networks.create("lite").train()
    pins = torch.cat([pin((42, 22), ORANGE), torch.zeros(1, 3, 96, 96)])
    network(torch.rand(2, 1, 96, 96) * 100, pins).square().mean().backward()
    silent = [k for k, p in network.named_parameters() if k.startswith("copy.") and not p.grad.any()]
    assert silent == []


def test_simulated_pins_tell_the_truth_on_squares_of_up_to_nine_pixels() -> None:
    ab = torch.randn(2, 40, 60) * 30
    random = np.random.default_rng(3)
    sides = set()
    for _ in range(100):
        pins = simulated_pins(ab, 0, random)
        if pins[2].sum() and (area := int(pins[2].sum())) in {1, 4, 9, 16, 25, 36, 49, 64, 81}:
            rows, columns = pins[2].nonzero().T
            patch = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
            if pins[2][patch].all():
                sides.add(round(area**0.5))
                torch.testing.assert_close(pins[:2, *patch].mean(dim=(1, 2)), ab[:, *patch].mean(dim=(1, 2)))
    assert sides >= {1, 9}
    assert max(sides) == 9


def test_simulated_pins_are_few_as_a_rule_dozens_at_times_and_none_for_their_share() -> None:
    ab = torch.zeros(2, 64, 64)
    random = np.random.default_rng(0)
    pixels = torch.tensor([float(simulated_pins(ab, 0.25, random)[2].sum()) for _ in range(300)])
    assert (pixels == 0).float().mean() == pytest.approx(0.25, abs=0.08)
    assert 60 < pixels[pixels > 0].median() < 250
    assert pixels.max() > 1000


def test_the_same_random_state_gives_the_same_pins() -> None:
    ab = torch.randn(2, 32, 32)
    first, second = (simulated_pins(ab, 0, np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(first, second)


def test_training_shows_the_default_network_views_with_pins_and_views_without() -> None:
    settings = Settings.of("lite", steps=1, without_pins=0.5)
    objective = GuidedBins(networks.create("lite"), settings, torch.full((len(bin_centres()),), 1e-3))
    random = np.random.default_rng(0)
    pinned = [bool(objective.pins(torch.zeros(2, 32, 32), random)[2].any()) for _ in range(40)]
    assert 10 < sum(pinned) < 30


def test_a_network_can_learn_to_listen_without_changing_what_it_says_alone() -> None:
    network = networks.create("lite")
    network.freeze_alone()
    network.train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    network(torch.rand(2, 1, 96, 96) * 100, pin((42, 22), ORANGE).expand(2, -1, -1, -1)).square().mean().backward()
    optimizer.step()
    changed = {k.split(".")[0] for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == {"copy"}
