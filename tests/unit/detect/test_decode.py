"""Tensors worked out by hand become the plates they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from npr_edge.detect.decode import Candidates, DecodeParameters, decode, merge, pairwise_iou
from npr_edge.tflite import TensorCard

Tensors = dict[str, NDArray[Any]]

SCALE, ZERO = 6 / 255, -128
CARDS = {
    "s": TensorCard(name="s", shape=(1, 4, 8, 1), dtype="int8", scale=SCALE, zero_point=ZERO),
    "c": TensorCard(name="c", shape=(1, 4, 8, 8), dtype="int8", scale=SCALE, zero_point=ZERO),
}
PARAMETERS = DecodeParameters.model_validate(
    {
        "levels": [{"stride": 8, "reach": 10.0, "score": "s", "corners": "c"}],
        "score_middle": 3.0,
        "score_slope": 2.0,
        "corner_middle": 3.0,
        "score_threshold": 0.5,
        "nms_iou": 0.4,
        "merge_iou": 0.6,
    }
)


def stored(real: float) -> int:
    return round(real / SCALE + ZERO)


def empty() -> Tensors:
    return {"s": np.full((1, 4, 8, 1), -128, np.int8), "c": np.full((1, 4, 8, 8), stored(3.0), np.int8)}


def put(tensors: Tensors, row: int, column: int, score: float, offsets: list[float]) -> None:
    tensors["s"][0, row, column, 0] = stored(score)
    tensors["c"][0, row, column] = [stored(3.0 + offset / 10.0) for offset in offsets]


def test_an_empty_road_has_no_plate() -> None:
    found = decode(empty(), CARDS, PARAMETERS)
    assert found.quads.shape == (0, 4, 2)
    assert found.scores.shape == (0,)


def test_one_cell_names_four_corners() -> None:
    tensors = empty()
    put(tensors, 1, 2, 4.0, [-12, -4, 12, -2, 12, 5, -12, 3])
    found = decode(tensors, CARDS, PARAMETERS)
    # the cell's centre is (2.5, 1.5) * 8 = (20, 12); int8 steps are 10 * 6 / 255 pixels
    assert found.quads[0] == pytest.approx(np.array([[8, 8], [32, 10], [32, 17], [8, 15]]), abs=0.15)
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-2.0)), abs=0.01)


@pytest.mark.parametrize(("score", "count"), [(3.1, 1), (2.9, 0)])
def test_threshold_is_a_chance_of_one_half(score: float, count: int) -> None:
    tensors = empty()
    put(tensors, 0, 0, score, [-8, -4, 8, -4, 8, 4, -8, 4])
    assert len(decode(tensors, CARDS, PARAMETERS).scores) == count


def test_threshold_of_the_caller_wins() -> None:
    tensors = empty()
    put(tensors, 0, 0, 2.5, [-8, -4, 8, -4, 8, 4, -8, 4])
    assert len(decode(tensors, CARDS, PARAMETERS, threshold=0.2).scores) == 1


def test_best_comes_first() -> None:
    tensors = empty()
    put(tensors, 0, 0, 3.5, [-8, -4, 8, -4, 8, 4, -8, 4])
    put(tensors, 3, 6, 5.0, [-8, -4, 8, -4, 8, 4, -8, 4])
    scores = decode(tensors, CARDS, PARAMETERS).scores
    assert len(scores) == 2
    assert scores[0] > scores[1]


def test_neighbouring_cells_of_one_plate_are_averaged() -> None:
    tensors = empty()
    put(tensors, 1, 2, 4.0, [-20, -6, 20, -6, 20, 6, -20, 6])
    put(tensors, 1, 3, 4.0, [-26, -6, 14, -6, 14, 6, -26, 6])  # 8 pixels on: the same plate, 2 px to the right
    found = decode(tensors, CARDS, PARAMETERS)
    assert len(found.scores) == 1
    assert found.quads[0, 0, 0] == pytest.approx(1.0, abs=0.3)


def boxes(*rows: tuple[float, float, float, float]) -> NDArray[np.float64]:
    return np.array([[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in rows], dtype=np.float64).reshape(-1, 4, 2)


@pytest.mark.parametrize(
    ("rows", "scores", "kept"),
    [
        ([], [], []),
        ([(0, 0, 10, 5)], [0.9], [0]),
        ([(0, 0, 10, 5), (50, 0, 60, 5)], [0.5, 0.9], [1, 0]),
        ([(0, 0, 10, 5), (3, 0, 13, 5)], [0.9, 0.8], [0]),  # IoU 0.54
        ([(0, 0, 10, 5), (6, 0, 16, 5)], [0.9, 0.8], [0, 1]),  # IoU 0.25
        ([(0, 0, 10, 5), (3, 0, 13, 5), (6, 0, 16, 5)], [0.7, 0.9, 0.8], [1]),
        ([(0, 0, 10, 5), (0, 5, 10, 10)], [0.9, 0.9], [0, 1]),  # one above the other
        ([(5, 5, 5, 5), (5, 5, 5, 5)], [0.9, 0.8], [0, 1]),  # no area, no overlap, no division by 0
    ],
)
def test_nms(rows: list[tuple[float, float, float, float]], scores: list[float], kept: list[int]) -> None:
    found = Candidates(boxes(*rows), np.array(scores, dtype=np.float64))
    left = merge(found, nms_iou=0.4, merge_iou=1.0)
    assert left.quads == pytest.approx(found.quads[np.array(kept, dtype=int)])
    assert left.scores.tolist() == [scores[index] for index in kept]


def test_iou_of_pairs() -> None:
    overlaps = pairwise_iou(np.array([[0, 0, 4, 2], [2, 0, 6, 2], [10, 10, 11, 11]], dtype=np.float64))
    assert overlaps == pytest.approx(np.array([[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 1]]))


def test_noise_everywhere_stays_bounded() -> None:
    tensors = {"s": np.full((1, 4, 8, 1), 127, np.int8), "c": empty()["c"]}
    tensors["c"][:] = [stored(3.0 + v / 10) for v in (-3, -3, 3, -3, 3, 3, -3, 3)]
    assert len(decode(tensors, CARDS, PARAMETERS).scores) == 32
