import json
from pathlib import Path

import pytest

from npr_edge.cli import main


@pytest.fixture
def residents(tmp_path: Path) -> Path:
    file = tmp_path / "residents.csv"
    file.write_text("plate,make,colour,year\nAB12 CDE,BMW,Black,2021\nxy34 zzz,Fiat,,\n")
    return file


def test_import_list_and_remove(residents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["vehicles", "import", str(residents), *data]) == 0
    assert "2 vehicles imported, 2 known" in capsys.readouterr().out
    assert main(["vehicles", "list", "--jsonl", *data]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["plate"], one["make"], one["year"]) for one in listed] == [
        ("AB12CDE", "BMW", 2021),
        ("XY34ZZZ", "Fiat", None),
    ]
    assert main(["vehicles", "remove", "ab12cde", "NO1", *data]) == 1
    assert "1 of 2 removed" in capsys.readouterr().out
    assert main(["vehicles", "list", *data]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["XY34ZZZ", "Fiat"]


def test_a_wrong_row_imports_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("plate,year\nAB12CDE,2020\nXY34ZZZ,soon\n")
    assert main(["vehicles", "import", str(file), "--data-dir", str(tmp_path)]) == 1
    assert "row 2" in capsys.readouterr().err
    main(["vehicles", "list", "--jsonl", "--data-dir", str(tmp_path)])
    assert capsys.readouterr().out == ""


def test_without_a_place_for_data_the_command_says_which_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vehicles", "list"]) == 2
    assert "--data-dir" in capsys.readouterr().err
