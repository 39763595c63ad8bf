"""One vehicle, one read (docs/daemon.md): what traffic does to break it."""

from __future__ import annotations

import pytest

from npr_edge.settings import CameraSettings
from tests.support.passages import CAMERA, HEIGHT, Scene, plate


def approach(
    scene: Scene, text: str, *, frames: int = 14, x: float = 500.0, confidence: float = 0.95, first: int = 0
) -> None:
    """A vehicle that comes down the picture, from frame ``first`` of its way on, and drives out of it."""
    for step in range(first, frames):
        part = step / (frames - 1)
        at = (x, 120 + part * (HEIGHT + 40 - 120))
        if at[1] < HEIGHT - 20:
            scene.look(plate(text, at, width=60 + 100 * part, confidence=confidence))
        else:
            scene.look()


@pytest.mark.parametrize("gap", [0, 2, 5, 15])
def test_neighbouring_numbers_one_behind_the_other_are_two_vehicles(gap: int) -> None:
    """A convoy of one owner: plates that differ in one character, the second where the first came from."""
    scene = Scene()
    approach(scene, "FL33TAA")
    scene.empty(gap)
    approach(scene, "FL33TAB")
    scene.empty(15)
    assert scene.reads == ["FL33TAA", "FL33TAB"]
    assert scene.unread == []


def test_equal_lanes_neighbouring_numbers_that_overlap_in_time_are_two_vehicles() -> None:
    scene = Scene()
    for step in range(24):
        here = []
        if step < 14:
            here.append(plate("FL33TAA", (500, 140 + 38 * step), width=60 + 6 * step))
        if step >= 8:
            here.append(plate("FL33TAB", (500, 140 + 38 * (step - 8)), width=60 + 6 * (step - 8)))
        scene.look(*here)
    scene.empty(15)
    assert sorted(scene.reads) == ["FL33TAA", "FL33TAB"]


def test_neighbouring_numbers_that_cross_keep_their_texts() -> None:
    scene = Scene()
    for step in range(20):
        scene.look(
            plate("FL33TAA", (100 + 55 * step, 400), confidence=0.85),
            plate("FL33TAB", (1180 - 55 * step, 412), confidence=0.85),
        )
    scene.empty(15)
    assert sorted(scene.reads) == ["FL33TAA", "FL33TAB"]
    closing = {s.plate.text: s for s in scene.said if s.closing and s.plate}
    assert all((s.first_frame, s.last_frame) == (0, 19) for s in closing.values())


@pytest.mark.parametrize(("confidence", "read"), [(0.5, "AB12CDE"), (0.7, "AB12CDE"), (0.95, "AB12CDF")])
def test_a_misread_in_the_first_frames_is_one_vehicle(confidence: float, read: str) -> None:
    """The right text wins unless the first frames were sure enough to end the vote; then it is no second read."""
    scene = Scene()
    for step in range(14):
        text = "AB12CDF" if step < 2 else "AB12CDE"
        scene.look(plate(text, (120 + 60 * step, 400), confidence=confidence))
    scene.empty(15)
    assert scene.reads == [read]
    assert scene.unread == []


@pytest.mark.parametrize("frames", [2, 3, 6])
def test_a_misread_after_an_occlusion_is_the_same_vehicle(frames: int) -> None:
    """A vehicle that was hidden for more than ``lost_s`` comes out again and is misread as sure as can be."""
    scene = Scene()
    for step in range(6):
        scene.look(plate("AB12CDE", (120 + 40 * step, 400)))
    scene.empty(14)
    for step in range(frames):
        text = "A812CDE" if step % 3 < 2 else "AB12CDE"
        scene.look(plate(text, (900 + 40 * step, 400)))
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]
    assert scene.unread == []


def test_half_hidden_by_another_vehicle_is_the_same_vehicle() -> None:
    """What is left of a plate behind another car reads like a plate of its own."""
    scene = Scene()
    for step in range(5):
        scene.look(plate("AB12CDE", (300 + 30 * step, 400)))
    scene.empty(12)
    for step in range(3):
        scene.look(plate("12CDE", (480 + 30 * step, 400), width=75))
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]
    assert scene.unread == []


@pytest.mark.parametrize("sure", [0.75, 0.95], ids=["while it is voted on", "after it was read"])
def test_a_scrap_in_the_middle_of_a_passage_is_the_same_vehicle(sure: float) -> None:
    """For a frame or two a pole hides half of the plate, and the half looks like a plate of its own."""
    scene = Scene()
    for step in range(24):
        x = 200 + 30 * step
        if step in (6, 7):
            scene.look(plate("AB12", (x - 40, 400), width=45, confidence=0.97))
        else:
            scene.look(plate("AB12CDE", (x, 400), confidence=sure))
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]
    assert scene.unread == []


def test_a_scrap_before_the_whole_plate_is_the_same_vehicle() -> None:
    scene = Scene()
    for step in range(2):
        scene.look(plate("12CDE", (300 + 30 * step, 400), width=75, confidence=0.7))
    for step in range(2, 8):
        scene.look(plate("AB12CDE", (300 + 30 * step, 400)))
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]


def test_a_parked_car_behind_passing_ones_is_read_once() -> None:
    """Vehicles pass so near that their plates stand where the parked one's stood, some of them unreadable."""
    scene = Scene()
    parked = plate("PA12KED", (640, 300))
    for _ in range(5):
        scene.look(parked)
    for text, sure in (("KL44MNP", 0.95), ("", 0.2), ("RS55TUV", 0.5), ("XY99ZZZ", 0.95)):
        for step in range(11):
            x = 100 + 108 * step
            hidden = abs(x - 640) < 330
            mine = plate(text or f"XX{step:02d}I{step}X", (x, 305), confidence=sure)
            scene.look(mine) if hidden else scene.look(mine, parked)
        for _ in range(4):
            scene.look(parked)
    scene.empty(15)
    assert scene.reads.count("PA12KED") == 1
    assert sorted(scene.reads) == ["KL44MNP", "PA12KED", "RS55TUV", "XY99ZZZ"]
    assert scene.unread == ["no_agreement"]


@pytest.mark.parametrize("text", ["PA12KED", "PA12KEO", "P412KEO", "F412KEO"])
def test_a_parked_car_by_another_light_is_not_read_again(text: str) -> None:
    """Hidden for minutes, then misread at the very same place, in up to three characters of seven."""
    scene = Scene()
    for _ in range(6):
        scene.look(plate("PA12KED", (640, 300)))
    scene.empty(15)
    scene.wait(600)
    for _ in range(3):
        scene.look(plate(text, (640, 300)))
    scene.empty(15)
    assert scene.reads == ["PA12KED"]


def test_another_car_in_the_same_place_is_read() -> None:
    scene = Scene()
    for text in ("PA12KED", "KL44MNP"):
        for _ in range(6):
            scene.look(plate(text, (640, 300)))
        scene.empty(15)
    assert scene.reads == ["PA12KED", "KL44MNP"]


def test_a_vehicle_that_turns_back_is_read_once() -> None:
    """It comes near, stops, drives back out of the picture and returns within ``reappear_s``."""
    scene = Scene()
    ways = [140 + 40 * step for step in range(10)]
    for y in [*ways, *[ways[-1]] * 6, *reversed(ways)]:
        scene.look(plate("AB12CDE", (500, y), width=60 + y / 6))
    scene.empty(50)
    approach(scene, "AB12CDE", confidence=0.8)
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]
    assert scene.unread == []


@pytest.mark.parametrize(
    ("reappear_s", "away_s", "reads"), [(30.0, 25.0, 1), (30.0, 32.0, 2), (5.0, 7.0, 2), (120.0, 100.0, 1)]
)
def test_reappear_counts_from_the_last_sight(reappear_s: float, away_s: float, reads: int) -> None:
    """However long the vehicle was in view before."""
    scene = Scene(camera=CameraSettings(id="gate", source="v4l2:/dev/video0", reappear_s=reappear_s))
    for step in range(100):
        scene.look(plate("AB12CDE", (100 + 10 * step, 400)))
    scene.empty(round(10 * min(away_s, 3.0)))
    scene.wait(away_s - min(away_s, 3.0))
    approach(scene, "AB12CDE")
    scene.empty(15)
    assert scene.reads == ["AB12CDE"] * reads


def test_a_misread_within_reappear_is_the_same_vehicle_and_renews_it() -> None:
    """Every sight of a vehicle, misread or not, counts from then on."""
    scene = Scene()
    for text in ("AB12CDE", "A812CDE", "AB12CDE"):
        approach(scene, text, confidence=0.85, first=9)
        scene.empty(15)
        scene.wait(CAMERA.reappear_s - 6)
    assert scene.reads == ["AB12CDE"]


def test_two_cars_side_by_side_that_swap_places_keep_their_texts() -> None:
    """Overtaking: the plates come closer than a plate's width, and each is lost for some frames."""
    scene = Scene()
    for step in range(24):
        here = [
            plate("AB12CDE", (400 + 8 * step, 200 + 15 * step)),
            plate("KL44MNP", (560 - 4 * step, 150 + 20 * step)),
        ]
        if step in (9, 10, 13):
            here.pop(0)
        if step in (10, 11, 12):
            here.pop()
        scene.look(*here)
    scene.empty(15)
    assert sorted(scene.reads) == ["AB12CDE", "KL44MNP"]
    assert scene.unread == []
