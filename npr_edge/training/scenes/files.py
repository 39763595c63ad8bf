"""Scenes and clips as files: training sets in the form of the photographs' annotations, and the small demo set."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from npr_edge.training.scenes.clip import ClipPlan, Passage, approaching, crossing, leaving, parked, write_clip
from npr_edge.training.scenes.paint import Image
from npr_edge.training.scenes.render import PlacedPlate, Scene, render_scene
from npr_edge.training.scenes.vehicle import PlatePicture

MakePlate = Callable[[np.random.Generator], PlatePicture]
"""Draws any plate."""


def plate_entry(plate: PlacedPlate) -> dict[str, Any]:
    """A plate in the form of the photographs' annotations: box, quad, text, region, lines, visible share."""
    low, high = plate.quad.min(axis=0), plate.quad.max(axis=0)
    return {
        "box": [round(float(v), 1) for v in (*low, *(high - low))],
        "quad": [[round(float(x), 1), round(float(y), 1)] for x, y in plate.quad],
        "text": plate.text,
        "region": plate.region,
        "lines": plate.lines,
        "visible": round(plate.visible, 2),
    }


def write_scenes(
    folder: Path, count: int, seed: int, make_plate: MakePlate, *, size: tuple[int, int] = (640, 384)
) -> None:
    """Render a detector's training set: ``images/`` and ``annotations.jsonl``, as the photographs have them.

    Args:
        folder: Made where it is missing.
        count: Number of pictures; every fourth at night.
        seed: The same seed gives the same pictures.
        make_plate: Draws the plates.
        size: Width and height of the pictures.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with (folder / "annotations.jsonl").open("w", encoding="utf-8") as file:
        for index in tqdm(range(count), desc="scenes", unit="scene", mininterval=5):
            rng = np.random.default_rng([seed, index])
            plates = [make_plate(rng) for _ in range(int(rng.integers(1, 5)))]
            scene = render_scene(rng, plates, size, night=index % 4 == 3)
            name = f"{index:05d}.jpg"
            save_jpeg(folder / "images" / name, scene.image, int(rng.integers(70, 95)))
            entry = {
                "file": name,
                "width": size[0],
                "height": size[1],
                "split": "train",
                "plates": [plate_entry(plate) for plate in scene.plates if plate.visible > 0.2],
            }
            file.write(json.dumps(entry) + "\n")


def save_jpeg(path: Path, image: Image, quality: int) -> None:
    """Write a picture.

    Raises:
        OSError: The file cannot be written.
    """
    if not cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise OSError(f"{path}: the picture cannot be written; is the folder missing or read-only?")


def write_demo_scenes(folder: Path, plates: Sequence[PlatePicture], seed: int, count: int = 8) -> None:
    """Render the street scenes of the demo: ``scene-N.jpg`` and ``labels.json``.

    Args:
        folder: Made where it is missing.
        plates: Drawn from in order; a plate stands in one scene only.
        seed: Of everything else.
        count: Number of scenes; every fourth at night.
    """
    folder.mkdir(parents=True, exist_ok=True)
    supply = iter(plates)
    labels: list[dict[str, Any]] = []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        carried = [next(supply) for _ in range(1 + index % 3 % 2)]
        scene = _clear_scene(rng, carried, night=index % 4 == 3)
        name = f"scene-{index + 1}.jpg"
        save_jpeg(folder / name, scene.image, 88)
        labels.append({"file": name, "plates": [plate_entry(plate) for plate in scene.plates]})
    (folder / "labels.json").write_text(json.dumps({"scenes": labels}, indent=1) + "\n", encoding="utf-8")


def _clear_scene(rng: np.random.Generator, plates: Sequence[PlatePicture], *, night: bool) -> Scene:
    """The scene, out of a few, whose least clear plate is seen best."""
    scenes = (render_scene(rng, plates, night=night, least_px=95.0 - 15 * len(plates)) for _ in range(3))
    return max(scenes, key=lambda scene: min(plate.width * (plate.visible > 0.95) for plate in scene.plates))


def demo_plan(plates: Sequence[PlatePicture], seed: int) -> ClipPlan:
    """The demo's clip: a parked car, four passages by day (one on two lines), three by night.

    Args:
        plates: At least 12, one of them with two lines.
        seed: Of the street and the vehicles.
    """
    one = [plate for plate in plates if plate.lines == 1]
    two = next(plate for plate in plates if plate.lines == 2)
    passages: list[Passage] = [
        parked(one[0], 34),
        approaching(one[1], 0.5),
        leaving(one[2], 5.0),
        approaching(two, 9.5, lane_m=-1.0),
        crossing(one[3], 14.0),
        leaving(one[4], 17.2),
        approaching(one[5], 21.5),
        leaving(one[6], 26.0),
        crossing(one[7], 30.5),
    ]
    return ClipPlan(passages, 34.0, fps=10.0, size=(960, 540), seed=seed, night_from_s=21.3, grain=1.0)


def write_demo_clip(path: Path, plates: Sequence[PlatePicture], seed: int) -> None:
    """Render the demo's clip and, beside it, what is true of it (``.json``)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plan = demo_plan(plates, seed)
    truth = write_clip(path, plan)
    about = {
        "fps": plan.fps,
        "frames": plan.frames,
        "width": plan.size[0],
        "height": plan.size[1],
        "vehicles": [asdict(row) for row in truth],
    }
    path.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
