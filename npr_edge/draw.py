"""Pictures for people: plates drawn into photographs, contact sheets of misses."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from npr_edge.domain import Image
from npr_edge.geometry import Quad

GREEN = (80, 200, 60)
RED = (60, 60, 230)
_WHITE = (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_DUPLEX


def draw_plate(image: Image, quad: Quad, caption: str, colour: tuple[int, int, int] = GREEN) -> None:
    """Draw a plate's outline and a caption above it into ``image`` ((H, W, 3) uint8 BGR), in place.

    Line and letters grow with the image, so that both a thumbnail and a 12-megapixel photograph stay readable.
    ``caption`` is ASCII.
    """
    size = max(0.5, image.shape[1] / 1280)
    thickness = max(1, round(2 * size))
    cv2.polylines(image, [np.round(quad.array()).astype(np.int32)], True, colour, thickness, cv2.LINE_AA)
    hull = quad.hull()
    (width, height), baseline = cv2.getTextSize(caption, _FONT, 0.8 * size, thickness)
    # Above the plate where there is room, else below; never out of the picture on the right.
    left = max(0, min(round(hull.x), image.shape[1] - width))
    bottom = round(hull.y) - thickness
    if bottom - height - baseline < 0:
        bottom = min(image.shape[0], round(hull.bottom) + height + baseline + thickness)
    cv2.rectangle(image, (left, bottom - height - baseline), (left + width, bottom), colour, cv2.FILLED)
    cv2.putText(image, caption, (left, bottom - baseline // 2), _FONT, 0.8 * size, _WHITE, thickness, cv2.LINE_AA)


def contact_sheet(tiles: Sequence[tuple[Image, str]], columns: int = 2, width: int = 480, height: int = 270) -> Image:
    """Pictures side by side, each fitted into ``width`` x ``height`` pixels with its caption below.

    Returns:
        (H, W, 3) uint8 BGR; an empty sheet is one blank tile.
    """
    strip = 28
    rows = max(1, -(-len(tiles) // columns))
    sheet = np.full((rows * (height + strip), columns * width, 3), 32, dtype=np.uint8)
    for index, (picture, caption) in enumerate(tiles):
        top, left = (index // columns) * (height + strip), (index % columns) * width
        scale = min(width / picture.shape[1], height / picture.shape[0])
        size = (max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale)))
        fitted = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        sheet[top : top + size[1], left : left + size[0]] = fitted
        cv2.putText(sheet, caption, (left + 6, top + height + 20), _FONT, 0.55, _WHITE, 1, cv2.LINE_AA)
    return sheet
