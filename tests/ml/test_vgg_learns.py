"""The networks that stand on VGG-16 learn, and what they have learned colours photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from PIL import Image
from skimage import data as skimage_data

from ml import calibration, checkpoint, networks, pipeline
from ml.__main__ import main
from ml.color import bin_centres
from ml.data import PhotoRow, photo_planes
from ml.fetch import encoder_path
from ml.method import load_method
from ml.networks import Network
from ml.objectives import Objective
from ml.sampler import Batch
from ml.settings import Settings

SIDE = 64


@pytest.fixture(scope="module")
def photos() -> Batch:
    """Eight photos that scikit-image carries."""
    names = ("astronaut", "chelsea", "coffee", "hubble_deep_field", "immunohistochemistry", "retina", "rocket")
    whole = [*(getattr(skimage_data, name)() for name in names), skimage_data.stereo_motorcycle()[0]]
    views = [Image.fromarray(photo).resize((SIDE, SIDE)) for photo in whole]
    planes = torch.from_numpy(np.stack([photo_planes(v) for v in views])).permute(0, 3, 1, 2).float()
    return Batch(planes[:, :1] / 2.55, planes[:, 1:] - 128)


def started(name: str) -> Network:
    """A network with the fetched VGG-16, or where there is none a random one whose answers are of that size."""
    torch.manual_seed(0)
    network = networks.create(name)
    if encoder_path("vgg16").is_file():
        network.load_encoder(checkpoint.read_tensors(encoder_path("vgg16")))
    else:
        network.get_buffer("encoder.spread").fill_(16)
    return network


def objective_of(network: Network, **settings: float) -> Objective:
    share = torch.full((len(bin_centres()),), 1 / len(bin_centres()))
    objective = network.objective(network, Settings.of(network.name, steps=1, **settings), share)
    objective.setup(Fabric(accelerator="cpu", devices=1))
    objective.network.train()
    return objective


@pytest.mark.long
def test_on_eight_photos_the_reports_network_loses_nine_tenths_of_its_error(photos: Batch) -> None:
    network = started("vgg16")
    objective = objective_of(network)
    batch = Batch(photos.lightness, photos.ab, features=network.features(photos.lightness))
    errors = [objective.step(batch)["loss"]]
    while errors[-1] > 0.1 * errors[0] and len(errors) < 300:
        errors.append(objective.step(batch)["loss"])
    with torch.no_grad():
        ab = network(photos.lightness)
    start = errors[0] * 128**2
    assert (ab - objective.truth(photos)).square().mean() < 0.1 * start


@pytest.mark.parametrize("name", ["vgg16", "fusion", "fusion-regression"])
def test_frozen_convolutions_stay_equal_to_the_bit_while_the_rest_learns(name: str, photos: Batch) -> None:
    network = started(name)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    objective = objective_of(network)
    two = next(photos.split(2))
    for _ in range(2):
        objective.step(two)
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert not any(k.startswith("encoder.") for k in changed)
    learning = {k for k, p in network.named_parameters() if p.requires_grad}
    assert learning <= changed


@pytest.mark.parametrize("name", ["fusion", "fusion-regression"])
def test_fusion_learns_from_its_own_loss(name: str, photos: Batch) -> None:
    objective = objective_of(started(name))
    two = next(photos.split(2))
    losses = [objective.step(two)["loss"] for _ in range(6)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.long
def test_in_doubt_classification_stays_more_colourful_than_regression() -> None:
    # The same picture, orange three times and blue twice: the mean of all is dull, the likelier colour is not.
    lightness = (torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 100).expand(5, -1, -1, -1)
    colours = torch.tensor([[30.0, 40.0]] * 3 + [[-30.0, -40.0]] * 2)
    batch = Batch(lightness, colours[:, :, None, None].expand(-1, -1, 16, 16))
    chroma = {}
    for name in ("fusion", "fusion-regression"):
        network = started(name)
        objective = objective_of(network, rate=0.01)
        for _ in range(40):
            objective.step(batch)
        with torch.no_grad():
            ab = network.ab(network(lightness), 0.38)
        chroma[name] = ab.norm(dim=1).mean().item()
    assert chroma["fusion-regression"] < 20
    assert chroma["fusion"] > 1.5 * chroma["fusion-regression"]


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """VGG-16 on the pipeline's usual copies would take a second each."""
    monkeypatch.setattr(pipeline, "NETWORK_SHORT_SIDE", 32)
    monkeypatch.setattr(calibration, "BALANCES", (0.0, 0.4))
    monkeypatch.setattr(calibration, "TEMPERATURES", (1.0, 0.5))


@pytest.fixture
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An untrained network, saved: fusion beside a few colours, a regressor with colours of a photo's strength."""
    network = started(request.param)
    if network.classifies():
        frequency = torch.full((len(bin_centres()),), 1e-4)
        for ab, share in ((0, 0), 0.6), ((0, -10), 0.2), ((10, 10), 0.2):
            frequency[(bin_centres() == torch.tensor(ab)).all(dim=1)] = share
        network.start_from(frequency)
        torch.nn.init.normal_(network.get_parameter("answer.weight"), std=1e-3)
    else:
        last = network.get_submodule("detector.14" if request.param == "vgg16" else "answer")
        with torch.no_grad():
            output = network.eval()(torch.rand(1, 1, 32, 32) * 100)
            last.weight.mul_(5 / output.std())
    card = {"calibration": checkpoint.calibration(1.0 if network.classifies() else None, 1.0), "preprocessing": {}}
    return checkpoint.save(tmp_path, request.param, network, card)


@pytest.mark.parametrize("model", ["vgg16", "fusion", "fusion-regression"], indirect=True)
@pytest.mark.usefixtures("quickly")
def test_every_kind_of_network_is_calibrated_by_what_it_has_and_colours_a_photo(model: Path, tmp_path: Path) -> None:
    photo = Image.fromarray(skimage_data.chelsea()).resize((96, 64))
    photo.save(tmp_path / "chelsea.png")
    row = PhotoRow("chelsea.png", "animals", "scikit-image", "open", "val", 40)
    *tried, last, default = filter(None, calibration.calibrate(model, tmp_path, [row]))
    _, card = checkpoint.load(model)
    classifies = model.stem == "fusion"
    assert ("temperature" in card["calibration"]) == classifies
    assert ("temperature" in default) == classifies
    assert len(tried) == (4 if classifies else 1) + 1
    assert abs(float(last.split(" ratio of ")[1].split()[0]) - 1) < 0.2
    photo.convert("L").save(tmp_path / "grey.png")
    out = tmp_path / "out"
    # The folder stands for the only model in it.
    assert main(["colorize", str(tmp_path / "grey.png"), "--out", str(out), "--model", str(tmp_path)]) == 0
    coloured = np.asarray(Image.open(out / "grey.png")).astype(int)
    assert np.ptp(coloured, axis=2).mean() > 3


@pytest.mark.parametrize("model", ["fusion-regression"], indirect=True)
def test_vividness_is_the_gain_alone_where_a_network_regresses(model: Path) -> None:
    method = load_method(model, device="cpu")
    lightness = np.random.default_rng(0).uniform(0, 100, (32, 32)).astype(np.float32)
    once = method.ab(lightness).ab
    assert not method.ab(lightness, vividness=0.0).ab.any()
    np.testing.assert_allclose(method.ab(lightness, vividness=2.0).ab, 1.35 * once, rtol=1e-4, atol=1e-4)
