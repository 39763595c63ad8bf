from __future__ import annotations

import pytest

from npr_edge.read.charset import ALPHABET, BLANK, CLASSES, SLOTS, decode, encode


def test_every_character_has_one_class_and_the_blank_is_the_last() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 36
    assert CLASSES == BLANK + 1 == 37


@pytest.mark.parametrize("text", ["", "A", "AB12CDE", "0O1I8B", "ABCDEFGHIJKL"])
def test_a_text_comes_back_from_its_classes(text: str) -> None:
    codes = encode(text)

    assert len(codes) == SLOTS
    assert codes[len(text) :] == [BLANK] * (SLOTS - len(text))
    assert decode(codes) == text


def test_blanks_are_left_out_wherever_they_stand() -> None:
    assert decode([BLANK, *encode("AB")[:2], BLANK, encode("C")[0]]) == "ABC"


@pytest.mark.parametrize(("text", "message"), [("A" * 13, "13 characters"), ("ab", "'a'"), ("A B", "' '"), ("Ä1", "Ä")])
def test_what_does_not_fit_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode(text)
