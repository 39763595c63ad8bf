"""DVLA and RDW, asked at a local server that speaks their contracts."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from npr_edge.domain import Vehicle
from npr_edge.errors import ConfigError
from npr_edge.settings import DvlaSettings, RdwSettings, VehiclesSettings
from npr_edge.vehicles.dvla import DvlaSource
from npr_edge.vehicles.rdw import RdwSource
from npr_edge.vehicles.source import MAX_ANSWER_BYTES, SourceError, ThrottledError
from tests.support.registries import Registries

GARBAGE = [
    (200, b""),
    (200, b"<html>maintenance</html>"),
    (200, b"[[[["),
    (200, b"{}"),
    (200, b"[{}]"),
    (200, b'"AA19AAA"'),
    (200, b'[{"merk": {"a": 1}}]'),
    (200, b"[" * 50_000),
    (200, b'{"make": ["FORD"]}'),
    (200, b'[{"datum_eerste_toelating": "soon"}]'),
    (200, b"\xff\xfe\x00"),
    (200, b" " * (MAX_ANSWER_BYTES + 1)),
    (204, b""),
    (301, b""),
    (400, b"<html>"),
    (404, b'{"message": "no such route"}'),
    (500, b"oops"),
    (502, b"<html>"),
    (503, b"{}"),
]


@pytest.fixture
def dvla(settings: VehiclesSettings) -> DvlaSource:
    return DvlaSource(settings.dvla)


@pytest.fixture
def rdw(settings: VehiclesSettings) -> RdwSource:
    return RdwSource(settings.rdw)


@pytest.mark.parametrize(
    ("plate", "vehicle"),
    [
        ("AA19AAA", Vehicle("dvla", "FORD", None, "Red", 2019, "petrol")),
        ("EL19ECT", Vehicle("dvla", "TESLA", None, None, None, "electric")),
        ("ER19BAD", None),
        ("ER19NFD", None),
        ("ZZ99ZZZ", None),
    ],
)
def test_dvla_answers(dvla: DvlaSource, plate: str, vehicle: Vehicle | None) -> None:
    assert dvla.fetch(plate) == vehicle


@pytest.mark.parametrize(("plate", "status"), [("ER19ERR", "500"), ("ER19MNT", "503")])
def test_dvla_faults_are_no_answers(dvla: DvlaSource, plate: str, status: str) -> None:
    with pytest.raises(SourceError, match=status):
        dvla.fetch(plate)


@pytest.mark.parametrize(
    ("header", "pause_s"), [(None, 60), ("7", 7), ("99999", 3600), ("Wed, 21 Oct 2026 07:28:00 GMT", 60), ("-3", 1)]
)
def test_dvla_asks_for_a_pause(dvla: DvlaSource, registries: Registries, header: str | None, pause_s: float) -> None:
    registries.retry_after = header
    with pytest.raises(ThrottledError) as error:
        dvla.fetch("ER19THR")
    assert error.value.pause_s == pause_s


def test_dvla_plates_stay_out_of_the_url(dvla: DvlaSource, registries: Registries) -> None:
    dvla.fetch("AA19AAA")
    assert registries.asked == ["AA19AAA"]
    assert registries.lines == ["POST /vehicle-enquiry/v1/vehicles HTTP/1.1"]


def test_a_refused_key_says_what_to_check(registries: Registries, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("wrong", encoding="ascii")
    source = DvlaSource(DvlaSettings(base_url=registries.url, key_file=tmp_path / "key"))
    with pytest.raises(SourceError, match="key_file"):
        source.fetch("AA19AAA")


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\n"])
def test_a_key_file_without_a_key_is_a_configuration_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError, match="key_file"):
        DvlaSource(DvlaSettings(key_file=tmp_path / "key"))


@pytest.mark.parametrize(
    ("plate", "vehicle"),
    [
        ("P300BB", Vehicle("rdw", "VOLKSWAGEN", "GOLF", "Grey", 2021, "petrol/electric")),
        ("16RSL9", Vehicle("rdw", "TESLA", None, None, None, None)),
        ("ZZ999Z", None),
    ],
)
def test_rdw_answers(rdw: RdwSource, plate: str, vehicle: Vehicle | None) -> None:
    assert rdw.fetch(plate) == vehicle


@pytest.mark.parametrize(("status", "body"), GARBAGE)
@pytest.mark.parametrize("name", ["dvla", "rdw"])
def test_garbage_is_no_answer(
    request: pytest.FixtureRequest, registries: Registries, name: str, status: int, body: bytes
) -> None:
    source: DvlaSource | RdwSource = request.getfixturevalue(name)
    registries.raw = (status, body)
    with pytest.raises(SourceError) as error:
        source.fetch("AA19AAA")
    assert "AA19AAA" not in str(error.value)


@pytest.mark.parametrize("name", ["dvla", "rdw"])
def test_silence_ends_at_the_timeout(registries: Registries, key_file: Path, name: str) -> None:
    registries.hold.clear()
    source: DvlaSource | RdwSource
    if name == "dvla":
        source = DvlaSource(DvlaSettings(base_url=registries.url, key_file=key_file, timeout_s=0.2))
    else:
        source = RdwSource(RdwSettings(base_url=registries.url, timeout_s=0.2))
    with pytest.raises(SourceError, match="did not answer: ReadTimeout"):
        source.fetch("AA19AAA")


def test_nobody_there_is_no_answer_and_no_plate_in_the_message(caplog: pytest.LogCaptureFixture) -> None:
    source = RdwSource(RdwSettings(base_url="http://127.0.0.1:9", timeout_s=0.5))
    with caplog.at_level(logging.INFO), pytest.raises(SourceError) as error:
        source.fetch("P300BB")
    assert "P300BB" not in str(error.value) + caplog.text
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__
