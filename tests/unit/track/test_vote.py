"""The vote: right text over wrong frames, calibrated growth of confidence."""

from __future__ import annotations

import numpy as np
import pytest

from npr_edge.domain import PlateReading
from npr_edge.read.charset import encode
from npr_edge.track.vote import MAX_BALLOTS, Ballot, Vote, Voter
from tests.support.passages import PlainResolver, plate, reading

VOTER = Voter(PlainResolver())


def ballots(*votes: tuple[str, float]) -> list[Ballot]:
    return [ballot(text, sure) for text, sure in votes]


def ballot(text: str, sure: float, width: float = 100.0, *, cut_off: bool = False) -> Ballot:
    return Ballot.cast(plate(text, (300, 300), width=width, confidence=sure), cut_off=cut_off)


def of(read: PlateReading) -> Ballot:
    resolved = PlainResolver().resolve(read)
    return Ballot(read, resolved, 0.2 + 0.8 * resolved.confidence, 1.0, sure=False)


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
        of(reading("AB12CDE", 0.45, [("AB12CDF", 0.4)])),
        of(reading("AX12CDF", 0.45, [("AB12CDF", 0.4)])),
    ]
    assert VOTER.resolve(votes).text == "AB12CDF"


def test_characters_win_where_every_frame_is_wrong_elsewhere() -> None:
    votes = []
    for place, wrong in enumerate("8XF", start=1):
        text = "AB12CDE"[:place] + wrong + "AB12CDE"[place + 1 :]
        frame = reading(text, 0.5)
        frame.slots[place] = 0.0
        frame.slots[place, encode(wrong)[0]], frame.slots[place, encode("AB12CDE"[place])[0]] = 0.55, 0.45
        votes.append(of(frame))
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
        vote.add(ballot(text, 0.2))
    assert vote.total == 1000
    assert len(vote.ballots) == MAX_BALLOTS
    assert len(vote.texts) < 500


def test_weights() -> None:
    whole = ballot("AB12CDE", 0.9)
    assert whole.weight > ballot("AB12CDE", 0.5).weight
    assert whole.weight > ballot("AB12CDE", 0.9, width=40).weight
    assert ballot("AB12CDE", 0.9, cut_off=True).weight < 0.1 * whole.weight


def test_sure_frames() -> None:
    """An early end asks for frames that are sure, wide enough and whole."""
    vote = Vote(VOTER)
    for sure, width, cut_off in ((0.9, 100, False), (0.5, 100, False), (0.9, 40, False), (0.9, 100, True)):
        vote.add(ballot("AB12CDE", sure, width, cut_off=cut_off))
    outcome = vote.outcome()
    assert outcome is not None
    assert (outcome.agreeing, outcome.sure, outcome.total) == (4, 1, 4)


def test_a_rival_takes_sure_frames_away() -> None:
    vote = Vote(VOTER)
    for text in ("AB12MDE", "AB12NDE", "AB12MDE", "AB12MDE"):
        vote.add(ballot(text, 0.9))
    outcome = vote.outcome()
    assert outcome is not None
    assert (outcome.plate.text, outcome.sure) == ("AB12MDE", 1)


def test_bad_frames_that_hold_a_text_possible_support_it() -> None:
    """A frame that leaves nearly everything open says nothing against a text that another frame is sure of."""
    sure = ballot("AB12CDE", 0.9)
    vague = of(reading("XB1ZCDE", 0.06, [("AB12CDE", 0.05)]))
    assert VOTER.resolve([sure, vague, vague]).confidence >= VOTER.resolve([sure]).confidence


def test_a_standing_plate_is_one_witness() -> None:
    """The same picture twenty times is hardly more than once; on the move it is."""
    at = [plate("AB12CDE", (300 + 40 * step, 300), confidence=0.4) for step in range(20)]
    standing = [Ballot.cast(at[0], cut_off=False, before=at[0].detection.quad if step else None) for step in range(20)]
    quads = [None, *(each.detection.quad for each in at)]
    moving = [Ballot.cast(each, cut_off=False, before=quads[step]) for step, each in enumerate(at)]
    assert VOTER.resolve(standing).confidence < 0.6
    assert VOTER.resolve(moving).confidence > 0.9


def test_a_standing_plate_is_read_by_its_best_frames() -> None:
    """Even when the first, hidden or dark, was bad: the others show the same picture, but not the first one."""
    quad = plate("AB12CDE", (300, 300)).detection.quad
    frames = [("A812COE", 0.3), *[("AB12CDE", 0.9)] * 5]
    votes = [
        Ballot.cast(plate(text, (300, 300), confidence=sure), cut_off=False, before=quad if step else None)
        for step, (text, sure) in enumerate(frames)
    ]
    voted = VOTER.resolve(votes)
    assert voted.text == "AB12CDE"
    assert voted.confidence > 0.8
