"""``npr-edge check-config``: is a configuration right."""

from __future__ import annotations

import argparse
from pathlib import Path

from npr_edge.cli.common import Subparsers
from npr_edge.settings import check_settings

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
    settings = check_settings(args.config)
    cameras = ", ".join(camera.id for camera in settings.camera) or "none"
    print(
        f"{args.config}: right (cameras: {cameras}; mqtt: {_on(settings.mqtt.enabled)}; "
        f"API: {settings.web.listen if settings.web.enabled else 'off'})"
    )
    return 0


def _on(enabled: bool) -> str:
    return "on" if enabled else "off"
