"""The answers of the contract as values."""

from __future__ import annotations

import json

import pytest

from npr_edge.domain import Vehicle
from npr_edge.geometry import Box, Quad
from npr_edge.web.contract import bounding_box, error_body, recognition_body, vehicle_entry
from tests.support.plates import plate_result, recognition


def test_results_come_best_first_with_every_field() -> None:
    found = recognition(
        plate_result("XY1", confidence=0.4, region=None),
        plate_result("AB12CDE", printed="AB12 CDE", confidence=0.97, box=(120, 340, 200, 60)),
    )
    body = recognition_body(found, decode_ms=3.14159, vehicles=[Vehicle("local", make="BMW", year=2021)])
    assert json.loads(json.dumps(body)) == body
    assert body["success"] is True
    assert body["processing_ms"]["decode"] == 3.14
    first, second = body["results"]
    assert first == {
        "plate": "AB12 CDE",
        "confidence": 0.97,
        "region": "gb",
        "bounding_box": {"x": 120, "y": 340, "width": 200, "height": 60},
        "vehicle": {"source": "local", "make": "BMW", "year": 2021},
        "quad": [[120.0, 340.0], [320.0, 340.0], [320.0, 400.0], [120.0, 400.0]],
        "candidates": [{"plate": "AB12CDE", "confidence": 0.97}],
    }
    assert (second["plate"], second["region"], second["vehicle"]) == ("XY1", None, None)


def test_no_plate_is_an_error_and_so_is_a_plate_without_a_character() -> None:
    for found in (recognition(), recognition(plate_result("", confidence=0.9))):
        assert recognition_body(found) == error_body("NO_PLATES_FOUND", "No number plates were detected in the image.")


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((10.2, 20.7, 30.5, 10.1), (10, 20, 31, 11)),
        ((-5, -5, 20, 20), (0, 0, 15, 15)),
        ((630, 470, 50, 50), (630, 470, 10, 10)),
        ((700, 500, 10, 10), (639, 479, 1, 1)),
    ],
)
def test_boxes_are_whole_pixels_inside_the_image(
    box: tuple[float, float, float, float], expected: tuple[int, int, int, int]
) -> None:
    found = bounding_box(Quad.from_box(Box(*box)), 640, 480)
    assert tuple(found[key] for key in ("x", "y", "width", "height")) == expected


def test_a_vehicle_of_which_nothing_is_known_is_none() -> None:
    assert vehicle_entry(None) is None
    assert vehicle_entry(Vehicle("rdw")) is None
    assert vehicle_entry(Vehicle("rdw", colour="rood")) == {"source": "rdw", "colour": "rood"}
