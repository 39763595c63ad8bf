"""Reading the settings: one TOML file, over it the environment, and every error at once.

``NPR_EDGE_MQTT__HOST`` sets ``host`` of ``[mqtt]``. A camera is named by its place or its id:
``NPR_EDGE_CAMERA__0__FPS``, ``NPR_EDGE_CAMERA__ENTRY__FPS``. Lists and tables are given as JSON.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from npr_edge.errors import ConfigError
from npr_edge.settings.base import IDENTIFIER_PATTERN
from npr_edge.settings.camera import SCHEDULE_PATTERN
from npr_edge.settings.models import Settings

PREFIX = "NPR_EDGE_"
NOT_SETTINGS = frozenset(f"{PREFIX}{name}" for name in ("CONFIG", "DATA", "FONTS", "PYTHON", "TFLITE_PYTHON", "VENV"))
"""Variables with our prefix that are no settings: those of the project's own scripts and tests."""

FILES = {"mqtt": ("password_file", "ca_file", "cert_file", "key_file"), "recognise": ("models_dir",)}
"""Settings that name a file or folder, beside those of the cameras."""

FORMS = {IDENTIFIER_PATTERN: "must be 1 to 64 letters, digits, - or _", SCHEDULE_PATTERN: "is no span of time"}
"""What a pattern asks for, in words; the description of a schedule shows its form."""

SECRET_WORDS = ("password", "secret", "token", "api_key")
Tree = dict[str, Any]


class _Environment(Settings, BaseSettings):
    """The settings as the environment source of pydantic-settings wants them; never instantiated."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid")


def load_settings(path: Path | None = None) -> Settings:
    """The settings of a TOML file with the environment's over them; defaults where neither says anything.

    Relative paths of ``replay:`` sources are resolved against the file's folder.

    Args:
        path: The TOML file; None for the environment and the defaults alone.

    Raises:
        ConfigError: The file cannot be read or at least one setting is wrong; the message has a line for each.
    """
    settings, problems = _validate(path)
    if settings is None or problems:
        raise _config_error(path, problems)
    return settings


def check_settings(path: Path) -> Settings:
    """The settings of a file as ``load_settings`` gives them, if every file that they name is there, too.

    Raises:
        ConfigError: At least one setting is wrong or one file is missing; the message has a line for each of both.
    """
    settings, problems = _validate(path)
    tree = settings.model_dump() if settings is not None else _read_tree(path)[0]
    problems += _missing_files(tree)
    if settings is None or problems:
        raise _config_error(path, problems)
    return settings


def _validate(path: Path | None) -> tuple[Settings | None, list[str]]:
    tree, problems = _read_tree(path)
    try:
        return Settings.model_validate(tree), problems
    except ValidationError as error:
        problems += [describe(detail) for detail in error.errors()]
        if not any(detail["loc"] == ("camera",) for detail in error.errors()):
            problems += _ids_used_twice(tree)
        return None, problems


def _config_error(path: Path | None, problems: list[str]) -> ConfigError:
    where = str(path) if path is not None else "the environment"
    count = f"{len(problems)} error{'s' if len(problems) > 1 else ''}"
    return ConfigError(f"{where}: {count}\n" + "\n".join(f"  {problem}" for problem in problems))


def _read_tree(path: Path | None) -> tuple[Tree, list[str]]:
    """What file and environment say, unchecked, and what is wrong with the environment."""
    tree = _read_toml(path) if path is not None else {}
    problems = _overlay_environment(tree)
    if path is not None:
        _resolve_replay_paths(tree, path.resolve().parent)
    return tree, problems


def _ids_used_twice(tree: Tree) -> list[str]:
    """Cameras of one id: the list's own check does not run while one of its cameras is wrong."""
    ids = [camera.get("id") for camera in _cameras(tree)]
    twice = sorted({str(name) for name in ids if name is not None and ids.count(name) > 1})
    return [f"camera: ids must be unique; used more than once: {', '.join(twice)}"] if twice else []


def _cameras(tree: Tree) -> list[Tree]:
    cameras = tree.get("camera")
    return [each for each in cameras if isinstance(each, dict)] if isinstance(cameras, list) else []


def _missing_files(tree: Tree) -> list[str]:
    """Files that the settings name and that are not there; of settings that may be wrong in other ways."""
    named: list[tuple[str, object]] = []
    for section, keys in FILES.items():
        values = tree.get(section)
        named += [(f"{section}.{key}", values.get(key)) for key in keys if isinstance(values, dict)]
    for place, camera in enumerate(_cameras(tree)):
        named.append((f"camera[{place}].password_file", camera.get("password_file")))
        source = camera.get("source")
        if isinstance(source, str) and source.startswith("replay:"):
            named.append((f"camera[{place}].source", source.removeprefix("replay:")))
    return [
        f"{key} = {path}: does not exist; name an existing file or folder"
        for key, path in named
        if isinstance(path, str | Path) and not Path(path).exists()
    ]


def _read_toml(path: Path) -> Tree:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name an existing file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error


def _overlay_environment(tree: Tree) -> list[str]:
    """Lay the environment over ``tree``; returns what is wrong with its names and its JSON."""
    problems = []
    for name in sorted(os.environ):
        key = name.removeprefix(PREFIX).split("__")[0].lower()
        if name.startswith(PREFIX) and name not in NOT_SETTINGS and key not in Settings.model_fields:
            problems.append(f"{name}: unknown variable{_nearest(key, Settings.model_fields)}")
    source = EnvSettingsSource(_Environment)
    for field_name, field in Settings.model_fields.items():
        try:
            value, key, is_complex = source.get_field_value(field, field_name)
            value = source.prepare_field_value(field_name, field, value, is_complex)
        except (ValueError, SettingsError):
            problems.append(f"{PREFIX}{field_name.upper()}: must be JSON where it sets a list or a table")
            continue
        if value is not None:
            tree[field_name] = _merge(tree.get(field_name), value)
    return problems


def _merge(below: Any, above: Any) -> Any:
    """``above`` laid over ``below``: tables key by key, lists of tables by place or by the ``id`` of an element."""
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: _merge(below.get(key), value) for key, value in above.items()}
    if not isinstance(above, dict):
        return _from_text(above)
    if isinstance(below, list):
        return _merge_list(below, above)
    if below is None and above and all(key.isdigit() for key in above):
        return [_merge({}, above[key]) for key in sorted(above, key=int)]
    return {key: _merge(None, value) for key, value in above.items()}


def _merge_list(below: list[Any], above: Tree) -> list[Any]:
    merged = list(below)
    for key, value in above.items():
        at = next((i for i, item in enumerate(merged) if isinstance(item, dict) and _same(item.get("id"), key)), None)
        if at is None and key.isdigit():
            at = int(key)
        if at is not None and at < len(merged):
            merged[at] = _merge(merged[at], value)
        else:
            merged.append(_merge({}, value))
    return merged


def _same(name: object, key: str) -> bool:
    return isinstance(name, str) and name.lower().replace("-", "_") == key.lower().replace("-", "_")


def _from_text(value: Any) -> Any:
    """A list or table that stands as JSON in a nested variable; everything else as it is."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _resolve_replay_paths(tree: Tree, folder: Path) -> None:
    cameras = tree.get("camera")
    for camera in cameras if isinstance(cameras, list) else []:
        source = camera.get("source") if isinstance(camera, dict) else None
        if isinstance(source, str) and source.startswith("replay:"):
            camera["source"] = "replay:" + str(folder / source.removeprefix("replay:"))


def describe(detail: ErrorDetails) -> str:
    """One error as ``key = value: what is allowed``, without the value where it may be a secret."""
    key = _dotted(detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    fields, field = _field_at(detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key{_nearest(str(detail['loc'][-1]), fields)}"
    if detail["type"] == "missing":
        return f"{key}: is missing{_meaning(field)}"
    if detail["type"] == "string_pattern_mismatch":
        message = FORMS.get(detail["ctx"]["pattern"], message)
    if isinstance(detail["input"], Mapping):  # a whole section: it may hold a password, and its keys say enough
        return f"{key}: {message}{_meaning(field)}"
    secret = any(word in key.lower() for word in SECRET_WORDS) and not key.endswith("_file")
    value = "***" if secret or "@" in str(detail["input"]) else _short(detail["input"])
    return f"{key} = {value}: {message}{_meaning(field)}"


def _dotted(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _short(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _meaning(field: FieldInfo | None) -> str:
    return f" ({field.description})" if field is not None and field.description else ""


def _nearest(key: str, fields: Mapping[str, FieldInfo]) -> str:
    close = difflib.get_close_matches(key.lower(), fields, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are {', '.join(fields)}" if fields else ""


def _field_at(location: tuple[int | str, ...]) -> tuple[Mapping[str, FieldInfo], FieldInfo | None]:
    """The fields of the section that holds ``location`` and the field itself where it is known."""
    section: type[BaseModel] | None = Settings
    fields: Mapping[str, FieldInfo] = {}
    field: FieldInfo | None = None
    for part in location:
        if isinstance(part, int) or section is None:
            continue
        fields = section.model_fields
        field = fields.get(part)
        section = _section_of(field.annotation) if field is not None else None
    return fields, field


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """The section inside an annotation such as ``list[CameraSettings]``, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _section_of(inner)
        if found is not None:
            return found
    return None
