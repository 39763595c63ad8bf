import json
from pathlib import Path

import numpy as np
import pytest

from npr_edge.domain import Image, Recognition
from npr_edge.errors import ConfigError
from npr_edge.evaluate.photos import evaluate_photos, load_labelled_plates
from tests.support.plates import plate_result, recognition


class Recogniser:
    """Answers what a table says for the grey level of the image."""

    def __init__(self, answers: dict[int, Recognition]) -> None:
        self.answers = answers

    def recognise(self, image: Image) -> Recognition:
        return self.answers[int(image[0, 0, 0])]


def grey(path: Path) -> Image:
    return np.full((100, 200, 3), int(path.stem), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = [
        {
            "file": "1.jpg",
            "split": "val",
            "plates": [
                {"box": [10, 10, 40, 10], "text": "AB12CDE", "region": "gb", "status": "read"},
                {"box": [100, 50, 40, 10], "text": "XY34ZZZ", "region": "gb", "status": "read"},
                {"box": [150, 80, 40, 10], "text": "NO", "region": None, "status": "doubtful"},
            ],
        },
        {"file": "2.jpg", "split": "train", "plates": [{"box": [0, 0, 9, 9], "text": "TRAIN", "region": None}]},
    ]
    source = tmp_path / "street"
    source.mkdir()
    (source / "annotations.jsonl").write_text("\n".join(json.dumps(photo) for photo in photos))
    labelled = tmp_path / "whole"
    labelled.mkdir()
    (labelled / "labels.csv").write_text(
        "file,text,region,source\n3.jpg,01A001AA,uz,tashkent\n4.jpg,01A002AA,uz,tashkent\n"
    )
    return tmp_path


def test_matches_by_overlap_and_counts_a_plate_not_found_as_wrong(folder: Path) -> None:
    answers = {
        1: recognition(plate_result("AB12CDF", box=(11, 10, 40, 10)), plate_result("XY34ZZZ", box=(10, 50, 40, 10))),
        3: recognition(plate_result("01A001AA"), plate_result("WRONG")),
        4: recognition(),
    }
    report = evaluate_photos(Recogniser(answers), load_labelled_plates(folder, "val"), grey).to_json()
    assert report["count"] == 4
    assert report["exact"] == 0.25
    assert report["found"] == 0.5
    assert report["by_source"]["street"]["exact"] == 0
    assert report["by_source"]["street"]["characters"] == pytest.approx(6 / 7 / 2)
    assert report["by_region"]["uz"]["exact"] == 0.5
    low, high = report["interval"]["exact"]
    assert low <= 0.25 <= high


def test_one_source_alone_is_a_path_too(folder: Path) -> None:
    plates = load_labelled_plates(folder / "street", "train")
    assert [(plate.text, plate.source) for plate in plates] == [("TRAIN", "street")]


def test_a_folder_without_labels_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"labels\.csv"):
        load_labelled_plates(tmp_path, "val")
