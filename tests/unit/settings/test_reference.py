"""The reference configuration says what the models say."""

import re
import tomllib
from pathlib import Path

import pytest

from npr_edge.settings import Settings, load_settings
from npr_edge.settings.reference import render_config, render_document, sections

REPOSITORY = Path(__file__).parents[3]
REFERENCE = REPOSITORY / "config" / "npr-edge.toml"


def test_the_file_is_what_the_models_render() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == render_config(), "run: python -m npr_edge.settings.reference"


def test_the_page_is_what_the_models_render() -> None:
    page = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == render_document(), "run: python -m npr_edge.settings.reference"


def test_the_file_as_it_stands_is_the_defaults() -> None:
    assert load_settings(REFERENCE) == Settings()


def test_the_example_camera_is_valid_when_its_comments_go(tmp_path: Path) -> None:
    active = re.sub(r"^#(?!#)(?=[a-z\[])", "", render_config(), flags=re.MULTILINE)
    path = tmp_path / "npr-edge.toml"
    path.write_text(active, encoding="utf-8")
    assert len(load_settings(path).camera) == 1
    assert tomllib.loads(active)["camera"][0]["motion"]["enabled"] is True


@pytest.mark.parametrize(("name", "section"), list(sections()), ids=[name or "top" for name, _ in sections()])
def test_every_field_is_described(name: str, section: type[Settings]) -> None:
    for key, field in section.model_fields.items():
        assert field.description, f"{name}.{key} has no description"
        assert field.description.rstrip().endswith((".", "]")), f"{name}.{key}: a description is a sentence"
