"""The registry and the default network."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ml import networks
from ml.color import bin_centres
from ml.networks import Network, output_of
from ml.networks.lite import Block, Encoder, Lite, encoder_state
from ml.networks.units import PackedUnit, SameConv, Unit


@pytest.fixture(scope="module")
def lite() -> Network:
    torch.manual_seed(0)
    return networks.create("lite").eval()


def test_every_network_gives_colour_on_its_own_grid() -> None:
    for name in networks.names():
        network = networks.create(name).eval()
        side = 2 * network.multiple
        output = network(torch.rand(1, 1, side, network.multiple) * 100)
        grid = (side // network.stride, network.multiple // network.stride)
        assert output.shape == (1, network.channels(), *grid)
        assert network.ab(output).shape == (1, 2, *grid)


def test_lite_stays_small_enough_for_ten_megabytes_in_fp16(lite: Network) -> None:
    assert sum(p.numel() for p in lite.parameters()) < 4_900_000


def test_an_unknown_network_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"known: .*lite"):
        networks.create("huge")


def test_two_networks_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="already"):
        networks.register("lite")(Lite)


@pytest.mark.parametrize("shape", [(1, 3, 32, 32), (32, 32), (1, 1, 33, 32)])
def test_a_wrong_input_is_refused(lite: Network, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must be"):
        lite(torch.zeros(shape))


def test_pins_are_refused_by_a_network_without_guidance(lite: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lite, "guided", False)
    with pytest.raises(ValueError, match="takes no pins"):
        lite(torch.zeros(1, 1, 32, 32), torch.zeros(1, 3, 32, 32))


@pytest.mark.parametrize("size", [(32, 32), (50, 70), (9, 100), (5, 5)])
def test_any_picture_size_runs_and_is_cut_back(lite: Network, size: tuple[int, int]) -> None:
    logits, keys_of = output_of(lite, torch.rand(1, 1, *size) * 100)
    assert logits.shape[2:] == (-(-size[0] // 4), -(-size[1] // 4))
    assert keys_of is not None
    assert keys_of().shape[2:] == logits.shape[2:]


def test_a_strided_convolution_pads_as_tensorflow_does() -> None:
    # SAME on 6 pixels, kernel 3, stride 2 pads only after: outputs are centred on pixels 1, 3 and 5.
    block = Block(1, 1, 3, 2, 1)
    conv = block.depthwise[0]
    with torch.no_grad():
        conv.weight.zero_()
        conv.weight[0, 0, 1, 1] = 1
    row = torch.arange(6.0)
    assert conv(row.expand(1, 1, 6, 6))[0, 0, 0].tolist() == [1, 3, 5]


def test_a_depthwise_convolution_keeps_its_digits_where_half_of_them_would_take_longer() -> None:
    """On processors its gradient in bfloat16 takes ten times as long; that of all other layers takes less."""
    x = torch.rand(1, 8, 6, 6)
    with torch.autocast("cpu", torch.bfloat16):
        assert SameConv(8, 8, 3, groups=8)(x).dtype == torch.float32
        assert SameConv(8, 8, 3)(x).dtype == torch.bfloat16


def test_what_is_no_number_is_not_hidden_in_a_fused_network() -> None:
    network = networks.create("lite")
    network.get_buffer("rise4.mix.1.running_var").fill_(-1)
    assert not networks.fused(network)(torch.rand(1, 1, 32, 32)).isfinite().any()


@pytest.mark.parametrize(("stride", "groups", "linear"), [(1, 1, False), (2, 8, False), (1, 1, True)])
def test_a_packed_unit_answers_the_same_at_every_size_and_adds(stride: int, groups: int, linear: bool) -> None:
    torch.manual_seed(0)
    unit = Unit(SameConv(8, 8, 3, stride, groups), linear).eval()
    pictures = [torch.randn(2, 8, rows, columns).mul(20) for rows, columns in ((6, 10), (10, 6), (32, 64), (6, 10))]
    plain = [unit(x).detach() for x in pictures]
    unit[0], unit[1] = fuse_conv_bn_eval(unit[0], unit[1]), torch.nn.Identity()
    packed = PackedUnit(unit)
    for x, expected in zip(pictures, plain, strict=True):
        torch.testing.assert_close(packed(x), expected, atol=1e-4, rtol=1e-5)
        if linear:
            torch.testing.assert_close(packed(x, x), expected + x, atol=1e-4, rtol=1e-5)


def test_the_published_encoder_state_fits_with_the_input_channels_summed() -> None:
    published: dict[str, torch.Tensor] = {}
    ours = Encoder().state_dict()
    parts = {"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1")}
    parts["project"] = ("_project_conv", "_bn2")
    for name, value in ours.items():
        if name.startswith("stem."):
            head = ("_conv_stem", "_bn0")
            prefix = ""
        else:
            _, number, part, *_ = name.split(".")
            head, prefix = parts[part], f"_blocks.{number}."
        layer, field = name.split(".")[-2:]
        published[f"{prefix}{head[int(layer)]}.{field}"] = value
    published["_conv_stem.weight"] = torch.arange(32 * 27.0).view(32, 3, 3, 3)
    state = encoder_state(published)
    encoder = Encoder()
    encoder.load_state_dict(state)
    torch.testing.assert_close(encoder.stem[0].weight[:, 0], published["_conv_stem.weight"].sum(1))
    torch.testing.assert_close(encoder.blocks[7].expand[0].weight, ours["blocks.7.expand.0.weight"])


def test_norms_that_are_kept_learn_but_count_nothing_anew() -> None:
    network = networks.create("lite")
    network.freeze_norms()
    network.train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    network(torch.rand(2, 1, 64, 64) * 100).square().mean().backward()
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert changed
    assert not any(k.startswith("encoder.") for k in changed)
    assert all(p.grad is not None for k, p in network.named_parameters() if k.startswith("encoder."))


def test_frozen_layers_neither_learn_nor_drift() -> None:
    network = networks.create("lite")
    network.freeze_early()
    network.train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    network(torch.rand(2, 1, 32, 32) * 100, torch.ones(2, 3, 32, 32)).sum().backward()
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    frozen = ("encoder.stem.", "encoder.blocks.0.", "encoder.blocks.1.", "encoder.blocks.2.")
    assert changed
    assert not any(k.startswith(frozen) for k in changed)
    assert all((p.grad is None) == k.startswith(frozen) for k, p in network.named_parameters())


def test_an_untrained_network_can_start_from_the_datas_colours() -> None:
    network = networks.create("lite").eval()
    frequency = torch.full((len(bin_centres()),), 1e-6)
    frequency[100] = 1.0
    network.start_from(frequency)
    logits = network(torch.full((1, 1, 32, 32), 50.0))
    assert (logits.argmax(dim=1) == 100).all()


def test_weights_from_before_there_was_a_palette_answer_as_they_did(lite: Network) -> None:
    before = {k: v for k, v in lite.state_dict().items() if not k.startswith("palette.")}
    again = networks.create("lite").eval()
    again.load_state_dict(again.complete(before))
    assert isinstance(again, Lite)
    again.palette.forward = lambda x, at32, weight, bias: F.conv2d(x, weight, bias)  # type: ignore[method-assign]
    lightness = torch.rand(2, 1, 64, 96) * 100
    torch.testing.assert_close(lite(lightness), again(lightness), atol=1e-4, rtol=1e-4)


def test_weights_from_before_there_was_a_palette_are_the_same_whenever_they_are_loaded(lite: Network) -> None:
    before = {k: v for k, v in lite.state_dict().items() if not k.startswith("palette.")}
    first, second = (networks.create("lite").complete(before) for _ in range(2))
    assert first.keys() == lite.state_dict().keys()
    assert all(torch.equal(first[k], second[k]) for k in first)


def test_what_is_elsewhere_in_the_picture_changes_a_cells_colours(lite: Network) -> None:
    assert isinstance(lite, Lite)
    palette = copy.deepcopy(lite.palette)
    torch.nn.init.normal_(palette.change.weight, generator=torch.Generator().manual_seed(0))
    x, at32 = torch.ones(2, 80, 8, 8), torch.ones(2, 320, 1, 2)
    at32[1, ::2, 0, 1] = 3
    alone, beside = palette(x, at32, lite.classify.weight, lite.classify.bias)
    assert (alone - beside).abs().mean() > 0.1


def test_balance_lifts_rare_bins_in_use_but_not_in_training() -> None:
    network = networks.create("lite")
    frequency = torch.full((len(bin_centres()),), 1e-3)
    frequency[0] = 0.5
    network.start_from(frequency)
    logits = torch.zeros(1, len(bin_centres()), 1, 1)
    network.balance.fill_(0.5)
    lifted = network.eval().balanced(logits).flatten()
    assert lifted[1] - lifted[0] == pytest.approx(0.5 * torch.tensor(500.0).log().item())
    assert torch.equal(network.train().balanced(logits), logits)


@pytest.mark.parametrize("shape", [(1, 1, 64, 32), (3, 1, 32, 96)])
def test_a_fused_network_answers_the_same_in_one_pass_a_unit(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    network = networks.create("lite")
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
    lightness = torch.rand(shape) * 100
    fused = networks.fused(network)
    assert not any(isinstance(m, (torch.nn.BatchNorm2d, torch.nn.ReLU6)) for m in fused.modules())
    torch.testing.assert_close(fused(lightness), network.eval()(lightness), atol=1e-3, rtol=1e-3)
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
