"""``python -m npr_edge.training generate``: draw a pool of plates, a contact sheet, scenes, or the demo's files."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.regions import load_catalogue
from npr_edge.training.plates import GeneratedPlate, generate
from npr_edge.training.pool import draw_plate, write_pool
from npr_edge.training.scenes import PlatePicture, write_pack
from npr_edge.training.scenes.files import write_demo_clip, write_demo_scenes, write_scenes

DEMO_PLATES = 140
# fmt: off
DEMO_REGIONS = (
    "gb", "de", "gb", "fr", "nl", "gb", "us-ca", "es", "gb", "it", "be", "gb", "pl", "br", "us-ny", "in", "at", "ie",
    "se", "ro", "cz", "dk", "au", "us-tx", "tr",
)
# fmt: on


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``generate`` task to the dispatcher."""
    parser = subparsers.add_parser("generate", help="draw a pool of plates", description=__doc__)
    kinds = parser.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--out", type=Path, metavar="DIR", help="a pool of COUNT plates")
    kinds.add_argument("--sheet", type=Path, metavar="PNG", help="a contact sheet of COUNT plates")
    kinds.add_argument("--scenes", type=Path, metavar="DIR", help="COUNT street scenes with annotations.jsonl")
    kinds.add_argument("--demo", type=Path, metavar="DIR", help="plates.npz, scenes/ and clips/ as in tests/data")
    parser.add_argument("--count", type=int, default=20000, help="number of pictures (default: %(default)s)")
    parser.add_argument("--region", nargs="+", default=[], help="only these regions; us takes all its states")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same pictures (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes, for a pool (default: %(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry out the task; returns the exit code."""
    regions = tuple(args.region)
    if args.sheet is not None:
        plates = [draw_plate(args.seed, index, regions) for index in range(args.count)]
        cv2.imwrite(str(args.sheet), contact_sheet(plates))
    elif args.scenes is not None:
        write_scenes(args.scenes, args.count, args.seed, lambda rng: _picture(_any(rng, regions)))
    elif args.demo is not None:
        write_demo(args.demo, args.seed)
    else:
        write_pool(args.out, args.count, args.seed, regions, workers=args.workers)
    return 0


def write_demo(folder: Path, seed: int) -> None:
    """Draw the plates, scenes and clip that travel with the repository into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, PlatePicture] = {}
    index = 0
    while len(drawn) < DEMO_PLATES:
        plate = draw_plate(seed, index, (DEMO_REGIONS[len(drawn) % len(DEMO_REGIONS)],))
        index += 1
        if _ordinary(plate):
            drawn.setdefault(plate.text, _picture(plate))
    plates = list(drawn.values())
    write_pack(folder / "plates.npz", plates, 82)
    write_demo_scenes(folder / "scenes", plates, seed)
    write_demo_clip(folder / "clips" / "demo.mp4", plates[40:], seed)


def _ordinary(plate: GeneratedPlate) -> bool:
    """Whether it is a clean plate of a common format, long enough not to be a part of another."""
    match = load_catalogue().matches(plate.text).get(plate.region)
    contrast = float(plate.image.min(axis=2).std())
    return match is not None and match.format.kind == "car" and len(plate.text) >= 6 and contrast > 45


def _any(rng: np.random.Generator, regions: tuple[str, ...]) -> GeneratedPlate:
    return generate(rng, regions[int(rng.integers(len(regions)))] if regions else None)


def _picture(plate: GeneratedPlate) -> PlatePicture:
    return PlatePicture(plate.image, plate.text, plate.region, plate.lines)


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
