"""A pool of generated plates on disk: drawn once, read by every training through memory maps.

A pool is a folder of ``images.npy`` (N, 80, 240, 3) uint8 BGR, the plates squeezed to one size,
``centres.npy`` (N, 12, 2) float32 padded with -1, and ``plates.json`` with texts, regions, lines and aspects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from tqdm import tqdm

from npr_edge.training.plates import GeneratedPlate, generate

PACK_HEIGHT, PACK_WIDTH = 80, 240
"""Pixels of a stored plate, whatever its shape."""
MAX_CHARACTERS = 12


@dataclass(frozen=True, slots=True, eq=False)
class PooledPlate:
    """A plate of the pool.

    Attributes:
        image: (80, 240, 3) uint8 BGR, squeezed; a read-only view of the file.
        text: A-Z0-9 without spaces.
        region: Code of the grammar.
        lines: 1 or 2.
        char_centres: (N, 2) float32, parts of the image.
        aspect: Width by height of the real plate.
    """

    image: NDArray[np.uint8]
    text: str
    region: str
    lines: int
    char_centres: NDArray[np.float32]
    aspect: float


class Pool:
    """Read access by index, memory-mapped."""

    def __init__(self, folder: Path | str) -> None:
        """Open a pool.

        Raises:
            FileNotFoundError: The folder holds none.
        """
        root = Path(folder)
        self._images = np.load(root / "images.npy", mmap_mode="r")
        self._centres = np.load(root / "centres.npy", mmap_mode="r")
        labels = json.loads((root / "plates.json").read_text(encoding="utf-8"))
        self.texts: list[str] = labels["texts"]
        self.regions: list[str] = labels["regions"]
        self.lines: list[int] = labels["lines"]
        self.aspects: list[float] = labels["aspects"]

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> PooledPlate:
        text = self.texts[index]
        return PooledPlate(
            self._images[index],
            text,
            self.regions[index],
            self.lines[index],
            np.asarray(self._centres[index, : len(text)]),
            self.aspects[index],
        )

    def natural(self, index: int, height: int = PACK_HEIGHT) -> NDArray[np.uint8]:
        """The plate stretched back to its true shape, (height, W, 3) uint8 BGR."""
        width = max(round(self.aspects[index] * height), 1)
        return np.asarray(cv2.resize(self._images[index], (width, height), interpolation=cv2.INTER_AREA), np.uint8)


HELD_OUT_SEED = 987_654
"""Of plates to measure on: no pool is drawn with this seed."""


def draw_plate(seed: int, index: int, regions: tuple[str, ...]) -> GeneratedPlate:
    """Plate ``index`` of the pool with ``seed``: the same whatever else is drawn, and in whatever order."""
    rng = np.random.default_rng([seed, index])
    region = regions[int(rng.integers(len(regions)))] if regions else None
    return generate(rng, region)


def _packed(job: tuple[int, int, tuple[str, ...]]) -> tuple[int, NDArray[np.uint8], GeneratedPlate]:
    cv2.setNumThreads(1)
    plate = draw_plate(*job)
    squeezed = cv2.resize(plate.image, (PACK_WIDTH, PACK_HEIGHT), interpolation=cv2.INTER_AREA)
    return job[1], np.asarray(squeezed, np.uint8), plate


def write_pool(
    folder: Path, count: int, seed: int, regions: tuple[str, ...] = (), *, workers: int = 1, progress: bool = True
) -> None:
    """Draw ``count`` plates into ``folder``.

    Args:
        folder: Made where it is missing; an older pool in it is replaced.
        count: Number of plates.
        seed: The same seed and regions give the same pool, whatever the number of workers.
        regions: Codes to draw from evenly; none of them means all, by their weights.
        workers: Processes.
        progress: Show a progress bar.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images = open_memmap(folder / "images.npy", "w+", np.uint8, (count, PACK_HEIGHT, PACK_WIDTH, 3))
    centres = np.full((count, MAX_CHARACTERS, 2), -1, np.float32)
    labels: dict[str, list[str] | list[int] | list[float]] = {"texts": [], "regions": [], "lines": [], "aspects": []}
    bar = tqdm(total=count, desc="plates", unit="plate", disable=not progress, mininterval=5)
    for index, image, plate in _drawn(count, seed, regions, workers):
        images[index] = image
        centres[index, : len(plate.text)] = plate.char_centres
        labels["texts"].append(plate.text)  # type: ignore[arg-type]
        labels["regions"].append(plate.region)  # type: ignore[arg-type]
        labels["lines"].append(plate.lines)  # type: ignore[arg-type]
        labels["aspects"].append(round(plate.image.shape[1] / plate.image.shape[0], 4))  # type: ignore[arg-type]
        bar.update()
    bar.close()
    images.flush()
    np.save(folder / "centres.npy", centres)
    # The labels come last: a pool is whole when they are there.
    (folder / "plates.json").write_text(json.dumps(labels), encoding="utf-8")


def _drawn(
    count: int, seed: int, regions: tuple[str, ...], workers: int
) -> Iterator[tuple[int, NDArray[np.uint8], GeneratedPlate]]:
    jobs = ((seed, index, regions) for index in range(count))
    if workers <= 1:
        yield from map(_packed, jobs)
        return
    with ProcessPoolExecutor(workers) as processes:
        yield from processes.map(_packed, jobs, chunksize=64)
