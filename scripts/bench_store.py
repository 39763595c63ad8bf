"""Measures the record on the disk it would use: what a read costs to write, what queries cost over many.

Figures in docs/storage.md come from here. Bytes are those the kernel counts for this process (write_bytes of
/proc/self/io): what is sent to the block device, the file system's own journal aside.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import string
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from npr_edge.clock import SystemClock
from npr_edge.domain import Direction, PlateMatch, ReadFilter, ResolvedPlate, Sighting, TextCandidate
from npr_edge.geometry import Box, Quad
from npr_edge.publish import Encoder
from npr_edge.record import Passage, Reads, Store, StoreParts, database
from npr_edge.record.packs import PACK_ROWS
from npr_edge.record.store import Batch
from npr_edge.settings import RecordSettings, RetentionSettings

DAY_S = 86_400.0
CAMERAS = ("entry", "exit", "yard", "street")


def main() -> None:
    """Run what was asked for and print a line of JSON per figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    parser.add_argument("--writes", type=int, default=500, help="reads per writing figure")
    parser.add_argument("--rows", type=int, default=1_000_000, help="reads to query")
    parser.add_argument("--repeat", type=int, default=40, help="queries of each kind")
    parser.add_argument("--page-bytes", type=int, default=database.PAGE_BYTES, help="page size of what is queried")
    parser.add_argument("--existing", type=Path, metavar="DIR", help="query the record of this data folder instead")
    parser.add_argument("--only", choices=("writes", "queries"), help="one part alone")
    args = parser.parse_args()
    if args.existing is not None:
        ask_all(args.existing, args.repeat)
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        if args.only != "queries":
            writes(Path(folder), args.writes)
            write_packs(Path(folder))
        if args.only != "writes":
            database.PAGE_BYTES = args.page_bytes
            queries(Path(folder) / "many", args.rows, args.repeat)


def writes(folder: Path, count: int) -> None:
    """Bytes and time per read: one commit each and shared ones, with and without a crop, by page size."""
    jpeg = random.Random(1).randbytes(15_000)
    for page_bytes in (1024, 4096):
        database.PAGE_BYTES = page_bytes  # for new databases
        for durable in ("power-cut", "kill"):
            for batch in (1, 16):
                for crop in (None, jpeg):
                    place = folder / f"{page_bytes}-{durable}-{batch}-{crop is not None}"
                    settings = RecordSettings.model_validate({"durable": durable})
                    figures = write_some(place, settings, count, batch, crop)
                    name = {"page_bytes": page_bytes, "durable": durable, "reads_per_commit": batch}
                    tell("write", **name, crop=crop is not None, **figures)


def write_packs(folder: Path, count: int = 20 * PACK_ROWS) -> None:
    """Bytes that packing plates adds to a read."""
    store = Store(StoreParts(folder / "packs", SystemClock(), None, retention=RetentionSettings(min_free_bytes=0)))
    make = Maker()
    for _ in range(count // PACK_ROWS):
        store.apply(Batch([Passage(make.sighting()) for _ in range(PACK_ROWS)]))
    store.close()
    store = Store(StoreParts(folder / "packs", SystemClock(), None, retention=RetentionSettings(min_free_bytes=0)))
    before = written_bytes()
    while store.pack_plates():
        pass
    store.close()
    tell("pack", reads=count, bytes_per_read=round((written_bytes() - before) / count, 1))


def write_some(
    place: Path, settings: RecordSettings, count: int, batch: int, jpeg: bytes | None
) -> dict[str, float | int]:
    """Store reads into a database that holds some already, acknowledging each as a broker would."""
    store = Store(StoreParts(place, SystemClock(), Encoder("bench"), settings, RetentionSettings(min_free_bytes=0)))
    make = Maker()
    for _ in range(10):
        store.apply(Batch([Passage(make.sighting()) for _ in range(500)]))
    store.apply(Batch(acknowledged=range(1, 5_001)))
    acknowledged = 5_001
    before, began_s = written_bytes(), time.perf_counter()
    for _ in range(count // batch):
        passages = [Passage(make.sighting(), jpeg) for _ in range(batch)]
        # The acknowledgements of the reads before share the transaction, as the recorder arranges it.
        store.apply(Batch(passages, acknowledged=range(acknowledged, acknowledged + batch)))
        acknowledged += batch
    seconds = time.perf_counter() - began_s
    store.close()
    done = count // batch * batch
    return {
        "reads": done,
        "bytes_per_read": round((written_bytes() - before) / done),
        "ms_per_commit": round(1000 * seconds / (done / batch), 2),
    }


def queries(place: Path, rows: int, repeat: int) -> None:
    """What the API and a dashboard ask, over many reads; a fresh connection each time, as in the product."""
    store = Store(
        StoreParts(place, SystemClock(), None, RecordSettings(crops=False), RetentionSettings(min_free_bytes=0))
    )
    end_s = time.time()
    make = Maker(start_s=end_s - 90 * DAY_S, step_s=90 * DAY_S / rows)
    began_s = time.perf_counter()
    for _ in range(rows // 2_000):
        store.apply(Batch([Passage(make.sighting(), list_match=make.list_name()) for _ in range(2_000)]))
    tell("fill", rows=rows, seconds=round(time.perf_counter() - began_s, 1))
    began_s = time.perf_counter()
    while store.pack_plates():
        pass
    tell("pack", rows=rows, seconds=round(time.perf_counter() - began_s, 1))
    store.close()
    tell("size", bytes_per_row=round((place / database.FILE_NAME).stat().st_size / rows))
    ask_all(place, repeat)


def ask_all(place: Path, repeat: int) -> None:
    """Queries of each kind, wall and CPU time."""
    reads, chance = Reads(place), random.Random(7)
    newest = reads.page(ReadFilter(), limit=1000).reads
    some, end_s = [read.text for read in newest], newest[0].first_seen_s
    oldest = reads.page(ReadFilter(), limit=1, newest_first=False).reads[0]
    days = (end_s - oldest.first_seen_s) / DAY_S

    def day() -> float:
        return end_s - chance.uniform(0.1, 1) * days * DAY_S

    def span(days: float, camera_id: str | None = None, plate: str | None = None) -> ReadFilter:
        since_s = day()
        return ReadFilter(since_s, since_s + days * DAY_S, camera_id, plate)

    def like(pattern: str) -> ReadFilter:
        return ReadFilter(plate=pattern, match=PlateMatch.WILDCARD)

    kinds: dict[str, Callable[[], object]] = {
        "newest 50": lambda: reads.page(ReadFilter()),
        "newest 50 of a camera": lambda: reads.page(ReadFilter(camera_id=chance.choice(CAMERAS))),
        "50 of an hour long ago": lambda: reads.page(span(1 / 24)),
        "50 of a day and camera": lambda: reads.page(span(1, "exit")),
        "50 of a month": lambda: reads.page(span(30)),
        "one plate": lambda: reads.page(ReadFilter(plate=chance.choice(some))),
        "one plate within a week": lambda: reads.page(span(7, None, chance.choice(some))),
        "plate, one edit": lambda: reads.page(ReadFilter(plate=chance.choice(some), match=PlateMatch.FUZZY)),
        "start of a plate": lambda: reads.page(like(chance.choice(some)[:4] + "*")),
        "end of a plate": lambda: reads.page(like("*" + chance.choice(some)[3:])),
        "middle of a plate": lambda: reads.page(like(f"*{chance.choice(some)[2:5]}*")),
        "a list": lambda: reads.page(ReadFilter(list_match="staff")),
        "read rates of a week": lambda: reads.hours(end_s - 7 * DAY_S, end_s),
        "one read": lambda: reads.get(chance.choice(newest).event_id),
    }
    for name, ask in kinds.items():
        took_ms, cpu_ms = [], []
        for _ in range(repeat):
            began_s, cpu_s = time.perf_counter(), time.thread_time()
            ask()
            took_ms.append(1000 * (time.perf_counter() - began_s))
            cpu_ms.append(1000 * (time.thread_time() - cpu_s))  # what a busy machine does not bend
        took_ms.sort()
        cpu_ms.sort()
        p50_ms, p95_ms = took_ms[repeat // 2], took_ms[int(repeat * 0.95) - 1]
        tell(
            "query",
            kind=name,
            p50_ms=round(p50_ms, 1),
            p95_ms=round(p95_ms, 1),
            cpu_p95_ms=round(cpu_ms[int(repeat * 0.95) - 1], 1),
        )


class Maker:
    """Makes sightings: two thirds of vehicles come once, the others again and again.

    Args:
        start_s: Unix time of the first.
        step_s: Seconds between two.
    """

    def __init__(self, start_s: float = 1_800_000_000.0, step_s: float = 20.0) -> None:
        self._chance = random.Random(42)
        self._number = 0
        self._start_s, self._step_s = start_s, step_s
        self._regulars = [self._plate() for _ in range(2_000)]
        text = "AB12CDE"
        plate = ResolvedPlate(text, text, "gb", 0.97, (TextCandidate(text, 0.97),), fits_grammar=True)
        quad = Quad.from_box(Box(700.4, 420.2, 180.6, 41.7))
        unplaced = (5, 6, 100, 140, 0.0, 0.0, 0.0, 0.0, True)  # votes, frames, times
        self._pattern = Sighting("", CAMERAS[0], plate, None, *unplaced, Direction.APPROACHING, False, quad, 0.93, None)

    def sighting(self) -> Sighting:
        """The next passage."""
        self._number += 1
        seen_s = self._start_s + self._number * self._step_s
        again = self._chance.random() < 1 / 3
        text = self._chance.choice(self._regulars) if again else self._plate()
        assert self._pattern.plate is not None
        plate = dataclasses.replace(self._pattern.plate, text=text, printed=f"{text[:4]} {text[4:]}")
        milliseconds = f"{int(seen_s * 1000):012x}"
        return dataclasses.replace(
            self._pattern,
            event_id=f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-{self._number:012x}",
            camera_id=self._chance.choice(CAMERAS),
            plate=plate,
            first_seen_s=seen_s,
            last_seen_s=seen_s + 3,
            first_monotonic_s=self._number * 20.0,
            last_monotonic_s=self._number * 20.0 + 3,
        )

    def list_name(self) -> str | None:
        """A list for every tenth read."""
        return "staff" if self._chance.random() < 0.1 else None

    def _plate(self) -> str:
        letters = self._chance.choices(string.ascii_uppercase, k=5)
        return f"{letters[0]}{letters[1]}{self._chance.randint(0, 99):02d}{''.join(letters[2:])}"


def written_bytes() -> int:
    """Bytes this process has sent towards the disk."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def tell(what: str, **figures: object) -> None:
    """One figure as a line of JSON."""
    print(json.dumps({"what": what, **figures}), flush=True)


if __name__ == "__main__":
    main()
