"""The models say the same on LiteRT and on tflite-runtime."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from npr_edge.geometry import Box

SCENES = Path(__file__).resolve().parents[1] / "data" / "scenes"
TFLITE_PYTHON = os.environ.get("NPR_EDGE_TFLITE_PYTHON", "")

pytestmark = pytest.mark.skipif(
    not TFLITE_PYTHON, reason="no environment with tflite-runtime (scripts/test makes one on Python 3.11)"
)


def answers(python: str, backend: str) -> list[dict[str, Any]]:
    """What ``npr-edge recognise --jsonl`` says about the scenes, run by an interpreter on a backend."""
    done = subprocess.run(
        [python, "-m", "npr_edge", "recognise", "--jsonl", "--threads", "1", str(SCENES)],
        env={**os.environ, "NPR_EDGE_TFLITE": backend},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode in {0, 1}, done.stderr
    assert done.stdout, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def on_plates(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The results where a plate is: a sign whose score is at the brink may pass on one runtime alone."""
    scenes = json.loads((SCENES / "labels.json").read_text(encoding="utf-8"))["scenes"]
    plates = [Box(*plate["box"]) for s in scenes if s["file"] == Path(answer["file"]).name for plate in s["plates"]]
    boxes = [(result, Box(**result["bounding_box"])) for result in answer.get("results", [])]
    return [result for result, box in boxes if any(box.iou(plate) > 0.3 for plate in plates)]


def test_both_runtimes_read_the_same_plates() -> None:
    litert, tflite = answers(sys.executable, "litert"), answers(TFLITE_PYTHON, "tflite-runtime")
    assert len(litert) == len(tflite) > 0
    compared = 0
    for one, other in zip(litert, tflite, strict=True):
        mine, theirs = on_plates(one), on_plates(other)
        assert [result["plate"] for result in mine] == [result["plate"] for result in theirs]
        # Kernels round int8 differently by a step here and there; boxes may move by a pixel.
        for here, there in zip((r["bounding_box"] for r in mine), (r["bounding_box"] for r in theirs), strict=True):
            assert all(abs(here[key] - there[key]) <= 2 for key in here)
        compared += len(mine)
    assert compared >= len(litert)
