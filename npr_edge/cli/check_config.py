"""``npr-edge check-config``: is a configuration right."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from npr_edge.cli.common import Subparsers
from npr_edge.errors import ConfigError
from npr_edge.settings import Settings, load_settings

DESCRIPTION = """\
Check a configuration file with the environment's NPR_EDGE_... variables over it, without starting
anything. Every error is named at once, each with its key, its value and what is allowed.

  npr-edge check-config --config npr-edge.toml

Exit codes: 0 right, 2 wrong.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``check-config`` to the command line."""
    parser = subparsers.add_parser(
        "check-config",
        help="check a configuration file and name every error",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the configuration (TOML)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check and say so.

    Raises:
        ConfigError: Something is wrong; the message names everything.
    """
    settings = load_settings(args.config)
    missing = list(_missing_files(settings))
    if missing:
        count = f"{len(missing)} error{'s' if len(missing) > 1 else ''}"
        raise ConfigError(f"{args.config}: {count}\n" + "\n".join(f"  {line}" for line in missing))
    cameras = ", ".join(camera.id for camera in settings.camera) or "none"
    print(
        f"{args.config}: right (cameras: {cameras}; mqtt: {_on(settings.mqtt.enabled)}; "
        f"API: {settings.web.listen if settings.web.enabled else 'off'})"
    )
    return 0


def _on(enabled: bool) -> str:
    return "on" if enabled else "off"


def _missing_files(settings: Settings) -> Iterator[str]:
    """Files that the settings name and that cannot be there."""
    named: list[tuple[str, Path | None]] = [
        ("mqtt.password_file", settings.mqtt.password_file),
        ("mqtt.ca_file", settings.mqtt.ca_file),
        ("mqtt.cert_file", settings.mqtt.cert_file),
        ("mqtt.key_file", settings.mqtt.key_file),
        ("recognise.models_dir", settings.recognise.models_dir),
    ]
    for place, camera in enumerate(settings.camera):
        named.append((f"camera[{place}].password_file", camera.password_file))
        if camera.is_replay:
            named.append((f"camera[{place}].source", Path(camera.source.removeprefix("replay:"))))
    for key, path in named:
        if path is not None and not path.exists():
            yield f"{key} = {path}: does not exist; name an existing file or folder"
