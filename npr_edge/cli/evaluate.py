"""``npr-edge evaluate``: what the models do on labelled photographs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import cv2

from npr_edge.cli.common import Subparsers, print_table, progress
from npr_edge.cli.models import add_models_options, build_recogniser
from npr_edge.domain import Image
from npr_edge.errors import ConfigError, ImageError
from npr_edge.evaluate.detect import draw_worst as draw_worst_detections
from npr_edge.evaluate.detect import evaluate_detect
from npr_edge.evaluate.photos import draw_worst as draw_worst_photos
from npr_edge.evaluate.photos import evaluate_photos, load_labelled_plates
from npr_edge.evaluate.read import draw_worst as draw_worst_readings
from npr_edge.evaluate.read import evaluate_read
from npr_edge.images import decode_image
from npr_edge.recognise import AloneDetector, ConfirmedDetector

DESCRIPTION = """\
Measure the models on labelled photographs; every figure comes with its 95 % bootstrap interval.

  npr-edge evaluate detect DATA/detect             recall, precision, false plates per photograph at IoU 0.5
  npr-edge evaluate detect DATA/negatives          photographs without plates: false plates alone
  npr-edge evaluate read DATA/read                 exact match and character accuracy on plate crops
  npr-edge evaluate photos DATA/photos             whole photographs, from pixels to text
  npr-edge evaluate read my-plates --worst worst.png --json out.json

PATH is one source's folder or a folder of them; docs/training.md describes the forms. The JSON has fractions 0-1.
"""

T = TypeVar("T")


def add_parser(subparsers: Subparsers) -> None:
    """Add ``evaluate`` to the command line."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure the models on labelled photographs",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("detect", "read", "photos"), help="detector, reader, or both on photographs")
    parser.add_argument("path", type=Path, metavar="PATH", help="folder of a source, or of several")
    parser.add_argument("--split", default="val", help="split of the labels to measure on (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as JSON")
    parser.add_argument("--worst", type=Path, metavar="PNG", help="draw the ten worst misses to a picture")
    parser.add_argument(
        "--alone", action="store_true", help="detect: judge the detector alone, without the reader that confirms plates"
    )
    add_models_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, write what was asked for."""
    if not args.path.is_dir():
        raise ConfigError(f"{args.path}: no such folder")
    recogniser = build_recogniser(args)
    report: Any
    picture: Any
    if args.what == "detect":
        detector = AloneDetector(recogniser) if args.alone else ConfirmedDetector(recogniser)
        report = evaluate_detect(detector, args.path, args.split, load=_load, progress=_bar)
        picture = draw_worst_detections
    elif args.what == "read":
        report = evaluate_read(recogniser.reader, args.path, args.split, load=_load, progress=_bar)
        picture = draw_worst_readings
    else:
        plates = load_labelled_plates(args.path, args.split)
        report = evaluate_photos(recogniser, plates, _load, _bar)
        picture = draw_worst_photos
    header, rows = report.table()
    print_table(header, rows)
    if args.json:
        args.json.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")
    if args.worst and not cv2.imwrite(str(args.worst), picture(report, _load)):
        raise ConfigError(f"{args.worst} cannot be written: give a .png in a folder that exists")
    return 0


def _load(path: Path) -> Image:
    try:
        return decode_image(path.read_bytes())
    except (OSError, ImageError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _bar(items: Sequence[T]) -> Iterator[T]:
    return progress(items, "evaluate", len(items))
