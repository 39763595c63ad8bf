"""API keys: made once, kept only as a hash, checked at every request."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from npr_edge.access.database import AccessDatabase
from npr_edge.access.limits import DEFAULT_LIMIT, parse_limits
from npr_edge.errors import ConfigError
from npr_edge.ports import Clock

SCOPES = ("recognise", "reads", "vehicles", "cameras")
"""What a key may be allowed: recognition; stored reads; vehicle data; cameras and their pictures."""

SECRET_BYTES = 32
PREFIX_LENGTH = 12
"""Characters of a key that are stored readable: ``npr_`` and eight more of its 43; 208 bits stay unknown."""

_KEY_FORM = re.compile(r"npr_[A-Za-z0-9_-]{43}")
_NAME_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}")
_SPAN_FORM = re.compile(r"(\d{1,6})([mhdwy])")
_SPAN_S = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_557_600}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; the key itself is known only to its owner. Times are Unix seconds."""

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    limits: str
    created_s: float
    expires_s: float | None
    revoked_s: float | None
    last_used_s: float | None

    def state(self, now_s: float) -> str:
        """``active``, ``expired`` or ``revoked``."""
        if self.revoked_s is not None:
            return "revoked"
        return "expired" if self.expires_s is not None and self.expires_s <= now_s else "active"


class KeyStore:
    """The keys of a device."""

    def __init__(self, database: AccessDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(
        self,
        name: str,
        *,
        limits: str = DEFAULT_LIMIT,
        expires: str | None = None,
        scopes: Sequence[str] = SCOPES,
    ) -> tuple[str, ApiKey]:
        """Make a key; returns it, the only time it can be seen, and what is stored.

        Args:
            name: For people; unique among the keys that are not revoked.
            limits: One or more fixed windows: ``60/minute; 5000/day``.
            expires: A span from now (``90d``, ``12h``, ``1y``) or a date (``2027-01-31``); None for never.
            scopes: What the key may be used for, of ``SCOPES``.

        Raises:
            ConfigError: A value is not of these forms or the name is taken.
            StoreError: The database cannot be written.
        """
        if not _NAME_FORM.fullmatch(name):
            raise ConfigError(
                f"key name {name!r}: must be 1-64 letters, digits, spaces or . _ @ - and start with a letter or digit"
            )
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown or not scopes:
            raise ConfigError(f"scope {', '.join(unknown) or 'none'}: must be one or more of {', '.join(SCOPES)}")
        parse_limits(limits)
        now_s = self._clock.wall_s()
        secret = new_secret()
        kept = ",".join(scope for scope in SCOPES if scope in scopes)
        values = (name, secret[:PREFIX_LENGTH], digest(secret), kept, limits, now_s, parse_expiry(expires, now_s))
        try:
            with self._database.writing() as connection:
                connection.execute(
                    "INSERT INTO keys (name, prefix, hash, scopes, limits, created, expires) VALUES (?,?,?,?,?,?,?)",
                    values,
                )
        except sqlite3.IntegrityError as error:
            message = f"key name {name!r}: is taken; choose another, or `npr-edge keys revoke` the key of that name"
            raise ConfigError(message) from error
        return secret, self.get(name)

    def all(self) -> list[ApiKey]:
        """Every key ever made, oldest first."""
        return [_key(row) for row in self._database.rows("SELECT * FROM keys ORDER BY id")]

    def get(self, name: str) -> ApiKey:
        """The key of this name; the last revoked one where none is in use.

        Raises:
            ConfigError: There is none.
        """
        rows = self._database.rows(
            "SELECT * FROM keys WHERE name = ? ORDER BY revoked IS NOT NULL, id DESC LIMIT 1", (name,)
        )
        if not rows:
            raise ConfigError(f"key name {name!r}: there is none; `npr-edge keys list` shows all")
        return _key(rows[0])

    def revoke(self, name: str) -> ApiKey:
        """End a key for good; acts on the next request of a running server.

        Raises:
            ConfigError: There is no key of this name, or it is revoked already.
        """
        key = self._in_use(name)
        with self._database.writing() as connection:
            connection.execute("UPDATE keys SET revoked = ? WHERE id = ?", (self._clock.wall_s(), key.id))
        return self.get(name)

    def rotate(self, name: str) -> tuple[str, ApiKey]:
        """Put a new secret in the place of the old one, which ends at once; all else stays, the windows too.

        Raises:
            ConfigError: There is no key of this name in use.
        """
        key = self._in_use(name)
        secret = new_secret()
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE keys SET prefix = ?, hash = ? WHERE id = ?", (secret[:PREFIX_LENGTH], digest(secret), key.id)
            )
        return secret, self.get(name)

    def find(self, secret: str | None) -> ApiKey | None:
        """The key with this secret, in whatever state; None where there is none.

        Takes the same steps for every secret: the stored hash, or a stand-in, is compared in constant time.
        """
        well_formed = secret is not None and _KEY_FORM.fullmatch(secret) is not None
        asked = secret if secret is not None and well_formed else _NOBODY
        rows = self._database.rows("SELECT * FROM keys WHERE prefix = ?", (asked[:PREFIX_LENGTH],))
        found, hashed = None, digest(asked)
        for row in rows:
            if hmac.compare_digest(bytes(row["hash"]), hashed):
                found = _key(row)
        hmac.compare_digest(_NOBODYS_HASH, hashed)
        return found if well_formed else None

    def _in_use(self, name: str) -> ApiKey:
        key = self.get(name)
        if key.revoked_s is not None:
            raise ConfigError(f"key name {name!r}: is revoked; `npr-edge keys create` makes a new one")
        return key


def new_secret() -> str:
    """A fresh key: 256 random bits behind the prefix by which secret scanners know it."""
    return "npr_" + secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> bytes:
    """SHA-256: 256 random bits need no slow hash, there is nothing to guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def parse_expiry(text: str | None, now_s: float) -> float | None:
    """Unix time of a span from now (``90d``) or of a date (``2027-01-31``, its start in local time).

    Raises:
        ConfigError: The text is neither, or the time has passed.
    """
    if text is None:
        return None
    span = _SPAN_FORM.fullmatch(text)
    try:
        end_s = now_s + int(span[1]) * _SPAN_S[span[2]] if span else datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise ConfigError(f"expires {text!r}: must be a span as 90d, 12h, 1y or a date as 2027-01-31") from error
    if end_s <= now_s:
        raise ConfigError(f"expires {text!r}: has passed already")
    return end_s


_NOBODY = "npr_" + "-" * 43
_NOBODYS_HASH = digest("nobody")


def _key(row: sqlite3.Row) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(row["scopes"].split(",")),
        limits=row["limits"],
        created_s=row["created"],
        expires_s=row["expires"],
        revoked_s=row["revoked"],
        last_used_s=row["last_used"],
    )
