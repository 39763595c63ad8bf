"""Sightings to SQLite and JPEG: one writer thread, read-only connections for everyone else.

``Recorder`` is the thread, ``Store`` what it does to the disk, ``Reads`` and ``StoredOutbox`` what others see of it.
"""

from npr_edge.record.faults import StoreFault
from npr_edge.record.outbox import StoredOutbox
from npr_edge.record.query import Reads
from npr_edge.record.recorder import Recorder, RecorderState
from npr_edge.record.store import Passage, Store, StoreParts

__all__ = [
    "Passage",
    "Reads",
    "Recorder",
    "RecorderState",
    "Store",
    "StoreFault",
    "StoreParts",
    "StoredOutbox",
]
