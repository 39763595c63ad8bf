"""``npr-edge vehicles``: the site's own table of vehicles."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from npr_edge.cli.common import Subparsers, add_data_options, data_dir, print_table
from npr_edge.cli.exits import EXIT_INCOMPLETE, EXIT_OK
from npr_edge.vehicles import VehicleRegistry, import_vehicles

DESCRIPTION = """\
The site's own table of vehicles: the first place where a read plate is looked up.

  npr-edge vehicles import residents.csv --data-dir /var/lib/npr-edge
  npr-edge vehicles list --data-dir /var/lib/npr-edge --limit 20
  npr-edge vehicles remove "AB12 CDE" --data-dir /var/lib/npr-edge

A CSV has a header line with plate and any of make, model, colour, year, fuel_type; JSON is an array of such objects.
A running daemon uses what was imported at once.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``vehicles`` to the command line."""
    parser = subparsers.add_parser(
        "vehicles",
        help="import and list the local vehicle table",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    adding = actions.add_parser("import", help="add a .csv, .json or .jsonl file, all of it or nothing")
    adding.add_argument("file", type=Path, metavar="FILE")
    adding.add_argument("--replace", action="store_true", help="forget every vehicle that is not in FILE")
    listing = actions.add_parser("list", help="print what is known, by plate")
    listing.add_argument("--limit", type=int, metavar="N", help="at most N vehicles")
    listing.add_argument("--jsonl", action="store_true", help="one JSON object per vehicle")
    removing = actions.add_parser("remove", help="forget vehicles")
    removing.add_argument("plates", nargs="+", metavar="PLATE", help="spaces and case do not matter")
    for action, run in ((adding, _import), (listing, _list), (removing, _remove)):
        add_data_options(action)
        action.set_defaults(run=run)


def _import(args: argparse.Namespace) -> int:
    registry = VehicleRegistry(data_dir(args))
    try:
        with tqdm(desc="import", unit="B", unit_scale=True, disable=not sys.stderr.isatty(), leave=False) as bar:

            def step(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            count = import_vehicles(registry, args.file, replace_all=args.replace, progress=step)
        print(f"{count} vehicles imported, {registry.count()} known")
    finally:
        registry.close()
    return EXIT_OK


def _list(args: argparse.Namespace) -> int:
    registry = VehicleRegistry(data_dir(args))
    try:
        known = islice(registry.all(), args.limit)
        if args.jsonl:
            for one in known:
                print(json.dumps({"plate": one.plate, **asdict(one.vehicle)}))
        else:
            rows = [
                [one.plate, *(str(value or "") for value in list(asdict(one.vehicle).values())[1:])] for one in known
            ]
            print_table(["plate", "make", "model", "colour", "year", "fuel"], rows)
    finally:
        registry.close()
    return EXIT_OK


def _remove(args: argparse.Namespace) -> int:
    registry = VehicleRegistry(data_dir(args))
    try:
        removed = registry.remove(args.plates)
    finally:
        registry.close()
    print(f"{removed} of {len(args.plates)} removed")
    return EXIT_OK if removed == len(args.plates) else EXIT_INCOMPLETE
