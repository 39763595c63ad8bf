"""Measures this device: the time of every stage, frames per second by threads, memory, temperature.

All times are of one process on pictures in memory. The stages are measured inside the same loop, so that a change
of clock frequency touches all of them alike, and medians are compared, not means.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from npr_edge.detect.detector import PlateDetector
from npr_edge.device import describe_device, peak_memory_bytes
from npr_edge.domain import Image
from npr_edge.errors import ConfigError
from npr_edge.images import decode_image
from npr_edge.ports import RegionResolver
from npr_edge.read.preprocess import rectify
from npr_edge.read.reader import PlateReader
from npr_edge.recognise import PlateRecogniser, assembled
from npr_edge.tflite import LoadedModel

WARM_UP = 5


@dataclass(frozen=True, slots=True)
class StageTime:
    """Milliseconds of one stage over all rounds."""

    stage: str
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What was measured.

    Attributes:
        image_size: Width and height of the picture, pixels; ``plates`` found in it.
        stages: Times with one thread.
        overhead: Whole recognition without decoding / bare invocations of the two models, medians of the same run.
        frames_per_s: Recognitions per second by number of threads.
        models: Size and multiply-accumulates of each model.
    """

    runtime: str
    device: dict[str, Any]
    image_size: tuple[int, int]
    plates: int
    rounds: int
    stages: tuple[StageTime, ...]
    overhead: float
    frames_per_s: dict[int, float]
    models: dict[str, dict[str, int]]
    peak_memory_bytes: int

    def to_json(self) -> dict[str, Any]:
        """The report as plain values; times in milliseconds, sizes in bytes."""
        return {
            "runtime": self.runtime,
            "device": self.device,
            "image_size": list(self.image_size),
            "plates": self.plates,
            "rounds": self.rounds,
            "stages": {s.stage: {"median_ms": s.median_ms, "p95_ms": s.p95_ms} for s in self.stages},
            "overhead": self.overhead,
            "frames_per_s": {str(threads): rate for threads, rate in self.frames_per_s.items()},
            "models": self.models,
            "peak_memory_bytes": self.peak_memory_bytes,
        }


def run_bench(
    data: bytes, resolver: RegionResolver, rounds: int = 100, progress: Callable[[], None] = lambda: None
) -> BenchReport:
    """Measure everything on one picture.

    Args:
        data: A JPEG, PNG or WebP file with at least one plate in view.
        resolver: The regions' grammar, as the product uses it.
        rounds: Times each stage is run.
        progress: Called after every round, ``total_rounds(rounds)`` times.

    Raises:
        ConfigError: No plate is found in the picture, so reading could not be measured.
    """
    image = decode_image(data)
    recogniser, detector_model, reader_model = _recogniser(resolver, 1)
    detections = recogniser.detector.detect(image)
    if not detections:
        raise ConfigError("no plate is found in the picture; choose one with a plate well in view (--image)")
    quad = detections[0].quad
    bare_detect = _invocation(detector_model)
    bare_read = _invocation(reader_model)
    times = _measure(
        {
            "decode": lambda: decode_image(data),
            "detect": lambda: recogniser.detector.detect(image),
            "rectify": lambda: rectify(image, quad),
            "read": lambda: recogniser.reader.read(image, quad),
            "recognise": lambda: recogniser.recognise(image),
            "detector model alone": bare_detect,
            "reader model alone": bare_read,
        },
        rounds,
        progress,
    )
    medians = {stage.stage: stage.median_ms for stage in times}
    bare = medians["detector model alone"] + len(detections) * medians["reader model alone"]
    speeds = {threads: _frames_per_s(resolver, image, threads, rounds, progress) for threads in (1, 2, 4)}
    return BenchReport(
        runtime=detector_model.backend,
        device=_device(),
        image_size=(image.shape[1], image.shape[0]),
        plates=len(detections),
        rounds=rounds,
        stages=times,
        overhead=medians["recognise"] / bare,
        frames_per_s=speeds,
        models={
            model.card.name: {"size_bytes": model.card.size_bytes, "macs": model.card.macs}
            for model in (detector_model, reader_model)
        },
        peak_memory_bytes=peak_memory_bytes(),
    )


def total_rounds(rounds: int) -> int:
    """How often ``run_bench`` calls its ``progress``."""
    return 4 * rounds


def _recogniser(resolver: RegionResolver, threads: int) -> tuple[PlateRecogniser, LoadedModel, LoadedModel]:
    detector_model = LoadedModel.named("detector", threads=threads)
    reader_model = LoadedModel.named("reader", threads=threads)
    recogniser = assembled(PlateDetector(detector_model), PlateReader(reader_model), resolver)
    return recogniser, detector_model, reader_model


def _device() -> dict[str, Any]:
    device = asdict(describe_device())
    if device["throttling"] is not None:
        device["throttling"] = list(device["throttling"])
    return device


def _invocation(model: LoadedModel) -> Callable[[], object]:
    tensor = np.zeros(model.card.input.shape, dtype=model.card.input.dtype)
    return lambda: model.invoke(tensor)


def _measure(
    stages: dict[str, Callable[[], object]], rounds: int, progress: Callable[[], None]
) -> tuple[StageTime, ...]:
    spent: dict[str, list[float]] = {name: [] for name in stages}
    for number in range(WARM_UP + rounds):
        for name, stage in stages.items():
            started = time.perf_counter()
            stage()
            spent[name].append(1000 * (time.perf_counter() - started))
        if number >= WARM_UP:
            progress()
    return tuple(
        StageTime(name, float(np.median(values[WARM_UP:])), float(np.percentile(values[WARM_UP:], 95)))
        for name, values in spent.items()
    )


def _frames_per_s(
    resolver: RegionResolver, image: Image, threads: int, rounds: int, progress: Callable[[], None]
) -> float:
    recogniser, _, _ = _recogniser(resolver, threads)
    for _ in range(WARM_UP):
        recogniser.recognise(image)
    started = time.perf_counter()
    for _ in range(rounds):
        recogniser.recognise(image)
        progress()
    return rounds / (time.perf_counter() - started)
