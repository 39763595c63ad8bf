"""The sections of the settings, each field with its default, bounds and description."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from npr_edge.settings.base import Fraction, Identifier, Seconds, Section
from npr_edge.settings.camera import CameraSettings
from npr_edge.settings.mqtt import MqttSettings
from npr_edge.settings.vehicles import VehiclesSettings
from npr_edge.settings.web import WebSettings

RegionCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]{1,12})?$")]


class DeviceSettings(Section):
    """The device itself."""

    id: Identifier = Field(default="npr-edge", description="Short name of this device in MQTT topics and rows.")
    name: str = Field(default="", max_length=100, description="Name for people; empty: the id.")


class RecogniseSettings(Section):
    """How plates are found and read."""

    regions: list[RegionCode] = Field(
        default=[], description="Regions expected here, as a hint to the grammars: gb, fr, us-ny. Empty: no hint."
    )
    threads: int = Field(default=0, ge=0, le=64, description="CPU threads of one recognition; 0: one per core.")
    workers: int = Field(
        default=2,
        ge=1,
        le=16,
        description="Recognitions that run side by side: with 2, one is prepared while the models look at another.",
    )
    models_dir: Path | None = Field(default=None, description="Folder of the model files; unset: those of the package.")
    min_score: Fraction | None = Field(
        default=None, description="Score a plate needs, detector and reader together; unset: the model card's."
    )
    queue: int = Field(default=16, ge=1, le=1024, description="Requests of the REST API that may wait for recognition.")


class TrackSettings(Section):
    """From readings of single frames to one read per vehicle."""

    min_agreeing: int = Field(default=2, ge=1, le=50, description="Frames that must agree for a read.")
    min_confidence: Fraction = Field(default=0.6, description="Voted confidence that a read needs.")
    single_confidence: Fraction = Field(
        default=0.8, description="Confidence that a vehicle seen in too few frames to agree needs to be read."
    )
    early_confidence: Fraction = Field(
        default=0.9, description="Voted confidence at which min_agreeing frames end the vote before the vehicle leaves."
    )
    max_delay_s: Seconds = Field(default=3.0, description="Longest wait for a better vote, from the first reading.")
    lost_s: Seconds = Field(default=1.0, description="Not seen for this long: the vehicle has left.")
    preview: bool = Field(
        default=False, description="Send an early message with the same event id before the vote ends."
    )
    min_score: Fraction = Field(default=0.4, description="Score that one frame of a real plate reaches.")
    min_plate_width_px: float = Field(
        default=24.0, ge=1, le=1000, description="Narrower plates cannot be read: too_small."
    )
    min_sharpness: float = Field(
        default=8.0, ge=0, le=10_000, description="Below this gradient a plate counts as blurred."
    )
    evidence_margin: float = Field(
        default=0.6, ge=0, le=5, description="Surroundings kept around the plate in the crop, in plate widths."
    )


class RecordSettings(Section):
    """How reads are kept on the device."""

    crops: bool = Field(default=True, description="Keep a JPEG of each read's plate and surroundings.")
    jpeg_quality: int = Field(default=85, ge=30, le=100, description="JPEG quality of the crops.")
    queue: int = Field(default=256, ge=1, le=100_000, description="Reads that may wait in memory for the disk.")
    batch: int = Field(
        default=64, ge=1, le=1_000, description="Reads that share one write to the disk where several wait."
    )
    durable: Literal["power-cut", "kill"] = Field(
        default="power-cut",
        description="What a stored read outlives. kill: fewer writes, a power cut may cost the last seconds.",
    )


class RetentionSettings(Section):
    """How long reads are kept; the oldest go first."""

    max_age_days: float = Field(
        default=30.0, gt=0, le=36_500, description="Reads and crops older than this are deleted."
    )
    max_bytes: int = Field(
        default=8_000_000_000, ge=1_000_000, description="Database and crops together stay below this many bytes."
    )
    min_free_bytes: int = Field(
        default=500_000_000, ge=0, description="With less free disk than this, crops stop before reads do."
    )


class LogSettings(Section):
    """What is written to the log."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is written."
    )
    format: Literal["auto", "text", "journal", "json"] = Field(
        default="auto", description="Form of a line; auto: journal under systemd, text elsewhere."
    )


class Settings(Section):
    """Everything that can be set."""

    data_dir: Path = Field(
        default=Path("/var/lib/npr-edge"), description="Database, crops, keys: everything that must outlive a restart."
    )
    device: DeviceSettings = Field(default=DeviceSettings(), description="The device itself.")
    camera: list[CameraSettings] = Field(default=[], max_length=64, description="The cameras; none: the API alone.")
    recognise: RecogniseSettings = Field(default=RecogniseSettings(), description="How plates are found and read.")
    track: TrackSettings = Field(default=TrackSettings(), description="From readings to one read per vehicle.")
    record: RecordSettings = Field(default=RecordSettings(), description="How reads are kept on the device.")
    retention: RetentionSettings = Field(default=RetentionSettings(), description="How long reads are kept.")
    mqtt: MqttSettings = Field(default=MqttSettings(), description="The broker that reads are sent to.")
    web: WebSettings = Field(default=WebSettings(), description="The REST API and the pages of the device.")
    vehicles: VehiclesSettings = Field(default=VehiclesSettings(), description="Vehicle data by plate.")
    log: LogSettings = Field(default=LogSettings(), description="What is written to the log.")

    @field_validator("camera")
    @classmethod
    def _camera_ids_are_unique(cls, cameras: list[CameraSettings]) -> list[CameraSettings]:
        ids = [camera.id for camera in cameras]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"ids must be unique; used more than once: {', '.join(twice)}")
        return cameras
