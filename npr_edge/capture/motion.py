"""Which frames are worth a look: a small grey picture against a slowly learnt background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.capture.driver import Luma
from npr_edge.domain import Frame
from npr_edge.settings import MotionSettings

GRID = (160, 90)
"""Width and height of the picture that is compared; a plate's vehicle covers dozens of its pixels."""

LEARN = 0.05
"""Share of a still frame that enters the background; clouds and dusk are slower than this."""

LEARN_MOVING = 0.005
"""The same while something moves: what stays (a parked car) becomes background in the end."""

RESTLESS_SHARE = 0.6
"""A difference nearly everywhere is light switched on or exposure, not movement: learn it at once after a look."""


class MotionGate:
    """Decides frame by frame; one per camera, in the camera's own thread."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._background: NDArray[np.float32] | None = None
        self._looked_s = self._moved_s = float("-inf")

    def wants(self, frame: Frame, busy: bool) -> bool:
        """Whether to look at ``frame``.

        Args:
            frame: The next frame of the camera, in order.
            busy: Whether vehicles are being followed that need more frames.
        """
        if not self._settings.enabled:
            return True
        at_s = frame.monotonic_s
        if self._moves(small(frame)):
            self._moved_s = at_s
        forced = self._settings.forced_look_s > 0 and at_s - self._looked_s >= self._settings.forced_look_s
        wanted = busy or forced or at_s - self._moved_s <= self._settings.hold_s
        if wanted:
            self._looked_s = at_s
        return wanted

    def _moves(self, picture: Luma) -> bool:
        if self._background is None or self._background.shape != picture.shape:
            self._background = picture.astype(np.float32)
            return True
        difference = cv2.absdiff(picture, cv2.convertScaleAbs(self._background))
        # The whole picture brightening together is light, not movement.
        level = int(np.median(difference))
        changed = float(np.count_nonzero(difference > self._settings.threshold + level)) / picture.size
        moves = changed >= self._settings.min_area
        if changed > RESTLESS_SHARE:
            self._background = picture.astype(np.float32)
        else:
            cv2.accumulateWeighted(picture, self._background, LEARN_MOVING if moves else LEARN)
        return moves


def small(frame: Frame) -> Luma:
    """The grey picture that is compared: the camera's own small one, else every n-th green pixel, smoothed."""
    if frame.luma is not None:
        picture = frame.luma
    else:
        step_y = max(frame.image.shape[0] // GRID[1], 1)
        step_x = max(frame.image.shape[1] // GRID[0], 1)
        picture = np.ascontiguousarray(frame.image[step_y // 2 :: step_y, step_x // 2 :: step_x, 1])
    return np.asarray(cv2.blur(picture, (3, 3)), dtype=np.uint8)
