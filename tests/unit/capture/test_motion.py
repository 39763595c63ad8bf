"""The motion gate: still scenes are left alone, movement and parked cars are not."""

from __future__ import annotations

import numpy as np
import pytest

from npr_edge.capture.driver import Luma, thinned
from npr_edge.capture.motion import MotionGate
from npr_edge.domain import Glimpse, Image
from npr_edge.settings import MotionSettings
from tests.support.clips import CODES, Pass, frames


def wants(gate: MotionGate, image: Image, index: int, busy: bool = False, fps: float = 10.0) -> bool:
    return gate.wants(glimpse(thinned(image[:, :, 1]), 100.0 + index / fps), busy)


def glimpse(luma: Luma, at_s: float) -> Glimpse:
    return Glimpse("a", 0, at_s, 0.0, True, luma, lambda: np.zeros((2, 2, 3), np.uint8))


GRAIN = np.random.default_rng(1).normal(0, 4.0, (8, 480, 640, 1)).astype(np.int16)
"""Sensor noise, made once: drawing it anew for every frame would take longer than all the rest."""


def noisy(image: Image, index: int) -> Image:
    grain = np.roll(GRAIN[index % 8], 13 * index, axis=1)
    return np.asarray(np.clip(image.astype(np.int16) + grain, 0, 255), dtype=np.uint8)


def test_a_still_noisy_scene_is_looked_at_at_first_and_then_rarely() -> None:
    gate, still = MotionGate(MotionSettings(forced_look_s=20)), frames([], 1)[0]
    looked = [index for index in range(300) if wants(gate, noisy(still, index), index)]
    assert looked[0] == 0  # a parked car in view at the start is read
    assert len(looked) <= 12
    assert max(looked) >= 200


def test_a_vehicle_wakes_the_gate_with_its_first_frames() -> None:
    gate = MotionGate(MotionSettings())
    clip = frames([Pass(CODES[0], 60, 90)], 120)
    looked = [index for index, image in enumerate(clip) if wants(gate, noisy(image, index), index)]
    assert set(range(62, 88)) <= set(looked)
    assert not set(range(12, 58)) & set(looked)


def test_the_whole_picture_growing_darker_is_no_movement() -> None:
    gate, still = MotionGate(MotionSettings(forced_look_s=0)), frames([], 1)[0]
    looked = [
        index
        for index in range(100)
        if wants(gate, np.clip(still.astype(int) - index // 4, 0, 255).astype(np.uint8), index)
    ]
    assert max(looked) <= 6


def test_vehicles_being_followed_keep_it_open() -> None:
    gate, still = MotionGate(MotionSettings()), frames([], 1)[0]
    assert all(wants(gate, still, index, busy=True) for index in range(50))


def test_switched_off_it_wants_everything() -> None:
    gate, still = MotionGate(MotionSettings(enabled=False)), frames([], 1)[0]
    assert all(wants(gate, still, index) for index in range(50))


@pytest.mark.parametrize("shape", [(180, 320), (90, 160)])
def test_a_camera_s_own_small_picture_is_used(shape: tuple[int, int]) -> None:
    gate = MotionGate(MotionSettings(forced_look_s=0))
    small = np.full(shape, 90, np.uint8)
    changed = small.copy()
    changed[: shape[0] // 4, : shape[1] // 4] = 200
    seen = [gate.wants(glimpse(changed if i >= 30 else small, i / 10), busy=False) for i in range(40)]
    assert not any(seen[10:30])
    assert seen[30]
