"""What can be wrong with the disk, told from the errors of SQLite and of the operating system."""

from __future__ import annotations

import errno
import sqlite3
from enum import StrEnum

from npr_edge.errors import StoreError
from npr_edge.salvage import is_damage


class StoreFault(StrEnum):
    """Why nothing can be stored at the moment."""

    NONE = "none"
    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    DAMAGED = "damaged"
    FAILED = "failed"


class StoreFaultError(StoreError):
    """Storing failed; nothing of the batch is stored and it may be tried again.

    Attributes:
        fault: What is wrong.
    """

    def __init__(self, fault: StoreFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


ADVICE = {
    StoreFault.DISK_FULL: "the disk is full; free some space or lower [retention] max_bytes",
    StoreFault.READ_ONLY: "the data folder cannot be written; check its owner, the mount and the card",
    StoreFault.DAMAGED: "the database is damaged; it will be set aside and recovered",
    StoreFault.FAILED: "the disk fails; check the card and the system log",
}

# Primary result codes of SQLite, https://sqlite.org/rescode.html
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: StoreFault.DISK_FULL,
    sqlite3.SQLITE_READONLY: StoreFault.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: StoreFault.READ_ONLY,
    sqlite3.SQLITE_PERM: StoreFault.READ_ONLY,
}
_BY_ERRNO = {
    errno.ENOSPC: StoreFault.DISK_FULL,
    errno.EDQUOT: StoreFault.DISK_FULL,
    errno.EROFS: StoreFault.READ_ONLY,
    errno.EACCES: StoreFault.READ_ONLY,
    errno.EPERM: StoreFault.READ_ONLY,
}


def fault_of(error: sqlite3.Error | OSError) -> StoreFault:
    """The fault behind an error of SQLite or the operating system."""
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, StoreFault.FAILED)
    if is_damage(error):
        return StoreFault.DAMAGED
    return _BY_SQLITE_CODE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, StoreFault.FAILED)


def fault_error(error: sqlite3.Error | OSError, doing: str) -> StoreFaultError:
    """The error to raise for ``error`` that came up while ``doing`` something."""
    fault = fault_of(error)
    return StoreFaultError(fault, f"{doing}: {error}; {ADVICE[fault]}")
