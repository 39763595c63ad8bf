"""All labelled crops decoded once into one memory-mapped array, so that an epoch costs no image decoding."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from npr_edge.domain import Image
from npr_edge.evaluate.dataset_detect import held_out_negative
from npr_edge.read.charset import ALPHABET, SLOTS
from npr_edge.read.preprocess import HEIGHT as INPUT_HEIGHT
from npr_edge.read.preprocess import WIDTH as INPUT_WIDTH
from npr_edge.read.preprocess import rectify, shrink_to_input, whole

HEIGHT, WIDTH = 80, 240
"""Stored size of training crops: a quarter more than the network's input, so that small zooms lose nothing."""

MACHINE_PREFIX = "machine/"
"""Put before the source of crops whose text a machine read."""


@dataclass(frozen=True, slots=True)
class Crop:
    """One labelled crop.

    Attributes:
        file: Path of the picture.
        source: Folder name, ``machine/`` before it where a machine read the text.
        text: A-Z0-9, at most SLOTS long.
        region: Code or empty.
        lines: 1, 2, or 0 where the label does not say.
        width_px: Width of the crop as it was cut, pixels; ``height_px`` likewise.
        confidence: Of the machine that read it; 1 for people.
    """

    file: str
    source: str
    text: str
    region: str
    lines: int
    width_px: int
    height_px: int
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Crops of one split and their pixels, (N, H, W, 3) uint8 BGR, row by row."""

    crops: list[Crop]
    pixels: NDArray[np.uint8]


def labelled(data: Path, split: str) -> Iterator[tuple[Path, str, dict[str, str]]]:
    """Every usable row of the ``labels.csv`` files under ``data/read`` and ``data/read-machine``.

    Rows whose text does not fit the slots (longer than SLOTS, letters outside the alphabet) are left out.
    """
    for folder, prefix in (("read", ""), ("read-machine", MACHINE_PREFIX)):
        for labels in sorted((data / folder).glob("*/labels.csv")):
            with labels.open(newline="", encoding="utf-8") as stream:
                for row in csv.DictReader(stream):
                    usable = 0 < len(row["text"]) <= SLOTS and set(row["text"]) <= set(ALPHABET)
                    if usable and row["split"] == split:
                        yield labels.parent / "images" / row["file"], prefix + labels.parent.name, row


def build(data: Path, split: str, out: Path) -> Pack:
    """Decode the crops of ``split`` into ``out`` (or open what an earlier call left there).

    Training crops are stored at HEIGHT x WIDTH, val crops at the network's input size by the product's own
    preprocessing, so that validation sees what a device sees.
    """
    index, array = out / f"{split}.json", out / f"{split}.npy"
    if not index.exists():
        out.mkdir(parents=True, exist_ok=True)
        rows = list(labelled(data, split))
        crops, pictures = [], []
        for path, source, row in tqdm(rows, desc=f"packing {split}"):
            picture = cv2.imread(str(path))
            if picture is None:
                continue
            image = np.asarray(picture, dtype=np.uint8)
            pictures.append(_stored(image, split))
            crops.append(_crop(path, source, row, image))
        np.save(array, np.stack(pictures))
        index.write_text(json.dumps([asdict(crop) for crop in crops]), encoding="utf-8")
    return Pack([Crop(**row) for row in json.loads(index.read_text(encoding="utf-8"))], np.load(array, mmap_mode="r"))


def backgrounds(data: Path, out: Path, count: int = 1500) -> NDArray[np.uint8]:
    """Pieces of the photographs under ``data/negatives`` at the network's input size, (N, H, W, 3) uint8 BGR.

    The photographs that are held out for measuring give none. Without photographs there are plain grey pieces, so
    that a pool alone can be trained on.
    """
    array = out / "backgrounds.npy"
    if not array.exists():
        out.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(11)
        paths = [path for path in sorted((data / "negatives").glob("**/*.*")) if not held_out_negative(path.name)]
        images = (cv2.imread(str(paths[i])) for i in rng.permutation(len(paths))[: count // 3])
        pieces = [
            _piece(np.asarray(image, dtype=np.uint8), rng) for image in images if image is not None for _ in range(3)
        ]
        grey = [np.full((INPUT_HEIGHT, INPUT_WIDTH, 3), level, np.uint8) for level in range(0, 256, 16)]
        np.save(array, np.stack(pieces or grey))
    return np.asarray(np.load(array))


def _piece(image: Image, rng: np.random.Generator) -> Image:
    """A random part of a photograph, of the input's shape."""
    height, width = image.shape[:2]
    across = int(width * rng.uniform(0.08, 0.5))
    down = min(max(across * INPUT_HEIGHT // INPUT_WIDTH, 4), height)
    left, top = int(rng.integers(0, width - across + 1)), int(rng.integers(0, height - down + 1))
    return shrink_to_input(image[top : top + down, left : left + across])


def _stored(image: Image, split: str) -> Image:
    if split != "train":
        return rectify(image, whole(image))
    smaller = image.shape[0] > HEIGHT or image.shape[1] > WIDTH
    resized = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)


def _crop(path: Path, source: str, row: dict[str, str], image: Image) -> Crop:
    height, width = image.shape[:2]
    lines = int(row["lines"] or 0)
    confidence = float(row.get("confidence") or 1.0)
    return Crop(str(path), source, row["text"], row["region"], lines, width, height, confidence)
