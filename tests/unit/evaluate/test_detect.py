"""Counting by hand: what is found, what is false, what does not count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npr_edge.domain import Image, PlateDetection
from npr_edge.errors import ConfigError
from npr_edge.evaluate.dataset_detect import held_out_negative, load_detect_dataset
from npr_edge.evaluate.detect import corner_error, draw_worst, evaluate_detect
from npr_edge.geometry import Box, Quad

Found = tuple[tuple[float, float, float, float], float]


class Detector:
    """Finds what a table says for the grey level of the image."""

    def __init__(self, table: dict[int, list[Found]]) -> None:
        self.table = table

    def detect(self, image: Image) -> Sequence[PlateDetection]:
        found = self.table.get(int(image[0, 0, 0]), [])
        return [PlateDetection(Quad.from_box(Box(*box)), score) for box, score in found]


def grey(path: Path) -> Image:
    return np.full((384, 640, 3), int(path.stem), dtype=np.uint8)


def plate(*box: float, **more: Any) -> dict[str, Any]:
    return {"box": list(box), "text": None, "region": None, **more}


def write(folder: Path, rows: list[tuple[int, list[dict[str, Any]]]], split: str | None = "val") -> Path:
    folder.mkdir(parents=True)
    lines = []
    for number, plates in rows:
        row: dict[str, Any] = {"file": f"{number}.png", "width": 640, "height": 384, "plates": plates}
        if split:
            row["split"] = split
        lines.append(json.dumps(row))
    (folder / "annotations.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def measure(path: Path, table: dict[int, list[Found]]) -> dict[str, Any]:
    return evaluate_detect(Detector(table), path, "val", load=grey).to_json()


def test_found_missed_and_false(tmp_path: Path) -> None:
    source = write(tmp_path / "s", [(1, [plate(100, 100, 80, 20, region="gb"), plate(300, 100, 80, 20, region="de")])])
    figures = measure(source, {1: [((102, 101, 80, 20), 0.9), ((500, 300, 40, 10), 0.8)]})
    assert figures["recall"] == 0.5
    assert figures["precision"] == 0.5
    assert figures["false_per_image"] == 1.0
    assert figures["by_source"]["s"]["recall_count"] == 2
    assert figures["by_region"]["gb"]["recall"] == 1.0
    assert figures["by_region"]["de"]["recall"] == 0.0


def test_a_plate_is_found_only_once(tmp_path: Path) -> None:
    source = write(tmp_path / "s", [(1, [plate(100, 100, 80, 20)])])
    figures = measure(source, {1: [((100, 100, 80, 20), 0.9), ((101, 100, 80, 20), 0.8)]})
    assert (figures["recall"], figures["precision"]) == (1.0, 0.5)


@pytest.mark.parametrize("ignored", [plate(100, 100, 15, 5), plate(100, 100, 80, 20, status="noplate")])
def test_small_plates_and_wrong_labels_neither_count_nor_hurt(tmp_path: Path, ignored: dict[str, Any]) -> None:
    source = write(tmp_path / "s", [(1, [ignored])])
    tables: list[dict[int, list[Found]]] = [{}, {1: [((ignored["box"][0], ignored["box"][1], 15, 6), 0.9)]}]
    for table in tables:
        figures = measure(source, table)
        assert figures["recall"] is None
        assert figures["false_per_image"] == 0.0


def test_unlabelled_plates_of_incomplete_sources_are_no_false_ones(tmp_path: Path) -> None:
    write(tmp_path / "openlpr-faisal", [(1, [plate(100, 100, 80, 20)])])
    write(tmp_path / "s", [(2, [plate(100, 100, 80, 20)])])
    found: list[Found] = [((100, 100, 80, 20), 0.9), ((400, 100, 80, 20), 0.8)]
    figures = measure(tmp_path, {1: found, 2: found})
    assert figures["recall_count"] == 2
    assert (figures["precision"], figures["precision_count"]) == (0.5, 2)
    assert figures["by_source"]["openlpr-faisal"]["precision"] is None


def test_negatives_are_a_folder_of_images_alone(tmp_path: Path) -> None:
    images = tmp_path / "negatives" / "images"
    images.mkdir(parents=True)
    for number in range(40):
        (images / f"{number}.png").touch()
    figures = measure(tmp_path / "negatives", {3: [((5, 5, 50, 20), 0.9)]})
    assert figures["false_per_image"] == pytest.approx(1 / 40)
    held_out = [number for number in range(40) if held_out_negative(f"{number}.png")]
    assert figures["false_per_held_out_negative_count"] == len(held_out) > 0


def test_corner_error_is_in_plate_heights(tmp_path: Path) -> None:
    quad = [[100, 100], [180, 100], [180, 120], [100, 120]]
    source = write(tmp_path / "s", [(1, [{"quad": quad, "text": None, "region": None}])])
    figures = measure(source, {1: [((100, 102, 80, 20), 0.9)]})
    assert figures["corner_error"] == pytest.approx(0.1)
    assert corner_error(Quad.from_box(Box(3, 4, 10, 5)), Quad.from_box(Box(0, 0, 10, 5))) == pytest.approx(1.0)


def test_labels_follow_a_picture_of_another_size(tmp_path: Path) -> None:
    source = write(tmp_path / "s", [(1, [plate(50, 50, 40, 10)])])
    row = json.loads((source / "annotations.jsonl").read_text())
    row.update(width=320, height=192)
    (source / "annotations.jsonl").write_text(json.dumps(row))
    assert measure(source, {1: [((100, 100, 80, 20), 0.9)]})["recall"] == 1.0


def test_split_may_be_left_out_and_train_is_not_val(tmp_path: Path) -> None:
    write(tmp_path / "a", [(1, [])], split=None)
    write(tmp_path / "b", [(2, [])], split="train")
    assert [photo.source for photo in load_detect_dataset(tmp_path, "val")] == ["a"]


@pytest.mark.parametrize(
    ("line", "message"), [("{", "line 1"), ('{"file": "x", "width": 0, "height": 1, "plates": []}', "line 1")]
)
def test_broken_annotations_are_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "annotations.jsonl").write_text(line)
    with pytest.raises(ConfigError, match=message):
        load_detect_dataset(tmp_path, "val")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"neither annotations\.jsonl nor images/"):
        load_detect_dataset(tmp_path, "val")
    write(tmp_path / "s", [(1, [])], split="train")
    with pytest.raises(ConfigError, match="no photograph in split 'val'"):
        load_detect_dataset(tmp_path, "val")


def test_the_worst_are_drawn(tmp_path: Path) -> None:
    source = write(tmp_path / "s", [(1, [plate(100, 100, 80, 20)]), (2, [])])
    report = evaluate_detect(Detector({2: [((5, 5, 60, 20), 0.7)]}), source, "val", load=grey)
    assert len(report.worst()) == 2
    sheet = draw_worst(report, grey)
    assert sheet.ndim == 3
    assert sheet.std() > 0
    header, rows = report.table()
    assert [len(row) for row in rows] == [len(header)] * 2
