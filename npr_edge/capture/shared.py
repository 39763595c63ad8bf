"""Pictures across a process border: a ring of slots in anonymous shared memory and a socket that tells of them.

The memory has no name, so nothing stays behind whichever side is killed. The child may fill a slot only
when the parent has given it back; without a free slot it drops the picture, and the next one is newer.
"""

from __future__ import annotations

import mmap
import os
import socket
import struct
from dataclasses import dataclass

import numpy as np

from npr_edge.capture.driver import Picture
from npr_edge.errors import CaptureError

SLOTS = 3
KIND_PICTURE = b"P"
KIND_FAULT = b"F"
KIND_END = b"E"
_HEADER = struct.Struct("<cBIIIIQd")
_MESSAGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class _Shape:
    """Sizes of a picture and its small grey companion, pixels."""

    height: int
    width: int
    luma_height: int
    luma_width: int

    @property
    def image_bytes(self) -> int:
        return 3 * self.height * self.width

    @property
    def slot_bytes(self) -> int:
        return self.image_bytes + self.luma_height * self.luma_width


class Writer:
    """The child's side."""

    def __init__(self, channel: socket.socket, memory: int) -> None:
        self._channel = channel
        self._memory = memory
        self._map: mmap.mmap | None = None
        self._shape: _Shape | None = None
        self._free = list(range(SLOTS))

    def write(self, picture: Picture) -> bool:
        """Hand over a picture; False when no slot was free and it was dropped."""
        self._take_back()
        luma = picture.luma
        shape = _Shape(*picture.image.shape[:2], *(luma.shape if luma is not None else (0, 0)))
        if shape != self._shape:
            if len(self._free) < SLOTS:
                return False  # the parent still looks at pictures of the old size
            os.ftruncate(self._memory, SLOTS * shape.slot_bytes)
            self._map = mmap.mmap(self._memory, SLOTS * shape.slot_bytes)
            self._shape = shape
        if not self._free or self._map is None:
            return False
        slot = self._free.pop(0)
        start = slot * shape.slot_bytes
        target = np.frombuffer(self._map, dtype=np.uint8, count=shape.slot_bytes, offset=start)
        target[: shape.image_bytes].reshape(picture.image.shape)[...] = picture.image
        if luma is not None:
            target[shape.image_bytes :].reshape(luma.shape)[...] = luma
        sizes = (shape.height, shape.width, shape.luma_height, shape.luma_width)
        self._channel.send(_HEADER.pack(KIND_PICTURE, slot, *sizes, picture.index, picture.monotonic_s))
        return True

    def fault(self, message: str) -> None:
        """Tell the parent why no more pictures come."""
        self._channel.send(KIND_FAULT + message.encode()[: _MESSAGE_BYTES - 1])

    def end(self) -> None:
        """Tell the parent that the clip is over."""
        self._channel.send(KIND_END)

    def _take_back(self) -> None:
        try:
            while True:
                given = self._channel.recv(_MESSAGE_BYTES, socket.MSG_DONTWAIT)
                if not given:
                    raise CaptureError("the daemon is gone")
                self._free += list(given)
        except BlockingIOError:
            return


class Reader:
    """The parent's side."""

    def __init__(self, channel: socket.socket, memory: int) -> None:
        self._channel = channel
        self._memory = memory

    def read(self, timeout_s: float) -> Picture | None:
        """The next picture, copied out of the ring; None at the end of a clip.

        Raises:
            CaptureError: The child told of a fault, ended, or was silent for ``timeout_s``.
        """
        self._channel.settimeout(timeout_s)
        try:
            message = self._channel.recv(_MESSAGE_BYTES)
        except TimeoutError:
            raise CaptureError(f"no picture for {timeout_s:g} s") from None
        except OSError as error:
            raise CaptureError(f"the capture process is gone ({error.strerror})") from error
        if message[:1] == KIND_END:
            return None
        if message[:1] == KIND_FAULT:
            raise CaptureError(message[1:].decode(errors="replace"))
        if len(message) != _HEADER.size:
            raise CaptureError("the capture process ended")
        return self._copy(message)

    def _copy(self, message: bytes) -> Picture:
        _, slot, height, width, luma_height, luma_width, index, at_s = _HEADER.unpack(message)
        shape = _Shape(height, width, luma_height, luma_width)
        with mmap.mmap(self._memory, SLOTS * shape.slot_bytes, prot=mmap.PROT_READ) as ring:
            data = ring[slot * shape.slot_bytes : (slot + 1) * shape.slot_bytes]
        try:
            self._channel.send(bytes([slot]))
        except OSError as error:
            raise CaptureError("the capture process ended") from error
        pixels = np.frombuffer(data, dtype=np.uint8)
        image = pixels[: shape.image_bytes].reshape(height, width, 3)
        luma = pixels[shape.image_bytes :].reshape(luma_height, luma_width) if luma_height else None
        return Picture(image, index, at_s, luma)
