from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from npr_edge.training.scenes import (
    ClipPlan,
    PlatePicture,
    Pose,
    TruthKeeper,
    approaching,
    crossing,
    leaving,
    parked,
    read_pack,
    render_clip,
    render_scene,
    write_clip,
    write_pack,
)
from npr_edge.training.scenes.camera import Camera, Plane
from npr_edge.training.scenes.files import write_scenes

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def plates() -> list[PlatePicture]:
    return read_pack(DATA / "plates.npz")


def flat_plate(text: str, shade: int) -> PlatePicture:
    return PlatePicture(np.full((60, 280, 3), shade, np.uint8), text, "gb", 1)


def test_scenes_and_packs_load_neither_torch_nor_pillow_nor_fonttools() -> None:
    code = (
        "import sys, npr_edge.training.scenes, npr_edge.training.scenes.files;"
        "print([name for name in ('torch', 'PIL', 'fontTools') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_farther_is_smaller_and_higher() -> None:
    camera = Camera(640, 360, 900, 2.5, 0.2)
    sizes, heights = [], []
    for z in (5.0, 10.0, 20.0):
        corners = camera.project(Plane((-0.5, 0, z), (1, 0, 0), (0, 1, 0)).corners())
        sizes.append(corners[1, 0] - corners[0, 0])
        heights.append(corners[3, 1])
        assert corners[0, 1] < corners[3, 1]
    assert sizes == sorted(sizes, reverse=True)
    assert heights == sorted(heights, reverse=True)
    assert min(heights) > camera.horizon


def test_a_scene_shows_the_plate_where_its_quad_says() -> None:
    """The same scene with a black and with a white plate differs inside the quad and nowhere else."""
    dark, bright = (render_scene(np.random.default_rng(5), [flat_plate("AB12CDE", shade)]) for shade in (10, 245))
    [plate] = dark.plates
    assert (plate.text, plate.region, plate.lines) == ("AB12CDE", "gb", 1)
    assert plate.visible > 0.9
    changed = np.abs(dark.image.astype(int) - bright.image.astype(int)).max(axis=2) > 60
    inside = np.zeros(changed.shape, np.uint8)
    cv2.fillPoly(inside, [plate.quad.round().astype(np.int32)], 1)
    assert changed[inside == 1].mean() > 0.85
    assert not changed[cv2.dilate(inside, np.ones((7, 7), np.uint8)) == 0].any()


def test_scenes_are_repeatable_and_night_is_darker(plates: list[PlatePicture]) -> None:
    first, second = (render_scene(np.random.default_rng(3), plates[:1], (320, 180)) for _ in range(2))
    night = render_scene(np.random.default_rng(3), plates[:1], (320, 180), night=True)
    assert np.array_equal(first.image, second.image)
    assert night.image.mean() < first.image.mean() / 2


def test_a_nearer_vehicle_hides_the_plate_behind_it(plates: list[PlatePicture]) -> None:
    hidden = parked(plates[0], 1.0, Pose(0.0, 14.0))
    hiding = parked(plates[1], 1.0, Pose(0.0, 7.0))
    frame = next(render_clip(ClipPlan([hidden, hiding], 1.0)))
    visible = {plate.vehicle: plate.visible for plate in frame.plates}
    assert visible[0] < 0.1
    assert visible[1] > 0.9


def test_a_clip_tells_when_each_plate_was_in_view(plates: list[PlatePicture]) -> None:
    one = [plate for plate in plates if plate.lines == 1]
    plan = ClipPlan(
        [parked(one[0], 8), approaching(one[1], 0.5, 2.5), leaving(one[2], 3.0, 2.5), crossing(one[3], 6.0, 1.8)],
        8.0, fps=5, night_from_s=5.8,
    )  # fmt: skip
    keeper = TruthKeeper(plan)
    widths: dict[int, list[float]] = {}
    for frame in render_clip(plan):
        assert frame.image.shape == (360, 640, 3)
        keeper.see(frame)
        for plate in frame.plates:
            if plate.visible > 0.9:
                widths.setdefault(plate.vehicle, []).append(plate.width)
    truth = {row.text: row for row in keeper.truth()}
    assert set(truth) == {one[index].text for index in range(4)}
    assert truth[one[0].text].first_frame == 0
    assert 0.5 * 5 <= truth[one[1].text].first_frame < truth[one[1].text].last_frame < 3.0 * 5
    assert [truth[one[index].text].night for index in range(4)] == [False, False, False, True]
    assert [truth[one[index].text].way for index in range(4)] == ["parked", "approaching", "leaving", "crossing"]
    assert widths[1] == sorted(widths[1])
    assert widths[2] == sorted(widths[2], reverse=True)
    assert all(row.widest_px > 45 for row in truth.values() if row.way != "parked")


def test_a_written_clip_is_read_back_frame_by_frame(plates: list[PlatePicture], tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    truth = write_clip(path, ClipPlan([approaching(plates[0], 0.0, 2.0)], 2.0, fps=5, size=(320, 180)))
    capture = cv2.VideoCapture(str(path))
    frames = 0
    while capture.read()[0]:
        frames += 1
    assert frames == 10
    assert len(truth) <= 1


def test_a_clip_that_cannot_be_written_is_an_error(plates: list[PlatePicture], tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot write a video"):
        write_clip(tmp_path / "none" / "clip.mp4", ClipPlan([], 1.0))


def test_packs_keep_labels_and_pictures(plates: list[PlatePicture], tmp_path: Path) -> None:
    write_pack(tmp_path / "pack.npz", plates[:5], 95)
    again = read_pack(tmp_path / "pack.npz")
    assert [(p.text, p.region, p.lines) for p in again] == [(p.text, p.region, p.lines) for p in plates[:5]]
    for before, after in zip(plates, again, strict=False):
        assert np.abs(before.image.astype(int) - after.image.astype(int)).mean() < 6


def test_a_training_set_has_the_form_of_the_photographs(plates: list[PlatePicture], tmp_path: Path) -> None:
    write_scenes(tmp_path, 2, 9, lambda rng: plates[int(rng.integers(len(plates)))], size=(320, 192))
    rows = [json.loads(line) for line in (tmp_path / "annotations.jsonl").read_text().splitlines()]
    assert [row["file"] for row in rows] == ["00000.jpg", "00001.jpg"]
    for row in rows:
        image = cv2.imread(str(tmp_path / "images" / row["file"]))
        assert image is not None
        assert image.shape == (row["height"], row["width"], 3)
        for plate in row["plates"]:
            assert np.shape(plate["quad"]) == (4, 2)
            assert len(plate["box"]) == 4


def test_the_travelling_scenes_and_clip_agree_with_their_labels() -> None:
    scenes = json.loads((DATA / "scenes" / "labels.json").read_text())["scenes"]
    assert {scene["file"] for scene in scenes} == {path.name for path in (DATA / "scenes").glob("*.jpg")}
    for scene in scenes:
        image = cv2.imread(str(DATA / "scenes" / scene["file"]))
        assert image is not None
        for plate in scene["plates"]:
            quad = np.array(plate["quad"])
            assert quad.min() >= 0
            assert (quad <= [image.shape[1], image.shape[0]]).all()
    about = json.loads((DATA / "clips" / "demo.json").read_text())
    capture = cv2.VideoCapture(str(DATA / "clips" / "demo.mp4"))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == about["frames"]
    ways = [vehicle["way"] for vehicle in about["vehicles"]]
    assert {"parked", "approaching", "leaving", "crossing"} == set(ways)
    assert any(vehicle["lines"] == 2 for vehicle in about["vehicles"])
    assert {vehicle["night"] for vehicle in about["vehicles"]} == {True, False}
