"""Float checkpoint -> ``models/reader.tflite``, its card and the float weights beside it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from npr_edge.evaluate.read import calibration_error, reliability
from npr_edge.evaluate.statistics import score_text
from npr_edge.read.charset import ALPHABET, decode
from npr_edge.read.decode import calibrated
from npr_edge.read.preprocess import HEIGHT, WIDTH, shrink_to_input
from npr_edge.training.export import export_int8, sha256_of
from npr_edge.training.reader.calibrate import Calibration, calibrate, choose
from npr_edge.training.reader.data import shares
from npr_edge.training.reader.looks import first_views, take_looks
from npr_edge.training.reader.network import Deployed, Reader
from npr_edge.training.reader.pack import Crop, Pack, build
from npr_edge.training.reader.places import REGIONS, place_of
from npr_edge.training.reader.sources import DATA_SOURCES, NOTES
from npr_edge.training.reader.train import new_reader, read_all

CALIBRATION_COUNT = 240


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``export reader``."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="last.pt of a run, or float weights")
    parser.add_argument("--data", type=Path, required=True, help="training data folder, for calibration and figures")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder (decoded crops)")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder to write to (default: models)")
    parser.add_argument("--version", required=True, help="version for the card")


def run(args: argparse.Namespace) -> int:
    """Export, calibrate, measure; prints the figures per source."""
    network = new_reader()
    network.load_state_dict(weights_of(args.checkpoint))
    network.eval()
    path: Path = args.models / "reader.tflite"
    samples = calibration_inputs(build(args.data, "train", args.out / "pack"))
    _, float_path = export_int8(Deployed(network), torch.zeros(1, HEIGHT, WIDTH, 3), samples, path)
    float_path.replace(args.out / "reader.float.tflite")
    save_float(network, args.models / "float" / "reader.pt")
    val = build(args.data, "val", args.out / "pack")
    taken = take_looks(path, val)
    looks, region = taken.slots, taken.region
    places = np.array([place_of(crop.region) for crop in val.crops], dtype=np.int64)
    fitted = calibrate(looks, region, [crop.text for crop in val.crops], places)
    floating = read_all(network, first_views(val)).numpy()
    metrics = figures(val, looks, fitted) | {
        "first_look_int8": round(first_look(val, looks[0]), 4),
        "first_look_float": round(first_look(val, floating), 4),
        "region_head_right": round(float((region.argmax(1) == places)[places >= 0].mean()), 4),
    }
    card = card_of(path, args.version, fitted, metrics)
    path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(metrics, indent=1))
    return 0


def weights_of(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint, or float16 weights as float32 ones."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    state = state.get("average", state)
    return {k: v.float() if v.dtype.is_floating_point else v for k, v in state.items()}


def save_float(network: Reader, path: Path) -> None:
    """Write the weights in float16, to go on from or to fine-tune."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({k: v.half() if v.dtype.is_floating_point else v for k, v in network.state_dict().items()}, path)


def calibration_inputs(train: Pack) -> list[NDArray[np.float32]]:
    """Training crops as the network sees them, drawn as training draws them."""
    chosen = np.random.default_rng(5).choice(len(train.crops), CALIBRATION_COUNT, replace=False, p=shares(train.crops))
    crops = [np.array(shrink_to_input(np.ascontiguousarray(train.pixels[index]))) for index in chosen]
    for crop in crops:
        # The quantiser averages the ranges it sees: the input's scale is 1/255 only if every crop spans all pixels.
        crop[0, 0], crop[0, 1] = 0, 255
    return [crop[None].astype(np.float32) / np.float32(255) for crop in crops]


def figures(val: Pack, looks: list[NDArray[np.float32]], fitted: Calibration) -> dict[str, Any]:
    """Exact match over all and by source, and how true the confidence is, of the logits of all looks."""
    hits: dict[str, list[float]] = {}
    confidences, right = [], []
    chosen = choose(looks, fitted.temperature)
    for crop, best in zip(val.crops, chosen, strict=True):
        slope, offset = fitted.repeated if best.repeated else fitted.once
        hits.setdefault(crop.source, []).append(_hit(crop, best.text))
        confidences.append(calibrated([(best.text, best.support)], slope, offset)[0].confidence)
        right.append(float(best.text == crop.text))
    table = reliability(confidences, right)
    return {
        "how": "val split of the training data, int8 file on LiteRT, each crop taken whole; us-states with O=0, I=1",
        "exact": round(float(np.mean([hit for rows in hits.values() for hit in rows])), 4),
        "by_source": {s: {"exact": round(float(np.mean(h)), 4), "crops": len(h)} for s, h in sorted(hits.items())},
        "looked_again": round(float(np.mean([best.repeated for best in chosen])), 4),
        "looks": round(float(np.mean([best.taken for best in chosen])), 2),
        "calibration_error": round(calibration_error(table), 4),
        "reliability": [[r.low, r.high, r.count, round(r.confidence, 3), round(r.right, 3)] for r in table],
    }


def first_look(val: Pack, slots: NDArray[np.float32]) -> float:
    """Exact match of one look's logits, 0-1."""
    texts = [decode(row) for row in slots.argmax(axis=2).tolist()]
    return float(np.mean([_hit(crop, text) for crop, text in zip(val.crops, texts, strict=True)]))


def _hit(crop: Crop, text: str) -> float:
    score = score_text(crop.text, text)
    return score.exact_o0_i1 if crop.source == "us-states" else score.exact


def card_of(path: Path, version: str, fitted: Calibration, metrics: dict[str, Any]) -> dict[str, Any]:
    """The model card's fields."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_path=str(path)).get_signature_runner()
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    (name,) = inputs
    meanings = {
        "slots": "logits of the character in each slot, blank last",
        "region": "logits of the regions",
        "outline": "a map of logits for each of the plate's corners TL TR BR BL",
    }
    return {
        "name": "reader",
        "version": version,
        "file": path.name,
        "sha256": sha256_of(path),
        "size_bytes": path.stat().st_size,
        "input": _tensor(name, inputs[name], "BGR pixels of the rectified plate; stored = pixel - 128"),
        "outputs": [_tensor(n, outputs[n], meanings[n]) for n in sorted(outputs)],
        "parameters": {
            "alphabet": ALPHABET,
            "regions": list(REGIONS),
            **fitted.parameters(),
        },
        "macs": count_macs(),
        "metrics": metrics,
        "data_sources": DATA_SOURCES,
        "licence": "MIT (the model file); no training photograph is part of it",
        "notes": NOTES,
    }


def count_macs() -> int:
    """Multiply-accumulates of one plate, from the shapes that pass through convolutions and dense layers."""
    network = new_reader().eval()
    total = 0

    def count(module: torch.nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        weight = module.weight
        per_value = weight[0].numel()
        total += per_value * output.numel()

    for name, module in network.named_modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear) and name != "cells":
            module.register_forward_hook(count)
    with torch.no_grad():
        outputs = network(torch.zeros(1, 3, HEIGHT, WIDTH))
    return total + outputs.attention.numel() * network.classifier.in_features


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
