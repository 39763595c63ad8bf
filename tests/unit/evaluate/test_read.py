from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from npr_edge.domain import Image, PlateReading, TextCandidate
from npr_edge.errors import ConfigError
from npr_edge.evaluate.read import calibration_error, draw_worst, evaluate_read, load_labelled_crops, reliability
from npr_edge.geometry import Quad


class Scripted:
    """A reader that answers by the brightness of the crop."""

    def __init__(self, answers: dict[int, tuple[str, float]]) -> None:
        self.answers = answers

    def read(self, image: Image, quad: Quad) -> PlateReading:
        text, confidence = self.answers[int(image[0, 0, 0])]
        return PlateReading((TextCandidate(text, confidence),), (), np.zeros((12, 37), np.float32))


def load(path: Path) -> Image:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def source(folder: Path, rows: list[tuple[int, str, str, str]]) -> Path:
    """A labelled source: grey level (names the file), text, region, split."""
    (folder / "images").mkdir(parents=True)
    lines = ["file,text,region,lines,split"]
    for level, text, region, split in rows:
        cv2.imwrite(str(folder / "images" / f"{level}.png"), np.full((30, 90, 3), level, np.uint8))
        lines.append(f"{level}.png,{text},{region},1,{split}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    source(tmp_path / "east", [(10, "AB12", "gb", "val"), (20, "O1B", "fr", "val"), (30, "TRAIN", "fr", "train")])
    source(tmp_path / "west", [(40, "XYZW", "", "val")])
    return tmp_path


ANSWERS = {10: ("AB12", 0.97), 20: ("01B", 0.6), 40: ("XYAB", 0.5)}


def test_figures_over_all_and_by_source_and_region(crops: Path) -> None:
    figures = evaluate_read(Scripted(ANSWERS), crops, "val", load=load).to_json()

    assert figures["exact"] == pytest.approx(1 / 3)
    assert figures["exact_o0_i1"] == pytest.approx(2 / 3)
    assert figures["characters"] == pytest.approx((1 + 2 / 3 + 0.5) / 3)
    assert figures["by_source"]["east"]["exact"] == pytest.approx(0.5)
    assert figures["by_source"]["west"]["characters"] == pytest.approx(0.5)
    assert figures["by_region"]["fr"]["exact_o0_i1"] == 1.0
    assert figures["count"] == 3


def test_one_source_alone_and_its_other_split(crops: Path) -> None:
    assert [crop.text for crop in load_labelled_crops(crops / "east", "train")] == ["TRAIN"]


def test_the_table_has_a_line_per_source_and_one_for_all(crops: Path) -> None:
    header, rows = evaluate_read(Scripted(ANSWERS), crops, "val", load=load).table()

    assert [row[0] for row in rows] == ["east", "west", "all"]
    assert all(len(row) == len(header) for row in rows)


def test_the_worst_come_first_and_can_be_drawn(crops: Path) -> None:
    report = evaluate_read(Scripted(ANSWERS), crops, "val", load=load)

    assert [outcome.crop.text for outcome in report.worst()] == ["XYZW", "O1B"]
    assert draw_worst(report, load).shape[2] == 3


@pytest.mark.parametrize(
    ("labels", "split", "message"),
    [
        (None, "val", "no labels.csv"),
        ("file,text,split\na.png,A,train\n", "val", "'val'"),
        ("file\na.png\n", "val", "text"),
    ],
)
def test_a_folder_that_cannot_be_measured_says_why(
    tmp_path: Path, labels: str | None, split: str, message: str
) -> None:
    if labels is not None:
        (tmp_path / "labels.csv").write_text(labels, encoding="utf-8")

    with pytest.raises(ConfigError, match=message):
        load_labelled_crops(tmp_path, split)


def test_reliability_by_hand() -> None:
    rows = reliability([0.05, 0.15, 0.97, 0.96, 1.0], [0.0, 1.0, 1.0, 0.0, 1.0])

    assert [(row.low, row.count) for row in rows] == [(0.0, 2), (0.95, 2), (0.99, 1)]
    assert rows[0].confidence == pytest.approx(0.1)
    assert rows[0].right == pytest.approx(0.5)
    # (2 * |0.1 - 0.5| + 2 * |0.965 - 0.5| + 0) / 5
    assert calibration_error(rows) == pytest.approx((0.8 + 0.93) / 5)


def test_no_reading_no_error() -> None:
    assert calibration_error(reliability([], [])) == 0.0
