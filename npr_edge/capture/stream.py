"""Compressed video to pictures through PyAV (FFmpeg): decodes and converts only what somebody needs.

OpenCV's own FFmpeg can neither hand out the grey plane without a conversion to BGR nor leave a packet undecoded.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter

from npr_edge.capture.driver import GRID, Luma, Pixels, thinned
from npr_edge.domain import Image
from npr_edge.errors import CaptureError

USUAL_FPS = 25.0

LOOK_S = 0.3
"""While nobody is awake, streams of key frames alone (MJPEG) are decoded once in this time."""

_KEYS_IN_A_ROW = 3
_ERRORS_IN_A_ROW = 100
_GREY_FIRST = ("yuv", "nv", "gray")


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture of a video.

    Attributes:
        position: Its number in the order of display, from 0.
        luma: Small grey picture; None where the picture was not decoded.
        pixels: Makes the picture in colour; None likewise.
    """

    position: int
    luma: Luma | None = None
    pixels: Pixels | None = None


class VideoStream:
    """The video of an open container.

    While nobody is awake (nothing moves, nothing is followed), pictures that no other picture needs are left
    undecoded: most of MJPEG, and the B frames of H.264 and its kin that nothing refers to. They keep their number.

    Args:
        container: Where it comes from; closed with the stream.
        name: What to call it in errors.

    Raises:
        CaptureError: It holds no video that can be decoded.
    """

    def __init__(self, container: InputContainer, name: str) -> None:
        if not container.streams.video:
            container.close()
            raise CaptureError(f"{name}: holds no video that can be decoded")
        self._container = container
        self._name = name
        video = container.streams.video[0]
        self._codec: VideoCodecContext = video.codec_context
        # Threads that share a picture; those that take one each would hold every picture back by their number.
        self._codec.thread_type = "SLICE"
        self.fps = float(video.average_rate or video.guessed_rate or USUAL_FPS)
        self.total = video.frames
        self._packets: Iterator[av.Packet[Any]] = container.demux(video)
        self._ready: deque[Shot] = deque()
        self._position = 0
        self._pending: list[int] = []  # a heap: times of packets whose pictures have not come yet
        self._keys = self._skipped = self._errors = 0
        self._awake = True

    def read(self, awake: bool = True) -> Shot | None:
        """The next picture; None at the end.

        Args:
            awake: Whether somebody needs every picture.

        Raises:
            CaptureError: The source failed.
        """
        if awake != self._awake:
            self._awake = awake
            self._codec.skip_frame = "DEFAULT" if awake else "NONREF"
        while not self._ready:
            try:
                packet = next(self._packets, None)
            except (av.FFmpegError, OSError) as error:
                raise CaptureError(f"{self._name}: delivers no more pictures ({error})") from error
            if packet is None:
                return None
            self._take(packet)
        return self._ready.popleft()

    def close(self) -> None:
        """Close the source; safe to call twice."""
        self._container.close()

    def _take(self, packet: av.Packet[Any]) -> None:
        if not packet.size:  # the end: the decoder gives what it still holds back
            self._decode(None)
            self._pass_over(None)
            return
        self._keys = self._keys + 1 if packet.is_keyframe else 0
        if not self._awake and self._keys > _KEYS_IN_A_ROW and self._skipped + 1 < LOOK_S * self.fps:
            self._skipped += 1
            self._tell(None)
            return
        self._skipped = 0
        if packet.pts is not None:
            heapq.heappush(self._pending, packet.pts)
        self._decode(packet)

    def _decode(self, packet: av.Packet[Any] | None) -> None:
        try:
            frames = self._codec.decode(packet)
        except av.FFmpegError as error:
            # Damaged in transmission: the next key frame mends it. A source that sends nothing else has failed.
            self._errors += 1
            if self._errors > _ERRORS_IN_A_ROW:
                raise CaptureError(f"{self._name}: delivers pictures that cannot be decoded ({error})") from error
            return
        for frame in frames:
            self._errors = 0
            if frame.pts is not None:
                self._pass_over(frame.pts)
            self._tell(frame)

    def _pass_over(self, until: int | None) -> None:
        """Count pictures that belong before a time (None: all that are left) and will not come."""
        while self._pending and (until is None or self._pending[0] < until):
            heapq.heappop(self._pending)
            self._tell(None)
        if self._pending and self._pending[0] == until:
            heapq.heappop(self._pending)

    def _tell(self, frame: av.VideoFrame | None) -> None:
        if frame is None:
            self._ready.append(Shot(self._position))
        else:
            self._ready.append(Shot(self._position, _luma(frame), partial(_bgr, frame)))
        self._position += 1


def _luma(frame: av.VideoFrame) -> Luma:
    """The grey plane where the format has one of bytes, else a conversion of the small picture."""
    if frame.format.name.startswith(_GREY_FIRST) and frame.format.components[0].bits == 8:
        plane = frame.planes[0]
        grey = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)[
            : frame.height, : frame.width
        ]
        return thinned(grey)
    small = VideoReformatter().reformat(frame, width=GRID[0], height=GRID[1], format="gray")
    return np.asarray(small.to_ndarray(), dtype=np.uint8)


def _bgr(frame: av.VideoFrame) -> Image:
    # A converter of its own: the one that the frame would keep cannot be used by two threads at once.
    return np.asarray(VideoReformatter().reformat(frame, format="bgr24").to_ndarray(), dtype=np.uint8)
