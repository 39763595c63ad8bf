"""``npr-edge reads``: what scripts rely on."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from npr_edge.cli import main
from npr_edge.record import Passage, Store, StoreParts
from npr_edge.record.store import Batch
from npr_edge.settings import RetentionSettings
from tests.support.sightings import FakeClock, event_id, read_sighting

TEXTS = ("AB12CDE", "AB12CDF", "XY99ZZZ")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Nine reads, an hour apart, two cameras; the first is 2027-01-15T08:16:38.5Z."""
    folder = tmp_path / "data"
    clock = FakeClock()
    store = Store(StoreParts(folder, clock, retention=RetentionSettings(min_free_bytes=0)))
    for number in range(9):
        sighting = read_sighting(number, TEXTS[number % 3], camera=("gate", "exit")[number % 2], clock=clock)
        store.apply(Batch([Passage(sighting, b"jpeg" if number == 0 else None)]))
        clock.run(3600)
    store.close()
    return folder


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["reads", "list", "--jsonl", *arguments]) == 0
    return [json.loads(line)["event_id"] for line in capsys.readouterr().out.splitlines()]


def ids(*numbers: int) -> list[str]:
    return [event_id(number) for number in numbers]


def test_a_list_has_a_line_per_read_oldest_first(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(data_dir)
    assert listed(capsys, "--data-dir", folder) == ids(*range(9))
    assert listed(capsys, "--data-dir", folder, "--limit", "2") == ids(0, 1)
    assert listed(capsys, "--data-dir", folder, "--last", "2") == ids(7, 8)
    assert listed(capsys, "--data-dir", folder, "--camera", "exit") == ids(1, 3, 5, 7)
    assert listed(capsys, "--data-dir", folder, "--plate", "ab12 cde") == ids(0, 3, 6)
    assert listed(capsys, "--data-dir", folder, "--plate", "AB12CDE", "--fuzzy") == ids(0, 1, 3, 4, 6, 7)
    assert listed(capsys, "--data-dir", folder, "--plate", "*ZZ", "--wildcard") == ids(2, 5, 8)
    assert listed(capsys, "--data-dir", folder, "--since", "2027-01-15T15:00") == ids(7, 8)
    assert listed(capsys, "--data-dir", folder, "--until", "2027-01-15T09:00Z") == ids(0)


def test_a_line_holds_the_fields_of_the_message(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["reads", "list", "--jsonl", "--data-dir", str(data_dir), "--last", "1"])
    fields = json.loads(capsys.readouterr().out)
    assert (fields["schema"], fields["plate"], fields["votes"]) == (1, "XY99 ZZZ", {"agreeing": 3, "total": 4})


def test_the_configuration_names_the_folder_and_the_device(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "npr-edge.toml"
    config.write_text(f'data_dir = "{data_dir}"\n[device]\nid = "gate-1"\n', encoding="utf-8")
    assert len(listed(capsys, "--config", str(config))) == 9
    main(["reads", "show", event_id(0), "--config", str(config)])
    shown = json.loads(capsys.readouterr().out)
    assert shown["device"] == "gate-1"
    assert Path(shown["crop"]).read_bytes() == b"jpeg"
    other = tmp_path / "other"
    other.mkdir()
    assert listed(capsys, "--config", str(config), "--data-dir", str(other)) == []


def test_a_table_is_for_people(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reads", "list", "--data-dir", str(data_dir), "--last", "1"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["first", "seen", "(UTC)", "camera"]
    assert "XY99 ZZZ" in row


def test_exports_hold_everything(data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reads", "export", "--data-dir", str(data_dir)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["event_id"] for row in rows] == ids(*range(9))
    assert rows[0]["plate"] == "AB12 CDE"
    out = tmp_path / "reads.jsonl"
    assert main(["reads", "export", "--data-dir", str(data_dir), "--format", "jsonl", "--out", str(out)]) == 0
    assert [json.loads(line)["event_id"] for line in out.read_text(encoding="utf-8").splitlines()] == ids(*range(9))
    assert not list(tmp_path.glob("*.part"))


def test_a_read_that_is_not_there_is_said_and_told_by_the_exit_code(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reads", "show", "no-such-read", "--data-dir", str(data_dir)]) == 1
    assert "there is no read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["--data-dir", "/no/such/folder"], 1, "no folder"),
        (["--data-dir", "/", "--fuzzy"], 2, "give --plate too"),
    ],
)
def test_wrong_use_is_explained(
    arguments: list[str], code: int, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reads", "list", *arguments]) == code
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--since", "yesterday"], ["--limit", "0"], ["--limit", "-3"]])
def test_values_that_mean_nothing_are_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["reads", "list", "--data-dir", "/", *arguments])
