"""``python -m npr_edge.training TASK``: hands over to the task's module; only that one is imported."""

from __future__ import annotations

import argparse
import importlib
import sys

TASKS = {
    "detector": "train the detector",
    "reader": "train the reader",
    "export": "write the int8 model and its card from a float checkpoint",
    "generate": "draw a pool of plates",
}


def main(argv: list[str] | None = None) -> int:
    """Run one task; returns its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m npr_edge.training", description=__doc__)
    subparsers = parser.add_subparsers(dest="task", required=True)
    for task, text in TASKS.items():
        if arguments[:1] == [task]:  # the others need not even be installed
            importlib.import_module(f"npr_edge.training.{task}_command").add_parser(subparsers)
        else:
            subparsers.add_parser(task, help=text)
    args = parser.parse_args(arguments)
    return int(args.run(args))


if __name__ == "__main__":
    sys.exit(main())
