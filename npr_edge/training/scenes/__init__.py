"""Rendered streets with vehicles and plates; needs numpy and OpenCV only, so that tests may use it too."""

from npr_edge.training.scenes.clip import (
    ClipFrame,
    ClipPlan,
    Passage,
    TruthKeeper,
    VehicleTruth,
    approaching,
    crossing,
    leaving,
    parked,
    render_clip,
    write_clip,
    write_video,
)
from npr_edge.training.scenes.pack import read_pack, write_pack
from npr_edge.training.scenes.render import PlacedPlate, Scene, render_scene
from npr_edge.training.scenes.solid import Pose
from npr_edge.training.scenes.vehicle import PlatePicture

__all__ = [
    "ClipFrame",
    "ClipPlan",
    "Passage",
    "PlacedPlate",
    "PlatePicture",
    "Pose",
    "Scene",
    "TruthKeeper",
    "VehicleTruth",
    "approaching",
    "crossing",
    "leaving",
    "parked",
    "read_pack",
    "render_clip",
    "render_scene",
    "write_clip",
    "write_pack",
    "write_video",
]
