"""``npr-edge recognise``: plates of photographs, as a table, as JSON lines, as pictures."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from npr_edge.cli.common import Subparsers, print_table, progress
from npr_edge.cli.models import add_models_options, build_recogniser
from npr_edge.domain import Image, Recognition
from npr_edge.draw import draw_plate
from npr_edge.errors import ConfigError, ImageError
from npr_edge.images import decode_image
from npr_edge.ports import Recogniser
from npr_edge.web.contract import error_body, recognition_body

DESCRIPTION = """\
Read the number plates of photographs (JPEG, PNG, WebP) with the models on this device.

  npr-edge recognise car.jpg                       a table of what was read
  npr-edge recognise --region gb --region ie DIR   plates mostly from there; helps where a text fits several countries
  npr-edge recognise --jsonl DIR > reads.jsonl     one JSON object per image, as the REST API would answer
  npr-edge recognise --draw out DIR                also write the photographs with the plates drawn in

Exit code: 0 every image read, 1 some image broken or without a plate, 2 wrong usage.
"""
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}

MAX_BYTES = 100_000_000
"""Photographs on a disk of one's own may be larger than the API's 10 MB; 50 megapixels as PNG take up to this."""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``recognise`` to the command line."""
    parser = subparsers.add_parser(
        "recognise",
        help="read the plates of photographs",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="IMAGE|DIR", help="photographs, or folders of them")
    parser.add_argument("--jsonl", action="store_true", help="one JSON object per image on standard output, in order")
    parser.add_argument("--draw", type=Path, metavar="DIR", help="write the photographs with plates drawn in to DIR")
    add_models_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Recognise every image; a broken one is an entry of its own, not the end."""
    images = list(_images(args.paths))
    if not images:
        raise ConfigError(f"no photograph ({', '.join(sorted(SUFFIXES))}) in {', '.join(map(str, args.paths))}")
    recogniser = build_recogniser(args)
    if args.draw:
        args.draw.mkdir(parents=True, exist_ok=True)
    rows: list[list[str]] = []
    complete = True
    for number, path in enumerate(progress(images, "recognise", len(images))):
        answer = _answer(recogniser, path, _drawing(args.draw, path, number))
        complete &= bool(answer["success"])
        if args.jsonl:
            print(json.dumps({"file": str(path), **answer}), flush=True)
        else:
            rows += _rows(path, answer)
    if not args.jsonl:
        print_table(["file", "plate", "region", "confidence", "x", "y", "width", "height", "ms"], rows)
    return 0 if complete else 1


def _images(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        else:
            # A named file is always tried: its content decides, not its name.
            yield path


def _answer(recogniser: Recogniser, path: Path, drawing: Path | None) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        image = decode_image(path.read_bytes(), max_bytes=MAX_BYTES)
    except OSError as error:
        return error_body("INVALID_IMAGE", f"{path} cannot be opened: {error.strerror}.")
    except ImageError as error:
        return error_body(error.code, str(error))
    decoded = time.perf_counter()
    recognition = recogniser.recognise(image)
    if drawing is not None:
        _draw(image, recognition, drawing)
    return recognition_body(recognition, decode_ms=1000 * (decoded - started))


def _drawing(folder: Path | None, path: Path, number: int) -> Path | None:
    # The number keeps pictures of one name in different folders apart.
    return None if folder is None else folder / f"{number:04d}-{path.stem}.jpg"


def _draw(image: Image, recognition: Recognition, target: Path) -> None:
    for result in recognition.results:
        if result.plate.text:
            draw_plate(image, result.detection.quad, f"{result.plate.printed} {result.plate.confidence:.2f}")
    if not cv2.imwrite(str(target), image):
        raise ConfigError(f"{target} cannot be written: check that the folder is writable and the disk not full")


def _rows(path: Path, answer: dict[str, Any]) -> list[list[str]]:
    if not answer["success"]:
        print(f"{path}: {answer['error']['message']}", file=sys.stderr)
        return [[str(path), "-", "", "", "", "", "", "", ""]]
    spent = sum(answer["processing_ms"].values())
    rows = []
    for result in answer["results"]:
        box = result["bounding_box"]
        place = [str(box[key]) for key in ("x", "y", "width", "height")]
        cells = [result["plate"], result["region"] or "?", f"{result['confidence']:.2f}", *place, f"{spent:.0f}"]
        rows.append([str(path), *cells])
    return rows
