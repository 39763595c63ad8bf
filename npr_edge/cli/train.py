"""``npr-edge train``: hands over to the training package, which runs in a process of its own.

The product never imports training code (torch is not on a Pi); a subprocess keeps that true.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys

from npr_edge.cli.common import Subparsers
from npr_edge.errors import ConfigError

DESCRIPTION = """\
Train the models, export them to int8 TFLite, or generate plates.

  npr-edge train generate --count 20000 --out pool      draw a pool of plates
  npr-edge train reader --data DATA --out work          train the reader (resumable)
  npr-edge train detector --data DATA --out work        train the detector (resumable)
  npr-edge train export reader ...                      write models/reader.tflite and its card

Everything after the task's name goes to the task; 'npr-edge train reader --help' explains it.
docs/training.md tells the whole way.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``train`` to the command line."""
    parser = subparsers.add_parser(
        "train",
        help="train, export and generate (needs the extra 'train')",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", choices=("generate", "reader", "detector", "export"), help="what to do")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the task")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the task in a process of its own; its exit code is ours."""
    if importlib.util.find_spec("npr_edge.training") is None:
        raise ConfigError("training is not part of the installed wheel; clone the repository and run it from there")
    if args.task != "generate" and importlib.util.find_spec("torch") is None:
        raise ConfigError("training needs PyTorch: pip install 'npr-edge[train]'")
    command = [sys.executable, "-m", "npr_edge.training", args.task, *args.arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module, arguments as given
