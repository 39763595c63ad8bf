"""Entry point of ``npr-edge`` and ``python -m npr_edge``."""

import sys

from npr_edge.cli import main

if __name__ == "__main__":
    sys.exit(main())
