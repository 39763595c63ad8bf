"""The same image gives the same answer in process, by ``/recognise`` and in ``/batch``, with the real models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from npr_edge.images import decode_image
from npr_edge.recognise import load_recogniser
from npr_edge.settings import RecogniseSettings
from npr_edge.web.contract import recognition_body
from tests.support.api import live_api

SCENES = sorted((Path(__file__).resolve().parent.parent / "data" / "scenes").glob("*.jpg"))


def texts(bodies: list[dict[str, Any]]) -> list[list[tuple[str, str | None]]]:
    return [[(found["plate"], found["region"]) for found in body["results"]] for body in bodies]


def confidences(bodies: list[dict[str, Any]]) -> list[float]:
    return [found["confidence"] for body in bodies for found in body["results"]]


def test_every_way_gives_the_same_texts_and_confidences(tmp_path: Path) -> None:
    recogniser = load_recogniser(RecogniseSettings(threads=1))
    images = [path.read_bytes() for path in SCENES[:4]]
    assert images
    inside = [recognition_body(recogniser.recognise(decode_image(image))) for image in images]
    with live_api(tmp_path, recogniser) as api:
        key = api.key()
        single = [api.recognise(key, image).json() for image in images]
        batch = api.batch(key, images).json()["results"]
    for served in (single, batch):
        assert texts(served) == texts(inside)
        assert confidences(served) == pytest.approx(confidences(inside), abs=1e-6)
