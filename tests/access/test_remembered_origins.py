"""Web sites that the owner decided about: one question each, few at a time, and quiet where nobody answers."""

import pytest

from stagedoor.access import (
    Asker,
    AskQueue,
    KnownOrigin,
    Metadata,
    OriginClass,
    OriginPolicy,
    RememberedOrigins,
    Subject,
    Verdict,
)
from stagedoor.access.remembered_origins import _MAX_UNANSWERED, MAX_ORIGINS
from tests.kilovolt.harness import FakeClock

SITE = "https://overlays.example"
OTHER = "https://other.example"


class Desk:
    """Decisions and questions by one clock, and what is heard of them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.asks = AskQueue(self.clock)
        self.changes = 0
        self.shut_out: list[str] = []
        self.decided: list[tuple[str, Verdict]] = []
        self.origins = RememberedOrigins(
            self.clock.time,
            self._note,
            shut_out=self.shut_out.append,
            decided=lambda origin, verdict: self.decided.append((origin, verdict)),
        )

    def _note(self) -> None:
        self.changes += 1

    def ask(self, origin: str = SITE, address: str = "127.0.0.1") -> bool:
        return self.origins.ask(self.asks, origin, Asker(address, origin))

    def answer(self, *, allow: bool, remember: bool = False) -> None:
        assert self.asks.answer(self.asks.open[0].id, allow=allow, remember=remember)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_site_is_asked_about_once_however_often_it_comes(desk: Desk) -> None:
    assert desk.ask()
    for _ in range(100):
        assert not desk.ask()
        desk.clock.advance(1)
    (question,) = desk.asks.open
    assert (question.subject, question.asker.origin) == (Subject.ORIGIN, SITE)


@pytest.mark.parametrize("remember", [True, False])
def test_a_yes_is_remembered_always(desk: Desk, *, remember: bool) -> None:
    desk.ask()
    desk.answer(allow=True, remember=remember)
    assert desk.origins.is_allowed(SITE)
    assert not desk.origins.is_allowed(OTHER)
    assert not desk.ask()
    assert desk.decided == [(SITE, Verdict.REMEMBERED if remember else Verdict.ALLOWED)]


def test_a_no_is_remembered_and_never_asked_again(desk: Desk) -> None:
    desk.ask()
    desk.answer(allow=False)
    assert not desk.origins.is_allowed(SITE)
    desk.clock.advance(1_000_000)
    assert not desk.ask()
    assert [(known.origin, known.is_allowed) for known in desk.origins.stored()] == [(SITE, False)]
    assert desk.shut_out == [SITE]


def test_where_nobody_answers_it_is_quiet_for_a_while(desk: Desk) -> None:
    desk.ask()
    desk.clock.advance(120)
    assert desk.asks.open == []
    assert desk.origins.stored() == []
    assert desk.decided == [(SITE, Verdict.EXPIRED)]
    desk.clock.advance(599)
    assert not desk.ask()
    desk.clock.advance(2)
    assert desk.ask()


def test_a_decision_takes_its_question_back(desk: Desk) -> None:
    desk.ask()
    (question,) = desk.asks.open
    desk.origins.decide(SITE, allow=True)
    assert desk.asks.open == []
    assert not desk.asks.answer(question.id, allow=False)
    assert desk.origins.is_allowed(SITE)
    assert desk.origins.forget(SITE)
    assert desk.ask(), "and it can be asked about again"


def test_who_may_not_be_here_any_more_is_shut_out(desk: Desk) -> None:
    desk.origins.decide(SITE, allow=True)
    desk.origins.decide(OTHER, allow=True)
    assert desk.shut_out == []
    desk.origins.decide(SITE, allow=False)
    assert desk.shut_out == [SITE]
    assert desk.origins.forget(OTHER)
    assert desk.shut_out == [SITE, OTHER]
    assert not desk.origins.forget(OTHER)
    assert desk.shut_out == [SITE, OTHER]


def test_other_decisions_shut_out_whom_they_do_not_let_in(desk: Desk) -> None:
    for origin in (SITE, OTHER, "https://third.example"):
        desk.origins.decide(origin, allow=True)
    changes = desk.changes
    desk.origins.replace(
        [
            KnownOrigin(made_at=0.0, origin=SITE, is_allowed=True),
            KnownOrigin(made_at=0.0, origin=OTHER, is_allowed=False),
        ]
    )
    assert set(desk.shut_out) == {OTHER, "https://third.example"}
    assert desk.changes == changes


def test_there_are_few_questions_at_a_time_and_a_minute(desk: Desk) -> None:
    assert [desk.ask(f"https://{number}.example") for number in range(5)] == [True] * 3 + [False] * 2
    for _ in range(3):
        desk.answer(allow=False)
    assert [desk.ask(f"https://{number}.example") for number in range(10, 15)] == [True] * 3 + [False] * 2
    for _ in range(3):
        desk.answer(allow=False)
    assert not desk.ask(), "six were asked in this minute"
    desk.clock.advance(61)
    assert desk.ask(), "what was not asked for want of room is asked later"


def test_questions_about_sites_do_not_crowd_out_others(desk: Desk) -> None:
    for number in range(10):
        desk.ask(f"https://{number}.example")
    for number in range(5):
        desk.asks.put(Asker(f"198.51.100.{number}"), Metadata(), lambda answer: None)
    for number in range(2):
        desk.asks.put(Asker(f"203.0.113.{number}"), Metadata(), lambda answer: None, Subject.DEVICE)
    assert len(desk.asks) == 3 + 5 + 2


def test_ten_thousand_hostile_sites_take_little_memory(desk: Desk) -> None:
    for number in range(10_000):
        desk.ask(f"https://{number}.example")
        desk.clock.advance(21)
    assert desk.origins.stored() == []
    assert len(desk.origins._unanswered) <= _MAX_UNANSWERED
    assert len(desk.origins._questions) <= 10
    assert len(desk.asks) <= 3
    assert len(desk.asks._histories) <= 1024


def test_there_is_room_for_a_fixed_number_of_decisions(desk: Desk) -> None:
    for number in range(MAX_ORIGINS + 10):
        desk.origins.decide(f"https://{number}.example", allow=True)
        desk.clock.advance(1)
    assert len(desk.origins.stored()) == MAX_ORIGINS
    assert not desk.origins.is_allowed("https://0.example")
    assert desk.origins.is_allowed(f"https://{MAX_ORIGINS}.example")


@pytest.mark.parametrize("origin", ["chrome-extension://abc", "app://obsidian.md", "tauri://localhost"])
def test_applications_that_show_pages_are_asked_about_too(desk: Desk, origin: str) -> None:
    asks: list[bool] = []
    policy = OriginPolicy(
        is_remembered=desk.origins.is_allowed,
        is_refused=desk.origins.is_refused,
        ask=lambda origin, asker: asks.append(desk.ask(origin)),
    )
    policy.refused(origin, Asker("127.0.0.1", origin))
    assert asks == [True]
    desk.answer(allow=True)
    assert policy.classify(origin) is OriginClass.LET_IN
    desk.origins.decide(origin, allow=False)
    assert policy.classify(origin) is OriginClass.FOREIGN


@pytest.mark.parametrize(
    "origin", ["https://a.example/path", "data://x", "null", "", "https://a b", "\0", "x" * 10_000]
)
def test_what_no_browser_sends_is_not_asked_about(origin: str) -> None:
    policy = OriginPolicy(ask=lambda origin, asker: _must_not(origin))
    policy.refused(origin, Asker("127.0.0.1", origin))


def _must_not(origin: str) -> None:
    pytest.fail(f"asked about {origin!r}")
