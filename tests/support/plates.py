"""Builders of plates and recognitions for tests."""

from __future__ import annotations

import numpy as np

from npr_edge.domain import (
    PlateDetection,
    PlateReading,
    PlateResult,
    Recognition,
    ResolvedPlate,
    TextCandidate,
    Timings,
)
from npr_edge.geometry import Box, Quad


def plate_result(
    text: str,
    *,
    confidence: float = 0.9,
    region: str | None = "gb",
    printed: str | None = None,
    box: tuple[float, float, float, float] = (10, 10, 100, 25),
) -> PlateResult:
    """A plate read as ``text`` at an upright ``box`` (x, y, width, height in pixels)."""
    candidates = (TextCandidate(text, confidence),)
    return PlateResult(
        PlateDetection(Quad.from_box(Box(*box)), 0.9),
        PlateReading(candidates, (), np.zeros((12, 37), dtype=np.float32)),
        ResolvedPlate(text, printed or text, region, confidence, candidates, fits_grammar=region is not None),
    )


def recognition(*results: PlateResult, width_px: int = 640, height_px: int = 480) -> Recognition:
    """A recognition of these plates, best confidence first."""
    ordered = tuple(sorted(results, key=lambda result: result.plate.confidence, reverse=True))
    return Recognition(width_px, height_px, ordered, Timings(0.0, 1.0, 1.0))
