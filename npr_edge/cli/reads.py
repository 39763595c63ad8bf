"""``npr-edge reads``: list, show and export what is stored; works beside a running daemon and without one."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO

from npr_edge.cli.common import Subparsers, print_table, progress
from npr_edge.domain import PlateMatch, ReadFilter, StoredRead
from npr_edge.errors import ConfigError, StoreError
from npr_edge.publish.payload import compact_json, read_fields, utc
from npr_edge.record.query import Reads
from npr_edge.settings import Settings, load_settings

DESCRIPTION = """\
Look at the stored reads. Times are UTC; lists come in the order of recording, oldest first.

  npr-edge reads list --data-dir /var/lib/npr-edge --last 20
  npr-edge reads list --config npr-edge.toml --plate 'AB12*' --wildcard --jsonl
  npr-edge reads show EVENT_ID --config npr-edge.toml
  npr-edge reads export --config npr-edge.toml --format csv --out reads.csv
"""
CSV_COLUMNS = (
    "event_id", "camera", "plate", "text", "region", "confidence", "first_seen", "last_seen", "clock_synced",
    "dwell_s", "direction", "list_match",
)  # fmt: skip


def add_parser(subparsers: Subparsers) -> None:
    """Add ``reads`` to the command line."""
    parser = subparsers.add_parser(
        "reads",
        help="list, show or export the stored reads",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="reads, oldest first")
    listing.add_argument("--jsonl", action="store_true", help="a line of JSON per read: the MQTT message's fields")
    size = listing.add_mutually_exclusive_group()
    size.add_argument("--limit", type=_count, metavar="N", help="at most N, from the oldest on")
    size.add_argument("--last", type=_count, metavar="N", help="the newest N, the oldest of them first")
    showing = actions.add_parser("show", help="one read, and where its crop lies")
    showing.add_argument("event_id", help="id of the read")
    exporting = actions.add_parser("export", help="all that fit, as CSV or JSON lines")
    exporting.add_argument("--format", choices=("csv", "jsonl"), default="csv", help="csv unless told")
    exporting.add_argument("--out", type=Path, metavar="FILE", help="write to FILE; standard output unless told")
    for action in (listing, exporting):
        _add_filters(action)
    for action in (listing, showing, exporting):
        action.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the database; wins over --config")
        action.add_argument("--config", type=Path, metavar="FILE", help="configuration that names the data folder")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for; 1 where a read is not there."""
    settings = load_settings(args.config)
    reads = Reads(_data_dir(args, settings))
    if args.action == "show":
        return _show(reads, args.event_id, settings.device.id)
    wanted = _filter(args)
    if args.action == "list":
        found = reads.export(wanted) if args.last is None else _last(reads, wanted, args.last)
        _list(islice(found, args.limit), args, settings.device.id)
    else:
        _export(reads, wanted, args, settings.device.id)
    return 0


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=_time, metavar="TIME", help="first seen at or after, 2026-11-24T08:00 (UTC)")
    parser.add_argument("--until", type=_time, metavar="TIME", help="first seen before")
    parser.add_argument("--camera", metavar="ID", help="seen by this camera")
    parser.add_argument("--plate", metavar="TEXT", help="this plate; spaces and case do not matter")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--wildcard", action="store_true", help="* and ? in --plate stand for any characters, for one")
    how.add_argument("--fuzzy", action="store_true", help="also plates with one character more, less or other")
    parser.add_argument("--list", dest="list_match", metavar="NAME", help="on this list; * for any list")


def _filter(args: argparse.Namespace) -> ReadFilter:
    match = PlateMatch.EXACT
    if args.wildcard or args.fuzzy:
        if args.plate is None:
            raise ConfigError("--wildcard and --fuzzy say how --plate is compared; give --plate too")
        match = PlateMatch.WILDCARD if args.wildcard else PlateMatch.FUZZY
    return ReadFilter(args.since, args.until, args.camera, args.plate, match, args.list_match)


def _data_dir(args: argparse.Namespace, settings: Settings) -> Path:
    folder: Path = args.data_dir or settings.data_dir
    if not folder.is_dir():
        raise StoreError(f"{folder} is no folder; name the data folder with --data-dir or --config")
    return folder


def _last(reads: Reads, wanted: ReadFilter, limit: int) -> Iterator[StoredRead]:
    """The newest ``limit`` reads, oldest first."""
    pages: list[StoredRead] = []
    cursor = None
    while len(pages) < limit:
        page = reads.page(wanted, limit=min(limit - len(pages), 1000), cursor=cursor)
        pages += page.reads
        cursor = page.next_cursor
        if cursor is None:
            break
    return iter(pages[::-1])


def _list(found: Iterable[StoredRead], args: argparse.Namespace, device_id: str) -> None:
    if args.jsonl:
        for read in found:
            print(compact_json(read_fields(read, device_id)))
        return
    rows = [
        (
            utc(read.first_seen_s),
            read.camera_id,
            read.printed,
            read.region or "-",
            f"{read.confidence:.3f}",
            read.event_id,
        )
        for read in found
    ]
    print_table(("first seen (UTC)", "camera", "plate", "region", "confidence", "event id"), rows)


def _show(reads: Reads, event_id: str, device_id: str) -> int:
    read = reads.get(event_id)
    if read is None:
        print(f"npr-edge: there is no read {event_id}", file=sys.stderr)
        return 1
    path = reads.crop_path(event_id)
    fields = {**read_fields(read, device_id), "crop": None if path is None else str(path)}
    print(json.dumps(fields, ensure_ascii=False, indent=2))
    return 0


def _export(reads: Reads, wanted: ReadFilter, args: argparse.Namespace, device_id: str) -> None:
    # Counting reads the table once more: only for somebody who watches.
    total = reads.count(wanted) if sys.stderr.isatty() else None
    found = (read_fields(read, device_id) for read in progress(reads.export(wanted), "exporting", total))
    with _target(args.out) as file:
        if args.format == "jsonl":
            for fields in found:
                file.write(compact_json(fields) + "\n")
            return
        writer = csv.DictWriter(file, CSV_COLUMNS, extrasaction="ignore")
        writer.writeheader()
        while group := list(islice(found, 1000)):
            writer.writerows(group)


@contextmanager
def _target(path: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a file that is there whole or not at all."""
    if path is None:
        yield sys.stdout
        return
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            yield file
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _time(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 2026-11-24 or 2026-11-24T08:00") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)
