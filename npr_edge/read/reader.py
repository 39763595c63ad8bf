"""The reader: rectify, model, decode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from npr_edge.domain import Image, PlateReading
from npr_edge.errors import ModelError
from npr_edge.geometry import Quad
from npr_edge.read.charset import ALPHABET, CLASSES, SLOTS
from npr_edge.read.decode import ReadParameters, best_regions, best_texts, calibrated, softmax, sureness
from npr_edge.read.preprocess import HEIGHT, WIDTH, rectify, to_tensor, whole
from npr_edge.tflite import LoadedModel

_INPUT_SCALE = 1 / 255
_INPUT_ZERO = -128


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One invocation: slot probabilities, region logits, and how sure the slots are."""

    slots: NDArray[np.float32]
    region: NDArray[np.float32]
    sureness: float


class PlateReader:
    """Reads one plate of an image; implements ``ports.Reader``; safe to call from several threads."""

    def __init__(self, model: LoadedModel) -> None:
        """Wrap a loaded reader model.

        Raises:
            ModelError: The card is not that of a reader this version understands.
        """
        self._model = model
        try:
            self.parameters = ReadParameters.model_validate(model.card.parameters)
        except ValidationError as error:
            raise ModelError(f"the card of {model.path} is not a reader's: {error.errors()[0]['msg']}") from error
        self._check()

    def read(self, image: Image, quad: Quad) -> PlateReading:
        """The text of the plate at ``quad``.

        Where the first look leaves doubt, the plate is looked at again somewhat closer and wider, and the surest
        look counts: corners are never exact, and a character at the rim decides a text.

        Args:
            image: (H, W, 3) uint8 BGR, as large as it came.
            quad: The plate's corners, pixels of ``image``.
        """
        parameters = self.parameters
        looks: list[_Look] = []
        for margin in parameters.look_margins:
            looks.append(self._look(rectify(image, quad, margin)))
            if looks[-1].sureness >= parameters.sure:
                break
        best = max(looks, key=lambda look: look.sureness)
        slope, offset = parameters.confidence_slope, parameters.confidence_offset
        if len(looks) > 1:
            slope, offset = parameters.repeat_slope, parameters.repeat_offset
        return PlateReading(
            calibrated(best_texts(best.slots), slope, offset),
            best_regions(best.region, parameters.regions, parameters.region_temperature),
            best.slots,
        )

    def read_crop(self, crop: Image) -> PlateReading:
        """The text of a picture that shows one plate and little else, (H, W, 3) uint8 BGR."""
        return self.read(crop, whole(crop))

    def _look(self, plate: Image) -> _Look:
        stored = self._model.invoke(to_tensor(plate))
        slots = softmax(self._model.outputs["slots"].real(stored["slots"])[0], self.parameters.temperature)
        return _Look(slots, self._model.outputs["region"].real(stored["region"])[0], sureness(slots))

    def _check(self) -> None:
        card, path = self._model.card, self._model.path
        if card.input.dtype != "int8" or card.input.shape != (1, HEIGHT, WIDTH, 3):
            raise ModelError(f"the reader {path} must take int8 {(1, HEIGHT, WIDTH, 3)}, its card says otherwise")
        # The pixels go in unscaled; half a step of 1/255 is what the export may round to.
        if abs(card.input.scale - _INPUT_SCALE) > 0.02 * _INPUT_SCALE or card.input.zero_point != _INPUT_ZERO:
            raise ModelError(f"the input of {path} must stand for pixels 0-255 (scale 1/255, zero point -128)")
        if self.parameters.alphabet != ALPHABET:
            raise ModelError(f"the reader {path} has another alphabet than this version of npr-edge")
        wanted = {"slots": (1, SLOTS, CLASSES), "region": (1, len(self.parameters.regions))}
        for name, shape in wanted.items():
            output = self._model.outputs.get(name)
            if output is None or output.shape != shape:
                raise ModelError(f"the card of {path} has no output {name!r} of shape {shape}")
