"""Streets without traffic: sky, houses, trees, road, pavement, signs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from npr_edge.training.scenes.camera import Camera, Plane
from npr_edge.training.scenes.paint import Colour, Image, cloud_noise, glow, lay, line, polygon, scaled

FAR_M = 90.0
ROAD_HALF_M = 4.0
WORDS = ("BAKERY", "HOTEL", "CAFE", "PARKING", "EXIT", "TAXI", "BANK", "SALE", "SCHOOL", "BUS", "OPEN", "STOP")


@dataclass(frozen=True, slots=True)
class Street:
    """What a street looks like; equal streets give equal pictures.

    Attributes:
        seed: Of all details.
        night: Dark, with lamps.
        houses: Share of the sides that is built up, 0-1; the rest has trees and fields.
    """

    seed: int
    night: bool = False
    houses: float = 0.7

    @property
    def ambient(self) -> float:
        """Factor on all paint."""
        return 0.27 if self.night else 1.0


def draw_street(street: Street, camera: Camera) -> Image:
    """The empty street, (H, W, 3) uint8 BGR."""
    rng = np.random.default_rng([street.seed, 77])
    image = _sky(street, camera, rng)
    _ground(image, street, camera, rng)
    for side in (-1, 1):
        _side(image, street, camera, side, rng)
    _road_marks(image, street, camera, rng)
    for _ in range(int(rng.integers(1, 4))):
        _sign(image, street, camera, rng)
    if street.night:
        _street_lamps(image, camera, rng)
    return image


def _sky(street: Street, camera: Camera, rng: np.random.Generator) -> Image:
    high = np.array([200, 150, 105] if rng.random() < 0.6 else [205, 200, 195], np.float32)
    low = np.array([235, 225, 215], np.float32)
    ramp = np.linspace(0, 1, camera.height, dtype=np.float32)[:, None, None]
    sky = high * (1 - ramp) + low * ramp + np.zeros((camera.height, camera.width, 1), np.float32)
    clouds = np.clip(cloud_noise((camera.width, camera.height), 9, rng), 0, None)[..., None]
    sky += (245 - sky) * np.clip(clouds * 0.5, 0, 1)
    return np.clip(sky * (0.09 if street.night else 1.0), 0, 255).astype(np.uint8)


def _strip(left: float, right: float, near: float, far: float) -> Plane:
    return Plane((left, 0.0, near), (right - left, 0.0, 0.0), (0.0, 0.0, far - near))


def _ground(image: Image, street: Street, camera: Camera, rng: np.random.Generator) -> None:
    """Fields, pavement and road as textured strips; the texture's rows grow with distance."""
    green: Colour = (70, 125, 100) if rng.random() < 0.5 else (120, 128, 130)
    for left, right, paint, grain in (
        (-60.0, 60.0, green, 18.0),
        (-ROAD_HALF_M - 2.4, ROAD_HALF_M + 2.4, (150, 152, 155), 8.0),
        (-ROAD_HALF_M, ROAD_HALF_M, (92, 91, 90), 7.0),
    ):
        near = 1.0
        while near < FAR_M:
            far = min(near * 1.9, FAR_M)
            texture = np.empty((128, 256, 3), np.float32)
            texture[:] = np.array(paint, np.float32) * rng.uniform(0.96, 1.04)
            texture += grain * 0.5 * cloud_noise((256, 128), 10, rng)[..., None]
            texture += rng.standard_normal((128, 256, 1)).astype(np.float32) * grain * 0.6
            quad = camera.project(_strip(left, right, near, far).corners())
            lay(image, np.clip(texture, 0, 255).astype(np.uint8), quad, street.ambient)
            near = far


def _side(image: Image, street: Street, camera: Camera, side: int, rng: np.random.Generator) -> None:
    """Houses and trees along one side, the far ones first."""
    edges = [8.0]
    while edges[-1] < FAR_M:
        edges.append(edges[-1] + float(rng.uniform(7, 15)))
    for near, far in reversed(list(itertools.pairwise(edges))):
        x = side * float(rng.uniform(8.5, 11))
        if rng.random() < street.houses:
            _house(image, street, camera, (x, near, far), rng)
        else:
            for _ in range(int(rng.integers(1, 4))):
                _tree(image, street, camera, (side * float(rng.uniform(7.5, 14)), float(rng.uniform(near, far))), rng)


def _house(
    image: Image, street: Street, camera: Camera, place: tuple[float, float, float], rng: np.random.Generator
) -> None:
    """A block whose wall along the street and end wall towards the camera are seen; ``place``: x, near, far."""
    x, near, far = place
    tall = float(rng.uniform(4, 14))
    paint = scaled((150, 165, 185), float(rng.uniform(0.5, 1.25)))
    paint = tuple(float(np.clip(v + rng.normal(0, 9), 20, 250)) for v in paint)  # type: ignore[assignment]
    wall = _wall((far - near, tall), paint, street, rng)
    outward = np.sign(x) * 9
    end = Plane((min(x, x + outward), 0, near), (9.0, 0, 0), (0, tall, 0))
    lay(image, _wall((9.0, tall), scaled(paint, 0.85), street, rng), camera.project(end.corners()), street.ambient)
    if x < 0:
        along = Plane((x, 0, near), (0, 0, far - near), (0, tall, 0))
    else:
        along = Plane((x, 0, far), (0, 0, near - far), (0, tall, 0))
    lay(image, wall, camera.project(along.corners()), street.ambient)


def _wall(size_m: tuple[float, float], paint: Colour, street: Street, rng: np.random.Generator) -> Image:
    """A wall with rows of windows, 24 pixels to the metre; at night some windows are lit beyond the ambient."""
    width, height = round(size_m[0] * 24), round(size_m[1] * 24)
    wall = np.empty((height, width, 3), np.float32)
    wall[:] = paint
    wall += 9 * cloud_noise((width, height), 6, rng)[..., None]
    picture = np.clip(wall, 0, 255).astype(np.uint8)
    step_x, step_y = int(rng.integers(42, 70)), int(rng.integers(62, 80))
    glass = scaled((110, 90, 70), float(rng.uniform(0.6, 1.5)))
    for y in range(14, height - 44, step_y):
        for x in range(14, width - 30, step_x):
            lit = street.night and rng.random() < 0.3
            cv2.rectangle(picture, (x - 2, y - 2), (x + 26, y + 38), scaled(paint, 1.2), -1)
            cv2.rectangle(picture, (x, y), (x + 24, y + 36), (170, 240, 255) if lit else glass, -1)
            cv2.line(picture, (x + 12, y), (x + 12, y + 36), scaled(paint, 1.1), 1)
    if rng.random() < 0.4 and width > 160:
        word = WORDS[int(rng.integers(len(WORDS)))]
        cv2.rectangle(picture, (20, height - 72), (20 + 22 * len(word), height - 46), (60, 50, 140), -1)
        cv2.putText(picture, word, (26, height - 52), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (235, 235, 235), 2, cv2.LINE_AA)
    return picture


def _tree(image: Image, street: Street, camera: Camera, place: tuple[float, float], rng: np.random.Generator) -> None:
    x, z = place
    tall = float(rng.uniform(3.5, 7))
    foot, top, beside = camera.project(np.array([(x, 0, z), (x, tall, z), (x + 1, 0, z)]))
    metre = float(np.hypot(*(beside - foot)))
    line(image, foot, foot + (top - foot) * 0.5, scaled((45, 62, 80), street.ambient), metre * 0.3)
    crown = foot + (top - foot) * 0.7
    for _ in range(26):
        leaf = crown + rng.normal(0, 0.75 * metre, 2) * [1, 0.8]
        green = scaled((45, float(rng.uniform(80, 135)), float(rng.uniform(55, 95))), street.ambient)
        radius = max(round(metre * rng.uniform(0.25, 0.7)), 1)
        centre = round(float(np.clip(leaf[0], -9999, 9999))), round(float(np.clip(leaf[1], -9999, 9999)))
        cv2.circle(image, centre, radius, green, -1, cv2.LINE_AA)


def _road_marks(image: Image, street: Street, camera: Camera, rng: np.random.Generator) -> None:
    white = scaled((205, 210, 210), street.ambient)
    if rng.random() < 0.85:
        for near in np.arange(2.0, FAR_M, 6.0):
            quad = camera.project(_strip(-0.07, 0.07, near, near + 3).corners())
            polygon(image, quad, white)
    for x in (-ROAD_HALF_M, ROAD_HALF_M):
        kerb = Plane((x, 0, 1.0), (0, 0, FAR_M), (0, 0.14, 0))
        polygon(image, camera.project(kerb.corners()), scaled((165, 165, 168), street.ambient))


def _sign(image: Image, street: Street, camera: Camera, rng: np.random.Generator) -> None:
    """A board with words or numbers at the roadside: text that is no plate."""
    x, z = float(rng.choice([-1, 1]) * rng.uniform(5, 7)), float(rng.uniform(12, 35))
    word = WORDS[int(rng.integers(len(WORDS)))]
    board = np.empty((90, 26 * len(word) + 30, 3), np.uint8)
    board[:] = [(160, 70, 20), (40, 110, 30), (245, 245, 245), (30, 30, 170)][int(rng.integers(4))]
    ink: Colour = (30, 30, 30) if board[0, 0, 0] > 200 else (245, 245, 245)
    cv2.putText(board, word, (14, 62), cv2.FONT_HERSHEY_SIMPLEX, 1.3, ink, 4, cv2.LINE_AA)
    wide = board.shape[1] / 90 * 0.6
    foot, top = camera.project(np.array([(x, 0, z), (x, 2.2, z)]))
    line(image, foot, top, scaled((140, 140, 140), street.ambient), 2)
    plane = Plane((x - wide / 2, 2.0, z), (wide, 0, 0), (0, 0.6, 0))
    lay(image, board, camera.project(plane.corners()), street.ambient)


def _street_lamps(image: Image, camera: Camera, rng: np.random.Generator) -> None:
    for z in np.arange(float(rng.uniform(8, 16)), FAR_M, 18.0)[::-1]:
        for x in (-6.2, 6.2):
            foot, top, pool = camera.project(np.array([(x, 0, z), (x, 5.5, z), (x * 0.6, 0, z)]))
            line(image, foot, top, (30, 30, 30), max(200 / z, 1))
            glow(image, top, max(160 / z, 2), (150, 215, 255))
            glow(image, pool, max(900 / z, 4), (14, 26, 34))
