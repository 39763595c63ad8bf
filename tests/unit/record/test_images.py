"""Crops on the disk: whole or not at all, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from npr_edge.errors import StoreError
from npr_edge.record.images import CropFolder, encode_jpeg
from tests.support.sightings import NOW_S, event_id


@pytest.fixture
def crops(tmp_path: Path) -> CropFolder:
    return CropFolder(tmp_path / "crops")


def test_a_jpeg_holds_the_picture() -> None:
    image = np.full((40, 80, 3), (10, 120, 230), dtype=np.uint8)
    decoded = cv2.imdecode(np.frombuffer(encode_jpeg(image, 90), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.abs(decoded.astype(int) - image).max() < 8


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(StoreError, match=r"shape \(0, 5, 3\)"):
        encode_jpeg(np.zeros((0, 5, 3), dtype=np.uint8), 90)


def test_files_lie_by_day(crops: CropFolder) -> None:
    assert crops.write(event_id(1), NOW_S, b"x") == f"2027/01/15/{event_id(1)}.jpg"
    assert crops.write(event_id(2), -5.0, b"x") == f"1970/01/01/{event_id(2)}.jpg"
    crops.sync()
    assert [day.name for day in crops.days()] == ["15", "01"]


def test_writing_again_replaces(crops: CropFolder) -> None:
    crops.write(event_id(1), NOW_S, b"old")
    relative = crops.write(event_id(1), NOW_S, b"new")
    assert (crops.root / relative).read_bytes() == b"new"


def test_a_failed_write_leaves_nothing(crops: CropFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    crops.write(event_id(1), NOW_S, b"x")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        crops.write(event_id(2), NOW_S, b"x")
    assert [path.name for path in crops.root.rglob("*") if path.is_file()] == [f"{event_id(1)}.jpg"]


def test_removing_takes_empty_folders_along(crops: CropFolder) -> None:
    names = [crops.write(event_id(number), NOW_S, b"x") for number in (1, 2)]
    crops.remove(names[:1])
    assert (crops.root / names[1]).exists()
    crops.remove(names)
    assert list(crops.root.iterdir()) == []


def test_a_sweep_asks_for_many_at_a_time_and_leaves_strangers(crops: CropFolder) -> None:
    for number in range(1_200):
        folder = crops.root / "2027/01/15"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{event_id(number)}.jpg").touch()
    (folder / "notes.txt").touch()
    asked: list[int] = []

    def known(ids: object) -> set[str]:
        assert isinstance(ids, list)
        asked.append(len(ids))
        return {event_id(number) for number in range(0, 1_200, 2)}

    assert crops.sweep(folder, known) == 600
    assert asked == [500, 500, 200]
    assert len(list(folder.iterdir())) == 601
