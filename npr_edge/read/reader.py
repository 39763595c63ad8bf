"""The reader: rectify, model, decode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from npr_edge.domain import Image, PlateReading, TextCandidate
from npr_edge.errors import ModelError
from npr_edge.geometry import Quad
from npr_edge.read.charset import ALPHABET, BLANK, CLASSES, SLOTS
from npr_edge.read.decode import (
    LookVote,
    ReadParameters,
    best_regions,
    best_texts,
    calibrated,
    outline_corners,
    softmax,
)
from npr_edge.read.preprocess import HEIGHT, WIDTH, located, rectify, to_tensor, whole
from npr_edge.tflite import LoadedModel

_INPUT_SCALE = 1 / 255
_INPUT_ZERO = -128


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One invocation: slot probabilities, region logits, outline logits."""

    slots: NDArray[np.float32]
    region: NDArray[np.float32]
    outline: NDArray[np.float32]


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

        Where the first look leaves doubt, the plate is looked at again where the first look saw its outline, and
        somewhat closer and wider, until looks at one text are sure enough in sum: the detector's corners are never
        exact, and a character at the rim decides a text.

        Args:
            image: (H, W, 3) uint8 BGR, as large as it came.
            quad: The plate's corners, pixels of ``image``.
        """
        parameters = self.parameters
        vote = LookVote(parameters.sure, parameters.enough)
        looks = [self._look(rectify(image, quad, parameters.looks[0].margin))]
        done = vote.add(looks[0].slots)
        corners = outline_corners(looks[0].outline, parameters.outline_grid)
        outline = located(corners, quad, parameters.looks[0].margin)
        for plan in parameters.looks[1:]:
            if done:
                break
            looks.append(self._look(rectify(image, outline if plan.outlined else quad, plan.margin)))
            done = vote.add(looks[-1].slots)
        best = looks[vote.best]
        return PlateReading(
            self._candidates(vote, best),
            best_regions(best.region, parameters.regions, parameters.region_temperature),
            best.slots,
            outline,
            plate_chance=1 - float(np.mean([look.slots[0, BLANK] for look in looks])),
        )

    def _candidates(self, vote: LookVote, best: _Look) -> tuple[TextCandidate, ...]:
        """The text of the vote, then the others of the surest look that read it."""
        parameters = self.parameters
        slope, offset = parameters.confidence_slope, parameters.confidence_offset
        if vote.taken > 1:
            slope, offset = parameters.repeat_slope, parameters.repeat_offset
        others = [(text, product) for text, product in best_texts(best.slots) if text != vote.text]
        return calibrated([(vote.text, vote.support), *others], slope, offset)

    def read_crop(self, crop: Image) -> PlateReading:
        """The text of a picture that shows one plate and little else, (H, W, 3) uint8 BGR."""
        return self.read(crop, whole(crop))

    def _look(self, plate: Image) -> _Look:
        stored = self._model.invoke(to_tensor(plate))
        real = {name: self._model.outputs[name].real(stored[name])[0] for name in ("slots", "region", "outline")}
        slots = softmax(real["slots"], self.parameters.temperature)
        return _Look(slots, real["region"], real["outline"])

    def _check(self) -> None:
        card, path = self._model.card, self._model.path
        if card.input.dtype != "int8" or card.input.shape != (1, HEIGHT, WIDTH, 3):
            raise ModelError(f"the reader {path} must take int8 {(1, HEIGHT, WIDTH, 3)}, its card says otherwise")
        # The pixels go in unscaled; half a step of 1/255 is what the export may round to.
        if abs(card.input.scale - _INPUT_SCALE) > 0.02 * _INPUT_SCALE or card.input.zero_point != _INPUT_ZERO:
            raise ModelError(f"the input of {path} must stand for pixels 0-255 (scale 1/255, zero point -128)")
        if self.parameters.alphabet != ALPHABET:
            raise ModelError(f"the reader {path} has another alphabet than this version of npr-edge")
        if self.parameters.looks[0].outlined:
            raise ModelError(f"the card of {path} must look at the detector's corners first")
        rows, columns = self.parameters.outline_grid
        wanted = {
            "slots": (1, SLOTS, CLASSES),
            "region": (1, len(self.parameters.regions)),
            "outline": (1, 4, rows * columns),
        }
        for name, shape in wanted.items():
            output = self._model.outputs.get(name)
            if output is None or output.shape != shape:
                raise ModelError(f"the card of {path} has no output {name!r} of shape {shape}")
