"""How plates are compared: by their letters and digits alone."""

from __future__ import annotations

import unicodedata

from npr_edge.domain import ALPHABET

_KEPT = frozenset(ALPHABET)


def bare(plate: str) -> str:
    """``plate`` in upper case without anything but A-Z and 0-9: ``ab12 cde`` and ``AB-12-CDE`` are one plate."""
    folded = unicodedata.normalize("NFKD", plate).upper()
    return "".join(character for character in folded if character in _KEPT)
