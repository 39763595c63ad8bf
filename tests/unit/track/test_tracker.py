"""One vehicle, one read; every other tracked plate in the ledger with its reason."""

from __future__ import annotations

import pytest

from npr_edge.domain import Direction
from npr_edge.settings import CameraSettings, TrackSettings
from tests.support.passages import CAMERA, HEIGHT, START_WALL_S, WIDTH, Scene, plate


def drive(scene: Scene, text: str, *, frames: int = 12, speed: float = 60.0, **kwargs: float) -> None:
    """A vehicle that crosses from left to right; ``speed`` in pixels per frame."""
    for step in range(frames):
        scene.look(plate(text, (120 + speed * step, 400), **kwargs))


def test_a_passage_is_one_read_with_an_end() -> None:
    scene = Scene()
    drive(scene, "AB12CDE")
    scene.empty(15)
    final, closing = scene.said
    assert (final.in_view, closing.closing) == (True, True)
    assert final.event_id == closing.event_id
    assert final.plate is not None
    assert final.plate.text == "AB12CDE"
    assert (final.first_frame, final.last_frame) == (0, 1)
    assert (final.votes_agreeing, final.votes_total) == (2, 2)
    assert (closing.first_frame, closing.last_frame) == (0, 11)
    assert closing.last_seen_s == pytest.approx(START_WALL_S + 1.1)


def test_the_read_comes_with_the_frame_that_agrees() -> None:
    scene = Scene()
    assert not scene.look(plate("AB12CDE", (120, 400)))
    assert scene.look(plate("AB12CDE", (180, 400)))


def test_a_fast_vehicle_is_one_read() -> None:
    scene = Scene()
    drive(scene, "AB12CDE", frames=3, speed=500)
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]


@pytest.mark.parametrize(("confidence", "reads"), [(0.95, ["AB12CDE"]), (0.6, [])])
def test_a_single_frame_is_read_only_where_it_is_sure(confidence: float, reads: list[str]) -> None:
    scene = Scene()
    scene.look(plate("AB12CDE", (300, 400), confidence=confidence))
    scene.empty(15)
    assert scene.reads == reads
    assert scene.unread == ([] if reads else ["low_confidence"])
    if reads:
        assert (scene.said[0].votes_agreeing, scene.said[0].votes_total) == (1, 1)


def test_missed_frames_do_not_break_a_passage() -> None:
    scene = Scene()
    for step in range(16):
        if step % 4 in (0, 1):
            scene.look(plate("AB12CDE", (100 + 60 * step, 400), confidence=0.85))
        else:
            scene.look()
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]


def test_two_vehicles_that_cross_keep_their_texts() -> None:
    scene = Scene()
    for step in range(20):
        scene.look(
            plate("AB12CDE", (100 + 55 * step, 400), confidence=0.8),
            plate("XY99ZZZ", (1180 - 55 * step, 410), confidence=0.8),
        )
    scene.empty(15)
    assert sorted(scene.reads) == ["AB12CDE", "XY99ZZZ"]
    closing = {s.plate.text: s for s in scene.said if s.closing and s.plate}
    assert all(s.last_frame == 19 for s in closing.values())


def test_a_parked_car_is_read_once_while_others_pass() -> None:
    scene = Scene()
    parked = plate("PA12KED", (1000, 200))
    for text in ("AB12CDE", "XY99ZZZ"):
        for step in range(12):
            scene.look(parked, plate(text, (100 + 60 * step, 500)))
        for _ in range(12):
            scene.look(parked)
    scene.wait(30)
    scene.look(parked)
    scene.empty(40)  # hidden by something
    scene.wait(600)
    for _ in range(5):
        scene.look(parked)
    scene.end()
    assert scene.reads == ["PA12KED", "AB12CDE", "XY99ZZZ"]
    assert scene.unread == []


def test_a_parked_car_asks_for_no_more_frames() -> None:
    scene = Scene()
    for _ in range(3):
        scene.look(plate("PA12KED", (1000, 200)))
    assert not scene.tracker.busy


def test_an_unreadable_parked_car_asks_for_no_more_frames_after_the_delay() -> None:
    scene = Scene()
    for _ in range(40):
        scene.look(plate("PA12KED", (1000, 200), confidence=0.3))
    assert not scene.tracker.busy
    assert scene.said == []
    scene.end()
    assert len(scene.unread) == 1


def test_a_misread_after_an_occlusion_is_no_second_vehicle() -> None:
    scene = Scene()
    drive(scene, "AB12CDE", frames=6)
    scene.empty(15)
    drive(scene, "AB12CDF", frames=2)
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]
    assert scene.tracker.tally.merged == 1


def test_a_vehicle_that_comes_back_later_is_read_again() -> None:
    scene = Scene()
    drive(scene, "AB12CDE")
    scene.empty(15)
    scene.wait(CAMERA.reappear_s)
    drive(scene, "AB12CDE")
    scene.empty(15)
    assert scene.reads == ["AB12CDE", "AB12CDE"]
    assert len({s.event_id for s in scene.said}) == 2


def test_neighbouring_numbers_in_one_picture_are_two_vehicles() -> None:
    scene = Scene()
    for step in range(8):
        scene.look(plate("FL33TAA", (100 + 60 * step, 400)), plate("FL33TAB", (600 + 60 * step, 400)))
    scene.empty(15)
    assert sorted(scene.reads) == ["FL33TAA", "FL33TAB"]


def test_a_disagreement_is_unread() -> None:
    scene = Scene()
    for step, text in enumerate(["AB12CDE", "KL44MNP", "AX91CQE", "RS55TUV"]):
        scene.look(plate(text, (300 + 5 * step, 400), confidence=0.5))
    scene.empty(15)
    assert scene.reads == []
    assert scene.unread == ["no_agreement"]


@pytest.mark.parametrize(
    ("kwargs", "reason"),
    [
        ({"width": 18.0, "confidence": 0.03}, "too_small"),
        ({"confidence": 0.1}, "low_confidence"),
        ({"confidence": 0.2}, "low_confidence"),
    ],
)
def test_reasons(kwargs: dict[str, float], reason: str) -> None:
    scene = Scene()
    for step in range(6):
        scene.look(plate("AB12CDE", (300 + 3 * step, 400), **kwargs))
    scene.empty(15)
    assert scene.unread == [reason]


def test_texts_of_no_format_say_so() -> None:
    scene = Scene()
    for step in range(6):
        scene.look(plate("STOP", (300 + 3 * step, 400), confidence=0.3))
    scene.empty(15)
    assert scene.unread == ["bad_format"]


def test_a_plate_that_is_never_whole_is_cut_off_and_never_read() -> None:
    scene = Scene()
    for _ in range(4):
        scene.look(plate("AB12C", (50, 400)))
    scene.empty(15)
    assert scene.unread == ["cut_off"]


def test_a_scrap_at_the_border_is_part_of_the_passage() -> None:
    scene = Scene()
    drive(scene, "AB12CDE", frames=10, speed=100)
    scene.look()
    scene.look()
    scene.look(plate("AB12C", (WIDTH - 45, 400), width=90))
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]
    assert scene.unread == []


def test_a_weak_flash_is_no_plate() -> None:
    scene = Scene()
    scene.look(plate("I1I1I", (300, 400), confidence=0.1, score=0.45))
    scene.empty(15)
    assert scene.said == []
    assert scene.tracker.tally.false_alarms == 1


def test_a_preview_carries_the_id_of_the_read() -> None:
    scene = Scene(settings=TrackSettings(preview=True))
    drive(scene, "AB12CDE", confidence=0.7)
    scene.empty(15)
    assert scene.said[0].preview
    assert len({s.event_id for s in scene.said}) == 1
    assert scene.reads == ["AB12CDE"]


def test_a_slow_vote_ends_after_the_delay() -> None:
    settings = TrackSettings(max_delay_s=1.0, early_confidence=1.0)
    scene = Scene(settings=settings)
    drive(scene, "AB12CDE", frames=30, speed=20)
    final = scene.said[0]
    assert final.in_view
    assert final.last_monotonic_s - final.first_monotonic_s == pytest.approx(1.0)


@pytest.mark.parametrize(("growth", "direction"), [(1.1, Direction.APPROACHING), (1 / 1.1, Direction.LEAVING)])
def test_direction_by_growth(growth: float, direction: Direction) -> None:
    scene = Scene()
    for step in range(8):
        scene.look(plate("AB12CDE", (640, 360), width=90 * growth**step))
    scene.end()
    assert scene.said[-1].direction is direction


@pytest.mark.parametrize(("start", "step", "direction"), [(100, 60, "approaching"), (700, -60, "leaving")])
def test_direction_by_line(start: float, step: float, direction: str) -> None:
    camera = CameraSettings(id="gate", source="v4l2:/dev/video0", line=((0.0, 0.5), (1.0, 0.5)))
    scene = Scene(camera=camera)
    for i in range(11):
        scene.look(plate("AB12CDE", (640, start + step * i), width=100))
    scene.end()
    assert scene.said[-1].line_crossed
    assert scene.said[-1].direction.value == direction


def test_zones_masks_and_least_width() -> None:
    camera = CameraSettings(
        id="gate",
        source="v4l2:/dev/video0",
        zones=[[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]],
        masks=[[(0.0, 0.0), (0.5, 0.0), (0.5, 0.1), (0.0, 0.1)]],
        min_plate_width=0.05,
    )
    scene = Scene(camera=camera)
    for _ in range(4):
        scene.look(
            plate("IN51DEX", (300, 400)),
            plate("OUT51DE", (1000, 400)),
            plate("MA53ED", (300, 30)),
            plate("SM41LX", (300, HEIGHT - 100), width=50),
        )
    scene.end()
    assert scene.reads == ["IN51DEX"]
    assert scene.unread == []


def test_an_early_vote_survives_one_wrong_frame() -> None:
    scene = Scene()
    scene.look(plate("AB12CDF", (300, 400), confidence=0.5))
    drive(scene, "AB12CDE", confidence=0.85)
    scene.empty(15)
    assert scene.reads == ["AB12CDE"]
    assert scene.said[-1].votes_agreeing < scene.said[-1].votes_total


def test_a_dim_still_thing_at_the_border_is_no_plate() -> None:
    scene = Scene()
    for _ in range(20):
        scene.look(plate("SIGN", (50, 400), confidence=0.2, score=0.5))
    scene.empty(15)
    assert scene.said == []
