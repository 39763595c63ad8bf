"""Notices a camera that delivers the very same picture again and again."""

from __future__ import annotations

import zlib

from npr_edge.domain import Frame
from npr_edge.errors import CaptureError

STEP = 32
"""Every n-th row is compared: sensor noise changes some pixel of every row, a stuck picture none."""


class FrozenCheck:
    """Measures for how long a camera's picture has not changed in a single bit."""

    def __init__(self, limit_s: float) -> None:
        """Make a check; ``limit_s`` of 0 never finds anything."""
        self._limit_s = limit_s
        self._print: int | None = None
        self._since_s = 0.0

    def check(self, frame: Frame) -> None:
        """Look at the next frame.

        Raises:
            CaptureError: The picture has been the same for the limit.
        """
        if self._limit_s <= 0:
            return
        fingerprint = zlib.crc32(frame.image[::STEP].tobytes())
        if fingerprint != self._print:
            self._print, self._since_s = fingerprint, frame.monotonic_s
        if frame.monotonic_s - self._since_s >= self._limit_s:
            raise CaptureError(f"the very same picture for {self._limit_s:g} s")
