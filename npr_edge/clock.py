"""The clocks of this machine; the only implementation of ``ports.Clock`` outside tests."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

_TIME_ERROR = 5
"""What adjtimex(2) returns while the clock is not synchronised (``TIME_ERROR`` of ``sys/timex.h``)."""

_TIMEX_BYTES = 512
"""Room for ``struct timex``: 208 bytes on 64-bit, fewer on 32-bit; all zero means "only look"."""


class SystemClock:
    """Time as the kernel has it."""

    def __init__(self) -> None:
        self._adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
        self._boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def wall_s(self) -> float:
        """Unix time in seconds, right or wrong."""
        return time.time()

    def monotonic_s(self) -> float:
        """Seconds since boot; never jumps."""
        return time.monotonic()

    def synced(self) -> bool:
        """Whether a time service has set the clock since boot, as the kernel knows it."""
        if self._adjtimex is None:
            return False
        state = self._adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
        return 0 <= int(state) < _TIME_ERROR

    def boot_id(self) -> str:
        """Changes with each boot."""
        return self._boot_id
