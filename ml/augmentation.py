"""What old photos have suffered, done to the views a network learns from: each effect optional, seeded and cheap.

A network is shown today's photos without their colour, but will be asked for a print of 1910: taken on plates blind
to red, copied with hard contrast, faded, toned, blurred, and scanned with its border into a JPEG. Each effect draws
from the view's own generator whether and how strongly it comes about. None changes the true colour, but for the
border, which is paper.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch.nn import functional as F

from ml.color import grey_to_lightness, lab_to_linear, lab_to_srgb, light_to_lightness

Plane = NDArray[np.float32]
Effect = Callable[[Plane, Plane, np.random.Generator], tuple[Plane, Plane]]
"""``(lightness [H, W] L* 0..100, ab [2, H, W] Lab units, random)`` to the same two."""

# How strongly a film answers to red, green and blue light. Plates until about 1880 saw blue alone, orthochromatic
# ones (until about 1930) green as well; panchromatic film sees red, and more blue than the eye does.
_FILMS = ((0.0, 0.1, 0.9), (0.03, 0.47, 0.5), (0.3, 0.4, 0.3))
_FILM_SHARES = (0.2, 0.4, 0.4)


def film(lightness: Plane, ab: Plane, random: np.random.Generator) -> tuple[Plane, Plane]:
    """The film's colour sensitivity: a red jersey goes black on an orthochromatic plate, a blue sky white.

    The scene's light is made again from lightness and ab, near enough: our lightness is that of the grey file.
    """
    if random.random() < 0.5:
        weights = np.array(_FILMS[random.choice(len(_FILMS), p=_FILM_SHARES)])
        weights = weights * np.exp(random.normal(0, 0.2, 3))
        linear = lab_to_linear(torch.from_numpy(np.concatenate([lightness[None], ab]))).clamp(0, 1)
        seen = torch.einsum("c,chw->hw", torch.from_numpy(weights / weights.sum()).float(), linear)
        lightness = light_to_lightness(seen).clamp(0, 100).numpy()
    return lightness, ab


def contrast(lightness: Plane, ab: Plane, random: np.random.Generator) -> tuple[Plane, Plane]:
    """Plates were exposed by guess and copied hard or soft: another gamma, black and white point."""
    if random.random() < 0.5:
        black, white = random.uniform(0, 8), random.uniform(88, 100)
        scale = np.linspace(0, 1, 256, dtype=np.float32) ** np.exp(random.normal(0, 0.2))
        lightness = _toned(lightness, scale * (white - black) + black)
    return lightness, ab


def grain(lightness: Plane, ab: Plane, random: np.random.Generator) -> tuple[Plane, Plane]:
    """Silver grain, of a pixel or more, as strong in the middle tones as it gets."""
    if random.random() < 0.2:
        size = random.uniform(1, 2.5)
        height, width = (int(np.ceil(side / size)) for side in lightness.shape)
        noise = torch.from_numpy(random.standard_normal((1, 1, height, width), dtype=np.float32))
        noise = F.interpolate(noise, lightness.shape, mode="bilinear", align_corners=False)[0, 0]
        middle = 0.5 + 2 * (lightness / 100) * (1 - lightness / 100)
        lightness = (lightness + noise.numpy() * middle * np.float32(random.uniform(0, 4))).clip(0, 100)
    return lightness, ab


def blur(lightness: Plane, ab: Plane, random: np.random.Generator) -> tuple[Plane, Plane]:
    """A soft lens, a shaken camera, a copy of a copy."""
    if random.random() < 0.2:
        lightness = _through(lightness, lambda image: image.filter(ImageFilter.GaussianBlur(random.uniform(0.4, 1.6))))
    return lightness, ab


def fade(lightness: Plane, ab: Plane, random: np.random.Generator) -> tuple[Plane, Plane]:
    """Light and time took the shadows' depth, more on one side than on the other."""
    if random.random() < 0.2:
        height, width = lightness.shape
        y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
        angle, lost = random.uniform(0, 2 * np.pi), random.uniform(0.1, 0.45)
        where = 0.5 + 0.5 * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle))
        paper = random.uniform(70, 95)
        lightness = (lightness + (paper - lightness) * (where * lost).astype(np.float32)).astype(np.float32)
    return lightness, ab


def sepia(lightness: Plane, ab: Plane, random: np.random.Generator) -> tuple[Plane, Plane]:
    """A toned print, scanned in colour and then made grey: the tone's channels clip, and the scale bends."""
    if random.random() < 0.2:
        hue, chroma = np.deg2rad(random.uniform(60, 95)), random.uniform(8, 32)
        scale = torch.linspace(0, 100, 256)
        tone = torch.full_like(scale, chroma) * (scale / 100 * (1 - scale / 100) * 4).sqrt()
        print_ = lab_to_srgb(torch.stack([scale, tone * np.cos(hue), tone * np.sin(hue)])[:, None]).clamp(0, 1)
        # As Pillow's convert("L"): ITU-R BT.601.
        grey = torch.einsum("c,chw->hw", torch.tensor([0.299, 0.587, 0.114]), print_)[None]
        lightness = _toned(lightness, grey_to_lightness(grey)[0, 0].numpy())
    return lightness, ab


def borders(lightness: Plane, ab: Plane, random: np.random.Generator) -> tuple[Plane, Plane]:
    """The print's white margin or the album's dark page, on one side or more. It has no colour."""
    if random.random() < 0.15:
        height, width = lightness.shape
        inside = np.zeros((height, width), bool)
        there = random.random(4) < 0.6
        there[random.integers(4)] = True
        sides = random.uniform(0.02, 0.1, 4) * there
        top, bottom, left, right = (
            int(share * length) for share, length in zip(sides, (height, height, width, width), strict=True)
        )
        inside[top : height - bottom, left : width - right] = True
        paper = random.uniform(80, 100) if random.random() < 0.7 else random.uniform(2, 25)
        lightness, ab = np.where(inside, lightness, np.float32(paper)), ab * inside
    return lightness, ab


def jpeg(lightness: Plane, ab: Plane, random: np.random.Generator) -> tuple[Plane, Plane]:
    """The scan came by mail, small and squeezed."""
    if random.random() < 0.2:
        packed = io.BytesIO()
        quality = int(random.integers(25, 85))

        def squeezed(image: Image.Image) -> Image.Image:
            image.save(packed, "JPEG", quality=quality)
            return Image.open(packed)

        lightness = _through(lightness, squeezed)
    return lightness, ab


# In the order in which they befell the photo.
EFFECTS: dict[str, Effect] = {
    "film": film,
    "contrast": contrast,
    "blur": blur,
    "grain": grain,
    "fade": fade,
    "sepia": sepia,
    "borders": borders,
    "jpeg": jpeg,
}


def effects(names: str) -> list[Effect]:
    """The effects of a setting: names separated by commas, "all" or "none". Raises ValueError on another name."""
    asked = set(EFFECTS) if names == "all" else set() if names == "none" else set(names.split(","))
    if unknown := sorted(asked - set(EFFECTS)):
        raise ValueError(f"no effect {', '.join(unknown)}; there are {', '.join(EFFECTS)}, all and none")
    return [effect for name, effect in EFFECTS.items() if name in asked]


def _toned(lightness: Plane, curve: Plane) -> Plane:
    """Through a tone curve of 256 points over L* 0..100, which is what a photo's own lightness has."""
    toned: Plane = curve.astype(np.float32)[(lightness * np.float32(2.55) + np.float32(0.5)).astype(np.uint8)]
    return toned


def _through(lightness: Plane, change: Callable[[Image.Image], Image.Image]) -> Plane:
    """Through a change of an 8-bit picture, which lightness comes from and goes back to."""
    image = Image.fromarray((lightness * 2.55).round().astype(np.uint8))
    return np.asarray(change(image), dtype=np.float32) / np.float32(2.55)
