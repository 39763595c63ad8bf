"""The alphabet of the reader and the coding of texts as fixed slots; pure.

A text fills the slots from the left in reading order (the top line of a two-line plate first); every slot after
its end holds the blank.
"""

from __future__ import annotations

from collections.abc import Sequence

from npr_edge.domain import ALPHABET

__all__ = ["ALPHABET", "BLANK", "CLASSES", "SLOTS", "decode", "encode"]

BLANK = len(ALPHABET)
"""The class of an empty slot."""

CLASSES = len(ALPHABET) + 1
"""Number of classes of a slot, the blank included."""

SLOTS = 12
"""Most characters of a text."""

_CODES = {character: code for code, character in enumerate(ALPHABET)}


def encode(text: str) -> list[int]:
    """Class of each of the ``SLOTS`` slots for ``text``.

    Raises:
        ValueError: The text is longer than the slots or has a character outside ``ALPHABET``.
    """
    if len(text) > SLOTS:
        raise ValueError(f"a text of {len(text)} characters does not fit {SLOTS} slots")
    try:
        codes = [_CODES[character] for character in text]
    except KeyError as error:
        raise ValueError(f"character {error.args[0]!r} is not one of {ALPHABET}") from None
    return codes + [BLANK] * (SLOTS - len(codes))


def decode(codes: Sequence[int]) -> str:
    """The text of a row of classes; blanks are left out wherever they stand."""
    return "".join(ALPHABET[code] for code in codes if code != BLANK)
