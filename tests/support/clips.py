"""Clips of block plates and a recogniser that reads them: the whole line without models, through real codecs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from npr_edge.domain import Image, PlateDetection, PlateResult, Recognition, Timings
from npr_edge.geometry import Box, Quad
from tests.support.passages import PlainResolver, reading

CELL = 16
COLUMNS = 8
BORDER = 8
PLATE_WIDTH, PLATE_HEIGHT = COLUMNS * CELL + 2 * BORDER, 2 * CELL + 2 * BORDER


@dataclass(frozen=True, slots=True)
class Pass:
    """A block plate that moves through the picture.

    Attributes:
        code: What it says (16 bits).
        start: First frame; ``end`` the frame after the last.
        at: Left top corner in the first frame, pixels.
        step: Pixels per frame in x and y.
    """

    code: int
    start: int
    end: int
    at: tuple[float, float] = (0.0, 200.0)
    step: tuple[float, float] = (25.0, 0.0)

    @property
    def text(self) -> str:
        """What it reads as."""
        return text_of(self.code)


def text_of(code: int) -> str:
    """The text of a code; codes of the same text length that differ little still read differently."""
    return f"AB{code * 40_503 % 65_536:05d}"


def draw(image: Image, code: int, x: int, y: int) -> None:
    """Draw a block plate with its left top corner at x, y; the border cuts what is outside."""
    plate = np.zeros((PLATE_HEIGHT, PLATE_WIDTH, 3), dtype=np.uint8)
    plate[:] = (255, 0, 255)
    for bit in range(16):
        row, column = divmod(bit, COLUMNS)
        top, left = BORDER + row * CELL, BORDER + column * CELL
        plate[top : top + CELL, left : left + CELL] = 255 if code >> bit & 1 else 0
    height, width = image.shape[:2]
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + PLATE_WIDTH, width), min(y + PLATE_HEIGHT, height)
    if left < right and top < bottom:
        image[top:bottom, left:right] = plate[top - y : bottom - y, left - x : right - x]


def background(width: int = 640, height: int = 480) -> Image:
    """A still street: a grey gradient with some structure."""
    ramp = np.linspace(60, 140, height, dtype=np.uint8)[:, None]
    image = np.repeat(np.repeat(ramp, width, axis=1)[:, :, None], 3, axis=2)
    cv2.rectangle(image, (width // 3, height // 5), (width // 3 + 90, height // 5 + 60), (40, 90, 60), -1)
    return np.ascontiguousarray(image)


def frames(passes: Sequence[Pass], count: int, size: tuple[int, int] = (640, 480)) -> list[Image]:
    """The pictures of a clip."""
    still = background(*size)
    pictures = []
    for index in range(count):
        image = still.copy()
        for each in passes:
            if each.start <= index < each.end:
                age = index - each.start
                draw(image, each.code, round(each.at[0] + each.step[0] * age), round(each.at[1] + each.step[1] * age))
        pictures.append(image)
    return pictures


def write_clip(
    path: Path, passes: Sequence[Pass], count: int, *, fps: float = 10.0, size: tuple[int, int] = (640, 480)
) -> Path:
    """Write a clip as MJPEG in AVI, which every OpenCV can."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
    assert writer.isOpened()
    for image in frames(passes, count, size):
        writer.write(image)
    writer.release()
    return path


def write_video(
    path: Path,
    pictures: Iterable[Image],
    fps: int,
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    group: int = 12,
) -> Path:
    """Write pictures with a codec of FFmpeg; a key frame every ``group`` pictures."""
    with av.open(str(path), "w") as out:
        video = cast(VideoStream, out.add_stream(codec, rate=fps, options=dict(options or {})))
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        video.gop_size = group
        coming = iter(pictures)
        first = next(coming)
        video.height, video.width = first.shape[:2]
        for image in itertools.chain([first], coming):
            out.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(video.encode())
    return path


class BlockRecogniser:
    """Reads block plates (``ports.Recogniser``); whole ones surely, cut ones as scraps."""

    def recognise(self, image: Image) -> Recognition:
        """All block plates of the picture."""
        blue, green, red = (image[:, :, channel].astype(np.int16) for channel in range(3))
        mask = ((blue > 150) & (red > 150) & (green < 110)).astype(np.uint8)
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((2 * CELL + 3, CELL + 3), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(closed)
        results = [
            _read(image, (int(x), int(y), int(w), int(h))) for x, y, w, h, area in stats[1:] if area > 600 and h > 30
        ]
        height, width = image.shape[:2]
        return Recognition(width, height, tuple(results), Timings(0.0, 1.0, 1.0))


def _read(image: Image, box: tuple[int, int, int, int]) -> PlateResult:
    x, y, width, height = box
    code = 0
    for bit in range(16):
        row, column = divmod(bit, COLUMNS)
        at_y = min(y + BORDER + row * CELL + CELL // 2, image.shape[0] - 1)
        at_x = min(x + BORDER + column * CELL + CELL // 2, image.shape[1] - 1)
        code |= int(image[at_y - 1 : at_y + 2, at_x - 1 : at_x + 2].mean() > 128) << bit
    whole = width >= PLATE_WIDTH - 4
    text = text_of(code) if whole else text_of(code)[: max(width // 24, 1)]
    read = reading(text, 0.97 if whole else 0.5)
    detection = PlateDetection(Quad.from_box(Box(x, y, width, height)), 0.95 if whole else 0.6)
    return PlateResult(detection, read, PlainResolver().resolve(read))


CODES = tuple((i * 7919 + 4242) % 65_536 for i in range(1, 400))
"""Codes whose texts are far apart."""
