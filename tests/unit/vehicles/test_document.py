"""docs/vehicles.md shows a list and settings that work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from npr_edge.settings import VehiclesSettings
from npr_edge.vehicles import read_vehicles

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "vehicles.md").read_text(encoding="utf-8")


def test_the_list_can_be_imported(tmp_path: Path) -> None:
    block = re.search(r"```\n(plate,.*?)```", TEXT, re.DOTALL)
    assert block is not None
    path = tmp_path / "list.csv"
    path.write_text(block[1], encoding="utf-8")
    assert [known.plate for known in read_vehicles(path)] == ["AB12CDE", "CD34EFG"]


def test_the_settings_are_settings() -> None:
    for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL):
        settings = VehiclesSettings.model_validate(tomllib.loads(block)["vehicles"])
        assert settings.dvla.enabled or settings.rdw.enabled
