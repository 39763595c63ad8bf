"""Follows the plates of one camera from frame to frame and says when each has been read, or why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from npr_edge.domain import Frame, PlateResult, Sighting
from npr_edge.geometry import Box
from npr_edge.settings import CameraSettings, TrackSettings
from npr_edge.track import zones
from npr_edge.track.association import Seen, associate
from npr_edge.track.memory import Memory, Read, is_scrap
from npr_edge.track.text import is_part, similarity
from npr_edge.track.track import Track
from npr_edge.track.verdict import is_final_early, is_final_late, is_read, why_unread
from npr_edge.track.vote import Voter

MIN_MISSES = 2
"""Looks without the plate before it counts as gone, however slow the looks are."""

STRONG_SCORE = 0.6
"""Score at which a plate that was seen in one frame alone enters the ledger."""

PREVIEW_CONFIDENCE = 0.5

FRAGMENT_S = 2.0
FRAGMENT_SIMILARITY = 0.5
"""An unread scrap of a text that was read so shortly before or after, and that shares this much of it,
is a piece of that passage."""


@dataclass(slots=True)
class Tally:
    """What never became a sighting, for the metrics."""

    false_alarms: int = 0
    merged: int = 0
    fragments: int = 0


class Tracker:
    """The tracks of one camera; one thread at a time."""

    def __init__(
        self, camera: CameraSettings, settings: TrackSettings, voter: Voter, new_id: Callable[[], str]
    ) -> None:
        self._camera = camera
        self._settings = settings
        self._voter = voter
        self._new_id = new_id
        self._tracks: list[Track] = []
        self._memory = Memory(camera.reappear_s)
        self.tally = Tally()

    @property
    def busy(self) -> bool:
        """Whether frames are needed although nothing moves: some vehicle is still being voted on or moving."""
        return any(not self._is_settled(track) for track in self._tracks)

    @property
    def in_view(self) -> int:
        """Plates that are being followed."""
        return len(self._tracks)

    def update(self, frame: Frame, results: Sequence[PlateResult]) -> list[Sighting]:
        """Take in the plates of a frame that was looked at.

        Args:
            frame: The frame; its monotonic time never goes back.
            results: The plates found in it, corners in frame pixels.

        Returns:
            Previews, final sightings and closing words, in this order of time.
        """
        height, width = frame.image.shape[:2]
        results = [result for result in results if self._counts(result, (width, height))]
        seen = [Seen(r.detection.quad, r.plate.text, r.plate.confidence) for r in results]
        pairs = associate([track.known() for track in self._tracks], seen, frame.monotonic_s)
        for i, track in enumerate(self._tracks):
            if i in pairs:
                track.add(frame, results[pairs[i]], self._camera, self._settings)
            else:
                track.misses += 1
        for j in sorted(set(range(len(results))) - set(pairs.values())):
            self._start(frame, results[j])
        sightings = [sighting for track in self._tracks for sighting in self._speak(track)]
        return sightings + self._drop_lost(frame.monotonic_s, Box(0, 0, width, height))

    def close(self) -> list[Sighting]:
        """End all tracks: the clip is over, the camera is gone or the daemon stops."""
        ended, self._tracks = self._tracks, []
        return self._end_all(ended)

    def _counts(self, result: PlateResult, size: tuple[int, int]) -> bool:
        quad = result.detection.quad
        if quad.width < self._camera.min_plate_width * size[0]:
            return False
        return zones.counts(quad, size, self._camera.zones, self._camera.masks)

    def _start(self, frame: Frame, result: PlateResult) -> None:
        track = Track(self._new_id(), frame, result, self._voter)
        track.add(frame, result, self._camera, self._settings)
        self._tracks.append(track)

    def _speak(self, track: Track) -> list[Sighting]:
        """What the newest frame makes sayable about a track in view."""
        outcome = track.vote.outcome()
        if track.decided or track.misses or outcome is None:
            return []
        late = track.last.monotonic_s - track.first.monotonic_s >= self._settings.max_delay_s
        final = is_final_early(outcome, track.clean, self._settings) and not self._is_close_to_another(track)
        if final or (late and is_final_late(outcome, track.clean, self._settings)):
            return [replace(sighting, in_view=True) for sighting in self._decide(track)]
        sure = outcome.plate.fits_grammar and outcome.plate.confidence >= PREVIEW_CONFIDENCE and track.clean > 0
        if self._settings.preview and sure and not track.previewed and self._double(track) is None:
            return [track.preview(self._camera.id, outcome.plate)]
        return []

    def _decide(self, track: Track) -> list[Sighting]:
        """End the vote of a track with a read, unless it is a second look at an earlier one."""
        outcome = track.vote.outcome()
        assert outcome is not None
        double = self._double(track)
        if double is not None:
            self.tally.merged += 1
            track.attach(double)
            return []
        track.read = outcome.plate
        self._memory.add(track.remember())
        return [track.sighting(self._camera.id, outcome.plate, None)]

    def _double(self, track: Track) -> Read | None:
        outcome = track.vote.outcome()
        if outcome is None:
            return None
        return self._memory.same_vehicle(outcome, track.sight)

    def _is_close_to_another(self, track: Track) -> bool:
        """Whether only further frames can tell a misread of an earlier vehicle from a neighbouring number."""
        double, outcome = self._double(track), track.vote.outcome()
        return double is not None and outcome is not None and double.text != outcome.plate.text

    def _drop_lost(self, at_s: float, frame: Box) -> list[Sighting]:
        kept: list[Track] = []
        lost: list[Track] = []
        for track in self._tracks:
            (lost if self._is_lost(track, at_s, frame) else kept).append(track)
        self._tracks = kept
        return self._end_all(lost)

    def _end_all(self, tracks: list[Track]) -> list[Sighting]:
        """Last words, the longest tracks first: a scrap is known by the plate that it is part of."""
        ordered = sorted(tracks, key=lambda track: -track.hits)
        return [sighting for track in ordered for sighting in self._end(track)]

    def _is_lost(self, track: Track, at_s: float, frame: Box) -> bool:
        if track.misses < MIN_MISSES:
            return False
        return at_s - track.last.monotonic_s >= self._settings.lost_s or track.motion.has_left(at_s, frame)

    def _is_settled(self, track: Track) -> bool:
        """Whether nothing more is to be learnt from looking at a still picture of this track."""
        waited = track.last.monotonic_s - track.first.monotonic_s >= self._settings.max_delay_s
        return track.is_still and not track.misses and (track.decided or waited)

    def _end(self, track: Track) -> list[Sighting]:
        """The last word on a track that has left."""
        if track.doubles is not None:
            return []
        if track.read is not None:
            return [replace(track.sighting(self._camera.id, track.read, None), closing=True)]
        if not track.previewed and self._is_part_of_one_in_view(track):
            self.tally.fragments += 1
            return []
        outcome = track.vote.outcome()
        if outcome is not None and is_read(outcome, track.clean, self._settings):
            return self._decide(track)
        if not track.previewed and not self._is_real(track):
            self.tally.false_alarms += 1
            return []
        if not track.previewed and self._is_fragment(track):
            self.tally.fragments += 1
            return []
        return [track.sighting(self._camera.id, None, why_unread(outcome, track.looks, self._settings))]

    def _is_real(self, track: Track) -> bool:
        """Whether a plate was there at all: seen twice, or once without doubt."""
        if track.top_score < self._settings.min_score:
            return False
        if track.top_score >= STRONG_SCORE:
            return True
        # What never moves, is never whole and never clear is a sign or a window at the border of the picture.
        return track.hits >= 2 and not (track.clean == 0 and track.is_still)

    def _is_part_of_one_in_view(self, track: Track) -> bool:
        """Whether a track that ends showed a part of a plate that is still being voted on: half hidden for a moment."""
        text, sight = track.known().text, track.sight
        others = [other for other in self._tracks if other.read is None and not other.sight.meets(sight)]
        return any(
            is_part(text, other.known().text) and is_scrap(text, sight, other.known().text, other.sight)
            for other in others
        )

    def _is_fragment(self, track: Track) -> bool:
        """Whether an unread track is a scrap of a passage that was read: cut by the border, half hidden."""
        outcome = track.vote.outcome()
        text = outcome.plate.text if outcome is not None else ""
        for read in self._memory.reads_since(track.first.monotonic_s - FRAGMENT_S):
            near = read.sight.last.quad.hull().iou(track.motion.quad.hull()) > 0
            if is_part(text, read.text) or similarity(text, read.text) >= FRAGMENT_SIMILARITY:
                return True
            # What was never whole and begins beside a vehicle just read is the rest of its plate at the border.
            if near and (track.hits <= 2 or track.clean == 0):
                return True
        return False
