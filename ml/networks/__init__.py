"""Networks by name. One architecture a file; :func:`register` enters it, :func:`create` makes one."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ml.color import (
    annealed_mean,
    bin_centres,
    marginal_centres,
    marginal_mean,
    marginal_product,
    marginal_shares,
    probabilities,
)
from ml.networks.units import pack

if TYPE_CHECKING:
    from ml.objectives import Objective


class Network(nn.Module):
    """What every network declares, and what it maps.

    ``forward(lightness, pins=None)``: lightness ``[N, 1, H, W]`` float32 L* 0..100 with H and W
    multiples of ``multiple``; pins, where the network is ``guided``, ``[N, 3, H, W]`` = a, b in Lab units and a
    mask of 0 and 1; returns ``[N, channels, H / stride, W / stride]``, and ``bins`` says what that is:

    - "joint": logits over :func:`ml.color.bin_centres`;
    - "marginal": logits over :func:`ml.color.marginal_centres`, those of a* and then those of b*;
    - "none": it regresses: a* and b* in Lab units.
    """

    name: ClassVar[str]
    multiple: int
    stride: ClassVar[int]
    bins: ClassVar[str]
    guided: ClassVar[bool] = False
    objective: ClassVar[type[Objective]]
    """How it learns."""
    pretrained: ClassVar[str] = ""
    """What :mod:`ml.fetch` gets for it to start from; "" nothing."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """Its own defaults for :meth:`ml.settings.Settings.of`: batch, crop, rate, options of its objective."""
    uncalibrated: ClassVar[tuple[float, float]] = (0.8, 1.3)
    """Temperature and gain until they are calibrated: the plain mean of a young network, brightened a little."""

    log_frequency: Tensor
    balance: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("log_frequency", torch.zeros(self.channels() if self.classifies() else 0))
        self.register_buffer("balance", torch.zeros(()))

    @classmethod
    def classifies(cls) -> bool:
        """Whether its output is a distribution, which a temperature sharpens, or the colour itself."""
        return cls.bins != "none"

    @classmethod
    def channels(cls) -> int:
        """How many its output has."""
        if not cls.classifies():
            return 2
        return len(bin_centres()) if cls.bins == "joint" else 2 * len(marginal_centres())

    def balanced(self, logits: Tensor) -> Tensor:
        """Logits; in use, not in training, lifted by ``balance`` (0 none to 1 full) for bins rare in the data.

        This answers as if all colours had been more alike in number, and gives back the chroma that a mean over
        plausible colours loses, where the network sees a reason to. Menon et al. 2021, eq. 9.
        """
        return logits if self.training else self.lifted(logits, self.balance)

    def lifted(self, logits: Tensor, balance: Tensor | float) -> Tensor:
        """Logits ``[..., bins, H, W]``, lifted as :meth:`balanced` says; any output of a network that regresses."""
        return logits - (balance * self.log_frequency)[:, None, None] if self.classifies() else logits

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The pre-trained part, which learns at a lower rate. Empty where there is none."""
        return []

    def start_from(self, frequency: Tensor) -> None:
        """Take over the data's shares of the joint bins; an untrained classifier begins at them."""
        if not self.classifies():
            return
        shares = marginal_shares(frequency) if self.bins == "marginal" else frequency
        self.log_frequency.copy_(shares.clamp(min=_RAREST).log())

    def ab(self, output: Tensor, temperature: float = 1.0) -> Tensor:
        """The colour that an output stands for: ``[N, 2, h, w]`` in Lab units.

        Of a distribution the annealed mean at ``temperature``; where the network regresses, the output itself.
        """
        if not self.classifies():
            return output.float()
        return marginal_mean(output, temperature) if self.bins == "marginal" else annealed_mean(output, temperature)

    def distribution(self, output: Tensor) -> Tensor | None:
        """Probabilities of the joint bins, ``[N, bins, h, w]``, at temperature 1; None where the network regresses."""
        if not self.classifies():
            return None
        if self.bins == "marginal":
            return marginal_product(output)
        return probabilities(output).movedim(-1, 1)

    def keyed(self, lightness: Tensor) -> tuple[Tensor, Callable[[], Tensor] | None]:
        """The output without pins, and what makes the cells' keys for `ml.attention`, ``[N, n, h, w]``, if it has such.

        They are made when they are asked for: colours alone need not wait.
        """
        return self(lightness), None

    def gate(self) -> tuple[float, float]:
        """Slope and bias of `ml.field.Keys`, where :meth:`keyed` gives keys. Raises NotImplementedError elsewhere."""
        raise NotImplementedError

    def features(self, lightness: Tensor) -> tuple[Tensor, ...] | None:
        """What a frozen part makes of lightness, for a ``from_features`` of its own; None where nothing is frozen."""
        return None

    def load_encoder(self, state: Mapping[str, Tensor]) -> None:
        """Take over a pre-trained encoder, as :mod:`ml.fetch` writes it. Raises ValueError where it is another's."""
        encoder = self.get_submodule("encoder")
        wanted, given = ({k: v.shape for k, v in of.items()} for of in (encoder.state_dict(), state))
        if wanted != given:
            raise ValueError(f"this is no encoder of the network {self.name!r}")
        encoder.load_state_dict(state)

    def complete(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weights of an older version of this network as those of this one; any others as they are."""
        return tensors

    def freeze_early(self) -> None:
        """Stop the lowest pre-trained layers from learning, where the network has such."""

    def freeze_norms(self) -> None:
        """Keep what the pre-trained part's norms counted when it was pre-trained, where the network has such."""

    def freeze_alone(self) -> None:
        """Stop all but what serves pins from learning, where the network is guided."""

    def check_input(self, lightness: Tensor, pins: Tensor | None) -> None:
        """Raise ValueError on an input that this network cannot take."""
        if lightness.ndim != 4 or lightness.shape[1] != 1:
            raise ValueError(f"lightness must be [N, 1, H, W], not {list(lightness.shape)}")
        if lightness.shape[2] % self.multiple or lightness.shape[3] % self.multiple:
            raise ValueError(f"height and width must be multiples of {self.multiple}, not {list(lightness.shape[2:])}")
        if pins is None:
            return
        if not self.guided:
            raise ValueError(f"network {self.name!r} takes no pins")
        if pins.shape != (len(lightness), 3, *lightness.shape[2:]):
            raise ValueError(f"pins {list(pins.shape)} do not fit lightness {list(lightness.shape)}")


N = TypeVar("N", bound=Network)
C = TypeVar("C", bound=type[Network])


def fused(network: N, device: torch.device | str = "cpu") -> N:
    """A copy for use alone, with what can be one operation made one: a third less time on a CPU.

    Every batch norm is folded into the convolution before it; on the CPU the default network's units are packed.
    ``network`` stays as it is. The copy answers the same, but cannot be trained, nor saved as this network.
    """
    copied = copy.deepcopy(network).eval().to(device)
    for module in list(copied.modules()):
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                conv, norm = module[i], module[i + 1]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[i], module[i + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    if torch.device(device).type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        pack(copied)
    return copied.to(memory_format=torch.channels_last)


def padded(picture: Tensor, multiple: int) -> Tensor:
    """A picture ``[N, C, H, W]``, continued to the right and below until both sides are multiples."""
    height, width = picture.shape[-2:]
    right, below = -width % multiple, -height % multiple
    if not right and not below:
        return picture
    # Reflection cannot reach further than the picture itself; a strip repeats its edge instead.
    mode = "reflect" if right < width and below < height else "replicate"
    return F.pad(picture, (0, right, 0, below), mode=mode)


@torch.inference_mode()
def output_of(network: Network, lightness: Tensor) -> tuple[Tensor, Callable[[], Tensor] | None]:
    """Run a network on a picture of any size.

    ``lightness``: ``[N, 1, H, W]`` L*; H and W are padded by reflection to the network's multiple and the
    output is cut back to ``[N, channels, ceil(H / stride), ceil(W / stride)]``, so its cells stay in place.
    Beside it what makes the keys of these cells, where the network has such: see :meth:`Network.keyed`.
    """
    rows, columns = (-(-side // network.stride) for side in lightness.shape[-2:])
    whole = padded(lightness, network.multiple).contiguous(memory_format=torch.channels_last)
    output, keys = network.keyed(whole)
    return output[..., :rows, :columns], keys and torch.inference_mode()(lambda: keys()[..., :rows, :columns])


_RAREST = 1e-5
_MODULES = ("autoencoder", "fusion", "lite", "pix2pix", "vgg16", "zhang")
_registry: dict[str, type[Network]] = {}


def register(name: str) -> Callable[[C], C]:
    """Class decorator: enter a network under ``name``. Raises ValueError where the name is taken."""

    def enter(network: C) -> C:
        if name in _registry:
            raise ValueError(f"there already is a network {name!r}")
        network.name = name
        _registry[name] = network
        return network

    return enter


def names() -> list[str]:
    """All networks, sorted."""
    for module in _MODULES:
        importlib.import_module(f"{__name__}.{module}")
    return sorted(_registry)


def find(name: str) -> type[Network]:
    """A network's class. Raises ValueError with the known names for any other name."""
    if name not in names():
        raise ValueError(f"no network {name!r}; known: {', '.join(names())}")
    return _registry[name]


def create(name: str) -> Network:
    """A new network with random weights. Raises ValueError as :func:`find` does."""
    return find(name)()
