"""Which frames are worth a look: a small grey picture against a slowly learnt background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.capture.driver import Luma
from npr_edge.domain import Glimpse
from npr_edge.settings import MotionSettings

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

    def wants(self, glimpse: Glimpse, busy: bool) -> bool:
        """Whether to look at a picture.

        Args:
            glimpse: The next picture of the camera, in order.
            busy: Whether vehicles are being followed that need more frames.
        """
        if not self._settings.enabled:
            return True
        at_s = glimpse.monotonic_s
        if glimpse.luma is not None and self._moves(np.asarray(cv2.blur(glimpse.luma, (3, 3)), dtype=np.uint8)):
            self._moved_s = at_s
        forced = self._settings.forced_look_s > 0 and at_s - self._looked_s >= self._settings.forced_look_s
        wanted = busy or forced or at_s - self._moved_s <= self._settings.hold_s
        if wanted and glimpse.pixels is not None:  # without them the next picture is looked at in its place
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
