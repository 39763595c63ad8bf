"""``npr-edge run``: the daemon."""

from __future__ import annotations

import argparse
from pathlib import Path

from npr_edge.cli.common import Subparsers

DESCRIPTION = """\
Run the daemon in the foreground: frames from the cameras in, one read per vehicle out, to the
database, to MQTT and to the REST API, until it is told to end.

  npr-edge run --config /etc/npr-edge/npr-edge.toml
  NPR_EDGE_MQTT__HOST=broker npr-edge run --config npr-edge.toml    one setting from outside

Signals: SIGTERM and Ctrl-C end it after what is in memory was stored; SIGHUP reads the
configuration again (cameras, tracking and log change at once, the rest is named in the log).
Exit codes: 0 ended as asked, 1 models or data folder unusable, 2 wrong configuration,
70 a part of the daemon died (systemd starts it again).
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``run`` to the command line."""
    parser = subparsers.add_parser(
        "run",
        help="the daemon: cameras in, reads out",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the configuration (TOML)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="instead of data_dir of the configuration")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the daemon; returns its exit code."""
    from npr_edge.app import Daemon
    from npr_edge.logs import configure_logging
    from npr_edge.settings import load_settings

    settings = load_settings(args.config)
    if args.data_dir is not None:
        settings = settings.model_copy(update={"data_dir": args.data_dir})
    configure_logging(settings.log)
    return Daemon(settings, args.config).run()
