"""The seam between a source of pictures and the frames made from them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from npr_edge.domain import Image

Luma = NDArray[np.uint8]
"""A grey picture, (H, W) uint8."""

Pixels = Callable[[], Image]
"""Makes the picture in colour, a fresh array: frames outlive the next read."""

GRID = (160, 90)
"""Least width and height of the small grey picture; a plate's vehicle covers dozens of its pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What a driver delivers.

    Attributes:
        index: Number of the picture since the driver was opened; a clip's own numbering for clips.
        monotonic_s: Monotonic clock at capture, seconds.
        luma: Small grey picture, not turned; None where the source itself says that nothing has changed.
        pixels: Makes the picture in colour, upright; None where it was not brought along: nobody was awake.
    """

    index: int
    monotonic_s: float
    luma: Luma | None
    pixels: Pixels | None


class Driver(Protocol):
    """An open source of pictures; its waits may be unbounded, so it runs where it can be killed."""

    def read(self, awake: bool = True) -> Picture | None:
        """The next picture; None at the end of a clip.

        Args:
            awake: Whether every picture is needed; else a driver may do less for those that show nothing new.

        Raises:
            CaptureError: The source failed.
        """
        ...

    def close(self) -> None:
        """Release the source; safe to call twice."""
        ...


class Pace:
    """Picks pictures so that no more than ``fps`` are taken of a source that delivers more."""

    def __init__(self, fps: float) -> None:
        self._interval_s = 1.0 / fps
        self._next_s = 0.0

    def is_due(self, at_s: float) -> bool:
        """Whether the picture that was taken at ``at_s`` (monotonic seconds) is wanted."""
        # A tenth of slack: a camera that delivers exactly the wanted rate jitters around it.
        if at_s < self._next_s - 0.1 * self._interval_s:
            return False
        self._next_s = max(self._next_s + self._interval_s, at_s)
        return True

    def wait_s(self) -> float:
        """Seconds until the next picture is due."""
        return max(self._next_s - time.monotonic(), 0.0)


def thinned(grey: Luma) -> Luma:
    """Every n-th pixel of a grey picture (H, W), about ``GRID`` of them; a fresh array."""
    step_y, step_x = max(grey.shape[0] // GRID[1], 1), max(grey.shape[1] // GRID[0], 1)
    return np.ascontiguousarray(grey[step_y // 2 :: step_y, step_x // 2 :: step_x])


def whole_picture(index: int, monotonic_s: float, image: Image, degrees: int) -> Picture:
    """A picture that came in colour, (H, W, 3) uint8 BGR; to be turned clockwise by 0, 90, 180 or 270 degrees."""
    return Picture(index, monotonic_s, thinned(image[:, :, 1]), lambda: turned(image, degrees))


def turned_picture(picture: Picture, degrees: int) -> Picture:
    """The picture turned clockwise by 0, 90, 180 or 270 degrees once its pixels are made."""
    pixels = picture.pixels
    return picture if pixels is None or degrees == 0 else replace(picture, pixels=lambda: turned(pixels(), degrees))


def turned(image: Image, degrees: int) -> Image:
    """The picture turned clockwise by 0, 90, 180 or 270 degrees."""
    if degrees == 0:
        return image
    import cv2  # only here: the process of a camera that need not be turned starts sooner without

    turns = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    return np.asarray(cv2.rotate(image, turns[degrees]), dtype=np.uint8)
