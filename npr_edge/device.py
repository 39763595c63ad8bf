"""What machine this is and how it feels: model, cores, temperature, throttling; read from the kernel, no programs."""

from __future__ import annotations

import os
import platform
import resource
from dataclasses import dataclass
from pathlib import Path

_THROTTLE_NODE = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
_THROTTLE_BITS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
"""Bits of the Raspberry Pi firmware's throttling word that describe the present (bits 16-19 the past)."""


@dataclass(frozen=True, slots=True)
class Device:
    """The machine; ``temperature_c`` and ``throttling`` are None where it does not tell."""

    model: str
    machine: str
    cores: int
    memory_bytes: int
    temperature_c: float | None
    throttling: tuple[str, ...] | None


def describe_device() -> Device:
    """Read what the kernel tells of this machine."""
    return Device(
        model=_model(),
        machine=platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        temperature_c=temperature_c(),
        throttling=_throttling(),
    )


def temperature_c() -> float | None:
    """The hottest thermal zone in degrees Celsius, None where there is none."""
    readings = []
    for zone in Path("/sys/class/thermal").glob("thermal_zone*/temp"):
        try:
            readings.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue  # zones come and go with power states; the others still tell
    return max(readings, default=None)


def peak_memory_bytes() -> int:
    """The most resident memory this process ever had, bytes (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _model() -> str:
    tree = Path("/proc/device-tree/model")
    if tree.is_file():
        return tree.read_text().rstrip("\0\n")
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _throttling() -> tuple[str, ...] | None:
    try:
        word = int(_THROTTLE_NODE.read_text(), 16)
    except (OSError, ValueError):
        return None
    return tuple(name for bit, name in _THROTTLE_BITS.items() if word >> bit & 1)
