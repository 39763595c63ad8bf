"""The grammars help the shipped reader on real crops; ``-s`` prints by how much, and how true confidences then are."""

from __future__ import annotations

from pathlib import Path

import pytest

from npr_edge.evaluate.read import calibration_error, load_labelled_crops, reliability
from npr_edge.images import decode_image
from npr_edge.read.preprocess import whole
from npr_edge.recognise import load_recogniser
from npr_edge.settings import RecogniseSettings


@pytest.mark.data
def test_grammars_mend_more_than_they_spoil(real_data: Path) -> None:
    recogniser = load_recogniser(RecogniseSettings())
    read = mended = spoilt = labelled = region = country = 0
    confidences, right = [], []
    crops = load_labelled_crops(real_data / "read", "val")
    for crop in crops:
        image = decode_image(crop.path.read_bytes())
        reading = recogniser.reader.read(image, whole(image))
        plate = recogniser.resolver.resolve(reading)
        read += reading.text == crop.text
        mended += reading.text != crop.text == plate.text
        spoilt += reading.text == crop.text != plate.text
        confidences.append(plate.confidence)
        right.append(float(plate.text == crop.text))
        if crop.region:
            labelled += 1
            region += plate.region == crop.region
            country += (plate.region or "").split("-")[0] == crop.region.split("-")[0]
    print(f"\n{len(crops)} crops: {read} read, {mended} mended, {spoilt} spoilt")
    print(f"{labelled} with a region: {region / labelled:.1%} named right, {country / labelled:.1%} the country")
    rows = reliability(confidences, right)
    print(f"after the grammars: calibration error {calibration_error(rows):.2%}")
    for row in rows:
        print(f"  {row.low:.2f} - {row.high:.2f}  {row.count:5}  told {row.confidence:.1%}  right {row.right:.1%}")
    assert mended > spoilt
