"""Videos through PyAV: every picture keeps its number, whoever sleeps; damage costs pictures, not the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from npr_edge.capture.stream import Shot, VideoStream
from npr_edge.domain import Image
from npr_edge.errors import CaptureError
from tests.support.clips import background, write_video

FPS = 10


def open_clip(path: Path) -> VideoStream:
    return VideoStream(av.open(str(path)), str(path))


def read_all(path: Path, awake: Callable[[int], bool]) -> list[Shot]:
    stream, shots = open_clip(path), list[Shot]()
    while (shot := stream.read(awake(len(shots)))) is not None:
        shots.append(shot)
    stream.close()
    return shots


def numbered(count: int) -> list[Image]:
    """Pictures of a still street on which eight blocks say which picture it is."""
    pictures = []
    for index in range(count):
        image = background(320, 240)
        for bit in range(8):
            image[200:232, 32 * bit : 32 * bit + 32] = 220 if index >> bit & 1 else 20
        pictures.append(image)
    return pictures


def number_of(image: Image) -> int:
    return sum(1 << bit for bit in range(8) if image[210:222, 32 * bit + 10 : 32 * bit + 22].mean() > 120)


CODECS = pytest.mark.parametrize(
    ("codec", "options", "group"),
    [
        ("libx264", {"bf": "3", "crf": "15"}, 10),
        ("libx264", {"bf": "0", "crf": "15"}, 15),
        ("mpeg4", {"qscale": "2"}, 12),
        ("mjpeg", {"qscale": "2"}, 1),
        ("libx264", {"bf": "3", "crf": "15"}, 250),
    ],
    ids=["h264 with B frames", "h264", "mpeg4", "mjpeg", "h264 with rare key frames"],
)


@CODECS
@pytest.mark.parametrize(
    "awake",
    [lambda n: True, lambda n: False, lambda n: n % 7 == 3, lambda n: n // 11 % 2 == 0],
    ids=["awake", "asleep", "now and then", "in turns"],
)
def test_every_picture_is_told_of_once_and_shows_what_its_number_says(
    tmp_path: Path, codec: str, options: dict[str, str], group: int, awake: Callable[[int], bool]
) -> None:
    path = write_video(tmp_path / "a.mkv", numbered(80), FPS, codec=codec, options=options, group=group)
    shots = read_all(path, awake)
    assert [shot.position for shot in shots] == list(range(80))
    for shot in shots:
        if shot.pixels is not None:
            assert number_of(shot.pixels()) == shot.position
            assert shot.luma is not None


@CODECS
def test_whoever_is_awake_misses_nothing(tmp_path: Path, codec: str, options: dict[str, str], group: int) -> None:
    path = write_video(tmp_path / "a.mkv", numbered(60), FPS, codec=codec, options=options, group=group)
    assert all(shot.pixels is not None for shot in read_all(path, lambda n: True))
    woken = read_all(path, lambda n: n >= 25)
    assert all(shot.pixels is not None for shot in woken[30:])


@pytest.mark.parametrize(("codec", "options", "most"), [("libx264", {"bf": "3"}, 0.6), ("mjpeg", {}, 0.4)])
def test_what_nothing_depends_on_is_left_undecoded(
    tmp_path: Path, codec: str, options: dict[str, str], most: float
) -> None:
    group = 1 if codec == "mjpeg" else 250
    path = write_video(tmp_path / "a.mkv", [background()] * 60, FPS, codec=codec, options=options, group=group)
    decoded = [shot.luma is not None for shot in read_all(path, lambda n: False)]
    assert sum(decoded) <= most * 60
    gaps = "".join(".x"[each] for each in decoded[:-3]).split("x")
    assert max(len(gap) for gap in gaps) <= 3


def test_colours_are_those_of_opencv(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", [background(), background()], FPS, codec="libx264", options={"crf": "10"})
    ours = read_all(path, lambda n: True)[0]
    assert ours.pixels is not None
    theirs = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG).read()[1]
    assert np.abs(ours.pixels().astype(int) - theirs).max() <= 2


def test_a_file_without_video_is_none(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.wav"), "w") as out:
        sound = out.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        out.mux(sound.encode(frame))
    with pytest.raises(CaptureError, match="holds no video"):
        open_clip(tmp_path / "a.wav")


def test_a_damaged_packet_costs_its_group_at_most(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(60), FPS, codec="libx264", group=10, options={"bf": "0"})
    with av.open(str(path)) as container:
        packet = [each for each in container.demux(video=0) if each.size][23]
        assert packet.pos is not None
        start, length = packet.pos, packet.size
    data = bytearray(path.read_bytes())
    data[start + 5 : start + length] = b"\xff" * (length - 5)
    path.write_bytes(data)
    shots = read_all(path, lambda n: True)
    assert [shot.position for shot in shots] == list(range(60))
    right = [shot.pixels is not None and number_of(shot.pixels()) == shot.position for shot in shots]
    assert sum(right) >= 52
