"""The models say the same on LiteRT and on tflite-runtime."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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


def test_both_runtimes_read_the_same_plates() -> None:
    litert, tflite = answers(sys.executable, "litert"), answers(TFLITE_PYTHON, "tflite-runtime")
    assert len(litert) == len(tflite) > 0
    for one, other in zip(litert, tflite, strict=True):
        texts, boxes = (
            [r["plate"] for r in one.get("results", [])],
            [r["bounding_box"] for r in one.get("results", [])],
        )
        assert [r["plate"] for r in other.get("results", [])] == texts
        # Kernels round int8 differently by a step here and there; boxes may move by a pixel.
        for mine, theirs in zip(boxes, (r["bounding_box"] for r in other.get("results", [])), strict=True):
            assert all(abs(mine[key] - theirs[key]) <= 2 for key in mine)
