"""The daemon: builds the parts, starts them, watches over them, stops them; the only importer of all stages."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from npr_edge.errors import ConfigError, NprEdgeError
from npr_edge.health import CameraState, Health, notify_systemd, watchdog_interval_s
from npr_edge.logs import configure_logging
from npr_edge.metrics import Metrics
from npr_edge.pipeline import Pipeline, PipelineParts
from npr_edge.ports import Recogniser, RegionResolver
from npr_edge.recognise import PlateRecogniser, load_recogniser
from npr_edge.services import Services, build_services
from npr_edge.settings import Settings, load_settings
from npr_edge.status import StatusServer

log = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAULT = 70
"""A part ended that never should (EX_SOFTWARE of sysexits.h); systemd starts the daemon again."""

DRAIN_S = 20.0
"""Time for the end: below ``TimeoutStopSec`` of the unit."""

TURN_S = 1.0
READY_S = 30.0
"""READY is told when every camera has delivered or failed once, at the latest after this."""

LIVE = ("camera", "track", "log")
"""Sections that a reload applies; the others need a restart."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """What reads plates: the recogniser and the grammars of its votes."""

    recogniser: Recogniser
    resolver: RegionResolver

    @classmethod
    def load(cls, settings: Settings) -> Eyes:
        """The models and grammars of the settings.

        Raises:
            ModelError: A model is missing, damaged or not the one its card describes.
            ConfigError: A region of the settings is unknown.
        """
        loaded: PlateRecogniser = load_recogniser(settings.recognise)
        return cls(loaded, loaded.resolver)


class Daemon:
    """One running daemon.

    Args:
        settings: What to run.
        config: The file that a reload reads; None: a reload does nothing.
        eyes: Loads the models; tests pass a fake.
    """

    def __init__(
        self, settings: Settings, config: Path | None = None, eyes: Callable[[Settings], Eyes] = Eyes.load
    ) -> None:
        self._settings = settings
        self._config = config
        self._load_eyes = eyes
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._reload = threading.Event()
        self._failed: str | None = None
        self.health = Health()
        self.metrics = Metrics()
        self.ready = threading.Event()

    def run(self) -> int:
        """Work until SIGTERM, SIGINT or ``stop``; returns the exit code.

        Raises:
            ConfigError: A setting turns out to be wrong when it is used.
            ModelError: The models cannot be loaded.
            StoreError: The data folder cannot be used.
        """
        self._catch_signals()
        threading.excepthook = self._thread_died
        notify_systemd("STATUS=Loading models")
        eyes = self._load_eyes(self._settings)
        _make_data_dir(self._settings.data_dir)
        services = build_services(self._settings, eyes.recogniser, self.health, self.metrics, self.try_reload)
        services.start_record()
        pipeline = self._start_pipeline(eyes, services)
        status = StatusServer(self._settings.data_dir, lambda: self._describe(pipeline, services))
        status.start()
        try:
            services.open_doors(pipeline.latest_frame)
            self._watch(pipeline, services)
        finally:
            notify_systemd("STOPPING=1")
            ended = pipeline.stop(DRAIN_S / 2)
            drained = services.stop(DRAIN_S / 2)
            status.stop()
        if not (ended and drained):
            log.error("the end took too long; what was not stored or sent yet is in the log above")
        return EXIT_FAULT if self._failed else EXIT_OK

    def stop(self) -> None:
        """End ``run`` from another thread."""
        self._stop.set()
        self._wake.set()

    def _start_pipeline(self, eyes: Eyes, services: Services) -> Pipeline:
        settings = self._settings
        parts = PipelineParts(
            recogniser=services.gate.cameras,
            resolver=eyes.resolver,
            recorder=services.recorder,
            clock=services.clock,
            health=self.health,
            metrics=self.metrics,
            vehicles=services.vehicles,
            follow_vehicle=services.vehicles.follow,
            workers=settings.recognise.workers,
        )
        pipeline = Pipeline(parts)
        pipeline.start()
        for camera in settings.camera:
            if camera.enabled:
                pipeline.add_camera(camera, settings.track)
        return pipeline

    def _watch(self, pipeline: Pipeline, services: Services) -> None:
        """The main thread's work: word to systemd, figures, reloads, until something ends it."""
        beat_s = min(watchdog_interval_s() or TURN_S, TURN_S)
        started_s = time.monotonic()
        complained: list[str] = []
        while not self._stop.is_set():
            if self._reload.is_set():
                self._reload.clear()
                self._apply_reload(pipeline)
            stalled = self.health.stalled()
            if not stalled:
                notify_systemd("WATCHDOG=1")
            elif stalled != complained:
                log.error("no progress: %s", ", ".join(stalled))
            complained = stalled
            if not self.ready.is_set() and (self._cameras_known() or time.monotonic() - started_s > READY_S):
                self.ready.set()
                notify_systemd("READY=1")
                log.info("ready: %d cameras", len(self.health.cameras()))
            self._show(pipeline, services)
            self._wake.wait(beat_s)
            self._wake.clear()

    def _cameras_known(self) -> bool:
        return all(camera.state is not CameraState.STARTING for camera in self.health.cameras())

    def _show(self, pipeline: Pipeline, services: Services) -> None:
        cameras = self.health.cameras()
        running = sum(camera.state is CameraState.RUNNING for camera in cameras)
        reads = sum(camera.reads for camera in cameras)
        notify_systemd(f"STATUS={running} of {len(cameras)} cameras running, {reads} reads")
        for camera in cameras:
            self.metrics.camera_up.labels(camera.camera_id).set(camera.state is CameraState.RUNNING)
            self.metrics.camera_fps.labels(camera.camera_id).set(camera.fps)
        self.metrics.queue.labels("recognise").set(pipeline.frames_waiting)
        self.metrics.queue.labels("finish").set(pipeline.sightings_waiting)
        self.metrics.queue.labels("record").set(services.recorder.state().waiting)
        self.metrics.queue.labels("outbox").set(services.recorder.state().outbox_messages)

    def _apply_reload(self, pipeline: Pipeline) -> None:
        """Read the configuration again and apply what can change while running."""
        if self._config is None:
            return
        try:
            new = load_settings(self._config)
        except ConfigError as error:
            log.warning("reload: nothing changed, the configuration is wrong: %s", error)
            return
        old, self._settings = self._settings, new
        configure_logging(new.log)
        before = {camera.id: camera for camera in old.camera if camera.enabled}
        after = {camera.id: camera for camera in new.camera if camera.enabled}
        same = {name for name in before if after.get(name) == before[name] and old.track == new.track}
        for name in before.keys() - same:
            pipeline.remove_camera(name, DRAIN_S / 2)
        for name, camera in after.items():
            if name not in same:
                pipeline.add_camera(camera, new.track)
        later = [
            name for name in Settings.model_fields if name not in LIVE and getattr(old, name) != getattr(new, name)
        ]
        log.info("reload: %d cameras kept, %d started", len(same), len(after.keys() - same))
        if later:
            log.warning("reload: changes of %s need a restart", ", ".join(later))

    def request_reload(self) -> None:
        """Have the configuration read again soon; from any thread."""
        self._reload.set()
        self._wake.set()

    def try_reload(self) -> None:
        """Have the configuration read again soon if it is right.

        Raises:
            ConfigError: It is wrong, and nothing changes.
        """
        if self._config is not None:
            load_settings(self._config)
        self.request_reload()

    def _describe(self, pipeline: Pipeline, services: Services) -> dict[str, Any]:
        return {
            "device": self._settings.device.id,
            "pid": os.getpid(),
            "uptime_s": round(time.monotonic() - self.health.started_s, 1),
            "cameras": [_camera(camera) for camera in self.health.cameras()],
            "queues": {"recognise": pipeline.frames_waiting, "finish": pipeline.sightings_waiting},
            "faults": list(services.health_views.faults()),
            **services.describe(),
        }

    def _catch_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return

        def end(number: int, frame: FrameType | None) -> None:
            log.info("%s: ending", signal.Signals(number).name)
            self.stop()

        def again(number: int, frame: FrameType | None) -> None:
            self.request_reload()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        signal.signal(signal.SIGHUP, again)

    def _thread_died(self, args: threading.ExceptHookArgs) -> None:
        """A thread met an error that it does not handle: end the process, systemd starts it afresh."""
        name = args.thread.name if args.thread is not None else "a thread"
        log.critical("%s died", name, exc_info=(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback))
        self._failed = name
        self.stop()


def _camera(camera: Any) -> dict[str, Any]:
    age_s = None if camera.last_frame_s is None else round(time.monotonic() - camera.last_frame_s, 1)
    return {
        "id": camera.camera_id,
        "state": camera.state.value,
        "detail": camera.detail,
        "fps": camera.fps,
        "frames": camera.frames,
        "looked": camera.looked,
        "dropped": camera.dropped,
        "reconnects": camera.reconnects,
        "frame_age_s": age_s,
        "in_view": camera.in_view,
        "reads": camera.reads,
        "unread": camera.unread,
    }


def _make_data_dir(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise NprEdgeError(
            f"data_dir {folder}: cannot be made ({error.strerror}); name another or its owner"
        ) from error
