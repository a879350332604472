"""Wrong answers slow down whoever gives them, and nobody else."""

import pytest

from stagedoor.access import is_loopback
from stagedoor.access.throttle import CEILING_S, FIRST_DELAY_S, LOCAL_CEILING_S, Throttle

FAR = "198.51.100.7"
LOCAL = "127.0.0.1"


def fail(throttle: Throttle, address: str, now: float) -> float:
    """A wrong answer that waits as long as it has to; returns the moment when it was acted on."""
    delay = throttle.judge(address, now, is_right=False)
    assert delay is not None
    if delay:
        throttle.waited(address)
    return now + delay


def test_a_right_answer_is_not_delayed() -> None:
    assert Throttle().judge(FAR, 0.0, is_right=True) == 0


def test_the_first_wrong_answer_is_not_delayed() -> None:
    assert Throttle().judge(FAR, 0.0, is_right=False) == 0


def test_each_wrong_answer_doubles_the_delay_of_the_next_up_to_a_ceiling() -> None:
    throttle, now, delays = Throttle(), 0.0, []
    for _ in range(12):
        acted = fail(throttle, FAR, now)
        delays.append(acted - now)
        now = acted
    assert delays == [0, 0.25, 0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert FIRST_DELAY_S == 0.25
    assert CEILING_S == 30


def test_who_waits_before_answering_is_not_delayed() -> None:
    throttle = Throttle()
    fail(throttle, FAR, 0.0)
    assert throttle.judge(FAR, 0.25, is_right=False) == 0
    assert throttle.judge(FAR, 0.5, is_right=False) == pytest.approx(0.25)


def test_from_elsewhere_right_and_wrong_wait_alike() -> None:
    throttle, twin = Throttle(), Throttle()
    for each in (throttle, twin):
        fail(each, FAR, 0.0)
    assert throttle.judge(FAR, 0.0, is_right=True) == twin.judge(FAR, 0.0, is_right=False) == 0.25


def test_a_right_answer_begins_anew() -> None:
    throttle, now = Throttle(), 0.0
    for _ in range(6):
        now = fail(throttle, FAR, now)
    assert throttle.judge(FAR, now + 60, is_right=True) == 0
    fail(throttle, FAR, now + 60)
    assert throttle.judge(FAR, now + 60, is_right=False) == 0.25


def test_on_this_machine_a_right_answer_never_waits() -> None:
    throttle, now = Throttle(), 0.0
    for _ in range(20):
        now = fail(throttle, LOCAL, now)
        assert throttle.judge(LOCAL, now, is_right=True) == 0
    for _ in range(50):
        throttle.judge(LOCAL, now, is_right=False)
    assert throttle.judge("::1", now, is_right=True) == 0


def test_on_this_machine_a_right_answer_excuses_no_wrong_ones() -> None:
    throttle, now = Throttle(), 0.0
    for _ in range(4):
        now = fail(throttle, LOCAL, now)
    throttle.judge(LOCAL, now, is_right=True)
    assert throttle.judge(LOCAL, now, is_right=False) == 2


def test_on_this_machine_the_delay_stays_bearable() -> None:
    throttle, now, longest = Throttle(), 0.0, 0.0
    for _ in range(20):
        acted = fail(throttle, LOCAL, now)
        longest, now = max(longest, acted - now), acted
    assert longest == LOCAL_CEILING_S < CEILING_S


def test_one_address_does_not_slow_another() -> None:
    throttle = Throttle()
    for _ in range(5):
        throttle.judge(FAR, 0.0, is_right=False)
    assert throttle.judge("198.51.100.8", 0.0, is_right=False) == 0
    assert throttle.judge(LOCAL, 0.0, is_right=False) == 0


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("127.0.0.1", "::1"),
        ("127.0.0.1", "127.8.9.10"),
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("198.51.100.7", "::ffff:198.51.100.7"),
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_addresses_that_are_one_place(one: str, same: str) -> None:
    throttle = Throttle()
    fail(throttle, one, 0.0)
    assert throttle.judge(same, 0.0, is_right=False) == 0.25
    assert len(throttle) == 1


def test_networks_next_to_each_other_are_two_places() -> None:
    throttle = Throttle()
    fail(throttle, "2001:db8:0:1::1", 0.0)
    assert throttle.judge("2001:db8:0:2::1", 0.0, is_right=False) == 0


def test_few_answers_of_one_address_wait_at_a_time() -> None:
    throttle = Throttle()
    delays = [throttle.judge(FAR, 0.0, is_right=False) for _ in range(30)]
    assert delays[0] == 0
    assert sum(delay is not None and delay > 0 for delay in delays) == 8
    assert delays[9:] == [None] * 21
    assert throttle.judge(FAR, 0.0, is_right=True) is None
    throttle.waited(FAR)
    assert throttle.judge(FAR, 0.0, is_right=False) is not None


def test_ten_thousand_addresses_take_little_memory() -> None:
    throttle = Throttle()
    for number in range(10_000):
        throttle.judge(f"10.{number >> 8}.{number & 255}.1", float(number), is_right=False)
    assert len(throttle) <= 1024


def test_a_crowd_of_others_makes_nobody_forget_an_address_that_goes_on() -> None:
    throttle, now = Throttle(), 0.0
    for number in range(5000):
        throttle.judge(f"10.{number >> 8}.{number & 255}.1", now, is_right=False)
        if number % 500 == 0:
            now = fail(throttle, FAR, now)
    assert throttle.judge(FAR, now, is_right=False) == 30


def test_an_address_that_was_quiet_for_long_is_forgiven() -> None:
    throttle, now = Throttle(), 0.0
    for _ in range(8):
        now = fail(throttle, FAR, now)
    fail(throttle, FAR, now + 601)
    assert throttle.judge(FAR, now + 601, is_right=False) == 0.25


def test_what_is_no_address_is_a_place_of_its_own() -> None:
    throttle = Throttle()
    fail(throttle, "a unix socket", 0.0)
    assert throttle.judge("a unix socket", 0.0, is_right=False) == 0.25
    assert throttle.judge("another", 0.0, is_right=False) == 0


def test_waiting_that_nobody_began_changes_nothing() -> None:
    throttle = Throttle()
    throttle.waited(FAR)
    assert throttle.judge(FAR, 0.0, is_right=True) == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"])
def test_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "fe80::1%lo", "localhost", ""])
def test_what_is_not_loopback(address: str) -> None:
    assert not is_loopback(address)
