"""Float checkpoint -> ``models/detector.tflite``, its card and the float weights beside it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from npr_edge.detect.preprocess import LetterboxBuffer
from npr_edge.training.detector.network import LEVELS, LOGIT_SCALE, DetectorNet, ExportNet, count_macs
from npr_edge.training.detector.pack import Pack, build_pack
from npr_edge.training.export import export_int8, sha256_of

WIDTH, HEIGHT = 640, 384
CALIBRATION_COUNT = 160

# What the clamps of ExportNet allow, whatever the calibration pictures happen to show.
RANGES = {f"{kind}{level.stride}": (0.0, 6.0) for kind in ("score", "corners") for level in LEVELS}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``export detector``."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="last.pt of a run, or float weights")
    parser.add_argument("--data", type=Path, required=True, help="training data folder, for calibration")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder (decoded photographs)")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder to write to (default: models)")
    parser.add_argument("--version", required=True, help="version for the card")
    parser.add_argument("--threshold", type=float, default=0.4, help="score threshold for the card")
    parser.add_argument("--metrics", type=Path, help="JSON of measured figures for the card")


def run(args: argparse.Namespace) -> int:
    """Export; prints the model's path."""
    if not (args.out / "pack" / "photos.json").exists():
        build_pack(args.data, args.out / "pack")
    net = DetectorNet()
    net.load_state_dict(weights_of(args.checkpoint))
    path = args.models / "detector.tflite"
    samples = calibration(Pack(args.out / "pack"), CALIBRATION_COUNT)
    _, float_path = export_int8(ExportNet(net).eval(), torch.zeros(1, HEIGHT, WIDTH, 3), samples, path, RANGES)
    kept = args.out / "detector.float.tflite"
    kept.write_bytes(float_path.read_bytes())
    float_path.unlink()
    halves = {k: v.half() if v.dtype.is_floating_point else v for k, v in net.state_dict().items()}
    (args.models / "float").mkdir(parents=True, exist_ok=True)
    torch.save(halves, args.models / "float" / "detector.pt")
    metrics = json.loads(args.metrics.read_text()) if args.metrics else {}
    card = card_of(path, args.version, args.threshold, count_macs(net, HEIGHT, WIDTH), metrics)
    path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")
    print(path)
    return 0


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    """The averaged weights of a checkpoint, or float16 weights as float32 ones."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    state = state.get("average", state)
    return {k: v.float() if v.dtype.is_floating_point else v for k, v in state.items()}


def calibration(pack: Pack, count: int) -> list[NDArray[np.float32]]:
    """Letterboxed training photographs as the network sees them, evenly over all sources' files."""
    photos = [p for p in pack.photos if p.split == "train"]
    buffer = LetterboxBuffer(WIDTH, HEIGHT)
    samples: list[NDArray[np.float32]] = []
    for photo in photos[:: max(1, len(photos) // count)]:
        pixels = np.ascontiguousarray(pack.pixels(photo))
        if len(samples) % 4 == 0:  # larger plates than the photographs have
            height, width = pixels.shape[:2]
            pixels = np.ascontiguousarray(pixels[height // 4 : -height // 4, width // 4 : -width // 4])
        if len(samples) % 9 == 0:
            pixels = (pixels * 0.35).astype(np.uint8)
        tensor, _ = buffer.fill(pixels)
        samples.append((tensor.astype(np.float32) + np.float32(128)) / np.float32(255))
    return samples


def card_of(path: Path, version: str, threshold: float, macs: int, metrics: dict[str, Any]) -> dict[str, Any]:
    """The model card's fields."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    runner = interpreter.get_signature_runner()
    meanings = {"score": "chance of a plate whose middle is near this cell", "corners": "x y of TL TR BR BL"}
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    (input_name,) = inputs
    return {
        "name": "detector",
        "version": version,
        "file": path.name,
        "sha256": sha256_of(path),
        "size_bytes": path.stat().st_size,
        "input": _tensor(input_name, inputs[input_name], "BGR pixels, letterboxed; stored = pixel - 128"),
        "outputs": [_tensor(n, outputs[n], meanings[n.rstrip("0123456789")]) for n in sorted(outputs)],
        "parameters": {
            "levels": [
                {"stride": v.stride, "reach": v.reach, "score": f"score{v.stride}", "corners": f"corners{v.stride}"}
                for v in LEVELS
            ],
            "score_middle": 3.0,
            "score_slope": LOGIT_SCALE,
            "corner_middle": 3.0,
            "score_threshold": threshold,
            "nms_iou": 0.4,
            "merge_iou": 0.6,
        },
        "macs": macs,
        "metrics": metrics,
        "data_sources": DATA_SOURCES,
        "licence": "MIT (the model file); no training photograph is part of it",
        "notes": NOTES,
    }


def _tensor(name: str, details: dict[str, Any], meaning: str) -> dict[str, Any]:
    scale, zero_point = details["quantization"]
    return {
        "name": name,
        "shape": [int(n) for n in details["shape"]],
        "dtype": np.dtype(details["dtype"]).name,
        "scale": float(scale),
        "zero_point": int(zero_point),
        "meaning": meaning,
    }


DATA_SOURCES = [
    "github.com/faisalthaheem/open-lpr-dataset-plate-detection (boxes)",
    "github.com/unknowncz/LP_recognition (Open Images photographs and boxes, CC BY)",
    "github.com/RobertLucian/license-plate-dataset (MIT)",
    "further public GitHub repositories with boxes: cars433, ealpr-egypt, experiment-plates-mit, greenparking-vn",
    "the same: indian-n225, openimages-roboflow350, poland-uekat, spain-efm, uc3m-sample",
    "github.com/EliSchwartz/imagenet-sample-images (photographs without vehicles)",
    "plates drawn by npr-edge itself, pasted with perspective (all exact corners come from these)",
]

NOTES = [
    "Real plates have boxes only: their corners learned the hull; exact corners come from pasted drawings.",
    "Plates narrower than 16 pixels in the 640x384 input are often missed.",
]
