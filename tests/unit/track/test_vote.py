"""The vote: right text over wrong frames, calibrated growth of confidence."""

from __future__ import annotations

import numpy as np
import pytest

from npr_edge.read.charset import encode
from npr_edge.track.vote import MAX_BALLOTS, Ballot, Vote, Voter, ballot_weight
from tests.support.passages import PlainResolver, reading

VOTER = Voter(PlainResolver())


def ballots(*votes: tuple[str, float]) -> list[Ballot]:
    return [Ballot(reading(text, sure), text, ballot_weight(sure, 100, cut_off=False)) for text, sure in votes]


@pytest.mark.parametrize(
    ("votes", "winner"),
    [
        ([("AB12CDE", 0.9)], "AB12CDE"),
        ([("AB12CDE", 0.6), ("AB12CDF", 0.5), ("AB12CDE", 0.6)], "AB12CDE"),
        ([("AB12CDF", 0.95), ("AB12CDE", 0.4), ("AB12CDE", 0.35)], "AB12CDF"),
        ([("AB12CDE", 0.8), ("B12CDE", 0.4), ("AB12CDE", 0.8)], "AB12CDE"),
    ],
    ids=["one", "majority", "one sure beats two weak", "a lost character"],
)
def test_winner(votes: list[tuple[str, float]], winner: str) -> None:
    assert VOTER.resolve(ballots(*votes)).text == winner


def test_agreement_raises_confidence_but_never_to_certainty() -> None:
    one = VOTER.resolve(ballots(("AB12CDE", 0.8))).confidence
    two = VOTER.resolve(ballots(*[("AB12CDE", 0.8)] * 2)).confidence
    many = VOTER.resolve(ballots(*[("AB12CDE", 0.8)] * 20)).confidence
    assert one == pytest.approx(0.8)
    assert one < two < many < 1.0


def test_disagreement_lowers_confidence() -> None:
    assert VOTER.resolve(ballots(("AB12CDE", 0.8), ("XY99ZZZ", 0.8))).confidence < 0.6


def test_the_second_best_of_every_frame_can_win() -> None:
    votes = [
        Ballot(reading("AB12CDE", 0.45, [("AB12CDF", 0.4)]), "AB12CDE", 1.0),
        Ballot(reading("AX12CDF", 0.45, [("AB12CDF", 0.4)]), "AX12CDF", 1.0),
    ]
    assert VOTER.resolve(votes).text == "AB12CDF"


def test_characters_win_where_every_frame_is_wrong_elsewhere() -> None:
    votes = []
    for place, wrong in enumerate("8XF", start=1):
        text = "AB12CDE"[:place] + wrong + "AB12CDE"[place + 1 :]
        frame = reading(text, 0.5)
        frame.slots[place] = 0.0
        frame.slots[place, encode(wrong)[0]], frame.slots[place, encode("AB12CDE"[place])[0]] = 0.55, 0.45
        votes.append(Ballot(frame, text, 1.0))
    assert VOTER.resolve(votes).text == "AB12CDE"


def test_a_garbled_frame_does_not_bury_a_sure_one() -> None:
    assert VOTER.resolve(ballots(("AB12CDE", 0.95), ("B12CDEE", 0.3))).confidence > 0.6


def test_fused_slots_are_distributions() -> None:
    fused = VOTER.fuse(ballots(("AB12CDE", 0.8), ("AB12CDF", 0.5)))
    assert np.allclose(fused.slots.sum(axis=1), 1.0, atol=1e-5)
    assert sum(candidate.confidence for candidate in fused.candidates) <= 1.0
    assert fused.regions[0].region == "gb"


def test_a_parked_car_costs_no_memory() -> None:
    vote = Vote(VOTER)
    for number in range(1000):
        text = f"AB{number % 500:03d}"
        vote.add(Ballot(reading(text, 0.2), text, 0.2))
    assert vote.total == 1000
    assert len(vote.ballots) == MAX_BALLOTS
    assert len(vote.texts) < 500


def test_weights() -> None:
    assert ballot_weight(0.9, 100, cut_off=False) > ballot_weight(0.5, 100, cut_off=False)
    assert ballot_weight(0.9, 100, cut_off=False) > ballot_weight(0.9, 40, cut_off=False)
    assert ballot_weight(0.9, 100, cut_off=True) < 0.1 * ballot_weight(0.9, 100, cut_off=False)
