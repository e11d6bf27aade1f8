"""A network of a few weights, to train in no time: `networks.create("tiny")` where the fixture `tiny` is used."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ml.color import AB_UNIT
from ml.networks import Network
from ml.objectives import Objective
from ml.objectives.regression import Regression


class Tiny(Network):
    """A frozen convolution, batch norm, dropout, and a convolution that answers ab."""

    name = "tiny"
    multiple = 4
    stride = 2
    bins = "none"
    objective: ClassVar[type[Objective]] = Regression
    defaults: ClassVar[dict[str, object]] = {"batch": 4, "crop": 16, "rate": 0.01, "warm_up": 2, "validate_every": 5}

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Conv2d(1, 4, 2, 2).requires_grad_(False)
        self.norm = nn.BatchNorm2d(4)
        self.dropout = nn.Dropout(0.1)
        self.decode = nn.Conv2d(4, 2, 1)

    def features(self, lightness: Tensor) -> tuple[Tensor]:
        return (self.encoder(lightness / 50 - 1),)

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        self.check_input(lightness, pins)
        return self.from_features(*self.features(lightness))

    def from_features(self, features: Tensor) -> Tensor:
        return torch.tanh(self.decode(self.dropout(torch.relu(self.norm(features))))) * AB_UNIT
