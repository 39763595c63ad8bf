from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npr_edge.domain import Image, PlateDetection, PlateReading, RegionCandidate, ResolvedPlate, TextCandidate
from npr_edge.geometry import Box, Quad
from npr_edge.recognise import (
    AloneDetector,
    ConfirmedDetector,
    PlateRecogniser,
    candidate_score,
    outlined,
    weighed,
)
from tests.support.plates import plate_result

LEFT = plate_result("LEFT", confidence=0.6, box=(0, 0, 30, 10))
RIGHT = plate_result("RIGHT", confidence=0.9, box=(50, 0, 30, 10))


class TwoPlates:
    def detect(self, image: Image) -> Sequence[PlateDetection]:
        return [LEFT.detection, RIGHT.detection]

    def read(self, image: Image, quad: Quad) -> PlateReading:
        return LEFT.reading if quad.hull().x < 50 else RIGHT.reading


class Grammar:
    def resolve(self, reading: PlateReading) -> ResolvedPlate:
        return LEFT.plate if reading is LEFT.reading else RIGHT.plate

    def resolve_text(self, text: str, regions: Sequence[RegionCandidate] = ()) -> ResolvedPlate:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("outline", "confidence", "expected"),
    [
        (Box(1, 1, 28, 9), 0.9, Box(1, 1, 28, 9)),  # nearly the same place, seen from near by
        (Box(1, 1, 28, 9), 0.6, Box(0, 0, 30, 10)),  # too blurred to be read, or to be sure of its edges
        (Box(2, 0, 9, 3), 0.9, Box(0, 0, 30, 10)),  # a word within something that was no plate
    ],
)
def test_a_result_has_the_corners_that_the_reader_saw(outline: Box, confidence: float, expected: Box) -> None:
    reading = replace(LEFT.reading, candidates=(TextCandidate("LEFT", confidence),), outline=Quad.from_box(outline))
    assert outlined(LEFT.detection, reading).quad.hull() == expected
    assert outlined(LEFT.detection, LEFT.reading) is LEFT.detection


def test_every_plate_keeps_its_own_reading_and_the_best_comes_first() -> None:
    stages = TwoPlates()
    recognition = PlateRecogniser(stages, stages, Grammar()).recognise(np.zeros((40, 90, 3), dtype=np.uint8))
    assert [result.plate.text for result in recognition.results] == ["RIGHT", "LEFT"]
    assert recognition.results[0].detection.quad.hull() == Box(50, 0, 30, 10)
    assert (recognition.width_px, recognition.height_px) == (90, 40)
    assert recognition.timings.detect_ms >= 0
    assert recognition.timings.read_ms >= 0


def test_a_place_where_the_reader_sees_no_plate_is_no_result() -> None:
    class Sign(TwoPlates):
        def read(self, image: Image, quad: Quad) -> PlateReading:
            reading = super().read(image, quad)
            return reading if reading is RIGHT.reading else replace(reading, plate_chance=0.02)

        def resolve(self, reading: PlateReading) -> ResolvedPlate:
            return LEFT.plate if reading is not RIGHT.reading else RIGHT.plate

        def resolve_text(self, text: str, regions: Sequence[RegionCandidate] = ()) -> ResolvedPlate:
            raise NotImplementedError

    stages = Sign()
    picture = np.zeros((40, 90, 3), dtype=np.uint8)
    doubted = weighed(LEFT.detection.score, 0.02)
    found = PlateRecogniser(stages, stages, stages, least_score=doubted + 0.01)
    assert [result.plate.text for result in found.recognise(picture).results] == ["RIGHT"]
    assert [plate.quad.hull() for plate in AloneDetector(found).detect(picture)] == [
        Box(0, 0, 30, 10),
        Box(50, 0, 30, 10),
    ]
    both = ConfirmedDetector(replace(found, least_score=doubted)).detect(picture)
    assert [plate.quad.hull() for plate in both] == [Box(50, 0, 30, 10), Box(0, 0, 30, 10)]
    assert both[1].score == doubted < LEFT.detection.score < both[0].score


@given(score=st.floats(0.001, 0.999), least=st.floats(0.05, 0.95), chance=st.floats(0, 1))
def test_no_candidate_that_could_become_a_result_is_left_out(score: float, least: float, chance: float) -> None:
    assert 0 <= weighed(score, chance) <= 1
    assert weighed(score, 0.9) == pytest.approx(score)
    if weighed(score, chance) >= least:
        assert score >= candidate_score(least) - 1e-9


def test_a_part_of_a_plate_is_no_second_one() -> None:
    whole, part = plate_result("LEA5228", box=(0, 0, 60, 30)), plate_result("5228", box=(5, 14, 50, 14))

    class Stages(TwoPlates):
        def detect(self, image: Image) -> Sequence[PlateDetection]:
            return [replace(whole.detection, score=0.6), replace(part.detection, score=0.5)]

        def read(self, image: Image, quad: Quad) -> PlateReading:
            return whole.reading if quad.hull().height > 20 else part.reading

        def resolve(self, reading: PlateReading) -> ResolvedPlate:
            return whole.plate if reading is whole.reading else part.plate

        def resolve_text(self, text: str, regions: Sequence[RegionCandidate] = ()) -> ResolvedPlate:
            raise NotImplementedError

    stages = Stages()
    found = PlateRecogniser(stages, stages, stages).recognise(np.zeros((40, 90, 3), dtype=np.uint8))
    assert [result.plate.text for result in found.results] == ["LEA5228"]
