"""Upright photographs in two overlapping bands: letterboxed whole, they would fill a third of the model's input.

A telephone held upright makes pictures of 3:4 or 9:16; their plates would reach the network at half the size that the
same plates have in a level picture, or less. Pure numpy.
"""

from __future__ import annotations

from collections.abc import Sequence

from npr_edge.domain import PlateDetection

BAND_SHARE = 0.6
"""Height of each of the two bands; they share a fifth of the picture, so that no plate is cut in both."""

_SAME_SHARE = 0.5
_EDGE_SHARE = 0.01

Band = tuple[int, int]
"""First row and the row after the last."""


def bands(width: int, height: int, input_size: tuple[int, int]) -> tuple[Band, ...]:
    """Parts of a picture that go through the model one by one, from the top.

    Args:
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        input_size: Width and height of the model's input, pixels.

    Returns:
        The whole picture, or two bands of an upright one that would have to be shrunk.
    """
    if height <= width or height <= input_size[1]:
        return ((0, height),)
    rows = round(BAND_SHARE * height)
    return ((0, rows), (height - rows, height))


def joined(found: Sequence[tuple[Band, PlateDetection]], height: int) -> list[PlateDetection]:
    """Plates of all bands, each once, best score first.

    A plate that ends at a band's inner edge may be half of one that the other band shows whole: it gives way.

    Args:
        found: Detections with corners in picture pixels, and the band each was found in.
        height: Of the picture, pixels.
    """
    order = sorted(found, key=lambda pair: (_cut(pair[0], pair[1], height), -pair[1].score))
    kept: list[PlateDetection] = []
    for _, detection in order:
        hull = detection.quad.hull()
        if all(hull.nesting(other.quad.hull()) < _SAME_SHARE for other in kept):
            kept.append(detection)
    return sorted(kept, key=lambda detection: -detection.score)


def _cut(band: Band, detection: PlateDetection, height: int) -> bool:
    """Whether a plate reaches an edge of its band that is not the picture's."""
    top, bottom = band
    hull, near = detection.quad.hull(), _EDGE_SHARE * (bottom - top)
    return (top > 0 and hull.y < top + near) or (bottom < height and hull.bottom > bottom - near)
