"""Letters drawn by us: stroke skeletons with one stroke width, in the manner of stamped plate lettering.

A skeleton lives in a unit square whose sides are the centre lines of the outer strokes (x to the right, y down).
What reaches beyond the character's box is cut off, which gives the flat ends of British plates. Proportions are
free: 79 mm high, 50 mm wide, 14 mm stroke is the British letter since 2001, 57 mm wide the one before
(The Road Vehicles (Display of Registration Marks) Regulations 2001, schedule 3).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Vertex = tuple[float, ...]
"""x, y and, for a rounded corner, the radius as a part of the largest that fits."""

OUT = 0.6  # far enough beyond the box to be cut off flat


@dataclass(frozen=True, slots=True)
class Path:
    """One stroke: its vertices, whether it closes, whether both ends are prolonged beyond the box."""

    vertices: tuple[Vertex, ...]
    closed: bool = False
    prolonged: bool = False


def _line(*vertices: Vertex) -> Path:
    return Path(vertices)


def _ring(left: float, top: float, right: float, bottom: float) -> Path:
    return Path(((left, top, 1), (right, top, 1), (right, bottom, 1), (left, bottom, 1)), closed=True)


def _slant(*vertices: Vertex) -> Path:
    return Path(vertices, prolonged=True)


_STEM = _line((0, -OUT), (0, 1 + OUT))
_STEM_RIGHT = _line((1, -OUT), (1, 1 + OUT))
_TOP = _line((-OUT, 0), (1 + OUT, 0))
_BOTTOM = _line((-OUT, 1), (1 + OUT, 1))
_BOWL = _line((-OUT, 0), (1, 0, 1), (1, 0.54, 1), (-0.1, 0.54))

GLYPHS: dict[str, tuple[Path, ...]] = {
    "A": (_slant((0, 1), (0.45, 0)), _slant((0.55, 0), (1, 1)), _line((0.15, 0.7), (0.85, 0.7))),
    "B": (
        _STEM,
        _line((-OUT, 0), (0.95, 0, 1), (0.95, 0.47, 1), (0, 0.47)),
        _line((0, 0.47), (1, 0.47, 1), (1, 1, 1), (-OUT, 1)),
    ),
    "C": (_line((1, 0.3), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0.7)),),
    "D": (_STEM, _line((-OUT, 0), (1, 0, 1), (1, 1, 1), (-OUT, 1))),
    "E": (_STEM, _TOP, _line((0, 0.48), (0.95, 0.48)), _BOTTOM),
    "F": (_STEM, _TOP, _line((0, 0.5), (0.95, 0.5))),
    "G": (_line((1, 0.28), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0.5)), _line((0.5, 0.55), (1.18, 0.55))),
    "H": (_STEM, _STEM_RIGHT, _line((0, 0.49), (1, 0.49))),
    "I": (_STEM,),
    "J": (_line((1, -OUT), (1, 1, 1), (0, 1, 1), (0, 0.68)),),
    "K": (_STEM, _slant((0.0, 0.68), (1, 0)), _line((0.32, 0.42), (1.24, 1.3))),
    "L": (_STEM, _BOTTOM),
    "M": (_STEM, _STEM_RIGHT, _slant((0, 0), (0.5, 0.6), (1, 0))),
    "N": (_STEM, _STEM_RIGHT, _slant((0, 0), (1, 1))),
    "O": (_ring(0, 0, 1, 1),),
    "P": (_STEM, _BOWL),
    "Q": (_ring(0, 0, 1, 1), _line((0.5, 0.66), (1.1, 1.12))),
    "R": (_STEM, _BOWL, _line((0.42, 0.5), (1.18, 1.3))),
    "S": (_line((1, 0.27), (1, 0, 1), (0, 0, 1), (0, 0.48, 1), (1, 0.48, 1), (1, 1, 1), (0, 1, 1), (0, 0.73)),),
    "T": (_TOP, _line((0.5, 0), (0.5, 1 + OUT))),
    "U": (_line((0, -OUT), (0, 1, 1), (1, 1, 1), (1, -OUT)),),
    "V": (_slant((0, 0), (0.5, 1.12), (1, 0)),),
    "W": (_slant((0, 0), (0.26, 1.1), (0.5, 0.3), (0.74, 1.1), (1, 0)),),
    "X": (_slant((0, 0), (1, 1)), _slant((1, 0), (0, 1))),
    "Y": (_line((-0.25, -0.28), (0.5, 0.55)), _line((1.25, -0.28), (0.5, 0.55)), _line((0.5, 0.5), (0.5, 1 + OUT))),
    "Z": (_TOP, _BOTTOM, _slant((1, 0), (0, 1))),
    "0": (_ring(0, 0, 1, 1),),
    "1": (_STEM,),
    "2": (_line((0, 0.3), (0, 0, 1), (1, 0, 1), (1, 0.42, 0.7), (0, 1.0)), _BOTTOM),
    "3": (
        _line((0, 0.26), (0, 0, 1), (1, 0, 1), (1, 0.47, 1), (0.35, 0.47)),
        _line((0.35, 0.47), (1, 0.47, 1), (1, 1, 1), (0, 1, 1), (0, 0.74)),
    ),
    "4": (_line((0.67, -0.1), (0.0, 0.72)), _line((0.0, 0.72), (1.2, 0.72)), _line((0.7, 0.3), (0.7, 1 + OUT))),
    "5": (
        _line((-0.0, 0), (1.05, 0)),
        _line((0, -OUT), (0, 0.5)),
        _line((-0.1, 0.42), (1, 0.42, 1), (1, 1, 1), (0, 1, 1), (0, 0.74)),
    ),
    "6": (_line((1, 0.27), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0.43, 1), (0, 0.43)),),
    "7": (_TOP, _slant((1, 0), (0.35, 1))),
    "8": (_ring(0.03, 0, 0.97, 0.47), _ring(0, 0.47, 1, 1)),
    "9": (_line((0, 0.73), (0, 1, 1), (1, 1, 1), (1, 0, 1), (0, 0, 1), (0, 0.57, 1), (1, 0.57)),),
}

NARROW = {"I": 0.0, "1": 0.0, "J": 0.85, "L": 0.9, "E": 0.93, "F": 0.93, "M": 1.18, "W": 1.3, "T": 0.97}
FLAGGED_ONE = (_line((0.75, -OUT), (0.75, 1 + OUT)), _line((0.0, 0.3), (0.75, -0.05)))


@dataclass(frozen=True, slots=True)
class StrokeFace:
    """A family of letters: proportions as parts of the cap height.

    Attributes:
        width: Width of a plain letter (British: 50/79).
        stroke: Stroke width (British: 14/79).
        roundness: Corner radius as a part of the largest possible, 0-1.
        flagged_one: Whether 1 has a flag; the British 1 is a bar.
    """

    width: float = 0.633
    stroke: float = 0.177
    roundness: float = 1.0
    flagged_one: bool = False
    narrow: dict[str, float] = field(default_factory=lambda: NARROW, compare=False, hash=False)

    def draw(self, character: str, height: int) -> NDArray[np.uint8]:
        """The character as alpha (height, W) uint8, cut to its box, ink 255."""
        scale = 2  # supersampling
        stroke = self.stroke * height * scale
        factor = self.narrow.get(character, 1.0)
        paths = GLYPHS[character]
        if character == "1" and self.flagged_one:
            paths, factor = FLAGGED_ONE, 0.62
        inner_w = max(self.width * height * scale - stroke, 1.0) * factor
        inner_h = height * scale - stroke
        box = round(height * scale), max(round(inner_w + stroke), 2)
        canvas = np.zeros(box, np.uint8)
        size = np.array([inner_w if factor > 0 else 1.0, inner_h])
        largest = max(inner_w, 0.55 * inner_h) / 2 * self.roundness
        for path in paths:
            points = _rounded(path, size, largest)
            _stroke_path(canvas, points + stroke / 2, stroke, closed=path.closed)
        shrunk = cv2.resize(canvas, (max(box[1] // scale, 1), height), interpolation=cv2.INTER_AREA)
        return np.asarray(shrunk, np.uint8)


def _rounded(path: Path, size: NDArray[np.float64], largest: float) -> NDArray[np.float64]:
    """The path's points in pixels, corners replaced by arcs (cubic Bezier quarter circles)."""
    vertices = [np.array(v[:2]) * size for v in path.vertices]
    radii = [v[2] if len(v) > 2 else 0.0 for v in path.vertices]
    if path.prolonged:
        for end, beside in ((0, 1), (-1, -2)):
            direction = vertices[end] - vertices[beside]
            vertices[end] = vertices[end] + direction / np.linalg.norm(direction) * size[1] * 0.3
    points: list[NDArray[np.float64]] = []
    count = len(vertices)
    for index, (corner, radius) in enumerate(zip(vertices, radii, strict=True)):
        if radius == 0 or (not path.closed and index in (0, count - 1)):
            points.append(corner)
            continue
        before, after = vertices[index - 1] - corner, vertices[(index + 1) % count] - corner
        lengths = np.linalg.norm(before), np.linalg.norm(after)
        whole = [
            not path.closed and index == 1,  # an open end may be used up whole, a shared edge only by half
            not path.closed and index == count - 2,
        ]
        reach = min(largest * radius, *(length * (1.0 if w else 0.5) for length, w in zip(lengths, whole, strict=True)))
        start, end = corner + before / lengths[0] * reach, corner + after / lengths[1] * reach
        t = np.linspace(0, 1, 9)[:, None]
        control_a, control_b = start + (corner - start) * 0.5523, end + (corner - end) * 0.5523
        arc = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * control_a + 3 * (1 - t) * t**2 * control_b + t**3 * end
        points.extend(arc)
    return np.array(points)


def _stroke_path(canvas: NDArray[np.uint8], points: NDArray[np.float64], width: float, *, closed: bool) -> None:
    """Draw the path with flat ends: a quad for each segment, a disc on each joint."""
    shift = 4
    ends = np.vstack([points, points[:1]]) if closed else points
    for a, b in itertools.pairwise(ends):
        length = float(np.hypot(*(b - a)))
        if length < 1e-6:
            continue
        normal = np.array([-(b - a)[1], (b - a)[0]]) / length * width / 2
        quad = np.array([a + normal, b + normal, b - normal, a - normal]) * (1 << shift)
        cv2.fillConvexPoly(canvas, quad.round().astype(np.int32), 255, shift=shift)
    for x, y in points if closed else points[1:-1]:
        centre = round(x * (1 << shift)), round(y * (1 << shift))
        cv2.circle(canvas, centre, round(width / 2 * (1 << shift)), 255, -1, shift=shift)
