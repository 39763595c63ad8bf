"""Keeps freed pictures at hand: on glibc, threads that decode pictures otherwise pay for fresh pages each time."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3)."""

_KEPT_BYTES = 64 * 1024 * 1024
_LARGEST_KEPT = 32 * 1024 * 1024


def keep_freed_memory() -> bool:
    """Let all threads share one heap that keeps up to 64 MB of what was freed; False without glibc.

    A server answers from many threads. With a heap for each, every decoded picture is mapped, zeroed and given back:
    a fifth of the time of a recognition, and memory that many heaps hold on to.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_M_ARENA_MAX, 1), (_M_MMAP_THRESHOLD, _LARGEST_KEPT), (_M_TRIM_THRESHOLD, _KEPT_BYTES))
    return bool(sum(mallopt(name, value) for name, value in settings) == len(settings))
