"""Vehicles as simple solids with painted faces, carrying a plate in true perspective."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from npr_edge.training.scenes.camera import Camera, Points
from npr_edge.training.scenes.faces import Face, draw_face, draw_glass
from npr_edge.training.scenes.paint import Colour, Image, glow, hull, lay, polygon, scaled
from npr_edge.training.scenes.shell import draw_shadow, draw_shell
from npr_edge.training.scenes.solid import FRONTS, REARS, Body, Pose, Solid


@dataclass(frozen=True, slots=True, eq=False)
class PlatePicture:
    """A plate to hang on a vehicle: its picture (H, W, 3) uint8 BGR, text, region and number of lines."""

    image: Image
    text: str
    region: str
    lines: int

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height in metres, from the shape: European, American, square or motorbike plate."""
        aspect = self.image.shape[1] / self.image.shape[0]
        height = 0.112 if aspect > 3.4 else 0.135 if aspect > 2.5 else 0.152 if aspect > 1.85 else 0.19
        return height * aspect, height


PAINTS: tuple[Colour, ...] = (
    (225, 225, 225), (200, 200, 198), (150, 150, 148), (105, 105, 105), (60, 60, 60), (38, 36, 34), (40, 32, 150),
    (110, 60, 25), (150, 100, 60), (70, 60, 120), (60, 95, 60), (70, 140, 170), (40, 110, 200), (190, 190, 170),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Vehicle:
    """A vehicle's looks, drawn once and laid into every frame.

    Attributes:
        kind: Key of ``FRONTS``, or ``bike``.
        rear: Seen from behind.
        paint: Colour of the body.
        face: The picture of its front or tail.
        glass: The picture of its windscreen or rear window.
        plate: What it carries; None for none.
        plate_offset: Metres from the middle.
    """

    kind: str
    rear: bool
    paint: Colour
    face: Face
    glass: Image
    plate: PlatePicture | None
    plate_offset: float = 0.0
    body: Body = field(default=FRONTS["car"])


def make_vehicle(
    rng: np.random.Generator, plate: PlatePicture | None, kind: str | None = None, *, rear: bool | None = None
) -> Vehicle:
    """A vehicle of random looks; ``kind`` and ``rear`` are drawn where not given."""
    chosen = kind or str(rng.choice(["car", "small", "suv", "van", "truck"], p=[0.42, 0.22, 0.2, 0.11, 0.05]))
    behind = bool(rng.random() < 0.45) if rear is None else rear
    body = (REARS if behind else FRONTS)[chosen]
    paint = scaled(PAINTS[int(rng.integers(len(PAINTS)))], rng.uniform(0.85, 1.1))
    face = draw_face(body.width, body.shoulder, paint, rear=behind, rng=rng, plate_height=body.plate)
    offset = float(rng.normal(0, 0.02)) if rng.random() < 0.92 else float(rng.uniform(-0.35, 0.35))
    return Vehicle(chosen, behind, paint, face, draw_glass(paint, rng), plate, offset, body)


@dataclass(frozen=True, slots=True)
class Lighting:
    """How bright things are: ``ambient`` for paint, ``plate`` for reflective plates, ``lamps`` 0-1 switched on."""

    ambient: float = 1.0
    plate: float = 1.0
    lamps: float = 0.0


def draw_vehicle(
    image: Image, ids: Image, camera: Camera, vehicle: Vehicle, pose: Pose, light: Lighting, number: int
) -> Points | None:
    """Paint a vehicle; returns the quad of its plate (4, 2) TL TR BR BL in pixels, or None without plate.

    Args:
        image: Painted in place.
        ids: (H, W) uint8: ``2 * number`` is written where the body covers, ``2 * number + 1`` where the plate is,
            so that later vehicles in front hide it there too.
        camera: The view.
        vehicle: Looks.
        pose: Place.
        light: Brightness.
        number: 1 to 127.
    """
    body, solid = vehicle.body, Solid(camera, pose)
    half = body.width / 2
    draw_shadow(image, solid, body, light.ambient)
    covered = draw_shell(image, solid, body, vehicle.kind, scaled(vehicle.paint, light.ambient))
    hull(ids, covered, (2.0 * number,) * 3)
    glass_w = half * 0.8
    top = solid.pixels(
        [(-glass_w * 0.9, body.roof, body.nose + body.slope), (glass_w * 0.9, body.roof, body.nose + body.slope)]
    )
    foot = solid.pixels([(glass_w, body.waist, body.nose), (-glass_w, body.waist, body.nose)])
    lay(image, vehicle.glass, np.vstack([top, foot]), light.ambient)
    front = solid.pixels([(-half, body.shoulder, 0), (half, body.shoulder, 0), (half, 0.12, 0), (-half, 0.12, 0)])
    lay(image, vehicle.face.image, front, light.ambient, vehicle.face.alpha)
    if light.lamps > 0:
        _lamps(image, solid, vehicle, light)
    return _hang_plate(image, ids, solid, vehicle, light.plate, 2 * number + 1) if vehicle.plate else None


def _hang_plate(image: Image, ids: Image, solid: Solid, vehicle: Vehicle, gain: float, value: int) -> Points:
    """Paint the plate in its dark frame; returns its quad."""
    if vehicle.plate is None:
        raise ValueError("the vehicle carries no plate")
    wide, tall = vehicle.plate.size_m
    x, y, rim = vehicle.plate_offset, vehicle.body.plate, 0.012

    def around(extra: float) -> Points:
        aside, up = wide / 2 + extra, tall / 2 + extra
        return solid.pixels(
            [(x - aside, y + up, 0), (x + aside, y + up, 0), (x + aside, y - up, 0), (x - aside, y - up, 0)]
        )

    polygon(image, around(rim), scaled((30, 30, 30), gain))
    quad = around(0.0)
    lay(image, vehicle.plate.image, quad, gain)
    polygon(ids, quad, (float(value),) * 3)
    return quad


def _lamps(image: Image, solid: Solid, vehicle: Vehicle, light: Lighting) -> None:
    body = vehicle.body
    where = [(s * body.width * 0.38, body.shoulder * 0.78, -0.02) for s in (-1, 1)]
    span = solid.pixels([(-0.5, 0.5, 0), (0.5, 0.5, 0)])
    metre = float(np.hypot(*(span[1] - span[0])))
    colour: Colour = (60, 60, 220) if vehicle.rear else (235, 245, 250)
    radius = metre * (0.07 if vehicle.rear else 0.1)
    for centre in solid.pixels(where):
        glow(image, centre, max(radius, 1.5), scaled(colour, light.lamps))
        glow(image, centre, max(radius * 0.35, 1.0), scaled((255, 255, 255), light.lamps * 0.8))
