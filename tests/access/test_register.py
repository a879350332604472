"""What can be shown to get in: how long it holds, what an alteration does, and who leaves when."""

import pytest

from stagedoor.access import NOBODY, Departure, Entry, Register


class Thing(Entry, kw_only=True):
    """An entry that opens what it says."""

    mark: str
    opens: str = ""


class Desk:
    """A register by a clock that is set by hand, and what is heard of it."""

    def __init__(self, most: int = 3) -> None:
        self.now = 1_000.0
        self.changes = 0
        self.left: list[tuple[str, Departure]] = []
        self.register: Register[Thing] = Register(most, lambda thing: thing.mark, lambda: self.now, self._note)

    def _note(self) -> None:
        self.changes += 1

    def add(self, mark: str, *, expires_at: float | None = None) -> Thing:
        thing = Thing(mark=mark, made_at=self.now, expires_at=expires_at)
        self.register.add(thing)
        return thing

    def enter(self, mark: str, name: str) -> bool:
        return self.register.enter(mark, name, lambda departure: self.left.append((name, departure))) is not None

    @property
    def marks(self) -> list[str]:
        return [thing.mark for thing in self.register.stored()]


def test_an_entry_is_good_until_its_end_and_not_at_it() -> None:
    desk = Desk()
    desk.add("a", expires_at=1_010.0)
    desk.now = 1_009.999
    assert desk.register.find("a") is not None
    assert desk.enter("a", "early")
    desk.now = 1_010.0
    assert desk.register.find("a") is None, "before anybody looked for what has expired"
    assert not desk.enter("a", "late")
    assert desk.left == []
    assert [thing.mark for thing in desk.register.expire()] == ["a"]
    assert desk.left == [("early", Departure.EXPIRED)]
    assert desk.marks == []


def test_only_what_has_expired_goes_and_is_told_once() -> None:
    desk = Desk()
    desk.add("a", expires_at=1_010.0)
    desk.add("b", expires_at=1_020.0)
    desk.add("c")
    assert desk.register.next_end == 1_010.0
    for mark in "abc":
        desk.enter(mark, mark)
    changes = desk.changes
    assert desk.register.expire() == []
    assert desk.changes == changes
    desk.now = 1_015.0
    assert [thing.mark for thing in desk.register.expire()] == ["a"]
    assert desk.register.expire() == []
    assert (desk.changes, desk.marks, desk.register.next_end) == (changes + 1, ["b", "c"], 1_020.0)
    desk.now = 1_000_000.0
    desk.register.expire()
    assert desk.left == [("a", Departure.EXPIRED), ("b", Departure.EXPIRED)]
    assert desk.register.next_end is None


def test_who_is_in_by_what_is_altered_comes_in_again() -> None:
    desk = Desk()
    desk.add("a")
    desk.add("b")
    desk.enter("a", "one")
    desk.enter("b", "two")
    desk.register.alter(Thing(mark="a", made_at=1.0, opens="less"))
    assert desk.left == [("one", Departure.CHANGED)]
    found = desk.register.find("a")
    assert found is not None
    assert found.opens == "less"
    assert desk.enter("a", "one")
    desk.register.alter(Thing(mark="a", made_at=1.0, opens="more"))
    assert desk.left == [("one", Departure.CHANGED)] * 2


def test_who_is_in_by_what_is_noted_stays() -> None:
    desk = Desk()
    desk.add("a")
    desk.enter("a", "one")
    changes = desk.changes
    desk.register.note(Thing(mark="a", made_at=1.0, expires_at=2_000.0))
    assert (desk.left, desk.changes, desk.register.next_end) == ([], changes + 1, 2_000.0)


def test_what_is_removed_sends_away_for_the_reason_that_is_given() -> None:
    desk = Desk()
    first, second = desk.add("a"), desk.add("b")
    desk.enter("a", "one")
    desk.enter("b", "two")
    desk.enter("b", "gone")
    desk.register.leave("gone")
    desk.register.remove(first)
    desk.register.remove(second, Departure.RETURNED)
    assert desk.left == [("one", Departure.REVOKED), ("two", Departure.RETURNED)]


def test_another_state_of_things_sends_away_whom_it_does_not_know_or_knows_otherwise() -> None:
    desk = Desk(most=4)
    for mark in "abcd":
        desk.enter(desk.add(mark).mark, mark)
    changes = desk.changes
    desk.register.replace(
        [
            Thing(mark="a", made_at=1_000.0),
            Thing(mark="b", made_at=1_000.0, opens="less"),
            Thing(mark="c", made_at=1_000.0, used_at=5.0),
            Thing(mark="e", made_at=1_000.0),
        ]
    )
    assert dict(desk.left) == {"b": Departure.CHANGED, "d": Departure.REVOKED}
    assert desk.changes == changes, "it is stored already"


def test_there_is_room_for_so_many_and_who_has_to_go_leaves() -> None:
    desk = Desk(most=2)
    for mark in "ab":
        desk.enter(desk.add(mark).mark, mark)
        desk.now += 1
    used = desk.register.find("a")
    assert used is not None
    desk.register.note_use(used)
    desk.now += 1
    desk.add("c")
    assert desk.marks == ["a", "c"]
    assert desk.left == [("b", Departure.REVOKED)]


def test_a_use_is_noted_when_it_is_the_first_or_an_hour_later() -> None:
    desk = Desk()
    thing = desk.add("a")
    changes = desk.changes
    desk.register.note_use(thing)
    assert (thing.used_at, desk.changes) == (1_000.0, changes + 1)
    desk.now += 3_600
    desk.register.note_use(thing)
    assert (thing.used_at, desk.changes) == (1_000.0, changes + 1)
    desk.now += 1
    desk.register.note_use(thing)
    assert (thing.used_at, desk.changes) == (4_601.0, changes + 2)


def test_who_leaves_may_do_as_it_likes_meanwhile() -> None:
    desk = Desk()
    thing = desk.add("a")
    left: list[str] = []

    def leave_and_take_others_along(departure: Departure) -> None:
        left.append("one")
        desk.register.leave("one")
        desk.register.leave("two")

    desk.register.enter("a", "one", leave_and_take_others_along)
    desk.enter("a", "two")
    desk.register.remove(thing)
    assert left == ["one"]
    assert not desk.enter("a", "one")


@pytest.mark.parametrize("departure", Departure)
def test_there_is_no_coming_back_after_what_was_revoked_or_has_expired(departure: Departure) -> None:
    assert departure.is_for_good is (departure in (Departure.REVOKED, Departure.EXPIRED))


def test_an_entry_lets_do_nothing_by_itself() -> None:
    desk = Desk()
    desk.add("a")
    assert desk.register.enter("a", "one", lambda departure: None) is NOBODY
