"""Image to plates: detection, reading and region grammar in one thread-safe call."""

from __future__ import annotations

import time
from dataclasses import dataclass

from npr_edge.domain import Image, PlateResult, Recognition, Timings
from npr_edge.ports import Detector, Reader, RegionResolver


@dataclass(frozen=True, slots=True)
class PlateRecogniser:
    """Implements ``ports.Recogniser``; as thread-safe as the parts it is given.

    Each plate is rectified from the image as it came, never from the detector's letterboxed copy.
    """

    detector: Detector
    reader: Reader
    resolver: RegionResolver

    def recognise(self, image: Image) -> Recognition:
        """All plates of ``image`` ((H, W, 3) uint8 BGR, upright), best confidence first."""
        started = time.perf_counter()
        detections = self.detector.detect(image)
        detected = time.perf_counter()
        results = []
        for detection in detections:
            reading = self.reader.read(image, detection.quad)
            results.append(PlateResult(detection, reading, self.resolver.resolve(reading)))
        results.sort(key=lambda result: result.plate.confidence, reverse=True)
        timings = Timings(0.0, 1000 * (detected - started), 1000 * (time.perf_counter() - detected))
        height, width = image.shape[:2]
        return Recognition(width, height, tuple(results), timings)
