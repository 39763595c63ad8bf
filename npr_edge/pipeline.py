"""Workers and queues between the cameras and the record, typed on ports.

capture (a thread per camera) -> slots (newest frame wins) -> recognise (detect, read, track as plain
calls) -> finish (vehicle data, lists) -> record. Nothing upstream ever waits for what is downstream of
the slots, except clips that must not lose a frame.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from uuid6 import uuid7

from npr_edge.capture.sources import open_camera
from npr_edge.capture.worker import CaptureParts, CaptureWorker
from npr_edge.domain import Frame, Glimpse, PlateResult, Sighting, Vehicle
from npr_edge.health import Health
from npr_edge.metrics import Metrics
from npr_edge.ports import Camera, Clock, Recogniser, RegionResolver, SightingRecorder, VehicleLookup
from npr_edge.settings import CameraSettings, TrackSettings
from npr_edge.slot import FrameSlots, Work
from npr_edge.track import zones
from npr_edge.track.tracker import Tracker
from npr_edge.track.vote import Voter

log = logging.getLogger(__name__)

TAKE_S = 0.5
STAGE_DEADLINE_S = 60.0
"""A stage that does nothing for this long has hung; the slowest recognition takes a few seconds."""

FINISH_QUEUE = 256


def new_event_id() -> str:
    """A UUIDv7: unique, and ordered by time where the clock is right."""
    return str(uuid7())


class CameraLine:
    """Recognition and tracking of one camera's frames; one thread at a time.

    Args:
        camera: The camera's settings.
        track: How readings become sightings.
        recogniser: Finds and reads plates.
        resolver: The region grammars, for the vote.
    """

    def __init__(
        self, camera: CameraSettings, track: TrackSettings, recogniser: Recogniser, resolver: RegionResolver
    ) -> None:
        self.camera = camera
        self.busy = False
        self._recogniser = recogniser
        self.tracker = Tracker(camera, track, Voter(resolver), new_event_id)

    def look(self, frame: Frame) -> list[Sighting]:
        """Recognise a frame and follow its plates; returns what can be said after it."""
        sightings = self.tracker.update(frame, self._recognise(frame))
        self.busy = self.tracker.busy
        return sightings

    def flush(self) -> list[Sighting]:
        """End all tracks: no more frames come for now."""
        self.busy = False
        return self.tracker.close()

    def new_tally(self) -> dict[str, int]:
        """Tracks that became no sighting since the last call, by what became of them."""
        tally = self.tracker.tally
        self.tracker.tally = type(tally)()
        return {"false_alarm": tally.false_alarms, "merged": tally.merged, "fragment": tally.fragments}

    def _recognise(self, frame: Frame) -> Sequence[PlateResult]:
        """The plates of a frame; where there are zones, only their surroundings are looked at, and larger."""
        height, width = frame.image.shape[:2]
        part = zones.region_of_interest(self.camera.zones, (width, height))
        left, top = int(part.x), int(part.y)
        image = frame.image[top : int(part.bottom), left : int(part.right)]
        results = self._recogniser.recognise(image).results
        if not left and not top:
            return results
        return [replace(r, detection=replace(r.detection, quad=r.detection.quad.shifted(left, top))) for r in results]


@dataclass(frozen=True, slots=True)
class PipelineParts:
    """What the pipeline is made of.

    Attributes:
        recogniser: Finds and reads plates; shared with the API.
        resolver: The region grammars.
        recorder: Takes the sightings.
        clock: The machine's clock.
        health: Where states go.
        metrics: Where figures go.
        vehicles: Vehicle data; None without.
        follow_vehicle: Has late vehicle data told to a callback (text, region, callback); None without.
        match_list: Name of the list a plate stands on; None without lists.
        workers: Recognise workers.
        open_camera: Opens a camera; tests pass a fake.
    """

    recogniser: Recogniser
    resolver: RegionResolver
    recorder: SightingRecorder
    clock: Clock
    health: Health
    metrics: Metrics
    vehicles: VehicleLookup | None = None
    follow_vehicle: Callable[[str, str | None, Callable[[Vehicle], None]], None] | None = None
    match_list: Callable[[str], str | None] | None = None
    workers: int = 1
    open_camera: Callable[[CameraSettings, Clock], Camera] = open_camera


class Pipeline:
    """The line from the cameras to the record; start once, stop once, cameras may change in between."""

    def __init__(self, parts: PipelineParts) -> None:
        self._parts = parts
        self._slots = FrameSlots()
        self._lines: dict[str, CameraLine] = {}
        self._capture: dict[str, CaptureWorker] = {}
        self._finishing: queue.Queue[Sighting | None] = queue.Queue(FINISH_QUEUE)
        self._stopping = threading.Event()
        self._latest: dict[str, Glimpse] = {}
        self._workers = [
            threading.Thread(target=self._work, args=(f"recognise-{i}",), name=f"recognise-{i}", daemon=True)
            for i in range(parts.workers)
        ]
        self._finisher = threading.Thread(target=self._finish, name="finish", daemon=True)

    @property
    def frames_waiting(self) -> int:
        """Frames that wait for recognition."""
        return self._slots.waiting

    @property
    def sightings_waiting(self) -> int:
        """Sightings that wait for vehicle data and the record."""
        return self._finishing.qsize()

    def latest_frame(self, camera_id: str) -> Frame | None:
        """The newest frame of a camera, None before the first; for pictures on request."""
        glimpse = self._latest.get(camera_id)
        return None if glimpse is None else glimpse.frame()

    def start(self) -> None:
        """Start the workers; cameras are added afterwards."""
        for worker in [*self._workers, self._finisher]:
            self._parts.health.expect(worker.name, STAGE_DEADLINE_S)
            worker.start()

    def add_camera(self, camera: CameraSettings, track: TrackSettings) -> None:
        """Begin to follow a camera."""
        line = CameraLine(camera, track, self._parts.recogniser, self._parts.resolver)
        self._parts.health.add_camera(camera.id, camera.label)
        self._lines[camera.id] = line
        self._slots.add(camera.id)
        parts = CaptureParts(
            self._open, self._slots, self._parts.health, self._parts.metrics, self._parts.clock, self._keep
        )
        worker = CaptureWorker(camera, parts, lambda: line.busy)
        self._capture[camera.id] = worker
        worker.start()

    def remove_camera(self, camera_id: str, timeout_s: float) -> None:
        """Stop following a camera; its tracks end."""
        worker = self._capture.pop(camera_id)
        worker.stop()
        worker.join(timeout_s)
        self._slots.drain(camera_id, timeout_s)
        self._slots.remove(camera_id)
        self._lines.pop(camera_id)
        self._latest.pop(camera_id, None)
        self._parts.health.remove_camera(camera_id)

    def stop(self, timeout_s: float) -> bool:
        """Stop upstream first, end the tracks, drain; returns whether all ended in time."""
        until_s = time.monotonic() + timeout_s
        for worker in self._capture.values():
            worker.stop()
        for worker in self._capture.values():
            worker.join(max(until_s - time.monotonic(), 0.1))
        for camera_id in self._capture:
            self._slots.flush(camera_id)
        self._stopping.set()
        self._slots.close()
        for thread in self._workers:
            thread.join(max(until_s - time.monotonic(), 0.1))
        self._finishing.put(None)
        self._finisher.join(max(until_s - time.monotonic(), 0.1))
        left = [t.name for t in [*self._capture.values(), *self._workers, self._finisher] if t.is_alive()]
        if left:
            log.error("did not end in time: %s", ", ".join(left))
        return not left

    def _open(self, camera: CameraSettings, clock: Clock) -> Camera:
        return self._parts.open_camera(camera, clock)

    def _keep(self, glimpse: Glimpse) -> None:
        self._latest[glimpse.camera_id] = glimpse

    def _work(self, name: str) -> None:
        while True:
            self._parts.health.beat(name)
            work = self._slots.take(TAKE_S)
            if work is None:
                if self._stopping.is_set():
                    break
                continue
            try:
                self._look(work)
            finally:
                self._slots.done(work)
        self._parts.health.release(name)

    def _look(self, work: Work) -> None:
        line, parts = self._lines[work.camera_id], self._parts
        sightings: list[Sighting] = []
        if work.frame is not None:
            started_s = time.monotonic()
            sightings = line.look(work.frame)
            parts.metrics.stage_seconds.labels("recognise").observe(time.monotonic() - started_s)
            parts.metrics.frames.labels(work.camera_id, "recognised").inc()
            parts.health.frame_looked_at(work.camera_id, line.tracker.in_view)
        if work.flush:
            sightings += line.flush()
            parts.health.in_view(work.camera_id, 0)
        self._count_tally(line)
        for sighting in sightings:
            if not sighting.closing:
                self._finishing.put(sighting)

    def _count_tally(self, line: CameraLine) -> None:
        """Tracks that never become sightings are counted too: a detector that sees ghosts shows here."""
        for outcome, total in line.new_tally().items():
            if total:
                self._parts.metrics.tracks.labels(line.camera.id, outcome).inc(total)

    def _finish(self) -> None:
        while True:
            self._parts.health.beat("finish")
            try:
                sighting = self._finishing.get(timeout=TAKE_S)
            except queue.Empty:
                continue
            if sighting is None:
                break
            self._hand_over(sighting)
        self._parts.health.release("finish")

    def _hand_over(self, sighting: Sighting) -> None:
        parts, vehicle, match = self._parts, None, None
        if sighting.plate is not None:
            vehicle = self._vehicle(sighting.plate.text, sighting.plate.region)
            match = parts.match_list(sighting.plate.text) if parts.match_list is not None else None
        if not parts.recorder.record(sighting, vehicle, match) or sighting.preview:
            return
        if sighting.plate is not None and vehicle is None and parts.follow_vehicle is not None:
            late = partial(parts.recorder.update_vehicle, sighting.event_id)
            parts.follow_vehicle(sighting.plate.text, sighting.plate.region, late)
        read = sighting.plate is not None
        parts.health.passage(sighting.camera_id, read)
        parts.metrics.passages.labels(sighting.camera_id, "read" if read else sighting.reason).inc()
        delay_s = parts.clock.monotonic_s() - sighting.last_monotonic_s
        parts.metrics.latency_seconds.labels(sighting.camera_id).observe(max(delay_s, 0.0))

    def _vehicle(self, text: str, region: str | None) -> Vehicle | None:
        return self._parts.vehicles.lookup(text, region) if self._parts.vehicles is not None else None
