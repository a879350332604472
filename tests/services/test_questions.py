"""The desk of the questions: what is shown of each kind, on what terms an answer lets in, and what is recorded."""

from collections.abc import Mapping

import msgspec
import pytest

from stagedoor.access import SERVICE, Answer, Asker, AskQueue, Client, Metadata, Scopes, Subject, Verdict
from stagedoor.errors import RequestFailed
from stagedoor.services.questions import Questions
from tests.kilovolt.harness import FakeClock
from tests.services.harness import Desk

FAR = "198.51.100.7"
SITE = "https://overlays.example"


class Office:
    """The desk, a queue, and what was recorded and answered."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.recorded: list[tuple[str, Mapping[str, object]]] = []
        self.answers: list[Answer] = []
        clock = FakeClock()
        self.asks = AskQueue(clock)
        self.service = Questions(
            Client(desk.hub, SERVICE),
            self.asks,
            clock,
            lambda port: None,
            None,
            lambda kind, facts: self.recorded.append((kind, facts)),
        )

    def put(self, scopes: str | None = None, subject: Subject = Subject.APP, origin: str | None = None) -> str:
        metadata = Metadata(name="Wheel", scopes=None if scopes is None else Scopes.parse(scopes))
        return self.asks.put(Asker(FAR, origin), metadata, self.answers.append, subject).id

    async def answer(self, ask_id: str, **members: object) -> None:
        assert await self.desk.ask("stagedoor/@answer-ask", id=ask_id, **{"allow": True, **members}) == {}

    def shown(self) -> list[dict[str, object]]:
        return msgspec.json.decode(self.desk.get("stagedoor/asks"), type=list[dict[str, object]])


@pytest.fixture
async def office(desk: Desk) -> Office:
    return Office(desk)


async def test_each_kind_is_shown_with_what_it_wants(office: Office) -> None:
    office.put("read:a write:a")
    office.put()
    office.put(subject=Subject.ORIGIN, origin=SITE)
    office.put(subject=Subject.DEVICE)
    shown = [(one["kind"], one["scopes"], one["origin"], one["name"]) for one in office.shown()]
    assert shown == [
        ("app", ["read:a", "write:a"], None, "Wheel"),
        ("app", None, None, "Wheel"),
        ("origin", None, SITE, "Wheel"),
        ("device", None, None, "Wheel"),
    ]
    assert [(kind, facts["what"]) for kind, facts in office.recorded] == [
        ("asked", kind) for kind in ("app", "app", "origin", "device")
    ]


@pytest.mark.parametrize(
    ("asked", "answered", "granted"),
    [
        (None, {}, None),
        ("read:a", {}, ["read:a"]),
        ("read:* write:*", {"scopes": ["read:a"]}, ["read:a"]),
        (None, {"scopes": ["read:a", "call:DoAction"]}, ["call:action/@run", "read:a"]),
        ("read:a", {"scopes": ["read:b"]}, ["read:b"]),
        ("read:a", {"scopes": []}, []),
        ("read:a", {"scopes": None}, ["read:a"]),
    ],
)
async def test_the_owner_decides_what_is_granted(
    office: Office, asked: str | None, answered: dict[str, object], granted: list[str] | None
) -> None:
    await office.answer(office.put(asked), **answered)
    (answer,) = office.answers
    scopes = answer.terms.scopes
    assert (None if scopes is None else list(scopes.words)) == granted
    assert (answer.verdict, answer.terms.expires_at) == (Verdict.ALLOWED, None)
    kind, facts = office.recorded[-1]
    told = "everything but secrets" if granted is None else " ".join(granted)
    assert (kind, facts["verdict"], facts["scopes"]) == ("answered", "allowed", told)


async def test_who_is_remembered_may_be_so_until_a_moment(office: Office) -> None:
    await office.answer(office.put("read:a"), remember=True, expires_at_ms=4_000_000_000_000)
    (answer,) = office.answers
    assert (answer.verdict, answer.terms.expires_at) == (Verdict.REMEMBERED, 4_000_000_000.0)
    assert office.recorded[-1][1]["verdict"] == "remembered"


@pytest.mark.parametrize(
    ("subject", "members"),
    [
        (Subject.APP, {"scopes": ["x"]}),
        (Subject.APP, {"scopes": [f"read:{number}" for number in range(65)]}),
        (Subject.APP, {"scopes": "read:a"}),
        (Subject.APP, {"expires_at_ms": 4_000_000_000_000}),
        (Subject.APP, {"expires_at_ms": 5, "remember": True}),
        (Subject.APP, {"expires_at_ms": 253_402_300_799_001, "remember": True}),
        (Subject.APP, {"allow": False, "remember": True}),
        (Subject.ORIGIN, {"scopes": ["read:a"]}),
        (Subject.ORIGIN, {"expires_at_ms": 4_000_000_000_000, "remember": True}),
        (Subject.DEVICE, {"scopes": ["read:a"]}),
        (Subject.DEVICE, {"scopes": []}),
    ],
    ids=str,
)
async def test_an_answer_that_cannot_be_meant_answers_nothing(
    office: Office, subject: Subject, members: dict[str, object]
) -> None:
    ask_id = office.put(subject=subject, origin=SITE if subject is Subject.ORIGIN else None)
    with pytest.raises(RequestFailed):
        await office.answer(ask_id, **members)
    assert office.answers == []
    assert [one["id"] for one in office.shown()] == [ask_id]
    assert [kind for kind, _ in office.recorded] == ["asked"]


async def test_a_no_is_recorded_without_scopes(office: Office) -> None:
    await office.answer(office.put("read:a"), allow=False)
    assert [answer.verdict for answer in office.answers] == [Verdict.DENIED]
    assert office.shown() == []
    kind, facts = office.recorded[-1]
    assert (kind, facts["verdict"]) == ("answered", "refused")
    assert "scopes" not in facts


async def test_a_question_is_recorded_once(office: Office) -> None:
    first = office.put()
    office.put("read:a")
    office.asks.withdraw(first)
    assert [kind for kind, _ in office.recorded] == ["asked", "asked"]
