import subprocess
import sys

import pytest

from npr_edge import __version__
from npr_edge.cli import COMMANDS, main
from npr_edge.cli.exits import EXIT_USAGE


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"npr-edge {command}" in capsys.readouterr().out


def test_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    overview = capsys.readouterr().out
    assert all(command.summary.split(",")[0] in overview for command in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"npr-edge {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["fly"], ["recognise"], ["recognise", "--fly", "x.jpg"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == EXIT_USAGE
    assert "usage:" in capsys.readouterr().err


def test_overview_starts_without_loading_any_stage() -> None:
    code = "import sys, npr_edge.cli as c; c.build_parser(None); print('cv2' in sys.modules or 'flask' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "False\n"
