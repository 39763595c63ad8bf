"""``npr-edge bench``: what this device can do."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from npr_edge.bench import BenchReport, run_bench, total_rounds
from npr_edge.cli.common import Subparsers, print_table
from npr_edge.errors import ConfigError
from npr_edge.regions import Resolver
from npr_edge.tflite import models_dir

DESCRIPTION = """\
Measure this device: the time of every stage, frames per second on 1, 2 and 4 threads, memory, temperature.

  npr-edge bench                     on a bundled 1280x720 picture
  npr-edge bench --image gate.jpg    on a picture of your own camera
  npr-edge bench --json              to post or to compare

Close other programs first, and look at "throttling": a Pi that is too hot or short of power measures slow.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``bench`` to the command line."""
    parser = subparsers.add_parser(
        "bench",
        help="measure this device",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--image", type=Path, help="picture with a plate in view (default: a bundled one)")
    parser.add_argument("--rounds", type=int, default=100, help="times each stage is run (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=run)


def bundled_picture() -> Path:
    """The 1280x720 picture of a rendered street that ships with the models."""
    return models_dir() / "bench.jpg"


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.rounds < 1:
        raise ConfigError(f"--rounds {args.rounds}: must be at least 1")
    path = args.image or bundled_picture()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    total = total_rounds(args.rounds)
    with tqdm(total=total, desc="bench", unit="", disable=not sys.stderr.isatty(), leave=False) as bar:
        report = run_bench(data, Resolver(()), args.rounds, lambda: _step(bar))
    if args.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        _print(report)
    return 0


def _step(bar: tqdm[NoReturn]) -> None:
    bar.update()


def _print(report: BenchReport) -> None:
    device = report.device
    temperature = "" if device["temperature_c"] is None else f", {device['temperature_c']:.0f} C"
    throttling = "" if device["throttling"] is None else f", throttling: {', '.join(device['throttling']) or 'none'}"
    print(
        f"{device['model']} ({device['machine']}, {device['cores']} cores{temperature}{throttling}), {report.runtime}"
    )
    print(f"picture {report.image_size[0]}x{report.image_size[1]}, plates {report.plates}, rounds {report.rounds}\n")
    rows = [[stage.stage, f"{stage.median_ms:.2f}", f"{stage.p95_ms:.2f}"] for stage in report.stages]
    print_table(["one thread", "median ms", "p95 ms"], rows)
    print(f"\nrecognise / the models' own time: {report.overhead:.2f}\n")
    speeds = [[str(threads), f"{speed:.1f}"] for threads, speed in report.frames_per_s.items()]
    print_table(["threads", "frames/s"], speeds)
    print()
    models = [
        [name, f"{m['size_bytes'] / 1e6:.2f} MB", f"{m['macs'] / 1e9:.3f} G"] for name, m in report.models.items()
    ]
    print_table(["model", "size", "MACs"], models)
    print(f"\npeak memory: {report.peak_memory_bytes / 2**20:.0f} MiB")
