"""What a test asks of a picture."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def size_of(png: bytes) -> tuple[int, int]:
    """Return width and height, pixels."""
    return Image.open(io.BytesIO(png)).size


def ink(png: bytes) -> float:
    """Return the share of pixels darker than any grid line."""
    return float(np.mean(np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 205))


def margin(png: bytes, pixels: int = 6) -> int:
    """Return the darkest grey along the edges: 255 if nothing is drawn out of the frame."""
    grey = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    sides = (grey[:pixels], grey[-pixels:], grey[:, :pixels], grey[:, -pixels:])
    return int(min(side.min() for side in sides))
