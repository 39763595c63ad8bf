"""The settings of npr-edge: what can be set, how it is loaded, and the reference file made from it.

``models`` holds the sections, ``load`` reads TOML and environment, ``reference`` renders
``config/npr-edge.toml`` so that the file can never disagree with the models.
"""

from npr_edge.settings.camera import CameraSettings, MotionSettings, ReplaySettings
from npr_edge.settings.load import check_settings, load_settings
from npr_edge.settings.models import (
    DeviceSettings,
    LogSettings,
    RecogniseSettings,
    RecordSettings,
    RetentionSettings,
    Settings,
    TrackSettings,
)
from npr_edge.settings.mqtt import MqttSettings, OutboxSettings
from npr_edge.settings.vehicles import DvlaSettings, RdwSettings, VehicleCacheSettings, VehiclesSettings
from npr_edge.settings.web import WebSettings

__all__ = [
    "CameraSettings",
    "DeviceSettings",
    "DvlaSettings",
    "LogSettings",
    "MotionSettings",
    "MqttSettings",
    "OutboxSettings",
    "RdwSettings",
    "RecogniseSettings",
    "RecordSettings",
    "ReplaySettings",
    "RetentionSettings",
    "Settings",
    "TrackSettings",
    "VehicleCacheSettings",
    "VehiclesSettings",
    "WebSettings",
    "check_settings",
    "load_settings",
]
