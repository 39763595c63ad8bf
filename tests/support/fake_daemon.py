"""The real daemon as a process of its own, with the recogniser of block plates: ``--config FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from npr_edge.app import Daemon, Eyes
from npr_edge.logs import configure_logging
from npr_edge.settings import Settings, load_settings
from tests.support.clips import BlockRecogniser
from tests.support.passages import PlainResolver


def block_eyes(_: Settings) -> Eyes:
    return Eyes(BlockRecogniser(), PlainResolver())


if __name__ == "__main__":
    config = Path(sys.argv[sys.argv.index("--config") + 1])
    settings = load_settings(config)
    configure_logging(settings.log)
    sys.exit(Daemon(settings, config, block_eyes).run())
