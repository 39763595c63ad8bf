"""``python -m npr_edge.training.reader.check``: the shipped reader on drawn plates whose seeds training never used.

Each plate goes through all that ``plates.optics.degrade`` does, down to 40 pixels of width, and is read as a crop of
its own; ``exact_resolved`` counts what the region grammars then make of it, as results do. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from npr_edge.evaluate.statistics import rate, score_text
from npr_edge.read.reader import PlateReader
from npr_edge.regions import Resolver
from npr_edge.tflite import LoadedModel
from npr_edge.training.plates.optics import degrade
from npr_edge.training.pool import HELD_OUT_SEED, draw_plate


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--region", nargs="+", default=["gb"], help="regions to draw from (default: gb)")
    parser.add_argument("--count", type=int, default=500, help="plates (default: %(default)s)")
    parser.add_argument("--strength", type=float, default=1.0, help="of the degradations, 0-1 (default: %(default)s)")
    args = parser.parse_args()
    reader = PlateReader(LoadedModel(args.models / "reader.json"))
    resolver = Resolver(())
    scores, resolved = [], []
    for index in tqdm(range(args.count), desc="drawn plates", mininterval=5):
        plate = draw_plate(HELD_OUT_SEED, index, tuple(args.region))
        picture = degrade(plate.image, np.random.default_rng((HELD_OUT_SEED, index)), strength=args.strength)
        reading = reader.read_crop(picture)
        scores.append(score_text(plate.text, reading.text))
        resolved.append(score_text(plate.text, resolver.resolve(reading).text).exact)
    exact = rate([score.exact for score in scores])
    figures = {
        "plates": len(scores),
        "exact": round(exact.value, 4),
        "interval": [round(exact.low, 4), round(exact.high, 4)],
        "exact_resolved": round(rate(resolved).value, 4),
        "exact_o0_i1": round(rate([score.exact_o0_i1 for score in scores]).value, 4),
        "characters": round(rate([score.characters for score in scores]).value, 4),
    }
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
