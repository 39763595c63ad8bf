"""``python -m npr_edge.training.detector.check``: the figures of the card.

Real photographs of the val split, int8 and float model side by side at several thresholds, and the corner error
on composites: val photographs with plates pasted whose seeds training never used. Prints JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from tqdm import tqdm

from npr_edge.detect.detector import PlateDetector
from npr_edge.domain import PlateDetection
from npr_edge.evaluate.dataset_detect import AnnotatedPhoto, load_detect_dataset
from npr_edge.evaluate.detect import MATCH_IOU, SMALLEST_WIDTH_PX, DetectReport, corner_error, match_photo
from npr_edge.evaluate.statistics import rate
from npr_edge.geometry import Quad
from npr_edge.ports import Detector
from npr_edge.read.reader import PlateReader
from npr_edge.recognise import outlined
from npr_edge.tflite import LoadedModel, TensorCard
from npr_edge.training.detector.pack import Pack
from npr_edge.training.detector.samples import Sampler
from npr_edge.training.pool import HELD_OUT_SEED, draw_plate

LEAST_SCORE = 0.05
Detected = tuple[AnnotatedPhoto, list[PlateDetection], tuple[int, int]]


class FloatModel(LoadedModel):
    """The float form of a model behind the int8 one's face: same input, outputs as float32."""

    def __init__(self, card_path: Path, float_path: Path) -> None:
        """``float_path`` is what the export left beside the checkpoints."""
        super().__init__(card_path)
        self._float = Interpreter(model_path=str(float_path), num_threads=1)
        self._float.allocate_tensors()
        self._runner = self._float.get_signature_runner()
        self.outputs = {n: TensorCard(name=n, shape=t.shape, dtype="float32") for n, t in self.outputs.items()}

    def invoke(self, values: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run the float model on an int8 input tensor."""
        pixels = (values.astype(np.float32) + np.float32(128)) / np.float32(255)
        return dict(self._runner(**{self.card.input.name: pixels}))


def detect_val(detector: Detector, data: Path, pack: Pack) -> list[Detected]:
    """Detections on the val photographs and the held-out negatives."""
    photos = load_detect_dataset(data / "detect", "val")
    photos += [photo for photo in load_detect_dataset(data / "negatives", "val") if photo.held_out]
    decoded = {(photo.source, photo.file): photo for photo in pack.photos}
    detected = []
    for photo in tqdm(photos, desc="val photographs", mininterval=5):
        image = np.ascontiguousarray(pack.pixels(decoded[photo.source, photo.path.name]))
        detected.append((photo, list(detector.detect(image)), (image.shape[1], image.shape[0])))
    return detected


def report_at(detected: list[Detected], threshold: float) -> dict[str, Any]:
    """Figures of a threshold."""
    outcomes = [match_photo(p, [d for d in found if d.score >= threshold], size) for p, found, size in detected]
    report = DetectReport(tuple(outcomes)).to_json()
    names = ("recall", "precision", "false_per_image", "false_per_held_out_negative", "corner_error")
    figures = {name: _rounded(report[name]) for name in names}
    sources = {name: _rounded(source["recall"]) for name, source in report["by_source"].items()}
    widths = [(plate.input_width_px, plate.found) for outcome in outcomes for plate in outcome.plates]
    edges = (16, 20, 28, 48, 90, 160, 300, 2000)
    by_width = {
        f"{low}-{high}": _rounded(rate([float(hit) for width, hit in widths if low <= width < high]).value)
        for low, high in itertools.pairwise(edges)
    }
    return {**figures, "recall_by_source": sources, "recall_by_width_px": by_width}


def composites(detector: PlateDetector, reader: PlateReader, pack: Pack, count: int) -> dict[str, Any]:
    """Recall and corner error (plate heights) on ``count`` composed pictures, of detections and of results."""
    plates = [draw_plate(HELD_OUT_SEED, index, ()).image for index in tqdm(range(200), desc="plates", mininterval=5)]
    sampler = Sampler(pack, plates, detector.input_size, split="val")
    errors: list[float] = []
    result_errors: list[float] = []
    found: list[float] = []
    for index in tqdm(range(count), desc="composites", mininterval=5):
        sample = sampler.draw(np.random.default_rng((HELD_OUT_SEED, index)))
        detections = detector.detect(sample.image)
        for corners in sample.quads[sample.exact]:
            quad = Quad.from_array(corners)
            hull = quad.hull()
            if hull.width < SMALLEST_WIDTH_PX:
                continue
            overlaps = [(detection.quad.hull().iou(hull), detection) for detection in detections]
            best = max(overlaps, key=lambda pair: pair[0], default=None)
            found.append(float(best is not None and best[0] >= MATCH_IOU))
            if best is not None and best[0] >= MATCH_IOU:
                errors.append(corner_error(best[1].quad, quad))
                result = outlined(best[1], reader.read(sample.image, best[1].quad))
                result_errors.append(corner_error(result.quad, quad))
    return {
        "plates": len(found),
        "recall": _rounded(rate(found).value),
        "corner_error_mean": _rounded(rate(errors).value),
        "corner_error_median": _rounded(float(np.median(errors)) if errors else None),
        "result_corner_error_mean": _rounded(rate(result_errors).value),
        "result_corner_error_median": _rounded(float(np.median(result_errors)) if result_errors else None),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(value, 4)


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="training data folder")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder (decoded photographs)")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--float", type=Path, help="float model to compare with (detector.float.tflite of the run)")
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.4, 0.5, 0.6])
    parser.add_argument("--composites", type=int, default=400, help="composed pictures (default: %(default)s)")
    args = parser.parse_args()
    pack = Pack(args.out / "pack")
    card = args.models / "detector.json"
    model = LoadedModel(card)
    detected = detect_val(PlateDetector(model, threshold=LEAST_SCORE), args.data, pack)
    result: dict[str, Any] = {"int8": {str(t): report_at(detected, t) for t in args.thresholds}}
    if args.float:
        detected = detect_val(PlateDetector(FloatModel(card, args.float), threshold=LEAST_SCORE), args.data, pack)
        result["float"] = {str(t): report_at(detected, t) for t in args.thresholds}
    if args.composites:
        reader = PlateReader(LoadedModel(args.models / "reader.json"))
        result["composites"] = composites(PlateDetector(model), reader, pack, args.composites)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
