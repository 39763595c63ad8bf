"""Clips, pacing, schedules, frozen pictures, and what the drivers of absent hardware say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from npr_edge.capture.child import open_driver
from npr_edge.capture.driver import Pace, Picture, turned
from npr_edge.capture.frozen import FrozenCheck
from npr_edge.capture.jetson import pipeline
from npr_edge.capture.network import url_with_credentials
from npr_edge.capture.replay import ReplayDriver
from npr_edge.capture.schedule import is_open
from npr_edge.domain import Glimpse, Image
from npr_edge.errors import CaptureError
from npr_edge.settings import CameraSettings
from tests.support.clips import write_clip


def camera(source: str, **values: Any) -> CameraSettings:
    return CameraSettings.model_validate({"id": "a", "source": source, **values})


def fast(path: Path, **values: Any) -> CameraSettings:
    return camera(f"replay:{path}", replay={"realtime": False, **values.pop("replay", {})}, **values)


def indices(driver: ReplayDriver, most: int = 1000) -> list[int]:
    found: list[int] = []
    while len(found) < most and (picture := driver.read()) is not None:
        found.append(picture.index)
    return found


def colours(picture: Picture) -> Image:
    assert picture.pixels is not None
    return picture.pixels()


def test_a_video_is_numbered_from_0_and_ends(tmp_path: Path) -> None:
    driver = ReplayDriver(fast(write_clip(tmp_path / "a.avi", [], 12)))
    assert indices(driver) == list(range(12))
    assert driver.read() is None
    assert (driver.fps, driver.total) == (10.0, 12)


def test_times_are_those_of_the_clip(tmp_path: Path) -> None:
    driver = ReplayDriver(fast(write_clip(tmp_path / "a.avi", [], 5)))
    times = [picture.monotonic_s for _ in range(5) if (picture := driver.read()) is not None]
    assert np.allclose(np.diff(times), 0.1)


def test_fewer_frames_per_second_keep_their_numbers(tmp_path: Path) -> None:
    driver = ReplayDriver(fast(write_clip(tmp_path / "a.avi", [], 12), fps=5))
    assert indices(driver) == [1, 3, 5, 7, 9, 11]


def test_a_loop_goes_on_counting(tmp_path: Path) -> None:
    driver = ReplayDriver(fast(write_clip(tmp_path / "a.avi", [], 4), replay={"loop": True}))
    assert indices(driver, 10) == list(range(10))


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((8, 8, 3), number, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    driver = ReplayDriver(fast(tmp_path))
    assert [int(colours(picture)[0, 0, 0]) for _ in range(3) if (picture := driver.read())] == [0, 1, 2]
    assert driver.read() is None


@pytest.mark.parametrize(("content", "message"), [(None, "no such clip"), (b"text", "is no video")])
def test_bad_clips_are_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaptureError, match=message):
        ReplayDriver(fast(path))


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="has no pictures"):
        ReplayDriver(fast(tmp_path))


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"x")
    with pytest.raises(CaptureError, match=r"1\.jpg: is no picture"):
        ReplayDriver(fast(tmp_path)).read()


def test_pace_takes_no_more_than_asked() -> None:
    pace = Pace(10.0)
    taken = [moment for moment in range(300) if pace.is_due(1000 + moment / 30)]
    assert 99 <= len(taken) <= 101


def test_pictures_are_turned() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 0] = 255
    assert turned(image, 0) is image
    assert turned(image, 90).shape == (3, 2, 3)
    assert turned(image, 90)[0, 1, 0] == 255
    assert turned(image, 180)[1, 2, 0] == 255


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        ([], "2026-11-24 03:00", True),
        (["06:00-22:00"], "2026-11-24 06:00", True),
        (["06:00-22:00"], "2026-11-24 22:00", False),
        (["mon-fri 06:00-22:00"], "2026-11-28 12:00", False),  # a Saturday
        (["mon-fri 06:00-22:00", "sat 08:00-12:00"], "2026-11-28 08:30", True),
        (["22:00-05:00"], "2026-11-24 23:30", True),
        (["fri 22:00-05:00"], "2026-11-28 04:59", True),
        (["fri 22:00-05:00"], "2026-11-27 04:59", False),
        (["sat-mon 00:00-24:00"], "2026-11-29 12:00", True),
    ],
)
def test_schedules(schedule: list[str], moment: str, expected: bool) -> None:
    assert is_open(schedule, datetime.fromisoformat(moment)) is expected


def frame(value: int, at_s: float) -> Glimpse:
    return Glimpse("a", 0, at_s, 0.0, True, np.full((64, 64), value, np.uint8), None)


def test_a_frozen_picture_is_a_fault_after_its_time() -> None:
    check = FrozenCheck(5.0)
    for second in range(5):
        check.check(frame(1, second))
    with pytest.raises(CaptureError, match="very same picture for 5 s"):
        check.check(frame(1, 5.0))


def test_a_picture_that_changes_is_none_and_0_never_looks() -> None:
    check = FrozenCheck(5.0)
    for second in range(20):
        check.check(frame(second // 3, second))
    never = FrozenCheck(0.0)
    for second in range(20):
        never.check(frame(1, 100.0 * second))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("v4l2:/dev/video97", "no such device"),
        ("picamera2:0", "apt install python3-picamera2"),
        ("jetson-csi:0", "no GStreamer"),
        ("http://127.0.0.1:1/video", "no answer"),
    ],
)
def test_absent_hardware_says_what_to_do(source: str, message: str) -> None:
    with pytest.raises(CaptureError, match=message):
        open_driver(camera(source))


def test_the_jetson_pipeline_is_that_of_the_contract() -> None:
    text = pipeline(1, 1280, 720)
    assert text.startswith("nvarguscamerasrc sensor-id=1 ! video/x-raw(memory:NVMM),width=1280,height=720,format=NV12")
    assert text.endswith("appsink drop=1 max-buffers=1 sync=false")


def test_credentials_go_into_the_address_and_nowhere_else(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("p@ss/word\nsecond line\n")
    gate = camera("rtsp://cam.local/1", username="me", password_file=str(secret))
    assert url_with_credentials(gate) == "rtsp://me:p%40ss%2Fword@cam.local/1"
    assert "p@ss" not in gate.public_source
    with pytest.raises(CaptureError, match="cannot be read"):
        url_with_credentials(camera("rtsp://cam.local/1", username="me", password_file=str(tmp_path / "none")))
