"""Renders ``config/npr-edge.toml`` and the tables of ``docs/configuration.md`` from the models."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from npr_edge.settings.models import Settings

HEADER = """\
# The settings of npr-edge, each with its default. Lines that start with a single # are unset.
# Every key can also come from the environment: [mqtt] host is NPR_EDGE_MQTT__HOST.
# Check a changed file with: npr-edge check-config --config FILE
"""
CAMERA_EXAMPLE: dict[str, Any] = {"id": "entry", "source": "v4l2:/dev/video0"}
"""What stands for the keys of a camera that have no default."""

WIDTH = 110


def render_config() -> str:
    """The reference configuration: every key, its default and a comment, as TOML.

    The example camera is commented out, so the file as it stands starts the API alone.
    """
    lines = [HEADER]
    for name, field in Settings.model_fields.items():
        section = section_of(field)
        if section is None:
            lines += [*_comment(field), *_assignment(name, field.get_default()), ""]
    for name, field in Settings.model_fields.items():
        section = section_of(field)
        if section is not None and name != "camera":
            lines += [*_comment(field), *_table(name, section)]
    lines += ["# A camera; repeat the block for each. Remove the leading # to use it."]
    lines += ["#" + line if line else "" for line in _camera_lines()]
    return "\n".join(lines).rstrip() + "\n"


def render_table(section: type[BaseModel]) -> str:
    """A Markdown table of a section's own keys: key, default, what it means."""
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for name, field in section.model_fields.items():
        if section_of(field) is None:
            default = "required" if field.is_required() else f"`{_shown_default(field)}`"
            rows.append(f"| `{name}` | {default} | {(field.description or '') + _bounds(field)} |")
    return "\n".join(rows)


DOCUMENT_HEADER = """\
# Configuration

One TOML file, given with `--config`. `config/npr-edge.toml` shows every key with its default; this page is made from
the same source, and a test holds both against the program. `npr-edge check-config --config FILE` names every error
at once, with the key, the value and what is allowed.

Every key can also come from the environment, nested with two underscores: `[mqtt] host` is `NPR_EDGE_MQTT__HOST`. A
camera is named by its place or its id: `NPR_EDGE_CAMERA__0__FPS`, `NPR_EDGE_CAMERA__ENTRY__FPS`. Lists and tables are
JSON: `NPR_EDGE_RECOGNISE__REGIONS='["gb", "ie"]'`. The environment wins over the file. Unknown keys are errors, in the
file and in the environment. Relative paths of `replay:` sources count from the file's folder.

SIGHUP and the MQTT request `reload` apply changes of `[[camera]]`, `[track]` and `[log]` at once; the log names the
sections that need a restart.
"""


def render_document() -> str:
    """``docs/configuration.md``: a table for each section."""
    parts = [DOCUMENT_HEADER]
    for name, section in sections():
        title = "Top of the file" if not name else "[[camera]]" if name == "camera" else f"[{name}]"
        about = (section.__doc__ or "").strip().split("\n")[0] if name else ""
        parts.append(f"## {title}\n" + (f"\n{about}\n" if about else "") + f"\n{render_table(section)}\n")
    return "\n".join(parts)


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Every section with its dotted name, parents first; ``""`` is the top of the file."""
    yield from _sections("", Settings)


def _sections(prefix: str, section: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield prefix, section
    for name, field in section.model_fields.items():
        inner = section_of(field)
        if inner is not None:
            yield from _sections(f"{prefix}.{name}" if prefix else name, inner)


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, alone or in a list; None for a plain value."""
    for annotation in (field.annotation, *getattr(field.annotation, "__args__", ())):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return annotation
    return None


def _table(name: str, section: type[BaseModel]) -> list[str]:
    lines = [f"[{name}]"]
    inner: list[str] = []
    for key, field in section.model_fields.items():
        below = section_of(field)
        if below is None:
            lines += [*_comment(field), *_assignment(key, field.get_default())]
        else:
            inner += ["", *_comment(field), *_table(f"{name}.{key}", below)[:-1]]
    return [*lines, *inner, ""] if inner else [*lines, ""]


def _camera_lines() -> list[str]:
    section = section_of(Settings.model_fields["camera"])
    assert section is not None
    lines = _table("camera", section)
    lines[0] = "[[camera]]"
    return [_example(line) for line in lines]


def _example(line: str) -> str:
    key = line.removeprefix("# ").split(" ")[0]
    return f"{key} = {_toml(CAMERA_EXAMPLE[key])}" if line.endswith(" is required") else line


def _comment(field: FieldInfo) -> list[str]:
    text = (field.description or "") + _bounds(field)
    return ["# " + line for line in textwrap.wrap(text, WIDTH)]


def _bounds(field: FieldInfo) -> str:
    """The range of a number or the choices of a word, where the field has them."""
    if get_origin(field.annotation) is Literal:
        return f" One of {', '.join(str(choice) for choice in get_args(field.annotation))}."
    found = {name: getattr(m, name) for m in field.metadata for name in ("ge", "gt", "le", "lt") if hasattr(m, name)}
    if not found:
        return ""
    low = f"from {found['ge']:.10g}" if "ge" in found else f"above {found['gt']:g}"
    high = found.get("le", found.get("lt"))
    return f" Range: {low}." if high is None else f" Range: {low} to {high:.10g}."


def _assignment(key: str, value: Any) -> list[str]:
    if repr(value) == "PydanticUndefined":
        return [f"# {key} is required"]
    return [f"# {key} =" if value is None else f"{key} = {_toml(value)}"]


def _shown_default(field: FieldInfo) -> str:
    value = field.get_default()
    return "unset" if value is None else _toml(value)


def _toml(value: Any) -> str:
    """A plain value as TOML; JSON writes strings, numbers and lists the way TOML reads them."""
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    Path("config/npr-edge.toml").write_text(render_config(), encoding="utf-8")
    Path("docs/configuration.md").write_text(render_document(), encoding="utf-8")
