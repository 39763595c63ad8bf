"""The reader looks again when it is unsure, and refuses a model that is not a reader's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from npr_edge.domain import ALPHABET
from npr_edge.errors import ModelError
from npr_edge.geometry import Box, Quad
from npr_edge.read.charset import CLASSES, SLOTS, encode
from npr_edge.read.preprocess import HEIGHT, WIDTH
from npr_edge.read.reader import PlateReader
from npr_edge.tflite import LoadedModel, TensorCard

IMAGE = np.full((200, 400, 3), 60, np.uint8)
QUAD = Quad.from_box(Box(100, 80, 160, 36))

PARAMETERS: dict[str, Any] = {
    "alphabet": ALPHABET,
    "regions": ["gb", "fr"],
    "temperature": 1.0,
    "region_temperature": 1.0,
    "confidence_slope": 1.0,
    "confidence_offset": 0.0,
    "looks": [
        {"margin": 0.04, "outlined": False},
        {"margin": 0.0, "outlined": False},
        {"margin": 0.08, "outlined": False},
    ],
    "outline_grid": [8, 24],
    "sure": 0.8,
    "enough": 1.2,
    "repeat_slope": 0.5,
    "repeat_offset": 0.0,
}


class ScriptedModel:
    """Answers one look after the other: a text and the logit of each of its characters."""

    def __init__(self, *looks: tuple[str, float], **changes: Any) -> None:
        self.path = Path("reader.tflite")
        size = changes.pop("shape", (1, HEIGHT, WIDTH, 3))
        scale = changes.pop("scale", 1 / 255)
        self.outputs = {
            "slots": TensorCard(name="slots", shape=(1, SLOTS, CLASSES), dtype="float32"),
            "region": TensorCard(name="region", shape=(1, 2), dtype="float32"),
            "outline": TensorCard(name="outline", shape=(1, 4, 192), dtype="float32"),
        }
        tensor = TensorCard(name="plate", shape=size, dtype="int8", scale=scale, zero_point=-128)
        self.card = SimpleNamespace(input=tensor, parameters=PARAMETERS | changes)
        self.looks = list(looks)
        self.taken = 0
        self.seen: list[NDArray[np.int8]] = []
        self.outline = np.zeros((1, 4, 192), np.float32)

    def invoke(self, values: NDArray[np.int8]) -> dict[str, NDArray[np.float32]]:
        assert values.shape == (1, HEIGHT, WIDTH, 3)
        self.seen.append(values)
        text, logit = self.looks[self.taken]
        self.taken += 1
        slots = np.zeros((1, SLOTS, CLASSES), np.float32)
        slots[0, np.arange(SLOTS), encode(text)] = logit
        return {"slots": slots, "region": np.array([[2.0, 0.0]], np.float32), "outline": self.outline}


def reader_of(model: ScriptedModel) -> PlateReader:
    return PlateReader(cast(LoadedModel, model))


def test_one_look_is_enough_when_it_is_sure() -> None:
    model = ScriptedModel(("AB12CDE", 12.0), ("WRONG", 14.0))

    reading = reader_of(model).read(IMAGE, QUAD)

    assert model.taken == 1
    assert reading.text == "AB12CDE"
    assert [region.region for region in reading.regions] == ["gb", "fr"]
    assert np.allclose(reading.slots.sum(axis=1), 1.0, atol=1e-5)


def test_the_surest_of_looks_that_disagree_counts() -> None:
    model = ScriptedModel(("AB12CD", 5.0), ("AB12CDE", 6.5), ("AB12C", 5.5))

    reading = reader_of(model).read(IMAGE, QUAD)

    assert model.taken == 3
    assert reading.text == "AB12CDE"
    # By hand: each slot e^6.5 / (e^6.5 + 36) = 0.94865, their product 0.5312, a third of it since one look of three
    # says so: 0.1771; sigmoid(0.5 * logit(0.1771)) = 0.3168.
    assert reading.confidence == pytest.approx(0.3168, abs=0.002)


def test_looks_that_agree_outvote_a_surer_one() -> None:
    model = ScriptedModel(("AB12CDE", 5.8), ("WR0NG", 6.0), ("AB12CDE", 5.8))

    reading = reader_of(model).read(IMAGE, QUAD)

    # Products 0.289, 0.359 and 0.289; the two are 0.578 of three looks.
    assert reading.text == "AB12CDE"
    assert reading.confidence == pytest.approx(1 / (1 + (0.8073 / 0.1927) ** 0.5), abs=0.002)


def test_two_sure_looks_at_one_text_end_the_search() -> None:
    model = ScriptedModel(("AB12CDE", 7.5), ("AB12CDE", 12.0), ("NEVER", 12.0))

    # 0.780 is not sure enough for one look alone; with the second look it makes 1.777.
    assert reader_of(model).read_crop(IMAGE).text == "AB12CDE"
    assert model.taken == 2


def test_the_second_look_is_taken_where_the_first_saw_the_outline() -> None:
    # A white plate in the middle of a loose quad: cells (row 2, column 6) to (row 5, column 17) are its corners.
    image = IMAGE.copy()
    quad = Quad.from_box(Box(96, 64, 192, 64))
    image[64 + 20 : 64 + 44, 96 + 52 : 96 + 140] = 255
    looks = [{"margin": 0.0, "outlined": False}, {"margin": 0.04, "outlined": True}]
    model = ScriptedModel(("AB12CD", 5.0), ("AB12CDE", 12.0), looks=looks)
    for corner, (row, column) in enumerate([(2, 6), (2, 17), (5, 17), (5, 6)]):
        model.outline[0, corner, row * 24 + column] = 40.0

    reading = reader_of(model).read(image, quad)

    assert reading.outline is not None
    assert np.abs(reading.outline.array() - [[148, 84], [236, 84], [236, 108], [148, 108]]).max() < 0.1
    first, second = ((plate[0].astype(np.int16) + 128).mean(axis=2) for plate in model.seen)
    assert (first > 200).mean() == pytest.approx(24 * 88 / (64 * 192), abs=0.02)
    assert (second > 200).mean() == pytest.approx(0.92 * 0.92, abs=0.03)
    assert (second[:, :4] < 200).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"looks": [{"margin": 0.04, "outlined": True}]}, "corners first"),
        ({"outline_grid": [4, 12]}, "outline"),
        ({"alphabet": "ABC"}, "alphabet"),
        ({"regions": ["gb"]}, "region"),
        ({"temperature": 0}, "not a reader's"),
        ({"shape": (1, 32, 96, 3)}, "must take int8"),
        ({"scale": 1 / 128}, "pixels 0-255"),
    ],
)
def test_a_model_that_is_no_reader_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        reader_of(ScriptedModel(**changes))
