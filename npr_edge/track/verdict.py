"""When a vote is a read, and why it is none."""

from __future__ import annotations

from dataclasses import dataclass

from npr_edge.domain import UnreadReason
from npr_edge.settings import TrackSettings
from npr_edge.track.vote import Outcome

SHORTEST_FREE_TEXT = 4
"""Texts that fit no grammar need this many characters: shorter ones are mostly signs and stickers."""

SHORTEST_EARLY_TEXT = 5
"""Shorter texts wait for the end of the passage: many are the part of a plate that another vehicle does not hide."""

FREE_TEXT_SHARE = 0.4
"""Share of the frames that must agree on a text that fits no grammar: a lost character fits none, either."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What the frames of a track were like.

    Attributes:
        clean: Frames in which the whole plate was inside the picture.
        widest_px: Largest plate width, pixels.
        sharpness: Sharpness of the best frame's plate.
    """

    clean: int
    widest_px: float
    sharpness: float


def is_read(outcome: Outcome, clean: int, settings: TrackSettings) -> bool:
    """Whether the vote stands for a read when the vehicle has left."""
    plate = outcome.plate
    if clean == 0 or not plate.text:
        return False
    if not plate.fits_grammar and len(plate.text) < SHORTEST_FREE_TEXT:
        return False
    if outcome.agreeing >= settings.min_agreeing and plate.fits_grammar:
        return plate.confidence >= settings.min_confidence
    if not plate.fits_grammar and outcome.agreeing < FREE_TEXT_SHARE * outcome.total:
        return False
    return plate.confidence >= settings.single_confidence


def is_final_early(outcome: Outcome, clean: int, settings: TrackSettings) -> bool:
    """Whether enough frames agree, each of them sure, to end the vote while the vehicle is in view."""
    if len(outcome.plate.text) < SHORTEST_EARLY_TEXT:
        return False
    enough = outcome.sure >= settings.min_agreeing and clean >= settings.min_agreeing
    return enough and outcome.plate.confidence >= settings.early_confidence and is_read(outcome, clean, settings)


def is_final_late(outcome: Outcome, clean: int, settings: TrackSettings) -> bool:
    """Whether the vote is good enough to end when ``max_delay_s`` is over and the vehicle still in view."""
    return outcome.agreeing >= settings.min_agreeing and is_read(outcome, clean, settings)


def why_unread(outcome: Outcome | None, looks: Looks, settings: TrackSettings) -> UnreadReason:
    """The reason for the ledger, the most physical first: what the camera's owner can change."""
    if looks.clean == 0:
        return UnreadReason.CUT_OFF
    if looks.widest_px < settings.min_plate_width_px:
        return UnreadReason.TOO_SMALL
    if looks.sharpness < settings.min_sharpness:
        return UnreadReason.BLURRED
    if outcome is None:
        return UnreadReason.LOW_CONFIDENCE
    if outcome.total >= settings.min_agreeing > outcome.agreeing:
        return UnreadReason.NO_AGREEMENT
    if not outcome.plate.fits_grammar:
        return UnreadReason.BAD_FORMAT
    return UnreadReason.LOW_CONFIDENCE
