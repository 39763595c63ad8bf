"""What all commands share: types of argparse, progress bars, tables; light, since every command imports it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

from npr_edge.errors import ConfigError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = argparse._SubParsersAction

T = TypeVar("T")


def progress(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Pass ``items`` through, with a bar on standard error where that is a terminal."""
    yield from tqdm(items, desc=what, total=total, unit="", disable=not sys.stderr.isatty(), leave=False)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a header, columns padded to their widest cell."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--config`` and ``--data-dir``; ``data_dir`` reads them."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="the daemon's configuration, for its data_dir")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="the daemon's data folder; wins over --config")


def data_dir(args: argparse.Namespace) -> Path:
    """The data folder that the options name.

    Raises:
        ConfigError: Neither option is given, or the configuration is wrong.
    """
    if args.data_dir is not None:
        return Path(args.data_dir)
    if args.config is None:
        raise ConfigError("say where the data is: --data-dir DIR or --config FILE")
    from npr_edge.settings import load_settings

    return load_settings(args.config).data_dir
