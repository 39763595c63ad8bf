"""The settings of one camera (``[[camera]]``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from npr_edge.settings.base import Fraction, FramePoint, Identifier, Polygon, Seconds, Section

SOURCE_FORMS = (
    "replay:PATH, v4l2:/dev/videoN, rtsp://HOST/PATH, http(s)://HOST/PATH, picamera2:NUMBER or jetson-csi:NUMBER"
)
SOURCE_PATTERN = re.compile(
    r"replay:.+|v4l2:/dev/.+|rtsps?://[^/\s]+.*|https?://[^/\s]+.*|picamera2:\d+|jetson-csi:\d+", re.DOTALL
)
SCHEDULE_PATTERN = (
    r"^((mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))? )?"
    r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"
)
ScheduleEntry = Annotated[str, StringConstraints(pattern=SCHEDULE_PATTERN)]


class ReplaySettings(Section):
    """How a recorded clip is played; for ``replay:`` sources only."""

    realtime: bool = Field(default=True, description="Play at the clip's own pace; false: as fast as it is recognised.")
    loop: bool = Field(default=False, description="Start again at the end; false: the camera's state becomes 'ended'.")


class MotionSettings(Section):
    """Which frames are worth a look."""

    enabled: bool = Field(default=True, description="Look only where something moves; false: recognise every frame.")
    threshold: int = Field(default=14, ge=2, le=128, description="Grey levels a pixel must differ from the background.")
    min_area: Fraction = Field(default=0.0008, description="Share of the picture that must differ for a look.")
    forced_look_s: Seconds = Field(default=30.0, description="Look at a still scene this often anyway; 0: never.")
    hold_s: Seconds = Field(default=0.5, description="Go on looking for this long after the last movement.")


class CameraSettings(Section):
    """One camera: where its pictures come from and what to look for in them."""

    id: Identifier = Field(description="Short name, used in topics, rows and file names; unique.")
    name: str = Field(default="", max_length=100, description="Name for people; empty: the id.")
    source: str = Field(description=f"Where pictures come from: {SOURCE_FORMS}.")
    enabled: bool = Field(default=True, description="Whether the camera is used at all.")
    fps: float = Field(default=10.0, gt=0.0, le=60.0, description="Frames per second to take from the camera at most.")
    width_px: int = Field(default=1920, ge=160, le=8192, description="Width to ask of a camera that offers a choice.")
    height_px: int = Field(default=1080, ge=120, le=8192, description="Height to ask of a camera that offers a choice.")
    rotate: Literal[0, 90, 180, 270] = Field(default=0, description="Degrees to turn the picture clockwise.")
    username: str | None = Field(default=None, description="User name for a network camera.")
    password_file: Path | None = Field(
        default=None, description="File whose first line is the network camera's password."
    )
    frame_timeout_s: float = Field(
        default=5.0, ge=0.5, le=120.0, description="No frame for this long: the camera is closed and opened again."
    )
    open_timeout_s: float = Field(default=15.0, ge=1.0, le=120.0, description="Time a camera may take to open.")
    frozen_s: Seconds = Field(
        default=60.0, description="The very same picture for this long is a fault; 0: never (also for replay)."
    )
    max_backoff_s: float = Field(default=8.0, ge=0.1, le=600.0, description="Longest wait between two tries to open.")
    zones: list[Polygon] = Field(
        default=[], max_length=32, description="Areas in which plates count; empty: everywhere. [[[x, y], ...], ...]"
    )
    masks: list[Polygon] = Field(default=[], max_length=32, description="Areas to ignore: timestamps, signs.")
    min_plate_width: Fraction = Field(
        default=0.0, description="Plates narrower than this share of the frame are ignored."
    )
    line: tuple[FramePoint, FramePoint] | None = Field(
        default=None,
        description="Direction line [[x1, y1], [x2, y2]]: crossing to its right-hand side is 'approaching'.",
    )
    schedule: list[ScheduleEntry] = Field(
        default=[], description='When to look, local time: "06:00-22:00" or "mon-fri 06:00-22:00"; empty: always.'
    )
    reappear_s: Seconds = Field(
        default=30.0, description="The same plate again within this time is the same passage, not a second read."
    )
    motion: MotionSettings = Field(default=MotionSettings(), description="Which frames are worth a look.")
    replay: ReplaySettings = Field(default=ReplaySettings(), description="How a replay source is played.")

    @field_validator("source")
    @classmethod
    def _source_has_a_known_form(cls, source: str) -> str:
        if not SOURCE_PATTERN.fullmatch(source):
            raise ValueError(f"must be {SOURCE_FORMS}")
        return source

    @model_validator(mode="after")
    def _replay_only_for_replay(self) -> Self:
        if self.replay != ReplaySettings() and not self.is_replay:
            raise ValueError("replay is for sources of the form replay:PATH; remove it")
        return self

    @property
    def is_replay(self) -> bool:
        """Whether the pictures come from a recorded clip."""
        return self.source.startswith("replay:")

    @property
    def label(self) -> str:
        """Name for people."""
        return self.name or self.id

    @property
    def public_source(self) -> str:
        """The source without user name and password, fit for logs and pages."""
        return re.sub(r"://[^/@]*@", "://***@", self.source)
