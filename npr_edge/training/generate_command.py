"""``python -m npr_edge.training generate``: draw a pool of plates, or a contact sheet to look at."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.training.plates import GeneratedPlate
from npr_edge.training.pool import draw_plate, write_pool


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``generate`` task to the dispatcher."""
    parser = subparsers.add_parser("generate", help="draw a pool of plates", description=__doc__)
    parser.add_argument("--count", type=int, default=20000, help="number of plates (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="folder of the pool")
    parser.add_argument("--sheet", type=Path, help="draw a contact sheet of COUNT plates into this PNG instead")
    parser.add_argument("--region", nargs="+", default=[], help="only these regions; us takes all its states")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same plates (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: %(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry out the task; returns the exit code."""
    regions = tuple(args.region)
    if args.sheet is not None:
        plates = [draw_plate(args.seed, index, regions) for index in range(args.count)]
        cv2.imwrite(str(args.sheet), contact_sheet(plates))
        return 0
    if args.out is None:
        print("generate: give --out DIR for a pool or --sheet PNG for a contact sheet")
        return 2
    write_pool(args.out, args.count, args.seed, regions, workers=args.workers)
    return 0


def contact_sheet(plates: list[GeneratedPlate], columns: int = 6) -> NDArray[np.uint8]:
    """The plates in rows with their texts and regions, (H, W, 3) uint8 BGR."""
    wide, tall = 220, 84
    rows = -(-len(plates) // columns)
    sheet = np.full((rows * (tall + 26), columns * (wide + 8), 3), 45, np.uint8)
    for index, plate in enumerate(plates):
        height, width = plate.image.shape[:2]
        shrink = min(wide / width, tall / height)
        size = (round(width * shrink), round(height * shrink))
        y, x = (index // columns) * (tall + 26) + 4, (index % columns) * (wide + 8) + 4
        sheet[y : y + size[1], x : x + size[0]] = cv2.resize(plate.image, size, interpolation=cv2.INTER_AREA)
        cv2.putText(sheet, f"{plate.text} {plate.region}", (x, y + tall + 15), 0, 0.4, (235, 235, 235), 1, cv2.LINE_AA)
    return sheet
