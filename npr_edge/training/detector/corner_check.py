"""``python -m npr_edge.training.detector.corner_check``: corner error of the int8 model on pasted plates.

Photographs of the val split, plates drawn with seeds that training never used, everything else as in training.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from npr_edge.detect.detector import PlateDetector
from npr_edge.evaluate.detect import MATCH_IOU, SMALLEST_WIDTH_PX, corner_error
from npr_edge.evaluate.statistics import rate
from npr_edge.geometry import Quad
from npr_edge.tflite import LoadedModel
from npr_edge.training.detector.pack import Pack
from npr_edge.training.detector.samples import Sampler
from npr_edge.training.pool import draw_plate

HELD_OUT_SEED = 987_654


def measure(detector: PlateDetector, pack: Pack, count: int) -> dict[str, object]:
    """Recall and mean corner error (plate heights) on ``count`` composed pictures."""
    plates = [draw_plate(HELD_OUT_SEED, index, ()).image for index in tqdm(range(300), desc="plates", disable=None)]
    sampler = Sampler(pack, plates, detector.input_size, split="val")
    errors: list[float] = []
    found: list[float] = []
    for index in tqdm(range(count), desc="composites", disable=None):
        sample = sampler.draw(np.random.default_rng((HELD_OUT_SEED, index)))
        detections = detector.detect(sample.image)
        for corners in sample.quads[sample.exact]:
            quad = Quad.from_array(corners)
            if quad.hull().width < SMALLEST_WIDTH_PX:
                continue
            best = max(detections, key=lambda d: d.quad.hull().iou(quad.hull()), default=None)
            hit = best is not None and best.quad.hull().iou(quad.hull()) >= MATCH_IOU
            found.append(float(hit))
            if best is not None and hit:
                errors.append(corner_error(best.quad, quad))
    return {
        "recall": rate(found).value,
        "plates": len(found),
        "corner_error_mean": rate(errors).value,
        "corner_error_median": float(np.median(errors)) if errors else None,
        "corner_error_p90": float(np.percentile(errors, 90)) if errors else None,
    }


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the run's folder (decoded photographs)")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--count", type=int, default=600, help="composed pictures (default: %(default)s)")
    args = parser.parse_args()
    detector = PlateDetector(LoadedModel.named("detector", folder=args.models))
    print(json.dumps(measure(detector, Pack(args.out / "pack"), args.count), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
