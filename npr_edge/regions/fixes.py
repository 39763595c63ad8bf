"""Letters and digits that look alike, swapped where the reader itself half believed in the other one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from npr_edge.domain import ALPHABET, PlateReading, TextCandidate

CONFUSABLE = {
    "0": "ODQU",
    "1": "ILT",
    "2": "Z",
    "3": "BJ",
    "4": "A",
    "5": "S",
    "6": "GC",
    "7": "TZY",
    "8": "B",
    "9": "GP",
}
"""Letters by the digit that they are taken for, in the plate lettering of one country or another."""

MIN_SHARE = 0.02
"""Least probability that the reader must give the other character in its slot.

A fix wins where it is likelier than the chance that the plate breaks its region's grammar, 2 to 5 % in most regions
(``fit`` in the grammar file), so what stands below 2 % would hardly ever win; and so far down the tail an int8 softmax
holds only a few quantisation steps."""

MAX_FIXES = 3
"""Most characters changed at once: with more the text would be the grammar's, not the reader's."""

MAX_TEXTS = 24

_OTHERS: dict[str, str] = dict(CONFUSABLE)
for _digit, _letters in CONFUSABLE.items():
    for _letter in _letters:
        _OTHERS[_letter] = _OTHERS.get(_letter, "") + _digit
_CODES = {character: code for code, character in enumerate(ALPHABET)}


def alternatives(reading: PlateReading) -> tuple[TextCandidate, ...]:
    """Texts of the best candidate's length that differ from it in confusable letters and digits alone.

    Their confidence is the best candidate's times the ratio of the slots' probabilities. Empty where the slots do not
    spell the best candidate (a vote over frames may have composed it), since then they say nothing about it.
    """
    best = reading.candidates[0]
    slots = _slots_of(best.text, reading.slots)
    if slots is None:
        return ()
    choices = [_choices(character, row) for character, row in zip(best.text, slots, strict=True)]
    if all(len(choice) == 1 for choice in choices):
        return ()
    known = {candidate.text for candidate in reading.candidates}
    texts = [text for text in _texts(best, choices) if text.text not in known]
    return tuple(sorted(texts, key=lambda text: -text.confidence)[:MAX_TEXTS])


def _slots_of(text: str, slots: NDArray[np.float32]) -> list[NDArray[np.float32]] | None:
    """The rows of ``slots`` that hold the characters of ``text``, or None where they spell another."""
    blank = len(ALPHABET)
    best = slots.argmax(axis=1)
    rows = [row for row, code in zip(slots, best, strict=True) if code != blank]
    spelt = "".join(ALPHABET[int(code)] for code in best if code != blank)
    return rows if spelt == text else None


def _choices(character: str, row: NDArray[np.float32]) -> list[tuple[str, float]]:
    """The character and its look-alikes that the slot allows, each with its ratio to the character."""
    own = max(float(row[_CODES[character]]), 1e-6)
    choices = [(character, 1.0)]
    for other in _OTHERS.get(character, ""):
        share = float(row[_CODES[other]])
        if share >= MIN_SHARE:
            choices.append((other, share / own))
    return choices


def _texts(best: TextCandidate, choices: list[list[tuple[str, float]]]) -> Iterator[TextCandidate]:
    open_places = [place for place, choice in enumerate(choices) if len(choice) > 1]
    for count in range(1, min(MAX_FIXES, len(open_places)) + 1):
        for places in itertools.combinations(open_places, count):
            for picks in itertools.product(*(choices[place][1:] for place in places)):
                characters = list(best.text)
                confidence = best.confidence
                for place, (character, ratio) in zip(places, picks, strict=True):
                    characters[place] = character
                    confidence *= ratio
                yield TextCandidate("".join(characters), min(confidence, 1.0))
