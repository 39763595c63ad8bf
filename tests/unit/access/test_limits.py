"""Windows: exact counts, true ends, clock jumps, restarts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from npr_edge.access import parse_limits
from npr_edge.access.limits import Limiter
from tests.support.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_window_holds_what_it_says_and_then_opens_again(clock: FakeClock) -> None:
    limiter, items = Limiter(clock), parse_limits("3/minute")
    start_s = clock.wall_s()
    told = []
    for _ in range(4):
        told.append(limiter.spend("a", items))
        clock.advance(10)
    assert [answer.allowed for answer in told] == [True, True, True, False]
    assert [answer.remaining for answer in told] == [2, 1, 0, 0]
    assert {answer.reset_s for answer in told} == {int(start_s) + 60}
    assert told[-1].retry_after_s == 30
    clock.advance(19.9)
    assert not limiter.spend("a", items).allowed
    clock.advance(0.2)
    answer = limiter.spend("a", items)
    assert (answer.allowed, answer.remaining) == (True, 2)


def test_identities_do_not_share_windows(clock: FakeClock) -> None:
    limiter, items = Limiter(clock), parse_limits("1/hour")
    assert limiter.spend("a", items).allowed
    assert limiter.spend("b", items).allowed
    assert not limiter.spend("a", items).allowed


def test_the_tightest_of_several_windows_is_told(clock: FakeClock) -> None:
    limiter, items = Limiter(clock), parse_limits("3/minute; 4/day")
    assert limiter.spend("a", items).limit == 3
    limiter.spend("a", items)
    assert limiter.spend("a", items).remaining == 0
    clock.advance(61)
    fourth = limiter.spend("a", items)
    assert (fourth.allowed, fourth.limit, fourth.remaining) == (True, 4, 0)
    refused = limiter.spend("a", items)
    assert (refused.allowed, refused.limit) == (False, 4)
    assert refused.retry_after_s == 86_400 - 61
    clock.advance(61)
    # What the day refused did not eat into the minute.
    assert limiter.look("a", parse_limits("3/minute")).remaining == 3


def test_all_or_nothing(clock: FakeClock) -> None:
    limiter, items = Limiter(clock), parse_limits("5/minute; 100/day")
    assert limiter.spend("a", items, cost=3).remaining == 2
    assert not limiter.spend("a", items, cost=3).allowed
    assert limiter.spend("a", items, cost=2).remaining == 0


def test_exactly_as_many_pass_as_allowed_from_many_threads(clock: FakeClock) -> None:
    limiter, items = Limiter(clock), parse_limits("100/minute; 1000/day")
    barrier = threading.Barrier(50)

    def client() -> int:
        barrier.wait()
        return sum(limiter.spend("a", items).allowed for _ in range(10))

    with ThreadPoolExecutor(50) as pool:
        futures = [pool.submit(client) for _ in range(50)]
        assert sum(future.result() for future in futures) == 100


@pytest.mark.parametrize("seconds", [315_360_000.0, -315_360_000.0, 3600.0, -5.0])
def test_setting_the_clock_moves_the_told_end_and_nothing_else(clock: FakeClock, seconds: float) -> None:
    limiter, items = Limiter(clock), parse_limits("2/minute")
    before = limiter.spend("a", items)
    clock.advance(20)
    clock.jump(seconds)
    after = limiter.spend("a", items)
    assert (after.allowed, after.remaining) == (True, 0)
    assert after.reset_s == before.reset_s + seconds
    assert not limiter.spend("a", items).allowed
    clock.advance(40)
    assert limiter.spend("a", items).allowed


def test_a_slewed_clock_does_not_move_the_told_end(clock: FakeClock) -> None:
    limiter, items = Limiter(clock), parse_limits("9/minute")
    first = limiter.spend("a", items).reset_s
    clock.jump(0.1)
    assert limiter.spend("a", items).reset_s == first


def test_a_restart_goes_on_with_the_window(clock: FakeClock) -> None:
    limiter, items = Limiter(clock), parse_limits("3/minute")
    limiter.spend("a", items, cost=3)
    rows = limiter.changed_rows()
    assert limiter.changed_rows() == []
    clock.advance(30)
    clock.jump(10_000)  # within one boot the wall clock has no say
    after = Limiter(clock)
    after.restore(rows)
    refused = after.spend("a", items)
    assert (refused.allowed, refused.retry_after_s) == (False, 30)
    clock.advance(31)
    assert after.spend("a", items).allowed


@pytest.mark.parametrize(("off_s", "left_s"), [(20.0, 40), (-1_000_000.0, 60), (61.0, 0)])
def test_after_a_boot_the_wall_clock_tells_and_never_prolongs(clock: FakeClock, off_s: float, left_s: int) -> None:
    limiter, items = Limiter(clock), parse_limits("1/minute")
    limiter.spend("a", items)
    rows = limiter.changed_rows()
    clock.reboot(off_s)
    after = Limiter(clock)
    after.restore(rows)
    answer = after.spend("a", items)
    assert answer.allowed == (left_s == 0)
    if left_s:
        assert answer.retry_after_s == left_s


def test_many_addresses_do_not_fill_the_memory(clock: FakeClock) -> None:
    limiter, items = Limiter(clock, most_identities=100), parse_limits("1/hour")
    for number in range(1000):
        assert limiter.spend(str(number), items).allowed
        assert len(limiter._storage.windows) <= 101
    assert not limiter.spend("999", items).allowed
