"""The same image gives the same answer in process, by ``/recognise``, in ``/batch`` and from a camera; real models."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import requests

from npr_edge.access import KeyStore
from npr_edge.access.database import AccessDatabase
from npr_edge.clock import SystemClock
from npr_edge.images import decode_image
from npr_edge.recognise import load_recogniser
from npr_edge.settings import RecogniseSettings, TrackSettings, load_settings
from npr_edge.web.contract import recognition_body
from tests.support.api import live_api
from tests.support.daemons import REAL, daemon, listens, until, write_config

SCENES = sorted((Path(__file__).resolve().parent.parent / "data" / "scenes").glob("*.jpg"))[:4]
Answer = tuple[str, str | None]
"""Plate and region."""


def texts(bodies: list[dict[str, Any]]) -> list[list[Answer]]:
    return [[(found["plate"], found["region"]) for found in body["results"]] for body in bodies]


def confidences(bodies: list[dict[str, Any]]) -> list[float]:
    return [found["confidence"] for body in bodies for found in body["results"]]


@pytest.fixture(scope="module")
def inside() -> list[dict[str, Any]]:
    """What this process reads in each scene."""
    recogniser = load_recogniser(RecogniseSettings())
    assert SCENES
    return [recognition_body(recogniser.recognise(decode_image(path.read_bytes()))) for path in SCENES]


def test_every_way_gives_the_same_texts_and_confidences(tmp_path: Path, inside: list[dict[str, Any]]) -> None:
    images = [path.read_bytes() for path in SCENES]
    with live_api(tmp_path, load_recogniser(RecogniseSettings(threads=1))) as api:
        key = api.key()
        single = [api.recognise(key, image).json() for image in images]
        batch = api.batch(key, images).json()["results"]
    for served in (single, batch):
        assert texts(served) == texts(inside)
        assert confidences(served) == pytest.approx(confidences(inside), abs=1e-6)


@pytest.mark.timeout(300)
def test_a_camera_that_shows_the_image_gives_the_same(tmp_path: Path, inside: list[dict[str, Any]]) -> None:
    """A daemon whose cameras replay one picture each; its API answers beside them."""
    cameras = ""
    for path in SCENES:
        (tmp_path / path.stem).mkdir()
        shutil.copy(path, tmp_path / path.stem)
        cameras += f'[[camera]]\nid = "{path.stem}"\nsource = "replay:{path.stem}"\nreplay = {{realtime = false}}\n'
    config = write_config(tmp_path, cameras)
    database = AccessDatabase(tmp_path / "data")
    key, _ = KeyStore(database, SystemClock()).create("test")
    database.close()
    web = load_settings(config).web
    url = f"http://{web.listen}/api/v1"
    ask = requests.Session()
    ask.headers["Authorization"] = f"Bearer {key}"
    with daemon(config, REAL) as running:
        for path in SCENES:
            running.wait_for_state(path.stem, "ended")
        until("the API listens", lambda: listens(web.address[1]))
        single = [ask.post(f"{url}/recognise", files={"upload": path.read_bytes()}).json() for path in SCENES]
        # What one frame is enough to read, and what nobody could take for a sign.
        sure = [
            (path.stem, found["plate"], found["region"], found["confidence"])
            for path, body in zip(SCENES, inside, strict=True)
            for found in body["results"]
            if found["confidence"] > TrackSettings().single_confidence and found["region"] is not None
        ]
        assert len(sure) >= len(SCENES)
        until("every sure plate is a read", lambda: len(reads(ask, url)) >= len(sure))
        seen = {(read["camera"], read["plate"], read["region"]): read["confidence"] for read in reads(ask, url)}
        assert running.end() == 0
    assert texts(single) == texts(inside)
    assert confidences(single) == pytest.approx(confidences(inside), abs=1e-6)
    known = {
        (path.stem, found["plate"], found["region"]): found["confidence"]
        for path, body in zip(SCENES, inside, strict=True)
        for found in body["results"]
    }
    assert {plate[:3] for plate in sure} <= seen.keys() <= known.keys()
    assert list(seen.values()) == pytest.approx([known[plate] for plate in seen], abs=1e-6)


def reads(ask: requests.Session, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask.get(f"{url}/reads").json()["reads"]
    return found
