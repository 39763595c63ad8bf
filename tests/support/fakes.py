"""Stand-ins for the parts behind the API, and pictures that the fake recogniser can read."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence

import cv2
import numpy as np

from npr_edge.domain import CameraReport, Image, Recognition, Vehicle
from tests.support.plates import plate_result, recognition

BITS = 16
_BLOCK = 20

NO_PLATE = 0
FAULT = 0xFFFF
HOLD = 0xFFFE
TWO_PLATES = 0xFFFD


def coded_image(code: int, width: int = 640, height: int = 480) -> Image:
    """A picture whose first rows hold ``code`` as black and white blocks; (height, width, 3) uint8 BGR."""
    image = np.full((height, width, 3), 90, dtype=np.uint8)
    for bit in range(BITS):
        image[:_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = 255 if code >> bit & 1 else 0
    return image


@functools.lru_cache(maxsize=512)
def coded_jpeg(code: int, width: int = 640, height: int = 480) -> bytes:
    """``coded_image`` as JPEG."""
    return encoded(coded_image(code, width, height), ".jpg")


def encoded(image: Image, suffix: str) -> bytes:
    """An image in the format of a file suffix."""
    return bytes(cv2.imencode(suffix, image)[1])


def plate_of(code: int) -> str:
    """What the fake recogniser reads in a picture of ``code``."""
    return f"AB{code:05d}"


class FakeRecogniser:
    """Reads coded pictures: no plate, a fault, two plates, or the plate of the code. Thread-safe."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.holding = threading.Event()
        self.calls = 0
        self._lock = threading.Lock()

    def recognise(self, image: Image) -> Recognition:
        with self._lock:
            self.calls += 1
        blocks = image[_BLOCK // 2, _BLOCK // 2 : BITS * _BLOCK : _BLOCK].mean(axis=1) > 128
        code = int(sum(1 << bit for bit in range(BITS) if blocks[bit]))
        height, width = image.shape[:2]
        if code == FAULT:
            raise RuntimeError("secret detail of the fault")
        if code == HOLD:
            self.holding.set()
            assert self.release.wait(30)
        results = []
        if code == TWO_PLATES:
            results = [
                plate_result("XY1", confidence=0.31, region=None, box=(5, 5, 80, 20)),
                plate_result("AB12CDE", printed="AB12 CDE", confidence=0.97, box=(120, 340, 200, 60)),
            ]
        elif code != NO_PLATE:
            results = [plate_result(plate_of(code), confidence=0.9, box=(100, 100, 200, 50))]
        return recognition(*results, width_px=width, height_px=height)


class FakeVehicles:
    """Knows one vehicle, answers at once; fails for code 78."""

    def __init__(self) -> None:
        self.known = {"AB12CDE": Vehicle("local", make="BMW", colour="Black", year=2021, fuel_type="petrol")}

    def lookup(self, text: str, region: str | None) -> Vehicle | None:
        if text == "AB00078":
            raise RuntimeError("registry on fire")
        return self.known.get(text)

    def lookup_all(self, plates: Sequence[tuple[str, str | None]]) -> list[Vehicle | None]:
        return [self.lookup(*plate) for plate in plates]


class FakeCameras:
    """One camera with a picture and one without."""

    def __init__(self) -> None:
        self.picture = coded_jpeg(1)

    def reports(self) -> Sequence[CameraReport]:
        return [
            CameraReport("entry", "running", 9.8, 120, 3, 0.1),
            CameraReport("exit", "starting", 0.0, 0, 0, None),
        ]

    def snapshot(self, camera_id: str) -> bytes | None:
        return self.picture if camera_id == "entry" else None
