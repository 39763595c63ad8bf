"""The seam between a source of pictures and the frames made from them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.domain import Image

Luma = NDArray[np.uint8]
"""A grey picture, (H, W) uint8."""

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What a driver delivers.

    Attributes:
        image: (H, W, 3) uint8 BGR, a fresh array each time: frames outlive the next read.
        index: Number of the picture since the driver was opened; a clip's own numbering for clips.
        monotonic_s: Monotonic clock at capture, seconds.
        luma: Small grey picture of the same moment, None where the source has none.
    """

    image: Image
    index: int
    monotonic_s: float
    luma: Luma | None = None


class Driver(Protocol):
    """An open source of pictures; its waits may be unbounded, so it runs where it can be killed."""

    def read(self) -> Picture | None:
        """The next picture; None at the end of a clip.

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


def turned(image: Image, degrees: int) -> Image:
    """The picture turned clockwise by 0, 90, 180 or 270 degrees."""
    return image if degrees == 0 else np.asarray(cv2.rotate(image, _TURNS[degrees]), dtype=np.uint8)
