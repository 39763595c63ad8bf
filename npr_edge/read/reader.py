"""The reader: rectify, model, decode."""

from __future__ import annotations

from pydantic import ValidationError

from npr_edge.domain import Image, PlateReading
from npr_edge.errors import ModelError
from npr_edge.geometry import Quad
from npr_edge.read.charset import ALPHABET, CLASSES, SLOTS
from npr_edge.read.decode import ReadParameters, best_regions, best_texts, calibrated, softmax
from npr_edge.read.preprocess import HEIGHT, WIDTH, rectify, shrink_to_input, to_tensor
from npr_edge.tflite import LoadedModel

_INPUT_SCALE = 1 / 255
_INPUT_ZERO = -128


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

        Args:
            image: (H, W, 3) uint8 BGR, as large as it came.
            quad: The plate's corners, pixels of ``image``.
        """
        return self._decode(rectify(image, quad))

    def read_crop(self, crop: Image) -> PlateReading:
        """The text of a picture that shows one plate and little else, (H, W, 3) uint8 BGR."""
        return self._decode(shrink_to_input(crop))

    def _decode(self, plate: Image) -> PlateReading:
        stored = self._model.invoke(to_tensor(plate))
        parameters = self.parameters
        slots = softmax(self._model.outputs["slots"].real(stored["slots"])[0], parameters.temperature)
        regions = self._model.outputs["region"].real(stored["region"])[0]
        return PlateReading(
            calibrated(best_texts(slots), parameters.confidence_slope, parameters.confidence_offset),
            best_regions(regions, parameters.regions, parameters.region_temperature),
            slots,
        )

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
