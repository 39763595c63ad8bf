"""``npr-edge replay``: a clip through the whole line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from npr_edge.cli.common import Subparsers
from npr_edge.cli.models import add_models_options, build_recogniser

if TYPE_CHECKING:
    from npr_edge.capture.replay import ReplayDriver
    from npr_edge.domain import Sighting
    from npr_edge.pipeline import CameraLine
    from npr_edge.settings import CameraSettings, Settings

DESCRIPTION = """\
Run a clip (a video or a folder of pictures) through the line of the daemon, as fast as this device
can, and print a line for each vehicle as its passage ends, read or not. Nothing is stored or sent.

  npr-edge replay gate.mp4
  npr-edge replay gate.mp4 --jsonl > passages.jsonl
  npr-edge replay gate.mp4 --config npr-edge.toml --camera entry    zones, line and votes as configured

Frames count from 0, as in the clip. Exit codes: 0 done, 1 the clip cannot be read, 2 usage.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``replay`` to the command line."""
    parser = subparsers.add_parser(
        "replay",
        help="run a clip through the whole line and print what was seen",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("clip", type=Path, metavar="CLIP", help="a video, or a folder of pictures")
    parser.add_argument("--jsonl", action="store_true", help="a JSON object per line instead of a table")
    parser.add_argument("--config", type=Path, metavar="FILE", help="take [track] and a camera's settings from here")
    parser.add_argument("--camera", metavar="ID", help="which camera of the configuration; default: the first")
    parser.add_argument("--fps", type=float, metavar="N", help="frames per second to look at (default: all, or 10)")
    parser.add_argument("--all-frames", action="store_true", help="look at still frames too (no motion gate)")
    add_models_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replay the clip; returns 0."""
    from npr_edge.capture.replay import ReplayDriver
    from npr_edge.pipeline import CameraLine
    from npr_edge.settings import Settings, load_settings

    settings = load_settings(args.config) if args.config is not None else Settings()
    camera = _camera(args, settings)
    recogniser = build_recogniser(args)
    line = CameraLine(camera, settings.track, recogniser, recogniser.resolver)
    driver = ReplayDriver(camera)
    shown = 0
    for sighting in _ended(_sightings(driver, line, camera)):
        entry = describe(sighting)
        print(json.dumps(entry) if args.jsonl else _row(entry, driver.fps), flush=True)
        shown += 1
    if not args.jsonl and not shown:
        print("no plate was seen", file=sys.stderr)
    return 0


def _camera(args: argparse.Namespace, settings: Settings) -> CameraSettings:
    """The settings under which the clip is seen."""
    from npr_edge.errors import ConfigError
    from npr_edge.settings import CameraSettings

    known = [camera for camera in settings.camera if args.camera in (None, camera.id)]
    if args.camera is not None and not known:
        names = ", ".join(camera.id for camera in settings.camera) or "none"
        raise ConfigError(f"--camera {args.camera}: the configuration has no such camera; it has {names}")
    values: dict[str, Any] = known[0].model_dump() if known else {"id": "replay", "fps": 60.0}
    values |= {"source": f"replay:{args.clip}", "replay": {"realtime": False}, "schedule": []}
    if args.fps is not None:
        values["fps"] = args.fps
    elif not known and args.clip.is_dir():
        values["fps"] = 10.0
    if args.all_frames:
        values["motion"] = {"enabled": False}
    return CameraSettings.model_validate(values)


def _sightings(driver: ReplayDriver, line: CameraLine, camera: CameraSettings) -> Iterator[Sighting]:
    """What the line says about the clip, with a progress bar where somebody watches."""
    from npr_edge.capture.local import LocalCamera
    from npr_edge.capture.motion import MotionGate
    from npr_edge.clock import SystemClock

    source, gate = LocalCamera(camera.id, driver, SystemClock()), MotionGate(camera.motion)
    with tqdm(total=driver.total or None, desc="replay", unit="frame", disable=not sys.stderr.isatty()) as bar:
        awake = True
        while (glimpse := source.read(awake)) is not None:
            bar.update(glimpse.index + 1 - bar.n)
            awake = gate.wants(glimpse, line.busy)
            if awake and (frame := glimpse.frame()) is not None:
                yield from line.look(frame)
    yield from line.flush()


def _ended(sightings: Iterable[Sighting]) -> Iterator[Sighting]:
    """The last word on each passage: a final one of a vehicle in view waits for the closing one."""
    return (sighting for sighting in sightings if not sighting.preview and not sighting.in_view)


def describe(sighting: Sighting) -> dict[str, Any]:
    """A passage as a JSON object."""
    plate = sighting.plate
    hull = sighting.quad.hull()
    return {
        "event_id": sighting.event_id,
        "outcome": "unread" if plate is None else "read",
        "reason": None if sighting.reason is None else sighting.reason.value,
        "plate": None if plate is None else plate.printed,
        "region": None if plate is None else plate.region,
        "confidence": None if plate is None else round(plate.confidence, 6),
        "first_frame": sighting.first_frame,
        "last_frame": sighting.last_frame,
        "votes": {"agreeing": sighting.votes_agreeing, "total": sighting.votes_total},
        "direction": sighting.direction.value,
        "line_crossed": sighting.line_crossed,
        "dwell_s": round(sighting.last_monotonic_s - sighting.first_monotonic_s, 3),
        "score": round(sighting.score, 4),
        "bounding_box": [round(value, 1) for value in (hull.x, hull.y, hull.width, hull.height)],
    }


def _row(entry: dict[str, Any], fps: float) -> str:
    votes = entry["votes"]
    seconds = f"{entry['first_frame'] / fps:8.2f} s  frames {entry['first_frame']}-{entry['last_frame']}"
    if entry["outcome"] == "unread":
        return f"{seconds}  unread: {entry['reason'].replace('_', ' ')} ({votes['total']} frames)"
    return (
        f"{seconds}  {entry['plate']}  {entry['region'] or '-'}  {entry['confidence']:.2f}  "
        f"{votes['agreeing']} of {votes['total']} frames  {entry['direction']}"
    )
