"""The ``npr-edge`` command: one module per group of subcommands, loaded only when asked for.

Exit codes: 0 done, 1 done but something asked for was not there or failed, 2 wrong usage or configuration.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from npr_edge import __version__
from npr_edge.cli.exits import EXIT_INCOMPLETE, EXIT_USAGE
from npr_edge.errors import ConfigError, NprEdgeError


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: its module below ``npr_edge.cli`` (imported when it is used) and its line in the overview."""

    name: str
    module: str
    summary: str


COMMANDS = (
    Command("recognise", "recognise", "read the plates of photographs"),
    Command("run", "run", "the daemon: cameras in, reads out"),
    Command("serve", "serve", "the REST API alone, without cameras"),
    Command("replay", "replay", "run a clip through the whole line and print what was seen"),
    Command("reads", "reads", "list, show or export the stored reads"),
    Command("keys", "keys", "create, list and revoke API keys"),
    Command("vehicles", "vehicles", "import and list the local vehicle table"),
    Command("status", "status", "what the running daemon sees"),
    Command("check-config", "check_config", "check a configuration file and name every error"),
    Command("bench", "bench", "measure this device"),
    Command("evaluate", "evaluate", "measure the models on labelled photographs"),
    Command("train", "train", "train, export and generate (needs the extra 'train')"),
)

OVERVIEW = """\
start here:
  npr-edge recognise car.jpg                read one photograph
  npr-edge run --config npr-edge.toml       start the daemon
  npr-edge COMMAND --help                   everything a command can do, with examples
"""


def build_parser(name: str | None) -> argparse.ArgumentParser:
    """The argument parser; only the subcommand ``name`` is filled in, the others keep their overview line."""
    parser = argparse.ArgumentParser(
        prog="npr-edge",
        description="Reads number plates on the device: cameras in, plates out, no cloud.",
        epilog=OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"npr-edge {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        if command.name == name:
            module = importlib.import_module(f"npr_edge.cli.{command.module}")
            module.add_parser(subparsers)
        else:
            subparsers.add_parser(command.name, help=command.summary, add_help=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = next((argument for argument in arguments if not argument.startswith("-")), None)
    parsed = build_parser(name).parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    logging.basicConfig(level=logging.WARNING, format="npr-edge: %(levelname)s: %(message)s")
    try:
        return run(parsed)
    except ConfigError as error:
        print(f"npr-edge: {error}", file=sys.stderr)
        return EXIT_USAGE
    except NprEdgeError as error:
        print(f"npr-edge: {error}", file=sys.stderr)
        return EXIT_INCOMPLETE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output (head, less) went away: nothing left to say, and Python's own
        # flush at exit must not complain about it either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
