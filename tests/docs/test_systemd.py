"""The unit file is one that systemd accepts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parents[2] / "systemd"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "npr-edge.service"
    text = (UNITS / "npr-edge.service").read_text(encoding="utf-8")
    # The program is installed elsewhere than here; everything else is checked as it stands.
    unit.write_text(text.replace("/opt/npr-edge/bin/npr-edge", "/bin/true"), encoding="utf-8")
    for drop_in in (UNITS / "drop-ins").iterdir():
        (tmp_path / "npr-edge.service.d").mkdir(exist_ok=True)
        shutil.copy(drop_in, tmp_path / "npr-edge.service.d")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
