"""The documents tell the truth: links lead somewhere, commands exist, scripts are there."""

import re
from pathlib import Path

import pytest

from npr_edge.cli import COMMANDS

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([REPOSITORY / "README.md", *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("models/*.md")])


def _id(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_id)
def test_links_lead_to_files_of_the_project(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=_id)
def test_commands_shown_exist(document: Path) -> None:
    shown = re.findall(r"^(?:\$ )?npr-edge ([a-z][a-z-]*)", document.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(shown) <= {command.name for command in COMMANDS}


@pytest.mark.parametrize("document", DOCUMENTS, ids=_id)
def test_scripts_shown_exist(document: Path) -> None:
    shown = re.findall(r"^(?:\$ )?(scripts/[a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE)
    missing = [script for script in shown if not (REPOSITORY / script).is_file()]
    assert not missing


def test_readme_opens_with_the_two_commands() -> None:
    opening = (REPOSITORY / "README.md").read_text(encoding="utf-8")[:600]
    assert "scripts/demo" in opening
    assert "scripts/test" in opening
