"""A process that records as fast as it can until it is killed; says on stdout what is certainly stored.

Run as ``python -m tests.faults.record_writer FOLDER FIRST``: writes reads numbered from FIRST, every third with a
crop, acknowledges messages as a publisher would, and prints the number of a read once its transaction stands.
"""

from __future__ import annotations

import itertools
import sys
import threading
from pathlib import Path

from npr_edge.record import Recorder, StoredOutbox, StoreParts
from npr_edge.record.store import Applied
from npr_edge.settings import RecordSettings, RetentionSettings
from tests.support.sightings import FakeClock, crop, encode, read_sighting, unread_sighting

WAITING = 64


def main(folder: Path, first: int) -> None:
    """Record until killed."""
    parts = StoreParts(
        folder,
        FakeClock(),
        encode,
        record=RecordSettings(queue=WAITING, batch=8),
        retention=RetentionSettings(min_free_bytes=0),
    )
    recorder = Recorder(parts)
    outbox = StoredOutbox(folder, recorder.acknowledge)
    stored = itertools.count(first)
    room = threading.Semaphore(WAITING // 2 - 1)  # each turn hands in two sightings

    def say(applied: Applied) -> None:
        # Reads are stored in the order in which they were handed in, so counting them names them.
        for _ in range(applied.reads):
            print(next(stored), flush=True)
            room.release()
        if applied.reads:
            outbox.acknowledge([message.id for message in outbox.pending(0, 5)])

    recorder.on_applied(say)
    recorder.start()
    image = crop(width=200, height=60)
    for number in itertools.count(first):
        room.acquire()
        recorder.record(unread_sighting(10_000_000 + number))
        assert recorder.record(read_sighting(number, image=image if number % 3 == 0 else None))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
