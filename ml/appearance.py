"""What a file's numbers look like, through its own profile: as L*, exactly, and as sRGB for a screen.

L* never goes by way of sRGB: a wide-gamut colour that sRGB cannot hold would be clipped, and its lightness with it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import ImageCms

from ml.profile import Profile, lightness_of, read_profile

ASK_ENGINE = "ask the engine"
"""For a profile of tables, which only a colour engine can follow."""


def to_lightness(image: pyvips.Image) -> pyvips.Image:
    """L* of every pixel, under D65, relative to the profile's white.

    Args:
        image: 1 or 3 bands or CMYK, uchar or ushort, its profile attached; without one it counts as sRGB.

    Returns:
        One float band, 0..100, the metadata of `image` attached; lazy.
    """
    profile = _profile_of(image)
    if isinstance(profile, Profile):
        return _lightness_by_curves(image, profile)
    if profile == ASK_ENGINE and (imported := _by_engine(image.icc_import, image, pcs="xyz")):
        return imported.colourspace("lab")[0]
    if image.bands == 3:
        return _named(image).colourspace("lab")[0]
    grey = _named(pyvips.Image.identity(ushort=image.format == "ushort"))
    return image.maplut(grey.colourspace("lab")[0])


def to_srgb(image: pyvips.Image) -> pyvips.Image:
    """The same as sRGB of the same depth: 1 band where it has one, else 3. What sRGB cannot hold is clipped."""
    profile = _profile_of(image)
    if isinstance(profile, Profile) and image.bands == 1:
        light = np.clip(profile.luminance(_codes(image)), 0, 1)
        coded = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, light * 12.92)
        recoded = _named(image.maplut(_lut(np.rint(coded * (_codes(image) - 1)), image.format)))
        recoded.remove("icc-profile-data")  # or its codes would be taken for the profile's, and bent again
        return recoded
    depth = 8 if image.format == "uchar" else 16
    if profile and (shown := _by_engine(image.icc_transform, image, "srgb", depth=depth)):
        return shown
    return _named(image)


def _lightness_by_curves(image: pyvips.Image, profile: Profile) -> pyvips.Image:
    luminance = profile.luminance(_codes(image))
    if image.bands == 1:
        return image.maplut(_lut(lightness_of(luminance)))
    y = image.maplut(_lut(100 * luminance)).recomb([[1, 1, 1]])
    y = (y < 0).ifthenelse(0, y)  # primaries that no eye sees
    return y.bandjoin([y, y]).copy(interpretation="xyz").colourspace("lab")[0]


def _profile_of(image: pyvips.Image) -> Profile | str | None:
    """What must be applied: curves, `ASK_ENGINE`, or None where the numbers are sRGB as far as one can tell."""
    cmyk = image.interpretation == "cmyk"
    otherwise = ASK_ENGINE if cmyk else None
    if not image.get_typeof("icc-profile-data"):
        return otherwise
    icc = image.get("icc-profile-data")
    fits = {b"GRAY": image.bands == 1, b"RGB ": image.bands == 3, b"CMYK": cmyk}
    if not fits.get(icc[16:20], False):
        return otherwise
    if profile := read_profile(icc):
        return None if profile.is_srgb else profile
    try:
        ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except (OSError, ImageCms.PyCMSError):
        return otherwise  # scanners write broken ones; sRGB is then the best guess
    return ASK_ENGINE


def _by_engine(
    convert: Callable[..., pyvips.Image], image: pyvips.Image, *args: str, **how: Any
) -> pyvips.Image | None:
    """Relative colorimetric, black left where it is. None where the engine cannot use the profile."""
    fallback = "cmyk" if image.interpretation == "cmyk" else "srgb"
    try:
        return convert(*args, embedded=True, input_profile=fallback, intent="relative", **how)
    except pyvips.Error:
        return None


def _lut(table: NDArray[np.float64], kind: str = "float") -> pyvips.Image:
    """A look-up table of libvips from [bands, codes]."""
    kinds = {"float": np.float32, "uchar": np.uint8, "ushort": np.uint16}
    return pyvips.Image.new_from_array(np.ascontiguousarray(table.T[None].astype(kinds[kind])))


def _codes(image: pyvips.Image) -> int:
    return 256 if image.format == "uchar" else 65_536


def _named(image: pyvips.Image) -> pyvips.Image:
    """With the name of sRGB's kind that fits bands and depth."""
    deep = image.format == "ushort"
    if image.bands == 1:
        return image.copy(interpretation="grey16" if deep else "b-w")
    return image.copy(interpretation="rgb16" if deep else "srgb")
