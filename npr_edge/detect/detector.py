"""The detector: letterbox, model, decode."""

from __future__ import annotations

import threading

import numpy as np
from pydantic import ValidationError

from npr_edge.detect.bands import bands, joined
from npr_edge.detect.decode import DecodeParameters, decode
from npr_edge.detect.preprocess import LetterboxBuffer
from npr_edge.domain import Image, PlateDetection
from npr_edge.errors import ModelError
from npr_edge.geometry import Quad
from npr_edge.tflite import LoadedModel


class PlateDetector:
    """Finds all plates of an image; implements ``ports.Detector``; safe to call from several threads."""

    def __init__(self, model: LoadedModel, threshold: float | None = None) -> None:
        """Wrap a loaded detector model.

        Args:
            model: The model; its card carries the decode parameters.
            threshold: Least score 0-1 of a plate, ``least_score`` from then on; None takes the card's.

        Raises:
            ModelError: The card is not a detector's.
        """
        self._model = model
        try:
            self.parameters = DecodeParameters.model_validate(model.card.parameters)
        except ValidationError as error:
            raise ModelError(f"the card of {model.path} is not a detector's: {error.errors()[0]['msg']}") from error
        self.least_score = self.parameters.score_threshold if threshold is None else threshold
        self._check_tensors()
        _, height, width, _ = model.card.input.shape
        self._buffer = LetterboxBuffer(width, height)
        self._lock = threading.Lock()

    def at(self, least_score: float) -> PlateDetector:
        """The same detector with another least score."""
        return PlateDetector(self._model, least_score)

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the model's input, pixels."""
        _, height, width, _ = self._model.card.input.shape
        return width, height

    def detect(self, image: Image) -> list[PlateDetection]:
        """All plates of ``image``, best score first.

        Upright pictures go through the model in two overlapping bands; see ``bands``.

        Args:
            image: (H, W, 3) uint8 BGR.

        Returns:
            Plates with corners in image pixels; corners of a plate cut by the border may lie a little outside.
        """
        height, width = image.shape[:2]
        parts = bands(width, height, self.input_size)
        found = [(part, detection) for part in parts for detection in self._detect(image[part[0] : part[1]], part[0])]
        return [detection for _, detection in found] if len(parts) == 1 else joined(found, height)

    def _detect(self, image: Image, top: int) -> list[PlateDetection]:
        """Plates of a picture whose first row is row ``top`` of the whole one."""
        with self._lock:
            tensor, box = self._buffer.fill(image)
            tensors = self._model.invoke(tensor)
        found = decode(tensors, self._model.outputs, self.parameters, self.least_score)
        quads = box.to_picture(found.quads) + np.array([0, top])
        return [
            PlateDetection(Quad.from_array(quad), float(score)) for quad, score in zip(quads, found.scores, strict=True)
        ]

    def _check_tensors(self) -> None:
        card = self._model.card
        if card.input.dtype != "int8" or len(card.input.shape) != 4 or card.input.shape[3] != 3:
            raise ModelError(f"the detector {self._model.path} must take int8 (1, H, W, 3), its card says otherwise")
        _, height, width, _ = card.input.shape
        for level in self.parameters.levels:
            grid = (1, height // level.stride, width // level.stride)
            for name, depth in ((level.score, 1), (level.corners, 8)):
                output = self._model.outputs.get(name)
                if output is None or output.shape != (*grid, depth):
                    raise ModelError(f"the card of {self._model.path} has no output {name!r} of shape {(*grid, depth)}")
