"""An encoder that gets back what it has forgotten."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ml import networks
from ml.recall import recall


def tensors(seed: int) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return networks.create("lite").state_dict()


def pretrained() -> dict[str, Tensor]:
    state = {k.removeprefix("encoder."): v for k, v in tensors(2).items() if k.startswith("encoder.")}
    return {k: v + 0.5 if k.endswith("running_mean") else v for k, v in state.items()}


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_encoder_goes_its_share_of_the_way_back_and_nothing_else_moves(share: float) -> None:
    weights, encoder = tensors(1), pretrained()
    made = recall(weights, encoder, share)
    assert list(made) == list(weights)
    own = {k: v for k, v in made.items() if not k.startswith("encoder.")}
    assert all(torch.equal(v, weights[k]) for k, v in own.items())
    name = "blocks.4.expand.0.weight"
    wanted = (1 - share) * weights[f"encoder.{name}"] + share * encoder[name]
    torch.testing.assert_close(made[f"encoder.{name}"], wanted)


def test_its_norms_get_all_that_they_had_counted() -> None:
    weights, encoder = tensors(1), pretrained()
    made = recall(weights, encoder, 0.25)
    torch.testing.assert_close(made["encoder.stem.1.running_mean"], encoder["stem.1.running_mean"])
    torch.testing.assert_close(made["encoder.stem.1.weight"], weights["encoder.stem.1.weight"])


def test_another_networks_encoder_is_refused() -> None:
    with pytest.raises(ValueError, match="is not the one"):
        recall(tensors(1), {"conv1.weight": torch.zeros(3)}, 0.5)


def test_more_than_all_of_it_cannot_be_recalled() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        recall(tensors(1), pretrained(), 1.5)
