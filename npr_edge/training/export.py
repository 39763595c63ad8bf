"""From a PyTorch module to a static int8 TFLite file that XNNPACK runs.

litert-torch converts the graph (the maintained successor of ai-edge-torch), ai-edge-quantizer quantises it after
training: weights per channel, activations by the ranges that calibration pictures show. Both are Google's own
tools for the runtime that the product uses, and no ONNX or TensorFlow stands in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import litert_torch
import numpy as np
import torch
from ai_edge_quantizer import quantizer, recipe
from numpy.typing import NDArray
from torch import nn

Arrays = Mapping[str, NDArray[np.generic]]


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


def quantise(float_path: Path, samples: Iterable[NDArray[np.float32]], path: Path) -> Path:
    """Write the int8 form of a float TFLite file.

    Args:
        float_path: What ``export_float`` wrote.
        samples: Calibration inputs, float32, each of the model's input shape; a hundred or two of real ones.
        path: Where the int8 file goes.
    """
    tool = quantizer.Quantizer(str(float_path))
    tool.load_quantization_recipe(recipe.static_wi8_ai8())
    feed = [{input_name(float_path): np.ascontiguousarray(sample, dtype=np.float32)} for sample in samples]
    ranges = tool.calibrate({"serving_default": feed})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(tool.quantize(ranges).quantized_model))
    return path


def export_int8(
    module: nn.Module, example: torch.Tensor, samples: Iterable[NDArray[np.float32]], path: Path
) -> tuple[Path, Path]:
    """``export_float`` then ``quantise``; returns the int8 path and the float one (``*.float.tflite``)."""
    float_path = export_float(module, example, path.with_suffix(".float.tflite"))
    return quantise(float_path, samples, path), float_path


def input_name(path: Path) -> str:
    """Name of the model's only input in its signature."""
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(model_path=str(path)).get_signature_list()["serving_default"]
    return str(signature["inputs"][0])


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
