"""Clips of a fixed camera: vehicles pass, park, hide each other, by day and by night, and what is true of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from npr_edge.training.scenes.camera import Camera
from npr_edge.training.scenes.paint import Image
from npr_edge.training.scenes.render import PlacedPlate, compose, expose
from npr_edge.training.scenes.solid import Pose
from npr_edge.training.scenes.street import Street, draw_street
from npr_edge.training.scenes.vehicle import Lighting, PlatePicture, Vehicle, make_vehicle

IN_VIEW_PX = 30.0
"""A plate counts as in view from this width on, ..."""
IN_VIEW_SHARE = 0.6
"""... when this much of it is seen."""
PARKING = Pose(3.4, 13.0, 0.05)
"""A place at the kerb that the clip's camera sees."""


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """One vehicle's way through the picture.

    Attributes:
        plate: What it carries; None for a vehicle without plate.
        start_s: When it appears, seconds of the clip.
        end_s: When it is gone.
        first: Pose when it appears; it moves evenly to ``last``.
        last: See ``first``.
        rear: Seen from behind.
        way: ``approaching``, ``leaving``, ``crossing`` or ``parked``.
        kind: Kind of vehicle, None for any.
    """

    plate: PlatePicture | None
    start_s: float
    end_s: float
    first: Pose
    last: Pose
    rear: bool
    way: str
    kind: str | None = None

    def pose(self, time_s: float) -> Pose | None:
        """Where it is at that time; None while it is not there."""
        if not self.start_s <= time_s < self.end_s:
            return None
        part = (time_s - self.start_s) / (self.end_s - self.start_s)
        a, b = self.first, self.last
        return Pose(a.x + (b.x - a.x) * part, a.z + (b.z - a.z) * part, a.yaw + (b.yaw - a.yaw) * part)


def approaching(plate: PlatePicture | None, start_s: float, seconds: float = 4.0, lane_m: float = -1.2) -> Passage:
    """A vehicle that comes down its lane towards the camera and leaves the picture below."""
    return Passage(plate, start_s, start_s + seconds, Pose(lane_m, 32), Pose(lane_m * 1.05, 3.4), False, "approaching")


def leaving(plate: PlatePicture | None, start_s: float, seconds: float = 4.0, lane_m: float = 1.4) -> Passage:
    """A vehicle that overtakes the camera and drives away."""
    return Passage(plate, start_s, start_s + seconds, Pose(lane_m * 1.05, 3.4), Pose(lane_m, 32), True, "leaving")


def crossing(plate: PlatePicture | None, start_s: float, seconds: float = 3.0) -> Passage:
    """A vehicle that turns in from the left and passes before the camera at an angle."""
    return Passage(plate, start_s, start_s + seconds, Pose(-4.2, 15, 0.42), Pose(1.4, 4.0, 0.42), False, "crossing")


def parked(plate: PlatePicture | None, seconds: float, place: Pose | None = None, *, start_s: float = 0.0) -> Passage:
    """A vehicle that stands at ``place``, or at the kerb (``PARKING``)."""
    where = place or PARKING
    return Passage(plate, start_s, start_s + seconds, where, where, True, "parked")


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """A clip to render.

    Attributes:
        passages: The vehicles.
        seconds: Length.
        fps: Frames per second.
        size: Width and height, pixels.
        seed: Of the street, the vehicles' looks and the grain.
        night_from_s: When it gets dark, at once; None for never.
        grain: Noise of the sensor by day, levels.
    """

    passages: Sequence[Passage]
    seconds: float
    fps: float = 10.0
    size: tuple[int, int] = (640, 360)
    seed: int = 1
    night_from_s: float | None = None
    grain: float = 1.5

    @property
    def frames(self) -> int:
        """Number of frames."""
        return round(self.seconds * self.fps)


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrame:
    """A frame (H, W, 3) uint8 BGR with its plates; ``PlacedPlate.vehicle`` is the index of the passage."""

    image: Image
    plates: tuple[PlacedPlate, ...]


@dataclass(frozen=True, slots=True)
class VehicleTruth:
    """What a reader of the clip should have found of one passage.

    Attributes:
        text: Plate.
        region: Region of the plate; ``lines`` its lines.
        lines: See ``region``.
        way: ``approaching``, ``leaving``, ``crossing`` or ``parked``.
        night: Whether it passes in the dark.
        first_frame: First frame in which the plate is in view (``IN_VIEW_PX``, ``IN_VIEW_SHARE``), from 0.
        last_frame: The last one.
        widest_px: Greatest width of the plate in view.
    """

    text: str
    region: str
    lines: int
    way: str
    night: bool
    first_frame: int
    last_frame: int
    widest_px: float


def clip_camera(size: tuple[int, int]) -> Camera:
    """A gate camera 2.6 m above the street."""
    return Camera(size[0], size[1], 1.55 * size[0], 2.6, float(np.arctan(2.0 / 10.5)))


def render_clip(plan: ClipPlan) -> Iterator[ClipFrame]:
    """The frames of a clip, one after another; the same plan gives the same frames."""
    rng = np.random.default_rng([plan.seed, 5])
    camera = clip_camera(plan.size)
    vehicles = [make_vehicle(rng, passage.plate, passage.kind, rear=passage.rear) for passage in plan.passages]
    streets = {night: Street(plan.seed, night) for night in (False, True)}
    empty: dict[bool, Image] = {}
    lights = {False: Lighting(0.95, 0.95, 0.0), True: Lighting(streets[True].ambient, 0.8, 1.0)}
    for number in range(plan.frames):
        time_s = number / plan.fps
        night = plan.night_from_s is not None and time_s >= plan.night_from_s
        if night not in empty:
            empty[night] = draw_street(streets[night], camera)
        present: list[tuple[Vehicle, Pose]] = []
        indices: list[int] = []
        for index, passage in enumerate(plan.passages):
            pose = passage.pose(time_s)
            if pose is not None:
                present.append((vehicles[index], pose))
                indices.append(index)
        scene = compose(empty[night], camera, present, lights[night])
        plates = tuple(
            PlacedPlate(indices[p.vehicle], p.text, p.region, p.lines, p.quad, p.visible) for p in scene.plates
        )
        yield ClipFrame(expose(scene.image, rng, night=night, blur=0.45, grain=plan.grain), plates)


@dataclass(slots=True)
class TruthKeeper:
    """Collects what is true of a clip while its frames pass by."""

    plan: ClipPlan
    _spans: dict[int, list[float]] = field(default_factory=dict)
    _count: int = 0

    def see(self, frame: ClipFrame) -> None:
        """Take note of the next frame."""
        for plate in frame.plates:
            if plate.width >= IN_VIEW_PX and plate.visible >= IN_VIEW_SHARE:
                span = self._spans.setdefault(plate.vehicle, [self._count, self._count, 0.0])
                span[1] = self._count
                span[2] = max(span[2], plate.width)
        self._count += 1

    def truth(self) -> list[VehicleTruth]:
        """The passages that were in view, in order of appearance."""
        rows = []
        for index, (first, last, widest) in self._spans.items():
            passage = self.plan.passages[index]
            if passage.plate is None:
                continue
            dark = self.plan.night_from_s is not None and first / self.plan.fps >= self.plan.night_from_s
            rows.append(
                VehicleTruth(
                    passage.plate.text, passage.plate.region, passage.plate.lines, passage.way, dark,
                    int(first), int(last), round(widest, 1),
                )
            )  # fmt: skip
        return sorted(rows, key=lambda row: row.first_frame)


def write_clip(path: Path, plan: ClipPlan) -> list[VehicleTruth]:
    """Render a clip into an MP4 file (MPEG-4 part 2, which every OpenCV wheel writes and reads).

    Returns:
        What is true of it.

    Raises:
        OSError: The file cannot be written.
    """
    keeper = TruthKeeper(plan)
    write_video(path, _watched(render_clip(plan), keeper), plan.fps, plan.size)
    return keeper.truth()


def _watched(frames: Iterable[ClipFrame], keeper: TruthKeeper) -> Iterator[Image]:
    for frame in frames:
        keeper.see(frame)
        yield frame.image


def write_video(path: Path, frames: Iterable[Image], fps: float, size: tuple[int, int]) -> None:
    """Write frames (H, W, 3) uint8 BGR of ``size`` (width, height) into an MP4 file.

    Raises:
        OSError: The file cannot be written.
    """
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    if not writer.isOpened():
        raise OSError(f"{path}: OpenCV cannot write a video there; is the folder missing or read-only?")
    try:
        for image in frames:
            writer.write(image)
    finally:
        writer.release()
