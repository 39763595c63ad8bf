"""What was said about clips against what is true of them: every vehicle read exactly once and right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from npr_edge.track.text import similarity
from npr_edge.training.scenes import VehicleTruth

READABLE_PX = 40.0
"""A passage whose plate never gets this wide counts for the ledger, not for the reads."""

SLACK = 12
"""Frames by which a sighting may reach beyond the passage's own."""

LEDGER_SHARE = 0.1
"""An entry of the ledger is a vehicle's when they share this much of the frames of both; each stands for one."""

MISREAD = 0.4
"""A read that shares this much with the plate of a vehicle in view is a misread of it."""


@dataclass(frozen=True, slots=True)
class Said:
    """A passage as the product reports it; ``plate`` as printed and None when unread, ``reason`` None when read."""

    plate: str | None
    reason: str | None
    first_frame: int
    last_frame: int

    @property
    def text(self) -> str:
        """The plate without what separates its parts; empty when unread."""
        return "".join(character for character in self.plate or "" if character.isalnum())

    def shared(self, vehicle: VehicleTruth) -> float:
        """Frames that it shares with a passage, as a share of the frames of both."""
        both = min(self.last_frame, vehicle.last_frame) - max(self.first_frame, vehicle.first_frame) + 1
        either = max(self.last_frame, vehicle.last_frame) - min(self.first_frame, vehicle.first_frame) + 1
        return max(both, 0) / either

    def overlaps(self, vehicle: VehicleTruth) -> bool:
        """Whether it shares frames with a passage, with some slack."""
        return self.first_frame <= vehicle.last_frame + SLACK and self.last_frame >= vehicle.first_frame - SLACK


@dataclass
class Score:
    """How well the sightings of a clip fit its truth.

    Attributes:
        vehicles: Passages with a plate of ``READABLE_PX``.
        right: Those of them with exactly one read, and that the very text.
        doubles: Further reads of a vehicle that was read right, misread or not.
        wrong: All other reads that are no vehicle's text.
        unread: Entries of the ledger.
        missing: Vehicles without a read of their own and without an entry of the ledger.
    """

    clip: str
    vehicles: int = 0
    right: int = 0
    doubles: int = 0
    wrong: int = 0
    unread: int = 0
    missing: int = 0
    reads: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of the vehicles that were read exactly once and right."""
        return self.right / self.vehicles if self.vehicles else 1.0

    @property
    def precision(self) -> float:
        """Share of the reads that are right."""
        return 1.0 - (self.wrong + self.doubles) / self.reads if self.reads else 1.0

    @property
    def wrong_share(self) -> float:
        """Share of the reads that are wrong."""
        return self.wrong / self.reads if self.reads else 0.0

    def row(self) -> str:
        """A line of the report."""
        return (
            f"{self.clip:24} {self.vehicles:4d} vehicles  recall {self.recall:6.1%}  precision {self.precision:6.1%}  "
            f"doubles {self.doubles}  wrong {self.wrong}  unread {self.unread}  not in the ledger {self.missing}"
        )


def total(scores: Iterable[Score], name: str = "all") -> Score:
    """The sum of scores."""
    scores = list(scores)
    names = ("vehicles", "right", "doubles", "wrong", "unread", "missing", "reads")
    return Score(name, **{key: sum(getattr(score, key) for score in scores) for key in names})


def report(scores: Sequence[Score]) -> Score:
    """Print the scores clip by clip with what was missed, and give their sum."""
    summary = total(scores)
    for each in [*scores, summary]:
        print(each.row())
        for note in each.notes:
            print(f"    {note}")
    return summary


def score(clip: str, truth: Sequence[VehicleTruth], said: Sequence[Said]) -> Score:
    """Compare what the product said about a clip with the truth.

    A read belongs to the vehicle in view whose very text it has, else to the one it is a misread of.
    """
    result = Score(clip)
    reads = [s for s in said if s.plate is not None]
    ledger = [s for s in said if s.plate is None]
    result.reads, result.unread = len(reads), len(ledger)
    exact = [next((v for v in truth if v.text == read.text and read.overlaps(v)), None) for read in reads]
    near = [None if own else _misread_of(read, truth) for read, own in zip(reads, exact, strict=True)]
    unused = list(ledger)
    for vehicle in truth:
        mine = sum(own is vehicle for own in exact)
        misread = [read for read, own in zip(reads, near, strict=True) if own is vehicle]
        if mine:
            result.doubles += mine - 1 + len(misread)
        else:
            result.wrong += len(misread)
        entry = None if mine or misread else max(unused, key=lambda s: s.shared(vehicle), default=None)
        if entry is not None and entry.shared(vehicle) < LEDGER_SHARE:
            entry = None
        if entry is not None:
            unused.remove(entry)
        _judge(result, vehicle, mine, misread, entry)
    strangers = [read for read, a, b in zip(reads, exact, near, strict=True) if a is None and b is None]
    result.wrong += len(strangers)
    result.notes += [f"nobody's: a read of frames {s.first_frame}-{s.last_frame}" for s in strangers]
    return result


def _misread_of(read: Said, truth: Sequence[VehicleTruth]) -> VehicleTruth | None:
    """The vehicle in view that the read resembles most."""
    alike = [(similarity(read.text, vehicle.text), vehicle) for vehicle in truth if read.overlaps(vehicle)]
    best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] >= MISREAD else None


def _judge(result: Score, vehicle: VehicleTruth, mine: int, misread: Sequence[Said], entry: Said | None) -> None:
    """Count one vehicle and note what is wrong with it."""
    once = mine == 1 and not misread
    if vehicle.widest_px < READABLE_PX:
        return
    result.vehicles += 1
    result.right += once
    if once:
        return
    if not mine and not misread and entry is None:
        result.missing += 1
    what = [f"{mine} times right"] * bool(mine) + ["misread"] * len(misread)
    what += [str(entry.reason)] if entry is not None else []
    night = " night" if vehicle.night else ""
    result.notes.append(
        f"missed: {vehicle.way}{night} {vehicle.widest_px:.0f} px {vehicle.region} "
        f"frames {vehicle.first_frame}-{vehicle.last_frame}: {', '.join(what) or 'NOTHING'}"
    )
