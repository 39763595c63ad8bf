"""Whole pictures: a street, vehicles with plates in it, and the camera that sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.training.scenes.camera import Camera
from npr_edge.training.scenes.paint import Image
from npr_edge.training.scenes.solid import Pose
from npr_edge.training.scenes.street import Street, draw_street
from npr_edge.training.scenes.vehicle import (
    Lighting,
    PlatePicture,
    Vehicle,
    draw_vehicle,
    make_vehicle,
)

SIZE = (1280, 720)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedPlate:
    """A plate as it stands in a picture.

    Attributes:
        vehicle: Which of the vehicles carries it: index into what was rendered.
        text: A-Z0-9 without spaces; ``region`` and ``lines`` as of the plate.
        region: See ``text``.
        lines: See ``text``.
        quad: (4, 2) TL TR BR BL, pixels.
        visible: Share of its area that is inside the picture and not hidden, 0-1.
    """

    vehicle: int
    text: str
    region: str
    lines: int
    quad: NDArray[np.float64]
    visible: float

    @property
    def width(self) -> float:
        """Mean length of the upper and lower edges, pixels."""
        top, bottom = self.quad[1] - self.quad[0], self.quad[2] - self.quad[3]
        return float(np.hypot(*top) + np.hypot(*bottom)) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A rendered picture (H, W, 3) uint8 BGR and the plates in it, the nearest last."""

    image: Image
    plates: tuple[PlacedPlate, ...]


def make_camera(rng: np.random.Generator, size: tuple[int, int] = SIZE) -> Camera:
    """A camera of random height, zoom and tilt that looks along the street; ``size`` is (width, height)."""
    focal = float(rng.uniform(1.0, 1.7)) * size[0]
    height = float(rng.uniform(1.3, 3.2))
    distance = float(rng.uniform(9, 16))  # where the middle of the picture meets the street
    return Camera(
        size[0], size[1], focal, height, float(np.arctan((height - 0.6) / distance)), float(rng.normal(0, 0.012))
    )


def lighting(street: Street, rng: np.random.Generator) -> Lighting:
    """The light that fits the street's hour."""
    if street.night:
        return Lighting(street.ambient, float(rng.uniform(0.55, 0.95)), 1.0)
    return Lighting(float(rng.uniform(0.75, 1.0)), float(rng.uniform(0.75, 1.05)), float(rng.random() < 0.25) * 0.6)


def compose(background: Image, camera: Camera, vehicles: Sequence[tuple[Vehicle, Pose]], light: Lighting) -> Scene:
    """Put vehicles into a street, the far ones first.

    Args:
        background: The empty street; not changed.
        camera: The view it was drawn with.
        vehicles: At most 120, each with its pose.
        light: Brightness.
    """
    image = background.copy()
    ids = np.zeros(image.shape[:2], np.uint8)
    order = sorted(range(len(vehicles)), key=lambda index: -vehicles[index][1].z)
    quads: dict[int, NDArray[np.float64]] = {}
    for number, index in enumerate(order, start=1):
        vehicle, pose = vehicles[index]
        quad = draw_vehicle(image, ids, camera, vehicle, pose, light, number)
        if quad is not None:
            quads[number] = quad
    plates = []
    for number, quad in quads.items():
        plate = vehicles[order[number - 1]][0].plate
        if plate is not None:
            share = _visible(ids, quad, 2 * number + 1)
            plates.append(PlacedPlate(order[number - 1], plate.text, plate.region, plate.lines, quad, share))
    return Scene(image, tuple(plates))


def _visible(ids: Image, quad: NDArray[np.float64], value: int) -> float:
    """Seen pixels of the plate by the area of its quad."""
    x, y = quad[:, 0], quad[:, 1]
    area = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
    low, high = np.floor(quad.min(axis=0)).astype(int) - 1, np.ceil(quad.max(axis=0)).astype(int) + 1
    window = ids[max(low[1], 0) : max(high[1], 0), max(low[0], 0) : max(high[0], 0)]
    return min(float((window == value).sum()) / max(area, 1.0), 1.0)


def expose(
    image: Image, rng: np.random.Generator, *, night: bool = False, blur: float = 0.5, grain: float = 2.5
) -> Image:
    """The picture as the camera records it: lens blur (sigma, pixels), vignette, grain (sigma, levels)."""
    height, width = image.shape[:2]
    picture = cv2.GaussianBlur(image, (0, 0), max(blur, 0.15)).astype(np.float32)
    picture *= _vignette(width, height)
    noise = np.empty((height, width), np.float32)
    cv2.setRNGSeed(int(rng.integers(1 << 30)))
    cv2.randn(noise, np.zeros(1), np.full(1, grain * (2.0 if night else 1.0)))
    picture += noise[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def _vignette(width: int, height: int) -> NDArray[np.float32]:
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    radius = ((xs / width - 0.5) ** 2 + (ys / height - 0.5) ** 2) * 2
    return np.asarray((1 - 0.22 * radius)[..., None], np.float32)


def render_scene(
    rng: np.random.Generator,
    plates: Sequence[PlatePicture],
    size: tuple[int, int] = SIZE,
    *,
    night: bool = False,
    least_px: float = 16.0,
) -> Scene:
    """A street with one vehicle per plate.

    Args:
        rng: Everything else: street, camera, vehicles, places, light.
        plates: One for each vehicle; they come near to far.
        size: Width and height of the picture.
        night: Dark, lamps on, plates shining back.
        least_px: Plates shall be as wide as this, if places for all vehicles can be found so.
    """
    street = Street(int(rng.integers(1 << 31)), night, float(rng.uniform(0.2, 1.0)))
    camera = make_camera(rng, size)
    light = lighting(street, rng)
    made = [make_vehicle(rng, plate) for plate in plates]
    vehicles = list(zip(made, _open_places(made, camera, rng, least_px), strict=True))
    scene = compose(draw_street(street, camera), camera, vehicles, light)
    return Scene(expose(scene.image, rng, night=night, blur=float(rng.uniform(0.3, 0.8))), scene.plates)


def _open_places(vehicles: Sequence[Vehicle], camera: Camera, rng: np.random.Generator, least_px: float) -> list[Pose]:
    """Poses in which as many plates as possible are seen whole, found by trial in a picture of a quarter's size."""
    small = replace(camera, width=camera.width // 4, height=camera.height // 4, focal=camera.focal / 4)
    empty = np.zeros((small.height, small.width, 3), np.uint8)
    best: tuple[int, list[Pose]] = (-1, [])
    for _ in range(40):
        poses = _places(len(vehicles), rng)
        scene = compose(empty, small, list(zip(vehicles, poses, strict=True)), Lighting())
        seen = sum(_whole(plate, small) and plate.width >= least_px / 4 for plate in scene.plates)
        if seen > best[0]:
            best = (seen, poses)
        if seen == len(vehicles):
            break
    return best[1]


def _whole(plate: PlacedPlate, camera: Camera) -> bool:
    """Whether a plate is not hidden and stands clear of the picture's border."""
    margin = 0.01 * camera.width
    low, high = plate.quad.min(), plate.quad.max(axis=0)
    inside = low > margin and high[0] < camera.width - margin and high[1] < camera.height - margin
    return bool(inside and plate.visible > 0.9)


def _places(count: int, rng: np.random.Generator) -> list[Pose]:
    """Poses in alternating lanes, near to far."""
    poses = []
    z, lane = float(rng.uniform(4.5, 8.5)), float(rng.choice([-1, 1]))
    for _ in range(count):
        x = lane * float(rng.uniform(0.6, 2.6))
        yaw = float(rng.normal(0, 0.12)) + 0.3 * float(np.arctan2(x, z))
        poses.append(Pose(x, z, yaw))
        z += float(rng.uniform(1.5, 7.0))
        lane = -lane
    return poses
