"""Augmentation of one crop: wrong corners, distance, weather, sensor and codec, within about half a millisecond.

The order is that of the real chain: geometry, light, then the optics at the plate's true size in the photograph
(blur, noise, JPEG), then the enlargement to the network's input by the product's rectification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.domain import Image
from npr_edge.geometry import FloatArray, Quad, homography
from npr_edge.read.preprocess import HEIGHT, MARGIN, WIDTH

Pixels = NDArray[Any]
"""(H, W, 3) uint8 BGR, as OpenCV's own types have it."""

_NOISE = np.random.default_rng(7).normal(0, 1, (1 << 20)).astype(np.float32)
"""A bank of noise: drawing fresh numbers for every crop would cost more than all other steps together."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How hard one kind of crop is treated.

    Attributes:
        cut: Most that a side may be cut off, share of the crop.
        widen: Most that a side may be widened, share of the crop; small shares are likelier.
        turn_deg: Spread of the rotation, degrees.
        boxed: Probability that the crop is the upright box around a turned plate, as boxes without corners give it.
        degrade: Probability of the distance step (scale down and back).
        smallest_px: Plate height of the hardest distance step, pixels per text line.
    """

    cut: float
    widen: float
    turn_deg: float
    boxed: float
    degrade: float
    smallest_px: float


@dataclass(frozen=True, slots=True)
class Shape:
    """What the stretching and the label leave open.

    Attributes:
        aspect: Width over height of the crop before it was stretched.
        lines: Lines of text; 0 where the label does not say.
        fill: Share of the crop's height that the plate takes.
    """

    aspect: float
    lines: int
    fill: float = 1.0


REAL = Strength(cut=0.025, widen=0.12, turn_deg=2.5, boxed=0.12, degrade=0.45, smallest_px=6.5)
DRAWN = Strength(cut=0.015, widen=0.32, turn_deg=3.5, boxed=0.4, degrade=0.6, smallest_px=7.0)

UNIT_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
"""Corners TL TR BR BL of a whole crop."""


def augment(
    image: Image, shape: Shape, strength: Strength, rng: np.random.Generator, background: Image | None = None
) -> tuple[Image, FloatArray]:
    """One random view of a crop.

    Args:
        image: (H, W, 3) uint8 BGR, the whole crop stretched.
        shape: What the stretching and the label leave open.
        strength: How hard.
        rng: Source of chance.
        background: (HEIGHT, WIDTH, 3) uint8 BGR that shows beyond the crop; None repeats the crop's border.

    Returns:
        (HEIGHT, WIDTH, 3) uint8 BGR, and the (3, 3) map from crop coordinates (0-1) to input coordinates (0-1).
    """
    boxed = rng.random() < strength.boxed
    matrix, shape = _boxed(shape, rng) if boxed else (_warp(shape.aspect, strength, rng), shape)
    height, width = image.shape[:2]
    pixels = np.diag([WIDTH, HEIGHT, 1.0]) @ matrix @ np.diag([1 / width, 1 / height, 1.0])
    view = np.empty((HEIGHT, WIDTH, 3), np.uint8) if background is None else background.copy()
    border = cv2.BORDER_REPLICATE if background is None else cv2.BORDER_TRANSPARENT
    cv2.warpPerspective(image, pixels, (WIDTH, HEIGHT), dst=view, flags=cv2.INTER_LINEAR, borderMode=border)
    lit = _hide(_light(view, rng), rng)
    return np.asarray(_optics(lit, shape, strength, rng), dtype=np.uint8), matrix


def closer(image: Image, corners: FloatArray, shape: Shape) -> tuple[Image, FloatArray, Shape]:
    """Rectify the plate within a loose crop, with the margin that the product leaves around it.

    Args:
        image: (H, W, 3) uint8 BGR, the whole crop stretched.
        corners: (4, 2) of the plate TL TR BR BL, 0-1.
        shape: Of the crop.

    Returns:
        The closer crop at the same size, the plate's corners in it, and its shape.
    """
    height, width = image.shape[:2]
    inner = np.abs(UNIT_CORNERS - MARGIN)
    pixels = np.array([width, height])
    matrix = homography(corners * pixels - 0.5, inner * pixels - 0.5)
    view = cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    quad = Quad.from_array(corners * np.array([shape.aspect, 1.0]))
    aspect = quad.width / max(quad.height, 1e-3)
    return np.asarray(view, dtype=np.uint8), inner, Shape(aspect, shape.lines)


def _warp(aspect: float, strength: Strength, rng: np.random.Generator) -> FloatArray:
    """The map from crop coordinates to input coordinates, both 0-1."""
    sides = strength.cut - rng.random(4) ** 2 * (strength.cut + strength.widen) * rng.random()
    left, top, right, bottom = sides
    corners = np.array([[left, top], [1 - right, top], [1 - right, 1 - bottom], [left, 1 - bottom]])
    corners += rng.normal(0, 0.012, (4, 2)) * np.array([1.0, 2.0])
    angle = np.deg2rad(rng.normal(0, strength.turn_deg))
    shear = rng.normal(0, 0.06)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.array([[1, shear], [0, 1]])
    centred = (corners - corners.mean(axis=0)) * np.array([aspect, 1.0])
    corners = corners.mean(axis=0) + (centred @ turn.T) / np.array([aspect, 1.0])
    target = UNIT_CORNERS.astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners.astype(np.float32), target), dtype=np.float64)


def _boxed(shape: Shape, rng: np.random.Generator) -> tuple[FloatArray, Shape]:
    """The map of a turned and slanted plate to the upright box around it, and the shape of that box."""
    angle, slant = np.deg2rad(np.clip(rng.normal(0, 9), -28, 28)), rng.normal(0, 0.12)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.array([[1, slant], [0, 1]])
    away = 1 + np.abs(rng.normal(0, 0.12))
    stretched = UNIT_CORNERS * np.array([shape.aspect * rng.uniform(0.65, 1.05), 1.0])
    end = int(rng.integers(0, 2))
    stretched[[end, 3 - end], 1] = 0.5 + (stretched[[end, 3 - end], 1] - 0.5) / away
    corners = stretched @ turn.T
    size = np.ptp(corners, axis=0)
    low = corners.min(axis=0) - rng.uniform(-0.02, 0.18, 2) * size
    high = corners.max(axis=0) + rng.uniform(-0.02, 0.18, 2) * size
    target = (corners - low) / (high - low)
    matrix = cv2.getPerspectiveTransform(UNIT_CORNERS.astype(np.float32), target.astype(np.float32))
    across, down = (high - low).tolist()
    return np.asarray(matrix, dtype=np.float64), Shape(across / down, shape.lines, min(1.0, 1 / down))


def _light(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Exposure, white balance, gamma, grey (infra-red) and shadow."""
    ramp = np.arange(256, dtype=np.float32) / 255
    gamma = np.exp(rng.normal(0, 0.25))
    gain = np.exp(rng.normal(0, 0.22)) * np.exp(rng.normal(0, 0.06, 3))
    bias = rng.normal(0, 0.06) + rng.normal(0, 0.02, 3)
    table = np.power(ramp, gamma)[:, None] * gain + bias
    chance = rng.random()
    if chance < 0.04:
        table = 1 - table
    table = np.clip(table * 255, 0, 255).astype(np.uint8)
    if 0.04 < chance < 0.16:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        table = np.repeat(table[:, :1], 3, axis=1)
    elif chance > 0.95:
        image = image[..., rng.permutation(3)]
    image = cv2.LUT(np.ascontiguousarray(image), table[None])
    return _shade(image, rng) if rng.random() < 0.15 else image


def _shade(image: Pixels, rng: np.random.Generator) -> Pixels:
    """A shadow with a soft straight edge across the plate."""
    across = np.linspace(-1, 1, WIDTH)[None, :] * rng.normal(0, 1.5) + np.linspace(-1, 1, HEIGHT)[:, None]
    edge = 1 / (1 + np.exp(-(across - rng.normal(0, 0.8)) * rng.uniform(4, 30)))
    factor = (1 - rng.uniform(0.3, 0.75) * edge).astype(np.float32)
    return np.asarray(image * factor[..., None], dtype=np.uint8)


def _hide(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Small bars and spots: frames, screws, dirt, a tow bar's edge."""
    if rng.random() > 0.12:
        return image
    for _ in range(int(rng.integers(1, 4))):
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
        colour = [float(v) for v in rng.integers(0, 256, 3)]
        if rng.random() < 0.5:
            cv2.circle(image, (x, y), int(rng.integers(1, 6)), colour, -1)
        else:
            end = (x + int(rng.integers(-40, 40)), y + int(rng.integers(-30, 30)))
            cv2.line(image, (x, y), end, colour, int(rng.integers(1, 4)))
    return image


def _optics(image: Pixels, shape: Shape, strength: Strength, rng: np.random.Generator) -> Pixels:
    """Blur, distance, noise and codec."""
    if rng.random() < 0.15:
        image = cv2.filter2D(image, -1, _streak(rng))
    blur = 1.2
    if rng.random() < strength.degrade:
        height = np.exp(rng.uniform(np.log(strength.smallest_px), np.log(48.0))) * (1.0 if shape.lines < 2 else 1.8)
        height /= shape.fill
        size = (int(np.clip(height * shape.aspect, 28, WIDTH)), int(np.clip(height, 6, HEIGHT)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR)
        blur = 0.4 + 0.8 * size[1] / HEIGHT
    if rng.random() < 0.2:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.35, blur)))
    if rng.random() < 0.3:
        image = _noise(image, float(rng.gamma(2.0, 4.0)), rng)
    if rng.random() < 0.35:
        _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))])
        image = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
    if image.shape[1] != WIDTH or image.shape[0] != HEIGHT:
        image = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return image


def _streak(rng: np.random.Generator) -> NDArray[np.float32]:
    """A motion blur kernel: a short line, mostly level since vehicles pass sideways or come near."""
    size = int(rng.choice([3, 5, 7, 9], p=[0.4, 0.3, 0.2, 0.1]))
    kernel = np.zeros((size, size), np.float32)
    angle = rng.normal(0, 0.5) if rng.random() < 0.6 else rng.uniform(0, np.pi)
    reach = (size - 1) / 2
    middle = np.array([reach, reach])
    offset = np.array([np.cos(angle), np.sin(angle)]) * reach * np.array([1.0, 0.6])
    first, last = np.rint(middle - offset).astype(int), np.rint(middle + offset).astype(int)
    cv2.line(kernel, (int(first[0]), int(first[1])), (int(last[0]), int(last[1])), 1.0)
    return kernel / kernel.sum()


def _noise(image: Pixels, sigma: float, rng: np.random.Generator) -> Pixels:
    """Sensor noise, per channel or, half the time, the same on all three."""
    height, width = image.shape[:2]
    channels = 3 if rng.random() < 0.5 else 1
    count = height * width * channels
    start = int(rng.integers(0, len(_NOISE) - count))
    noise = _NOISE[start : start + count].reshape(height, width, channels) * np.float32(sigma)
    return np.clip(image + noise, 0, 255).astype(np.uint8)
