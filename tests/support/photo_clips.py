"""Clips of real plates: the vehicle part of photographs, moved over a still street as a passing vehicle would.

Nothing is enlarged while the plate is whole in the picture: a plate is seen best at the width that it has in its
photograph, or at ``MOST_PX``. Motion blur, the sensor's noise and the codec come on top of what the photograph has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.domain import Image
from npr_edge.geometry import Box
from npr_edge.training.scenes import ClipFrame, PlacedPlate, VehicleTruth, write_video
from npr_edge.training.scenes.clip import IN_VIEW_PX, IN_VIEW_SHARE, clip_camera
from npr_edge.training.scenes.render import expose
from npr_edge.training.scenes.street import Street, draw_street
from tests.support.photographs import Photograph
from tests.support.replays import TrueClip

SIZE = (960, 540)
FPS = 10.0
EXPOSURE_S = 1 / 400
MOST_PX = 150.0
PARKED_PX = 110.0

ASIDE, ABOVE, BELOW = 1.6, 1.3, 0.6
"""How much of the photograph around the plate moves with it, in plate widths: about the width of a vehicle."""

FAR, NEAR = 0.4, 1.2
"""Size of a vehicle where it appears and where it drives out of the picture, against that in the photograph."""

VANISHING = (0.5, 0.28)
GRAIN = 2.5

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The vehicle part of a photograph.

    Attributes:
        image: (H, W, 4) float32 BGR and alpha 0-1, colours multiplied by alpha.
        box: The plate in it, pixels.
        photograph: Where it comes from.
    """

    image: Pixels
    box: Box
    photograph: Photograph


@dataclass(frozen=True, slots=True)
class Drive:
    """One vehicle's way: ``way`` as in ``VehicleTruth``, times in seconds, ``lane`` the plate's x as it leaves, 0-1."""

    photograph: Photograph
    way: str
    start_s: float
    end_s: float
    lane: float

    def place(self, time_s: float) -> tuple[float, float, float] | None:
        """Centre of the plate, pixels, and its size against the photograph; None while it is not there."""
        if not self.start_s <= time_s < self.end_s:
            return None
        part = (time_s - self.start_s) / (self.end_s - self.start_s)
        wide, width = self.photograph.box.width, SIZE[0]
        if self.way == "parked":
            return self.lane * width, 0.42 * SIZE[1], min(PARKED_PX / wide, 1.0)
        best = min(MOST_PX / wide, 1.0)
        if self.way == "crossing":
            reach = ASIDE * wide * best
            return -reach + part * (width + 2 * reach), (0.55 + 0.1 * part) * SIZE[1], best
        part = 1.0 - part if self.way == "leaving" else part
        size = 1.0 / (1.0 / FAR + part * (1.0 / NEAR - 1.0 / FAR))
        x = VANISHING[0] + (self.lane - VANISHING[0]) * size
        y = VANISHING[1] + (1.0 - VANISHING[1]) * size
        return x * width, y * SIZE[1], best * size


@dataclass(frozen=True, slots=True)
class PhotoPlan:
    """A clip: its vehicles, length and seed."""

    drives: Sequence[Drive]
    seconds: float
    seed: int


def photo_plan(photographs: Sequence[Photograph], seed: int) -> PhotoPlan:
    """A clip in which the first vehicle is parked and the others approach, leave and cross, some of them together."""
    moving = moving_plan(photographs[1:], seed)
    length_s = moving.seconds + 2.5
    return PhotoPlan([Drive(photographs[0], "parked", 0.0, length_s, 0.88), *moving.drives], length_s, seed)


def moving_plan(photographs: Sequence[Photograph], seed: int) -> PhotoPlan:
    """The same without the parked one."""
    rng = np.random.default_rng([seed, 9])
    drives: list[Drive] = []
    at_s = 0.5
    for photograph in photographs:
        way = ("approaching", "leaving", "crossing")[int(rng.integers(3))]
        lane = float(rng.uniform(0.26, 0.4) if way == "approaching" else rng.uniform(0.6, 0.74))
        seconds = float(rng.uniform(1.8, 3.0))
        drives.append(Drive(photograph, way, round(at_s, 1), round(at_s + seconds, 1), lane))
        at_s += float(rng.choice([0.6, 1.0])) * seconds + 0.4
    return PhotoPlan(drives, at_s, seed)


def photo_frames(plan: PhotoPlan) -> Iterator[ClipFrame]:
    """The frames of a clip, one after another; the same plan gives the same frames."""
    rng = np.random.default_rng([plan.seed, 11])
    street = draw_street(Street(plan.seed), clip_camera(SIZE))
    parts = [cut(drive.photograph) for drive in plan.drives]
    for number in range(round(plan.seconds * FPS)):
        image, ids = street.copy(), np.zeros(street.shape[:2], np.uint8)
        places = [drive.place(number / FPS) for drive in plan.drives]
        present = sorted((i for i, at in enumerate(places) if at), key=lambda i: plan.drives[i].way != "parked")
        plates: dict[int, Box] = {}
        for index in present:
            at, before = places[index], plan.drives[index].place(number / FPS - EXPOSURE_S)
            assert at is not None
            drift = (at[0] - before[0], at[1] - before[1]) if before else (0.0, 0.0)
            plates[index] = _lay(image, ids, parts[index], at, drift, index + 1)
        shown = expose(image, rng, blur=0.4, grain=GRAIN)
        yield ClipFrame(shown, tuple(_placed(plan.drives[i], i, box, ids) for i, box in plates.items()))


def cut(photograph: Photograph) -> Part:
    """The plate with its surroundings, fading out towards the sides."""
    image, plate = photograph.image(), photograph.box
    wide = plate.width
    window = Box(
        plate.x - ASIDE * wide, plate.y - ABOVE * wide, wide * (1 + 2 * ASIDE), plate.height + (ABOVE + BELOW) * wide
    ).clipped(image.shape[1], image.shape[0])
    left, top, right, bottom = (int(v) for v in (window.x, window.y, window.right, window.bottom))
    piece = image[top:bottom, left:right].astype(np.float32)
    ys, xs = np.mgrid[0 : bottom - top, 0 : right - left].astype(np.float32)
    edge = np.minimum(np.minimum(xs, right - left - 1 - xs), np.minimum(ys, bottom - top - 1 - ys))
    alpha = np.clip((edge + 1) / max(0.08 * wide, 2.0), 0, 1)
    # The plate itself is never faded, however near to the photograph's border it stands.
    inside = Box(plate.x - left, plate.y - top, plate.width, plate.height)
    alpha[int(inside.y) : int(inside.bottom) + 1, int(inside.x) : int(inside.right) + 1] = 1.0
    return Part(np.dstack([piece * alpha[..., None], alpha]).astype(np.float32), inside, photograph)


def _lay(
    image: Image, ids: Image, part: Part, at: tuple[float, float, float], drift: tuple[float, float], number: int
) -> Box:
    """Lay a part so that its plate's centre is at ``at``, smeared along ``drift``; returns where the plate is."""
    x, y, size = at
    height, width = part.image.shape[:2]
    small = cv2.resize(
        part.image,
        (max(round(width * size), 2), max(round(height * size), 2)),
        interpolation=cv2.INTER_AREA if size < 1 else cv2.INTER_LINEAR,
    )
    across, down = small.shape[1] / width, small.shape[0] / height
    x, y = x - part.box.centre[0] * across, y - part.box.centre[1] * down
    box = Box(x + part.box.x * across, y + part.box.y * down, part.box.width * across, part.box.height * down)
    kernel = _smear(drift)
    rim = 2 + (kernel.shape[0] // 2 if kernel is not None else 0)
    window = Box(np.floor(x) - rim, np.floor(y) - rim, small.shape[1] + 2 * rim + 1, small.shape[0] + 2 * rim + 1)
    move = np.array([[1, 0, x - window.x], [0, 1, y - window.y]], np.float32)
    laid = cv2.warpAffine(small, move, (int(window.width), int(window.height)), flags=cv2.INTER_LINEAR)
    if kernel is not None:
        laid = cv2.filter2D(laid, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    seen, inside = window.clipped(*SIZE), box.clipped(*SIZE)
    rows, columns = _slices(seen, 0, 0)
    laid = laid[_slices(seen, window.x, window.y)]
    alpha = laid[..., 3:]
    image[rows, columns] = np.clip(image[rows, columns] * (1 - alpha) + laid[..., :3], 0, 255).astype(np.uint8)
    ids[rows, columns][alpha[..., 0] > 0.5] = 2 * number
    ids[_slices(inside, 0, 0)] = 2 * number + 1
    return box


def _slices(box: Box, left: float, top: float) -> tuple[slice, slice]:
    """Rows and columns of a box in a picture whose corner is at ``left``, ``top``."""
    return (
        slice(round(box.y - top), round(box.bottom - top)),
        slice(round(box.x - left), round(box.right - left)),
    )


def _smear(drift: tuple[float, float]) -> Pixels | None:
    """The kernel of an even movement by ``drift`` pixels; None where it is too short to be seen."""
    length = float(np.hypot(*drift))
    if length < 0.5:
        return None
    reach = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for part in np.linspace(-0.5, 0.5, 8 * reach + 1):
        x, y = reach + part * drift[0], reach + part * drift[1]
        left, top = int(np.floor(x)), int(np.floor(y))
        for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
            share = (1 - abs(x - left - column)) * (1 - abs(y - top - row))
            kernel[top + row, left + column] += share
    return np.asarray(kernel / kernel.sum(), np.float32)


def _placed(drive: Drive, index: int, box: Box, ids: Image) -> PlacedPlate:
    corners = np.array([(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom)])
    visible = min(float((ids == 2 * (index + 1) + 1).sum()) / max(box.area, 1.0), 1.0)
    photograph = drive.photograph
    return PlacedPlate(index, photograph.text, photograph.region, photograph.lines, corners, visible)


def make_photo_clip(path: Path, plan: PhotoPlan) -> TrueClip:
    """Render a clip, or take it from an earlier run."""
    return TrueClip.made(path, lambda: _write(path, plan))


def _write(path: Path, plan: PhotoPlan) -> list[VehicleTruth]:
    spans: dict[int, list[float]] = {}

    def watched() -> Iterator[Image]:
        for number, frame in enumerate(photo_frames(plan)):
            for plate in frame.plates:
                if plate.width >= IN_VIEW_PX and plate.visible >= IN_VIEW_SHARE:
                    span = spans.setdefault(plate.vehicle, [number, number, 0.0])
                    span[1:] = [number, max(span[2], plate.width)]
            yield frame.image

    write_video(path, watched(), FPS, SIZE)
    rows = []
    for index, (first, last, widest) in spans.items():
        drive = plan.drives[index]
        plate = drive.photograph
        rows.append(
            VehicleTruth(
                plate.text, plate.region, plate.lines, drive.way, False, int(first), int(last), round(widest, 1)
            )
        )
    return sorted(rows, key=lambda row: row.first_frame)
