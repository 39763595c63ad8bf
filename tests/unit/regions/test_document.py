"""docs/regions.md lists exactly the regions of the grammar file."""

from __future__ import annotations

from pathlib import Path

from npr_edge.regions import load_catalogue

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "regions.md"


def test_the_tables_list_every_region_with_an_example() -> None:
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    listed = {line for line in lines if line.count("|") == 5}
    expected = {
        f"| `{code}` | {grammar.name} | {len(grammar.formats)} | `{grammar.formats[0].example}` |"
        for code, grammar in load_catalogue().grammars.items()
    }
    assert listed == expected
