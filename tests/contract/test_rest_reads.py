"""Stored reads, cameras and the API's own description, through real HTTP."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from npr_edge.domain import Vehicle
from npr_edge.publish import Encoder
from npr_edge.record import Reads, Recorder, StoreParts
from npr_edge.settings import RetentionSettings, WebSettings
from tests.support.api import LiveApi, live_api
from tests.support.clock import FakeClock
from tests.support.fakes import FakeCameras, FakeRecogniser, FakeVehicles, coded_jpeg
from tests.support.sightings import NOW_S, crop, event_id, read_sighting

COUNT = 25


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with reads; every fifth has a picture."""
    encode = Encoder("gate-1")
    parts = StoreParts(tmp_path, FakeClock(), encode, retention=RetentionSettings(min_free_bytes=0))
    recorder = Recorder(parts)
    recorder.start()
    for number in range(1, COUNT + 1):
        sighting = read_sighting(number, image=crop() if number % 5 == 0 else None)
        sighting = replace(sighting, first_seen_s=NOW_S + number, last_seen_s=NOW_S + number + 1)
        assert recorder.record(sighting, Vehicle("local", make="=BMW") if number == 1 else None)
    assert recorder.stop(20)
    return tmp_path


@pytest.fixture
def api(folder: Path) -> Iterator[LiveApi]:
    with live_api(
        folder,
        FakeRecogniser(),
        settings=WebSettings(listen="127.0.0.1:0", auth_failures="1000000/minute"),
        vehicles=FakeVehicles(),
        reads=Reads(folder),
        encode=Encoder("gate-1"),
        cameras=FakeCameras(),
    ) as live:
        yield live


@pytest.fixture
def key(api: LiveApi) -> str:
    return api.key(limits="10000000/minute")


def ids(response: requests.Response) -> list[str]:
    return [read["event_id"] for read in response.json()["reads"]]


def test_pages_hold_every_read_once_newest_first(api: LiveApi, key: str) -> None:
    found, cursor, pages = [], "", 0
    while True:
        response = api.get(f"/reads?limit=10{cursor}", key)
        found += ids(response)
        pages += 1
        if response.json()["next_cursor"] is None:
            break
        cursor = f"&cursor={response.json()['next_cursor']}"
    assert pages == 3
    assert found == [event_id(number) for number in range(COUNT, 0, -1)]
    assert ids(api.get("/reads?order=oldest&limit=2", key)) == [event_id(1), event_id(2)]


def test_filters_narrow_the_reads(api: LiveApi, key: str) -> None:
    assert ids(api.get(f"/reads?since={NOW_S + 20}&until={NOW_S + 22}", key)) == [event_id(21), event_id(20)]
    assert ids(api.get("/reads?since=2099-01-01T00:00:00Z", key)) == []
    assert ids(api.get("/reads?camera=nowhere", key)) == []
    one = api.get(f"/reads/{event_id(3)}", key).json()["read"]
    assert event_id(3) in ids(api.get(f"/reads?plate={one['text']}", key))
    assert event_id(3) in ids(api.get(f"/reads?plate={one['text'][:3]}*&match=wildcard", key))
    assert event_id(3) in ids(api.get(f"/reads?plate={one['text'][:-1]}&match=fuzzy", key))


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "since=yesterday",
        "until=-1",
        "until=99999999999.5",
        "order=best",
        "match=like",
        "plate=%25",
        "who=me",
        "cursor=!",
        "cursor=abc",
        "since=nan",
        "since=2026-02-30T00:00:00Z",
        "plate=",
    ],
)
def test_wrong_parameters_are_told(api: LiveApi, key: str, query: str) -> None:
    response = api.get(f"/reads?{query}", key)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "INVALID_REQUEST"
    assert "validation" not in response.text


def test_a_read_and_its_picture(api: LiveApi, key: str) -> None:
    read = api.get(f"/reads/{event_id(5)}", key).json()["read"]
    assert (read["event_id"], read["device"]) == (event_id(5), "gate-1")
    picture = api.get(f"/reads/{event_id(5)}/crop", key)
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8")
    for path in (f"/reads/{event_id(4)}/crop", f"/reads/{event_id(99)}", "/reads/nonsense", "/reads/nonsense/crop"):
        assert api.get(path, key).status_code == 404


def test_exports_hold_every_read_oldest_first(api: LiveApi, key: str) -> None:
    lines = api.get("/reads/export", key).text.splitlines()
    assert [json.loads(line)["event_id"] for line in lines] == [event_id(n) for n in range(1, COUNT + 1)]
    table = api.get("/reads/export?format=csv", key)
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["event_id"] for row in rows] == [event_id(n) for n in range(1, COUNT + 1)]
    assert rows[0]["vehicle.make"] == "'=BMW"  # no spreadsheet runs it
    assert "attachment" in table.headers["Content-Disposition"]


def test_cameras_and_their_pictures(api: LiveApi, key: str) -> None:
    cameras = api.get("/cameras", key).json()["cameras"]
    assert [(camera["id"], camera["state"]) for camera in cameras] == [("entry", "running"), ("exit", "starting")]
    assert api.get("/cameras/entry/snapshot", key).content == coded_jpeg(1)
    assert api.get("/cameras/exit/snapshot", key).status_code == 404
    assert api.get("/cameras/nowhere/snapshot", key).status_code == 404


def test_scopes_part_the_routes(api: LiveApi) -> None:
    paths = {"reads": "/reads", "cameras": "/cameras", "vehicles": "/vehicles/AB12CDE"}
    for scope in paths:
        key = api.key(scope, scopes=[scope])
        allowed = {name for name, path in paths.items() if api.get(path, key).status_code == 200}
        assert allowed == {scope}


@pytest.mark.timeout(3600)
def test_the_description_is_true(api: LiveApi, key: str, long_form: bool) -> None:
    """schemathesis asks the live server whatever the OpenAPI document allows and forbids, and finds nothing."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{api.url}/openapi.json", "--url", api.url]
    # No schema can tell a cursor that was handed out, or bytes that are an image, from any others.
    command += ["--exclude-checks", "positive_data_acceptance", "--header", f"Authorization: Bearer {key}"]
    command += ["--generation-deterministic", "--no-color", "--max-examples", "500" if long_form else "8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3500 if long_form else 110, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "10 selected / 10 total" in done.stdout
    assert "returned only 401/403" not in done.stdout
