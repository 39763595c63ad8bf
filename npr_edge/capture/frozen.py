"""Notices a camera that delivers the very same picture again and again."""

from __future__ import annotations

import zlib

from npr_edge.domain import Glimpse
from npr_edge.errors import CaptureError


class FrozenCheck:
    """Measures for how long a camera's picture has not changed in a single bit.

    The thousands of pixels of the small picture are enough: sensor noise changes some of them, a stuck picture none.
    """

    def __init__(self, limit_s: float) -> None:
        """Make a check; ``limit_s`` of 0 never finds anything."""
        self._limit_s = limit_s
        self._print: int | None = None
        self._since_s = 0.0

    def check(self, glimpse: Glimpse) -> None:
        """Look at the next picture.

        Raises:
            CaptureError: The picture has been the same for the limit.
        """
        if self._limit_s <= 0 or glimpse.luma is None:
            return
        fingerprint = zlib.crc32(glimpse.luma.tobytes())
        if fingerprint != self._print:
            self._print, self._since_s = fingerprint, glimpse.monotonic_s
        if glimpse.monotonic_s - self._since_s >= self._limit_s:
            raise CaptureError(f"the very same picture for {self._limit_s:g} s")
