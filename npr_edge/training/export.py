"""From a PyTorch module to a static int8 TFLite file that XNNPACK runs.

litert-torch converts the graph (the maintained successor of ai-edge-torch), ai-edge-quantizer quantises it after
training: weights per channel, activations by the ranges that calibration pictures show. Both are Google's own
tools for the runtime that the product uses, and no ONNX or TensorFlow stands in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import calibrator, quantizer, recipe, recipe_manager
from numpy.typing import NDArray
from torch import nn

SIGNATURE = "serving_default"


def export_float(module: nn.Module, example: torch.Tensor, path: Path) -> Path:
    """Write ``module`` as a float32 TFLite file.

    Args:
        module: In eval mode; its single input is channels last if the device is to feed it without a transpose.
            Outputs given as a dict keep their names in the file's signature.
        example: An input of the final shape, batch 1.
        path: Where the file goes; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        litert_torch.convert(module.eval(), (example,)).export(str(path))
    return path


def quantise(
    float_path: Path,
    samples: Iterable[NDArray[np.float32]],
    path: Path,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Path:
    """Write the int8 form of a float TFLite file.

    The quantizer's own calibration averages each picture's least and greatest values. That cuts off what rare
    pictures show, a clear plate's score among it; here the extremes of all samples count.

    Args:
        float_path: What ``export_float`` wrote.
        samples: Calibration inputs, float32, each of the model's input shape; a hundred or two of real ones.
        path: Where the int8 file goes.
        ranges: Least and greatest value of outputs whose range is known, by their name.
    """
    name, tensors = _names(float_path)
    feed = [{name: np.ascontiguousarray(sample, dtype=np.float32)} for sample in samples]
    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(recipe.static_wi8_ai8())
    content = float_path.read_bytes()
    calibration = calibrator.Calibrator(content, num_threads=1, qsv_update_func=_extremes)
    calibration.calibrate({SIGNATURE: feed}, manager)
    seen = calibration.get_model_qsvs()
    for output, (low, high) in (ranges or {}).items():
        seen[tensors[output]] = {
            "min": np.full((1, 1, 1, 1), low, np.float32),
            "max": np.full((1, 1, 1, 1), high, np.float32),
        }
    tool = quantizer.Quantizer(content)
    tool.load_quantization_recipe(recipe.static_wi8_ai8())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(tool.quantize(seen).quantized_model))
    return path


def _extremes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Statistics of a tensor after one more sample."""
    if not old:
        return new
    return {"min": np.minimum(old["min"], new["min"]), "max": np.maximum(old["max"], new["max"])}


def export_int8(
    module: nn.Module,
    example: torch.Tensor,
    samples: Iterable[NDArray[np.float32]],
    path: Path,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[Path, Path]:
    """``export_float`` then ``quantise``; returns the int8 path and the float one (``*.float.tflite``)."""
    float_path = export_float(module, example, path.with_suffix(".float.tflite"))
    return quantise(float_path, samples, path, ranges), float_path


def _names(path: Path) -> tuple[str, dict[str, str]]:
    """The only input's name in the signature, and the tensor behind each output's name."""
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    runner = interpreter.get_signature_runner(SIGNATURE)
    (name,) = runner.get_input_details()
    return str(name), {output: str(details["name"]) for output, details in runner.get_output_details().items()}


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
