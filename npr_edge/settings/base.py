"""What every section of the settings shares: strictness and the types of its values."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

IDENTIFIER_PATTERN = r"^[a-zA-Z0-9_-]{1,64}$"
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
"""An id that fits into MQTT topics, file names and Home Assistant's ids alike."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
"""A share of a whole, 0-1."""

FramePoint = tuple[Fraction, Fraction]
"""x and y as fractions of the frame's width and height, from the top left."""

Polygon = Annotated[list[FramePoint], Field(min_length=3, max_length=64)]
"""Corners of an area of the frame."""

Seconds = Annotated[float, Field(ge=0.0, le=86_400.0)]
"""A span of time of at most a day."""


class Section(BaseModel):
    """A part of the settings: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=False)
