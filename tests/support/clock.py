"""A clock that tests turn by hand."""

from __future__ import annotations


class FakeClock:
    """Implements ``ports.Clock``; time passes only when a test says so."""

    def __init__(self, wall_s: float = 1_800_000_000.0, monotonic_s: float = 500.0) -> None:
        self._wall_s = wall_s
        self._monotonic_s = monotonic_s
        self.boot = "boot-1"
        self.is_synced = True

    def wall_s(self) -> float:
        return self._wall_s

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def synced(self) -> bool:
        return self.is_synced

    def boot_id(self) -> str:
        return self.boot

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self._wall_s += seconds
        self._monotonic_s += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._wall_s += seconds

    def reboot(self, off_s: float = 0.0) -> None:
        """The machine was off for a while: monotonic time starts anew."""
        self.boot += "'"
        self._wall_s += off_s
        self._monotonic_s = 3.0
