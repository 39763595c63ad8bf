"""Plates pasted into photographs with true perspective: the only source of exact corners in quantity."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.geometry import homography

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PlateTexture:
    """A plate's picture.

    Attributes:
        image: (H, W, 3) uint8 BGR; may carry a holder's rim around the plate.
        inset: Pixels of that rim on each side; the plate's corners lie that far inside the picture.
    """

    image: Image
    inset: int

    @property
    def aspect(self) -> float:
        """Width over height of the plate itself."""
        height, width = self.image.shape[:2]
        return (width - 2 * self.inset) / (height - 2 * self.inset)


def with_holder(rng: np.random.Generator, plate: Image) -> PlateTexture:
    """Now and then put a holder's rim of one colour around a plate."""
    if rng.random() < 0.5:
        return PlateTexture(plate, 0)
    inset = max(1, round(plate.shape[0] * rng.uniform(0.03, 0.15)))
    colour = (
        [int(c) for c in rng.integers(0, 90, 3)] if rng.random() < 0.8 else [int(c) for c in rng.integers(90, 255, 3)]
    )
    rimmed = cv2.copyMakeBorder(plate, inset, inset, inset, inset, cv2.BORDER_CONSTANT, value=colour)
    return PlateTexture(np.asarray(rimmed, np.uint8), inset)


def random_quad(rng: np.random.Generator, aspect: float) -> NDArray[np.float64]:
    """Corners (4, 2) of a plate of unit width seen from a random side, centred on 0."""
    yaw, pitch, roll = np.radians([rng.normal(0, 22), rng.normal(0, 12), rng.normal(0, 5)])
    if rng.random() < 0.25:
        yaw = np.radians(rng.uniform(-58, 58))
        roll += np.radians(rng.normal(0, 8))
    half = np.array(
        [[-0.5, -0.5 / aspect, 0], [0.5, -0.5 / aspect, 0], [0.5, 0.5 / aspect, 0], [-0.5, 0.5 / aspect, 0]]
    )
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    turn = (
        np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    )
    points = half @ turn.T
    distance = rng.uniform(3.0, 14.0)  # in plate widths: from a bumper camera to a telephoto lens
    flat = points[:, :2] * (distance / (distance + points[:, 2:]))
    return np.asarray(flat - (flat.max(axis=0) + flat.min(axis=0)) / 2)


def erase(image: Image, box: NDArray[np.float64]) -> None:
    """Replace a box (x0, y0, x1, y1) by a blend of the rows above and below it, in place."""
    height, width = image.shape[:2]
    grow = 0.08 * (box[2:] - box[:2]) + 1
    x0, y0 = np.floor(np.maximum(box[:2] - grow, 0)).astype(int)
    x1, y1 = np.ceil(np.minimum(box[2:] + grow, [width, height])).astype(int)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    above = image[max(y0 - 1, 0), x0:x1].astype(np.float32)
    below = image[min(y1, height - 1), x0:x1].astype(np.float32)
    share = np.linspace(0, 1, y1 - y0, dtype=np.float32)[:, None, None]
    image[y0:y1, x0:x1] = (above * (1 - share) + below * share).astype(np.uint8)


def paste(rng: np.random.Generator, image: Image, texture: PlateTexture, corners: NDArray[np.float64]) -> None:
    """Warp ``texture`` so that the plate's corners land on ``corners`` ((4, 2) pixels), in place."""
    inset = texture.inset
    plate = texture.image
    # shrink first: a bilinear warp alone aliases when a plate becomes small
    target = max(float(np.hypot(*(corners[1] - corners[0]))), float(np.hypot(*(corners[2] - corners[3]))), 4.0)
    shrink = min(1.0, 1.3 * target / plate.shape[1])
    if shrink < 1:
        plate = np.asarray(cv2.resize(plate, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = plate.shape[:2]
    fx, fy = width / texture.image.shape[1], height / texture.image.shape[0]
    source = np.array(
        [
            [inset * fx, inset * fy],
            [width - inset * fx, inset * fy],
            [width - inset * fx, height - inset * fy],
            [inset * fx, height - inset * fy],
        ]
    )
    matrix = homography(source, corners)
    outer = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=np.float64) @ matrix.T
    outer = outer[:, :2] / outer[:, 2:]
    x0, y0 = np.maximum(np.floor(outer.min(axis=0)).astype(int) - 3, 0)
    x1, y1 = np.minimum(np.ceil(outer.max(axis=0)).astype(int) + 3, [image.shape[1], image.shape[0]])
    if x1 - x0 < 3 or y1 - y0 < 3:
        return
    # both pixel grids put the centre of the first pixel at 0.5; OpenCV puts it at 0
    to_cv = (
        np.array([[1, 0, -0.5 - x0], [0, 1, -0.5 - y0], [0, 0, 1]])
        @ matrix
        @ np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    )
    size = (int(x1 - x0), int(y1 - y0))
    region = image[y0:y1, x0:x1]
    lit = _light(rng, plate, region)
    warped = cv2.warpPerspective(lit, to_cv, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(mask, np.round((outer - [x0 + 0.5, y0 + 0.5]) * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    if rng.random() < 0.7:
        sigma = rng.uniform(0.3, 0.9) * max(1.0, target / 120)
        warped = cv2.GaussianBlur(warped, (0, 0), sigma)
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), min(sigma, 0.8)), np.uint8)
    alpha = mask[:, :, None].astype(np.float32) / 255
    region[:] = (region * (1 - alpha) + warped * alpha + 0.5).astype(np.uint8)


def scribble(rng: np.random.Generator, image: Image, corners: NDArray[np.float64]) -> None:
    """Write words without a plate behind them onto ``corners``, in place: badges and signs are no plates."""
    lines = int(rng.integers(1, 4)) if rng.random() < 0.3 else 1
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if rng.random() < 0.6 else "abcdefghijklmnopqrstuvwxyz"
    letters += "0123456789" if rng.random() < 0.2 else ""
    if rng.random() < 0.4:
        _panel(rng, image, corners)
    font = int(rng.choice([cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SIMPLEX]))
    stroke = int(rng.integers(2, 8))
    rows = []
    for _ in range(lines):
        word = "".join(rng.choice(list(letters)) for _ in range(int(rng.integers(3, 9))))
        (wide, _), _ = cv2.getTextSize(word, font, 1.6, stroke)
        row = np.zeros((56, wide + 8), np.uint8)
        cv2.putText(row, word, (4, 46), font, 1.6, 255, stroke, cv2.LINE_AA)
        rows.append(cv2.resize(row, (240, 56), interpolation=cv2.INTER_AREA))
    stencil = np.vstack(rows)
    height, width = stencil.shape
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    matrix = homography(outline, corners)
    blurred = cv2.GaussianBlur(stencil, (0, 0), max(0.3, 0.4 * width / max(float(np.ptp(corners[:, 0])), 8)))
    alpha = cv2.warpPerspective(blurred, matrix, (image.shape[1], image.shape[0]))[:, :, None].astype(np.float32) / 255
    colour = rng.integers(0, 256, 3) if rng.random() < 0.4 else np.full(3, rng.integers(0, 256))
    image[:] = (image * (1 - alpha) + colour * alpha + 0.5).astype(np.uint8)


def _panel(rng: np.random.Generator, image: Image, corners: NDArray[np.float64]) -> None:
    """Paint a sign's board where words will stand, in place: round, or in colours that hardly any plate has."""
    grown = corners.mean(axis=0) + (corners - corners.mean(axis=0)) * rng.uniform(1.05, 1.5)
    board = np.zeros(image.shape[:2], np.uint8)
    if rng.random() < 0.4:
        ellipse = cv2.fitEllipse(np.concatenate([grown, (grown + np.roll(grown, -1, axis=0)) / 2]).astype(np.float32))
        cv2.ellipse(board, ellipse, 255, -1, cv2.LINE_AA)
        colour = rng.integers(0, 256, 3)
    else:
        cv2.fillConvexPoly(board, np.round(grown * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
        hue, saturation = int(rng.integers(0, 180)), int(rng.integers(120, 256))
        pixel = np.array([[[hue, saturation, int(rng.integers(60, 256))]]], np.uint8)
        colour = cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0].astype(np.int64)
    alpha = board[:, :, None].astype(np.float32) / 255
    image[:] = (image * (1 - alpha) + colour * alpha + 0.5).astype(np.uint8)


def _light(rng: np.random.Generator, plate: Image, surroundings: Image) -> Image:
    """Give a clean drawing the light of the place it goes to."""
    around = float(surroundings.mean())
    gain = float(np.clip((around + 60) / 190, 0.25, 1.1)) * rng.uniform(0.7, 1.3)
    if rng.random() < 0.1:
        gain *= rng.uniform(1.2, 2.0)  # retro-reflection
    tint = rng.uniform(0.9, 1.1, 3)
    lit = plate.astype(np.float32) * (gain * tint)
    if rng.random() < 0.5:
        ramp = np.linspace(rng.uniform(0.6, 1.2), rng.uniform(0.6, 1.2), plate.shape[1], dtype=np.float32)
        lit *= ramp[None, :, None]
    if rng.random() < 0.3:
        edge = int(rng.integers(1, plate.shape[0])) if plate.shape[0] > 1 else 0
        lit[:edge] *= rng.uniform(0.45, 0.9)  # a bumper's shadow
    return np.asarray(np.clip(lit + rng.uniform(0, 25), 0, 255), dtype=np.uint8)
