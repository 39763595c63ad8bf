"""``npr-edge keys``: the API keys of a device."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from npr_edge.access import SCOPES, ApiKey, KeyStore
from npr_edge.access.database import AccessDatabase
from npr_edge.access.limits import DEFAULT_LIMIT
from npr_edge.access.usage import UsageCounter
from npr_edge.cli.common import Subparsers, add_data_options, data_dir, print_table
from npr_edge.cli.exits import EXIT_OK
from npr_edge.clock import SystemClock

DESCRIPTION = """\
The keys that let clients use the REST API. A key is shown once, when it is made; only its hash is kept.
Changes act on the next request of a running server.

  npr-edge keys create gate --data-dir /var/lib/npr-edge
  npr-edge keys create office --limit "60/minute; 5000/day" --expires 90d --scope reads,vehicles --data-dir DIR
  npr-edge keys list --data-dir DIR
  npr-edge keys rotate gate --data-dir DIR        a new secret for the same client; the old one ends at once
  npr-edge keys revoke gate --data-dir DIR
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``keys`` to the command line."""
    parser = subparsers.add_parser(
        "keys",
        help="create, list and revoke API keys",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    making = actions.add_parser("create", help="make a key; it is the last line on standard output")
    making.add_argument("name", metavar="NAME", help="for people; unique among the keys in use")
    making.add_argument(
        "--limit",
        default=DEFAULT_LIMIT,
        metavar="N/SPAN",
        help=f"requests per window, several with ; (default {DEFAULT_LIMIT})",
    )
    making.add_argument("--expires", metavar="SPAN|DATE", help="90d, 12h, 1y or 2027-01-31 (default: never)")
    making.add_argument(
        "--scope", default=",".join(SCOPES), metavar="A,B", help=f"what it may do: {', '.join(SCOPES)} (default: all)"
    )
    listing = actions.add_parser("list", help="every key ever made")
    listing.add_argument("--jsonl", action="store_true", help="one JSON object per key")
    showing = actions.add_parser("show", help="one key and what it used each day")
    rotating = actions.add_parser("rotate", help="a new secret in the place of the old one")
    revoking = actions.add_parser("revoke", help="end a key for good")
    for action in (showing, rotating, revoking):
        action.add_argument("name", metavar="NAME")
    for action, run in (
        (making, _create),
        (listing, _list),
        (showing, _show),
        (rotating, _rotate),
        (revoking, _revoke),
    ):
        add_data_options(action)
        action.set_defaults(run=run)


@contextmanager
def _database(args: argparse.Namespace) -> Iterator[AccessDatabase]:
    database = AccessDatabase(data_dir(args))
    try:
        yield database
    finally:
        database.close()


def _create(args: argparse.Namespace) -> int:
    with _database(args) as database:
        scopes = [scope.strip() for scope in args.scope.split(",") if scope.strip()]
        keys = KeyStore(database, SystemClock())
        secret, key = keys.create(args.name, limits=args.limit, expires=args.expires, scopes=scopes)
    _tell_once(secret, key)
    return EXIT_OK


def _rotate(args: argparse.Namespace) -> int:
    with _database(args) as database:
        secret, key = KeyStore(database, SystemClock()).rotate(args.name)
    _tell_once(secret, key)
    return EXIT_OK


def _revoke(args: argparse.Namespace) -> int:
    with _database(args) as database:
        key = KeyStore(database, SystemClock()).revoke(args.name)
    print(f"{key.name} ({key.prefix}...) is revoked.")
    return EXIT_OK


def _list(args: argparse.Namespace) -> int:
    clock = SystemClock()
    with _database(args) as database:
        keys = KeyStore(database, clock).all()
    now_s = clock.wall_s()
    if args.jsonl:
        for key in keys:
            print(json.dumps(_fields(key, now_s)))
        return EXIT_OK
    header = ["name", "key", "state", "limit", "scopes", "created", "expires", "last used"]
    rows = [
        [
            key.name,
            f"{key.prefix}...",
            key.state(now_s),
            key.limits,
            ",".join(key.scopes),
            _time(key.created_s) or "",
            _time(key.expires_s) or "never",
            _time(key.last_used_s) or "never",
        ]
        for key in keys
    ]
    print_table(header, rows)
    return EXIT_OK


def _show(args: argparse.Namespace) -> int:
    clock = SystemClock()
    with _database(args) as database:
        key = KeyStore(database, clock).get(args.name)
        days = UsageCounter(database, clock).of(key.id)
    for name, value in _fields(key, clock.wall_s()).items():
        text = ", ".join(value) if isinstance(value, list) else value
        print(f"{name + ':':<11}{text if text is not None else 'never'}")
    if days:
        print()
        rows = [[day.day, str(day.requests), str(day.images), str(day.refused)] for day in days]
        print_table(["day (UTC)", "requests", "images", "refused"], rows)
    return EXIT_OK


def _tell_once(secret: str, key: ApiKey) -> None:
    print(f"Key of {key.name}, {key.limits}; it is shown this once:", file=sys.stderr)
    print(secret)


def _fields(key: ApiKey, now_s: float) -> dict[str, object]:
    return {
        "name": key.name,
        "key": f"{key.prefix}...",
        "state": key.state(now_s),
        "limit": key.limits,
        "scopes": list(key.scopes),
        "created": _time(key.created_s),
        "expires": _time(key.expires_s),
        "last_used": _time(key.last_used_s),
    }


def _time(unix_s: float | None) -> str | None:
    return None if unix_s is None else datetime.fromtimestamp(unix_s).astimezone().isoformat(" ", "seconds")
