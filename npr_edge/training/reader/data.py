"""Batches for the reader: which crops are drawn how often, and what the loss gets to know about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from npr_edge.geometry import FloatArray, project
from npr_edge.read.charset import BLANK, SLOTS, encode
from npr_edge.read.preprocess import HEIGHT, WIDTH
from npr_edge.training.pool import Pool
from npr_edge.training.reader.augment import DRAWN, REAL, UNIT_CORNERS, Shape, augment, closer
from npr_edge.training.reader.finds import Finds
from npr_edge.training.reader.network import GRID
from npr_edge.training.reader.pack import MACHINE_PREFIX, Crop, Pack
from npr_edge.training.reader.places import UNKNOWN, place_of

LOOSE_SOURCES = frozenset({"us-states"})
"""Sources that write O as 0 or I as 1: there the loss takes both for the same."""

TRUST = MappingProxyType({"noisy-vietnam-czech": 0.5})
"""Weight in the loss of sources whose labels are often wrong."""

_MACHINE_TRUST = 0.6

_WEIGHT = MappingProxyType(
    {
        "europe": 2.0,
        "europe-two-line": 1.6,
        "openlpr": 2.0,
        "openimages": 1.8,
        "india": 1.6,
        "machine/openlpr": 1.2,
        "machine/europe": 1.2,
        "machine/romania": 1.5,
        "machine/romania-crops": 1.5,
        "machine/us-ny": 0.5,
        "machine/brazil": 0.7,
        "noisy-vietnam-czech": 0.6,
    }
)
"""Correction of a source's share beyond the square root of its size: harder and more varied sources count more."""


_CLOSER_SHARE = 0.5
"""Crops whose plate is known are shown upright and close half the time, as the device sees plates."""

_STACKED_WEIGHT = 2.0
"""Drawn plates of several lines count double: real ones are rare outside Vietnam."""

_FIND_SHARE = 0.14
"""Of a batch: places that a detector took for plates, where such are given."""

_NO_PLATE_SHARE = 0.7
"""Of those: places without a plate; the others are plates whose text nobody knows."""

_PIECE_SHARE = 0.15
"""Of the places without a plate: any piece of a photograph, which no detector picked."""

_NO_PLATE_WEIGHT = 3.0
"""A place without a plate teaches one slot only, a text all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """What batches are made of.

    Attributes:
        crops: Labelled crops.
        drawn: Generated plates; None trains on real crops alone.
        backgrounds: (N, HEIGHT, WIDTH, 3) uint8 BGR, pieces of photographs without plates, set around drawn plates.
        factors: (crops,) correction of each crop's share, from ``review``; None for none.
        outlines: (crops, 4, 2) corners of the plate in each crop, 0-1, NaN where unknown; None for none at all.
        finds: Places that a detector took for plates; None for none.
    """

    crops: Pack
    drawn: Pool | None
    backgrounds: NDArray[np.uint8]
    factors: NDArray[np.float64] | None = None
    outlines: NDArray[np.float32] | None = None
    finds: Finds | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step.

    Attributes:
        images: (B, 3, HEIGHT, WIDTH) float32 RGB 0-1.
        codes: (B, SLOTS) int64 classes.
        region: (B,) int64, -1 unknown.
        weight: (B,) float32 trust in the label.
        loose: (B,) bool, O counts as 0 and I as 1.
        centres: (B, SLOTS, 2) float32 in tokens (column, row); NaN where unknown or empty.
        corners: (B, 4, 2) float32 of the plate TL TR BR BL, in tokens; NaN where unknown.
        unread: (B,) bool, a plate whose text is not known; its codes mean nothing and its weight is 0.
    """

    images: Tensor
    codes: Tensor
    region: Tensor
    weight: Tensor
    loose: Tensor
    centres: Tensor
    corners: Tensor
    unread: Tensor


def shares(crops: list[Crop]) -> NDArray[np.float64]:
    """Probability of each crop: a source's share grows with the square root of its size, evenly inside."""
    counts: dict[str, int] = {}
    for crop in crops:
        counts[crop.source] = counts.get(crop.source, 0) + 1
    weights = np.array([_WEIGHT.get(crop.source, 1.0) / np.sqrt(counts[crop.source]) for crop in crops])
    return np.asarray(weights / weights.sum(), dtype=np.float64)


class Stream(IterableDataset[tuple[NDArray[np.generic], ...]]):
    """An endless stream of augmented batches as arrays (uint8 images: cheap to hand between processes)."""

    def __init__(self, sources: Sources, batch: int, drawn_share: float, seed: int) -> None:
        super().__init__()
        self._sources = sources
        self._batch = batch
        self._drawn_count = round(batch * drawn_share) if sources.drawn is not None else 0
        self._seed = seed
        chances = shares(sources.crops.crops) * (1.0 if sources.factors is None else sources.factors)
        self._chances = np.cumsum(chances / chances.sum())
        lines = np.array(sources.drawn.lines if sources.drawn is not None else [1])
        self._drawn_chances = np.cumsum(np.where(lines > 1, _STACKED_WEIGHT, 1.0))
        self._find_count = round(batch * _FIND_SHARE) if sources.finds is not None else 0

    def __iter__(self) -> Iterator[tuple[NDArray[np.generic], ...]]:
        """Batches for ever; the seed decides all of them."""
        cv2.setNumThreads(1)
        rng = np.random.default_rng(self._seed)
        while True:
            rows = [self._from_drawn(rng) for _ in range(self._drawn_count)]
            rows += [self._from_finds(rng) for _ in range(self._find_count)]
            rows += [self._from_real(rng) for _ in range(self._batch - self._drawn_count - self._find_count)]
            yield tuple(np.stack([np.asarray(row[column]) for row in rows]) for column in range(len(rows[0])))

    def _from_real(self, rng: np.random.Generator) -> tuple[object, ...]:
        index = min(int(np.searchsorted(self._chances, rng.random())), len(self._chances) - 1)
        crop = self._sources.crops.crops[index]
        shape = Shape(crop.width_px / crop.height_px, crop.lines)
        corners = np.full((4, 2), np.nan) if self._sources.outlines is None else self._sources.outlines[index]
        pixels = self._sources.crops.pixels[index]
        if not np.isnan(corners[0, 0]) and rng.random() < _CLOSER_SHARE:
            pixels, corners, shape = closer(pixels, corners.astype(np.float64), shape)
        image, matrix = augment(pixels, shape, REAL, rng)
        trust = _MACHINE_TRUST if crop.source.startswith(MACHINE_PREFIX) else TRUST.get(crop.source, 1.0)
        centres = np.full((SLOTS, 2), np.nan, np.float32)
        loose = crop.source in LOOSE_SOURCES
        return image, encode(crop.text), place_of(crop.region), trust, loose, centres, _tokens(matrix, corners), False

    def _from_finds(self, rng: np.random.Generator) -> tuple[object, ...]:
        finds = self._sources.finds
        assert finds is not None
        is_plate = rng.random() > _NO_PLATE_SHARE
        if not is_plate and rng.random() < _PIECE_SHARE:
            pixels = self._sources.backgrounds[int(rng.integers(len(self._sources.backgrounds)))]
            aspect = WIDTH / HEIGHT
        else:
            index = int(rng.choice(np.flatnonzero(finds.plates == is_plate)))
            pixels, aspect = finds.pixels[index], float(finds.aspects[index])
        image, _ = augment(pixels, Shape(aspect, 0), REAL, rng)
        nowhere = np.full((SLOTS, 2), np.nan, np.float32), np.full((4, 2), np.nan, np.float32)
        weight = 0.0 if is_plate else _NO_PLATE_WEIGHT
        return image, encode(""), UNKNOWN, weight, False, *nowhere, is_plate

    def _from_drawn(self, rng: np.random.Generator) -> tuple[object, ...]:
        drawn = self._sources.drawn
        assert drawn is not None
        place = rng.random() * self._drawn_chances[-1]
        plate = drawn[min(int(np.searchsorted(self._drawn_chances, place)), len(drawn) - 1)]
        background = self._sources.backgrounds[int(rng.integers(len(self._sources.backgrounds)))]
        image, matrix = augment(plate.image, Shape(plate.aspect, plate.lines), DRAWN, rng, background)
        centres = np.full((SLOTS, 2), np.nan, np.float32)
        centres[: len(plate.text)] = _tokens(matrix, plate.char_centres)
        corners = _tokens(matrix, UNIT_CORNERS)
        return image, encode(plate.text), place_of(plate.region), 1.0, False, centres, corners, False


def _tokens(matrix: FloatArray, points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Points (N, 2) of a crop (0-1) in tokens of its view (column, row)."""
    places = project(matrix, points.astype(np.float64)) * np.array(GRID[::-1]) - 0.5
    return places.astype(np.float32)


def to_batch(arrays: tuple[NDArray[np.generic], ...], device: torch.device) -> Batch:
    """Tensors of what ``Stream`` yields."""
    images, codes, region, weight, loose, centres, corners, unread = (torch.as_tensor(a).to(device) for a in arrays)
    places = centres.float(), corners.float()
    return Batch(to_input(images), codes.long(), region.long(), weight.float(), loose.bool(), *places, unread.bool())


def to_input(images: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 BGR -> (B, 3, H, W) float32 RGB 0-1, channels last in memory."""
    assert images.shape[1:] == (HEIGHT, WIDTH, 3)
    return images.flip(3).permute(0, 3, 1, 2).float().div_(255).contiguous(memory_format=torch.channels_last)


def is_blank(codes: Tensor) -> Tensor:
    """Where a slot is empty."""
    return codes == BLANK
