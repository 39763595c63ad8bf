"""``npr-edge status``: what the running daemon sees."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from npr_edge.cli.common import Subparsers, print_table
from npr_edge.settings import load_settings
from npr_edge.status import ask_status

DESCRIPTION = """\
Ask the running daemon what it sees: cameras and their frame rates, queues, the record, the broker.

  npr-edge status --config npr-edge.toml
  npr-edge status --data-dir /var/lib/npr-edge --json

Exit codes: 0 all is well, 1 something is wrong or no daemon runs, 2 usage.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``status`` to the command line."""
    parser = subparsers.add_parser(
        "status",
        help="what the running daemon sees",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the daemon's configuration, for its data_dir")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="the daemon's data folder; wins over --config")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the status; 1 where something is wrong."""
    status = ask_status(args.data_dir or load_settings(args.config).data_dir)
    if args.json:
        print(json.dumps(status))
    else:
        _print(status)
    return 1 if status["faults"] else 0


def _print(status: dict[str, Any]) -> None:
    print(f"{status['device']}: up for {_span(status['uptime_s'])}, process {status['pid']}")
    rows = [
        [
            camera["id"],
            camera["state"],
            f"{camera['fps']:.1f}",
            str(camera["frames"]),
            str(camera["dropped"]),
            "-" if camera["frame_age_s"] is None else f"{camera['frame_age_s']:.1f} s",
            str(camera["reads"]),
            str(camera["unread"]),
            camera["detail"],
        ]
        for camera in status["cameras"]
    ]
    if rows:
        print_table(["camera", "state", "fps", "frames", "dropped", "last", "reads", "unread", ""], rows)
    for name in ("queues", "record", "outbox", "broker"):
        if name in status:
            told = {key: _plain(key, value) for key, value in status[name].items() if value not in ("", [])}
            print(
                f"{name}: " + ", ".join(f"{key.removesuffix('_bytes').replace('_', ' ')} {told[key]}" for key in told)
            )
    for fault in status["faults"]:
        print(f"FAULT {fault}")


def _plain(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key.endswith("_bytes"):
        return f"{value / 1e6:,.0f} MB" if value >= 1e7 else f"{value / 1e3:,.0f} kB"
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _span(seconds: float) -> str:
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86_400
    if days >= 2:
        return f"{days:.1f} days"
    return f"{hours:.1f} hours" if hours >= 2 else f"{minutes:.0f} minutes"
