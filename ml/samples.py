"""What a network makes of a few photos while it is trained."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from ml.color import lab_to_srgb, reduce_chroma
from ml.objectives import Objective
from ml.sampler import Batch

_SHOWN = 6


@torch.no_grad()
def render(folder: Path, step: int, objective: Objective, network: nn.Module, batch: Batch) -> Path:
    """Write ``samples/<step>.png`` into a run's folder: a row a photo, input, output and truth side by side."""
    some = next(batch.split(_SHOWN))
    size = some.lightness.shape[-2:]
    ab = objective.bare.ab(objective.predict(network, some))
    ab = F.interpolate(ab, size=size, mode="bilinear", align_corners=False)
    columns = [_srgb(some.lightness, shown) for shown in (torch.zeros_like(ab), ab, some.ab)]
    rows = torch.cat(columns, dim=3).permute(0, 2, 3, 1).flatten(0, 1)
    file = folder / "samples" / f"{step:08d}.png"
    file.parent.mkdir(exist_ok=True)
    Image.fromarray(rows.mul(255).round().to(torch.uint8).cpu().numpy()).save(file)
    return file


def _srgb(lightness: Tensor, ab: Tensor) -> Tensor:
    return lab_to_srgb(reduce_chroma(torch.cat([lightness, ab], dim=1))).clamp(0, 1)
