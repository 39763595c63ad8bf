"""The heap that the server's threads share."""

from __future__ import annotations

import subprocess
import sys


def test_the_c_library_takes_every_setting() -> None:
    # In a process of its own: the setting cannot be taken back.
    program = "from npr_edge.web.memory import keep_freed_memory; raise SystemExit(not keep_freed_memory())"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
