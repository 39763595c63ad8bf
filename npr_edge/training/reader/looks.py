"""Run a reader's TFLite file over crops, taking every look the device may take at a plate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from tqdm import tqdm

from npr_edge.domain import Image
from npr_edge.read.decode import Look, outline_corners
from npr_edge.read.preprocess import located, rectify, to_tensor, whole
from npr_edge.training.reader.network import GRID
from npr_edge.training.reader.pack import Pack

LOOKS = (
    Look(margin=0.04, outlined=False),
    Look(margin=0.04, outlined=True),
    Look(margin=0.0, outlined=True),
    Look(margin=0.08, outlined=True),
    Look(margin=-0.006, outlined=False),
    Look(margin=0.077, outlined=False),
    Look(margin=-0.043, outlined=False),
)
"""The usual margin at the detector's corners; then three at the outline that this look saw, from near to far; then a
tenth closer, a twelfth wider and almost a fifth closer at the corners again. Chosen on the val crops."""


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Logits of N crops.

    Attributes:
        slots: (N, SLOTS, CLASSES) of each look, in the order of ``LOOKS``.
        region: (N, regions) of the first look.
    """

    slots: list[NDArray[np.float32]]
    region: NDArray[np.float32]


def take_looks(path: Path, val: Pack) -> Taken:
    """All of ``LOOKS`` at every crop, each crop taken whole."""
    model = _Model(path)
    slots: list[list[NDArray[np.float32]]] = [[] for _ in LOOKS]
    region = []
    for crop in tqdm(val.crops, desc="int8 on val", mininterval=10):
        image = np.asarray(cv2.imread(crop.file), dtype=np.uint8)
        quad = whole(image)
        first = model.invoke(rectify(image, quad, LOOKS[0].margin))
        outline = located(outline_corners(first["outline"], GRID), quad, LOOKS[0].margin)
        region.append(first["region"])
        slots[0].append(first["slots"])
        for look, rows in zip(LOOKS[1:], slots[1:], strict=True):
            rows.append(model.invoke(rectify(image, outline if look.outlined else quad, look.margin))["slots"])
    return Taken([np.stack(rows) for rows in slots], np.stack(region))


def first_views(val: Pack) -> NDArray[np.uint8]:
    """Every val crop as the first look shows it, (N, HEIGHT, WIDTH, 3) uint8 BGR."""
    images: list[Image] = [np.asarray(cv2.imread(crop.file), dtype=np.uint8) for crop in val.crops]
    return np.stack([rectify(image, whole(image), LOOKS[0].margin) for image in images])


class _Model:
    """An int8 file behind real numbers."""

    def __init__(self, path: Path) -> None:
        self._interpreter = Interpreter(model_path=str(path), num_threads=1)
        self._runner: Any = self._interpreter.get_signature_runner()
        (self._input,) = self._runner.get_input_details()
        details = self._runner.get_output_details()
        self._scales = {name: output["quantization"] for name, output in details.items()}

    def invoke(self, plate: Image) -> dict[str, NDArray[np.float32]]:
        """Outputs without their batch axis, as float32."""
        stored = self._runner(**{self._input: to_tensor(plate)})
        return {
            name: (stored[name][0].astype(np.float32) - zero_point) * np.float32(scale)
            for name, (scale, zero_point) in self._scales.items()
        }
