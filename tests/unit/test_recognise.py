from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from npr_edge.domain import Image, PlateDetection, PlateReading, RegionCandidate, ResolvedPlate
from npr_edge.geometry import Box, Quad
from npr_edge.recognise import ConfirmedDetector, PlateRecogniser, outlined
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
    ("outline", "expected"),
    [
        (Box(1, 1, 28, 9), Box(1, 1, 28, 9)),  # nearly the same place, seen from near by
        (Box(2, 0, 9, 3), Box(0, 0, 30, 10)),  # a word within something that was no plate
    ],
)
def test_a_result_has_the_corners_that_the_reader_saw(outline: Box, expected: Box) -> None:
    reading = replace(LEFT.reading, outline=Quad.from_box(outline))
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
            return reading if reading is RIGHT.reading else replace(reading, plate_chance=0.3)

        def resolve(self, reading: PlateReading) -> ResolvedPlate:
            return LEFT.plate if reading is not RIGHT.reading else RIGHT.plate

        def resolve_text(self, text: str, regions: Sequence[RegionCandidate] = ()) -> ResolvedPlate:
            raise NotImplementedError

    stages = Sign()
    picture = np.zeros((40, 90, 3), dtype=np.uint8)
    found = PlateRecogniser(stages, stages, stages, least_score=0.4).recognise(picture)
    assert [result.plate.text for result in found.results] == ["RIGHT"]
    doubted = ConfirmedDetector(PlateRecogniser(stages, stages, stages, least_score=0.2)).detect(picture)
    assert [plate.quad.hull() for plate in doubted] == [Box(50, 0, 30, 10), Box(0, 0, 30, 10)]
    assert doubted[1].score == pytest.approx(0.3 * LEFT.detection.score)


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
