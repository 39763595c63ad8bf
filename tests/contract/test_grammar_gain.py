"""The grammars help the shipped reader on real crops; ``-s`` prints by how much."""

from __future__ import annotations

from pathlib import Path

import pytest

from npr_edge.evaluate.read import load_labelled_crops
from npr_edge.images import decode_image
from npr_edge.read.preprocess import whole
from npr_edge.recognise import load_recogniser
from npr_edge.settings import RecogniseSettings


@pytest.mark.data
def test_grammars_mend_more_than_they_spoil(real_data: Path) -> None:
    recogniser = load_recogniser(RecogniseSettings())
    read = mended = spoilt = labelled = region = country = 0
    crops = load_labelled_crops(real_data / "read", "val")
    for crop in crops:
        image = decode_image(crop.path.read_bytes())
        reading = recogniser.reader.read(image, whole(image))
        plate = recogniser.resolver.resolve(reading)
        read += reading.text == crop.text
        mended += reading.text != crop.text == plate.text
        spoilt += reading.text == crop.text != plate.text
        if crop.region:
            labelled += 1
            region += plate.region == crop.region
            country += (plate.region or "").split("-")[0] == crop.region.split("-")[0]
    print(f"\n{len(crops)} crops: {read} read, {mended} mended, {spoilt} spoilt")
    print(f"{labelled} with a region: {region / labelled:.1%} named right, {country / labelled:.1%} the country")
    assert mended > spoilt
