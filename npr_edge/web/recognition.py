"""An uploaded file to an answer: decode, recognise, look up vehicles, each within its bounds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import FileStorage

from npr_edge.domain import PlateResult, Recognition, Vehicle
from npr_edge.errors import ImageError
from npr_edge.images import MIN_SIZE, decode_image
from npr_edge.ports import VehicleLookup
from npr_edge.web.contract import Body, error_body, readable, recognition_body
from npr_edge.web.gate import ClientGoneError, GateBusyError, RecogniseGate
from npr_edge.web.problems import ApiProblemError, internal_error, unavailable
from npr_edge.web.uploads import content_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A recognised upload and the milliseconds that decoding took."""

    recognition: Recognition
    decode_ms: float


class RecognitionService:
    """Answers uploads.

    Args:
        gate: The shared recogniser; None while there are no models.
        vehicles: Where vehicle data comes from, None where it does not.
    """

    def __init__(self, gate: RecogniseGate | None, vehicles: VehicleLookup | None = None) -> None:
        self._gate = gate
        self._vehicles = vehicles

    def recognise(self, upload: FileStorage, gone: Callable[[], bool], *, patient: bool = False) -> Recognised:
        """Decode and recognise; the picture exists only while this holds a place at the gate.

        Raises:
            ImageError: The upload is no image that is taken.
            ApiProblemError: No models, or too many wait.
            ClientGoneError: The client left.
        """
        if self._gate is None:
            raise unavailable("The models are not loaded.")
        try:
            with self._gate.place(gone, patient=patient):
                started_s = time.perf_counter()
                image = decode_image(content_of(upload), min_size=MIN_SIZE)
                decode_ms = 1000 * (time.perf_counter() - started_s)
                return Recognised(self._gate.recognise(image), decode_ms)
        except GateBusyError as error:
            raise unavailable(str(error), error.retry_after_s) from error

    def body(self, upload: FileStorage, gone: Callable[[], bool], *, patient: bool = False) -> Body:
        """The answer to one uploaded image, a broken image's error included.

        Raises:
            ApiProblemError: No models, or too many wait.
            ClientGoneError: The client left.
        """
        try:
            recognised = self.recognise(upload, gone, patient=patient)
        except ImageError as error:
            return error_body(error.code, str(error))
        plates = readable(recognised.recognition)
        return recognition_body(
            recognised.recognition, decode_ms=recognised.decode_ms, vehicles=self.vehicles_of(plates)
        )

    def bodies(self, uploads: Sequence[FileStorage], gone: Callable[[], bool]) -> list[Body]:
        """An answer for each image, what the single call would have given; no image spoils another's.

        Raises:
            ApiProblemError: No models, or too many wait already when the first image comes.
            ClientGoneError: The client left.
        """
        return [self._entry(upload, gone, patient=number > 0) for number, upload in enumerate(uploads)]

    def _entry(self, upload: FileStorage, gone: Callable[[], bool], *, patient: bool) -> Body:
        try:
            return self.body(upload, gone, patient=patient)
        except ClientGoneError:
            raise
        except ApiProblemError as problem:
            if not patient:
                raise
            return error_body(problem.code, problem.message)
        except Exception as error:
            return internal_error(error)

    def vehicles_of(self, plates: Sequence[PlateResult]) -> list[Vehicle | None]:
        """The vehicle of each plate, None where nothing is known in time."""
        if self._vehicles is None or not plates:
            return []
        try:
            return self._vehicles.lookup_all([(result.plate.text, result.plate.region) for result in plates])
        except Exception:
            # A plate without vehicle data is an answer; the cause belongs to the log.
            logger.exception("A vehicle lookup failed")
            return []
