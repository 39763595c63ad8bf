"""A small file of plate pictures, so that clips can be rendered where no font is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from npr_edge.training.scenes.vehicle import PlatePicture


def write_pack(path: Path, plates: Sequence[PlatePicture], quality: int = 88) -> None:
    """Write plates as JPEG data with their labels into one compressed ``.npz``."""
    blobs = []
    for plate in plates:
        done, data = cv2.imencode(".jpg", plate.image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not done:
            raise ValueError(f"OpenCV cannot encode a picture of shape {plate.image.shape}")
        blobs.append(np.asarray(data, np.uint8).ravel())
    np.savez_compressed(
        path,
        jpeg=np.concatenate(blobs),
        ends=np.cumsum([len(blob) for blob in blobs]),
        texts=np.array([plate.text for plate in plates]),
        regions=np.array([plate.region for plate in plates]),
        lines=np.array([plate.lines for plate in plates]),
    )


def read_pack(path: Path) -> list[PlatePicture]:
    """All plates of a pack, in the order in which they were written.

    Raises:
        ValueError: A picture in it is damaged.
    """
    with np.load(path) as pack:
        jpeg, ends = pack["jpeg"], pack["ends"]
        labels = zip(pack["texts"], pack["regions"], pack["lines"], strict=True)
        plates: list[PlatePicture] = []
        for start, end, (text, region, lines) in zip([0, *ends[:-1]], ends, labels, strict=True):
            image = cv2.imdecode(jpeg[start:end], cv2.IMREAD_COLOR)
            if image is None:
                raise ValueError(f"{path}: the picture of plate {len(plates)} is damaged; write the pack again")
            plates.append(PlatePicture(np.asarray(image, np.uint8), str(text), str(region), int(lines)))
    return plates
