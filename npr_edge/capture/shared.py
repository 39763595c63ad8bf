"""Pictures across a process border: a ring of slots in anonymous shared memory and a socket that tells of them.

The memory has no name, so nothing stays behind whichever side is killed. The child may fill a slot only
when the parent has given it back; without a free slot it drops the picture, and the next one is newer.
"""

from __future__ import annotations

import mmap
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from npr_edge.capture.driver import Picture
from npr_edge.errors import CaptureError

SLOTS = 3
KIND_PICTURE = b"P"
KIND_FAULT = b"F"
KIND_END = b"E"
AWAKE = b"awake"
ASLEEP = b"asleep"

KEEP_S = 1.0
"""While nobody is awake, a whole picture comes this often: for those who ask what the camera sees."""

_HEADER = struct.Struct("<cBQIIIIQd")
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
        self._slot_bytes = 0
        self._free = list(range(SLOTS))
        self._awake = True
        self._brought_s = float("-inf")

    def awake(self) -> bool:
        """Whether the parent needs every picture."""
        self._listen()
        return self._awake

    def write(self, picture: Picture) -> bool:
        """Hand over a picture; False when no slot was free and it was dropped.

        While nobody is awake the small grey picture goes alone, and the large one follows once in ``KEEP_S`` seconds.
        """
        self._listen()
        bring = self._awake or picture.monotonic_s - self._brought_s >= KEEP_S
        image = picture.pixels() if picture.pixels is not None and bring else None
        if image is not None:
            self._brought_s = picture.monotonic_s
        luma = picture.luma
        sizes = (image.shape[:2] if image is not None else (0, 0), luma.shape if luma is not None else (0, 0))
        slot = self._slot(_Shape(*sizes[0], *sizes[1]))
        if slot is None:
            return False
        number, place = slot
        if image is not None:
            place[: image.size].reshape(image.shape)[...] = image
        if luma is not None:
            place[place.size - luma.size :].reshape(luma.shape)[...] = luma
        self._channel.send(
            _HEADER.pack(
                KIND_PICTURE, number, self._slot_bytes, *sizes[0], *sizes[1], picture.index, picture.monotonic_s
            )
        )
        return True

    def fault(self, message: str) -> None:
        """Tell the parent why no more pictures come."""
        self._channel.send(KIND_FAULT + message.encode()[: _MESSAGE_BYTES - 1])

    def end(self) -> None:
        """Tell the parent that the clip is over."""
        self._channel.send(KIND_END)

    def _slot(self, shape: _Shape) -> tuple[int, NDArray[np.uint8]] | None:
        """A free slot's number and bytes; the memory grows with the largest picture."""
        if shape.slot_bytes > self._slot_bytes:
            if len(self._free) < SLOTS:
                return None  # the parent still looks at pictures of the old size
            os.ftruncate(self._memory, SLOTS * shape.slot_bytes)
            self._map = mmap.mmap(self._memory, SLOTS * shape.slot_bytes)
            self._slot_bytes = shape.slot_bytes
        if not self._free or self._map is None:
            return None
        number = self._free.pop(0)
        start = number * self._slot_bytes
        return number, np.frombuffer(self._map, dtype=np.uint8, count=shape.slot_bytes, offset=start)

    def _listen(self) -> None:
        """Take slots back and hear whether somebody is awake."""
        try:
            while True:
                told = self._channel.recv(_MESSAGE_BYTES, socket.MSG_DONTWAIT)
                if not told:
                    raise CaptureError("the daemon is gone")
                if told in (AWAKE, ASLEEP):
                    self._awake = told == AWAKE
                else:
                    self._free += list(told)
        except BlockingIOError:
            return


class Reader:
    """The parent's side."""

    def __init__(self, channel: socket.socket, memory: int) -> None:
        self._channel = channel
        self._memory = memory
        self._awake = True

    def read(self, timeout_s: float, awake: bool = True) -> Picture | None:
        """The next picture, copied out of the ring; None at the end of a clip.

        Args:
            timeout_s: How long to wait for it.
            awake: Whether the child shall bring every picture from now on.

        Raises:
            CaptureError: The child told of a fault, ended, or was silent for ``timeout_s``.
        """
        self._channel.settimeout(timeout_s)
        if awake != self._awake:
            self._tell(AWAKE if awake else ASLEEP)
            self._awake = awake
        try:
            message = self._receive()
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

    def _receive(self) -> bytes:
        try:
            return self._channel.recv(_MESSAGE_BYTES)
        except ConnectionResetError:
            # The child ended with words of ours unread; its own last ones, which say why, still wait.
            return self._channel.recv(_MESSAGE_BYTES)

    def _tell(self, message: bytes) -> None:
        """Send where somebody listens; that a child is gone is told by what it said last."""
        with suppress(OSError):
            self._channel.send(message)

    def _copy(self, message: bytes) -> Picture:
        _, slot, stride, *sizes, index, at_s = _HEADER.unpack(message)
        shape = _Shape(*sizes)
        data = b""
        if shape.slot_bytes:
            start = slot * stride
            with mmap.mmap(self._memory, SLOTS * stride, prot=mmap.PROT_READ) as ring:
                data = ring[start : start + shape.slot_bytes]
        self._tell(bytes([slot]))
        bytes_ = np.frombuffer(data, dtype=np.uint8)
        image = bytes_[: shape.image_bytes].reshape(shape.height, shape.width, 3)
        luma = bytes_[shape.image_bytes :].reshape(shape.luma_height, shape.luma_width)
        return Picture(index, at_s, luma if luma.size else None, (lambda: image) if image.size else None)
