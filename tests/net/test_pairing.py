"""Pairing over real sockets: the page in plain text, all else with TLS, and who gets a pass by it."""

import asyncio
import hashlib
import http.client
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stagedoor.access import Asker, AskQueue, Pairings, Passes, Subject, Throttle
from stagedoor.access.asks import LIFETIME_S
from stagedoor.access.pairing import CODE_LIFETIME_S, COLLECT_S, Attempt
from stagedoor.net import pairing as net_pairing
from stagedoor.net.console import PLAIN_PATHS, ConsolePages, OwnPagesOnly
from stagedoor.net.door import Door
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.redaction import WITHHELD, Redactor
from tests.certificates import Rule
from tests.kilovolt.harness import FakeClock

PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Opened:
    """A console's door with TLS, and a phone that speaks to it from this machine."""

    def __init__(self, rule: Rule) -> None:
        self.clock = FakeClock()
        self.asks = AskQueue(self.clock)
        self.passes = Passes(self.clock.time, lambda: None)
        self.recorded: list[tuple[str, Mapping[str, object]]] = []
        self.pairings = Pairings(
            self.clock,
            self.asks,
            self.passes,
            Throttle(),
            lambda kind, facts: self.recorded.append((kind, facts)),
        )
        self.tls = rule.trusting()
        self.door = Door(
            "console",
            sockets={},
            respond=ConsolePages(
                self.passes,
                private=Path("/nowhere"),
                find_authority=rule.folder.read_authority,
                pairings=self.pairings,
            ).respond,
            turn=Turn(),
            limits=Limits(),
            origins=OwnPagesOnly(),
            tls=rule,
            plain_paths=PLAIN_PATHS,
        )

    async def ask(
        self, method: str, path: str, message: object = None, *, is_plain: bool = False, **headers: Any
    ) -> Answer:
        """Make one request; bytes are sent as they are. A header's ``_`` stands for ``-``."""
        body = message if isinstance(message, bytes) else b"" if message is None else json.dumps(message).encode()
        fields = {"Content-Type": "application/json", "User-Agent": PHONE}
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})

        def run() -> Answer:
            connection = (
                http.client.HTTPConnection("localhost", self.door.port, timeout=10)
                if is_plain
                else http.client.HTTPSConnection("localhost", self.door.port, timeout=10, context=self.tls)
            )
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            got = Answer(answer.status, told, answer.read())
            connection.close()
            return got

        return await asyncio.to_thread(run)

    async def send(self, **message: object) -> Answer:
        """Send what a phone sends."""
        return await self.ask("POST", "/pair", message, Origin=f"https://localhost:{self.door.port}")

    def question(self) -> Any:
        """The one open question."""
        (ask,) = self.asks.open
        return ask


@pytest.fixture(scope="module")
def shared_rule(tmp_path_factory: pytest.TempPathFactory) -> Rule:
    return Rule(tmp_path_factory.mktemp("tls"))


@asynccontextmanager
async def open_door(rule: Rule) -> AsyncIterator[Opened]:
    opened = Opened(rule)
    await opened.door.listen("localhost", 0)
    try:
        yield opened
    finally:
        await opened.door.close()


@pytest.fixture
async def opened(shared_rule: Rule) -> AsyncIterator[Opened]:
    shared_rule.strangers = ()
    async with open_door(shared_rule) as opened:
        yield opened


# --- the page ---


@pytest.mark.parametrize("is_plain", [True, False])
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/pair", "text/html"),
        ("/pair/pair.js", "text/javascript"),
        ("/pair/texts.js", "text/javascript"),
        ("/pair/pair.css", "text/css"),
    ],
)
async def test_a_stranger_gets_the_page_in_plain_text_and_with_tls(
    opened: Opened, shared_rule: Rule, path: str, kind: str, is_plain: bool
) -> None:
    shared_rule.strangers = ("127.0.0.1", "::1")
    answer = await opened.ask("GET", path, is_plain=is_plain)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(kind)
    assert "script-src 'self'; style-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/", "/pass", "/backups/x", "/pairing", "/assets/x", "/pair/../", "/pair/..%2findex.html"]
)
async def test_nothing_else_comes_in_plain_text(opened: Opened, shared_rule: Rule, path: str) -> None:
    shared_rule.strangers = ("127.0.0.1", "::1")
    assert (await opened.ask("GET", path, is_plain=True)).status in (404, 426)
    assert (await opened.ask("POST", path, {}, is_plain=True)).status == 426


async def test_the_page_learns_which_certificate_has_to_be_trusted(opened: Opened, shared_rule: Rule) -> None:
    certificate = (await opened.ask("GET", "/authority.crt", is_plain=True)).body
    facts = (await opened.ask("GET", "/pair/facts", is_plain=True)).json
    assert facts == {"fingerprint": hashlib.sha256(certificate).hexdigest()}
    assert shared_rule.folder.authority is not None
    assert facts["fingerprint"] == shared_rule.folder.authority.fingerprint


async def test_what_the_page_tries_with_tls_may_be_had_across_origins_and_says_nothing(opened: Opened) -> None:
    answer = await opened.ask("GET", "/pair/reach")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    untrusting = ssl.create_default_context()
    opened.tls, trusting = untrusting, opened.tls
    with pytest.raises(ssl.SSLCertVerificationError):
        await opened.ask("GET", "/pair/reach")
    opened.tls = trusting


@pytest.mark.parametrize("path", ["/pair/nothing", "/pair/pair.js/x", "/pair/%2e%2e/console.py"])
async def test_there_is_nothing_else(opened: Opened, path: str) -> None:
    assert (await opened.ask("GET", path)).status in (301, 404)


# --- who gets in ---


async def test_a_phone_that_is_allowed_gets_a_pass_once(opened: Opened) -> None:
    answer = await opened.send(code=opened.pairings.new_code())
    assert answer.status == 200
    assert answer.json["expires_in_s"] == LIFETIME_S
    question = opened.question()
    assert question.subject is Subject.DEVICE
    assert question.metadata.verification_code == answer.json["number"]
    assert question.metadata.name == "Chrome, Android"
    assert question.asker.address in ("127.0.0.1", "::1")
    assert len(answer.json["number"]) == 6
    assert answer.json["number"].isdigit()
    waiting = asyncio.create_task(opened.send(id=answer.json["id"]))
    assert opened.passes.stored() == []
    opened.asks.answer(question.id, allow=True)
    told = await waiting
    assert told.json["state"] == "allowed"
    assert told.headers["cache-control"] == "no-store"
    assert opened.passes.accepts(told.json["token"])
    (known,) = opened.passes.stored()
    assert known.name == "Chrome, Android"
    assert ("pass", {"what": "device", "name": "Chrome, Android", "address": question.asker.address}) in opened.recorded
    again = await opened.send(id=answer.json["id"])
    assert (again.status, again.json) == (404, {"problem": "gone"})
    assert len(opened.passes.stored()) == 1


async def test_two_requests_that_wait_get_one_pass(opened: Opened) -> None:
    answer = (await opened.send(code=opened.pairings.new_code())).json
    waiting = [asyncio.create_task(opened.send(id=answer["id"])) for _ in range(2)]
    opened.asks.answer(opened.question().id, allow=True)
    told = sorted([(await one).json for one in waiting], key=str)
    assert told[0] == {"problem": "gone"}
    assert told[1]["state"] == "allowed"


async def test_a_phone_that_is_denied_hears_it(opened: Opened) -> None:
    answer = (await opened.send(code=opened.pairings.new_code())).json
    opened.asks.answer(opened.question().id, allow=False)
    assert (await opened.send(id=answer["id"])).json == {"state": "denied"}
    assert opened.passes.stored() == []


async def test_a_question_that_nobody_answers_runs_out(opened: Opened) -> None:
    answer = (await opened.send(code=opened.pairings.new_code())).json
    opened.clock.advance(LIFETIME_S + 1)
    assert (await opened.send(id=answer["id"])).json == {"state": "expired"}
    opened.clock.advance(COLLECT_S + 1)
    assert (await opened.send(id=answer["id"])).json == {"problem": "gone"}


async def test_an_allowed_phone_that_does_not_come_back_gets_nothing(opened: Opened) -> None:
    answer = (await opened.send(code=opened.pairings.new_code())).json
    opened.asks.answer(opened.question().id, allow=True)
    opened.clock.advance(COLLECT_S + 1)
    assert (await opened.send(id=answer["id"])).json == {"problem": "gone"}
    assert opened.passes.stored() == []


async def test_a_wait_is_bounded_and_can_be_repeated(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net_pairing, "_HOLD_S", 0.01)
    answer = (await opened.send(code=opened.pairings.new_code())).json
    for _ in range(3):
        assert (await opened.send(id=answer["id"])).json == {"state": "waiting"}


async def test_a_phone_takes_its_question_back(opened: Opened) -> None:
    answer = (await opened.send(code=opened.pairings.new_code())).json
    taken = await opened.ask("DELETE", "/pair", {"id": answer["id"]})
    assert (taken.status, taken.body) == (204, b"")
    assert opened.asks.open == []
    assert (await opened.send(id=answer["id"])).json == {"problem": "gone"}


# --- codes ---


async def test_a_code_is_good_for_one_device(opened: Opened) -> None:
    code = opened.pairings.new_code()
    assert (await opened.send(code=code)).status == 200
    second = await opened.send(code=code)
    assert (second.status, second.json) == (403, {"problem": "used"})
    assert len(opened.asks.open) == 1


async def test_a_code_is_good_for_a_while(opened: Opened) -> None:
    code = opened.pairings.new_code()
    opened.clock.advance(CODE_LIFETIME_S + 1)
    answer = await opened.send(code=code)
    assert (answer.status, answer.json) == (403, {"problem": "expired"})


@pytest.mark.parametrize("code", ["", "x", "x" * 3000, "\u0000", "Ünïcödé 🎭"])
async def test_another_code_is_a_wrong_answer(opened: Opened, code: str) -> None:
    opened.pairings.new_code()
    answer = await opened.send(code=code)
    assert (answer.status, answer.json) == (403, {"problem": "unknown"})
    kind, facts = opened.recorded[-1]
    assert (kind, facts["reason"]) == ("refused", "a wrong pairing code")
    assert code == "" or code not in str(facts)
    assert opened.asks.open == []


async def test_who_guesses_waits_longer_each_time_and_then_is_refused_unseen() -> None:
    clock = FakeClock()
    pairings = Pairings(clock, AskQueue(clock), Passes(clock.time, lambda: None), Throttle(), lambda kind, facts: None)
    code = pairings.new_code()
    delays = [pairings.judge("x", "203.0.113.9") for _ in range(12)]
    assert delays[:4] == [0.0, 0.25, 0.75, 1.75]
    assert delays[-1] is None
    assert pairings.judge(code, "203.0.113.9") is None, "nor is the right one looked at"
    assert pairings.judge(code, "203.0.113.10") == 0.0


async def test_too_many_questions_leave_the_code_good(opened: Opened) -> None:
    for _ in range(2):
        assert (await opened.send(code=opened.pairings.new_code())).status == 200
    code = opened.pairings.new_code()
    busy = await opened.send(code=code)
    assert (busy.status, busy.json) == (429, {"problem": "busy"})
    for ask in list(opened.asks.open):
        opened.asks.answer(ask.id, allow=True)
    assert (await opened.send(code=code)).status == 200


def test_few_codes_and_devices_are_known_at_a_time() -> None:
    clock = FakeClock()
    asks = AskQueue(clock)
    pairings = Pairings(clock, asks, Passes(clock.time, lambda: None), Throttle(), lambda kind, facts: None)
    codes = [pairings.new_code() for _ in range(9)]
    assert pairings.judge(codes[0], "127.0.0.1") == 0.0
    assert pairings._find(codes[0]) is None
    assert pairings._find(codes[1]) is not None
    kept: list[Attempt] = []
    for number in range(12):
        kept.append(pairings.begin(pairings.new_code(), Asker(f"192.0.2.{number}"), ""))
        asks.answer(kept[-1].question, allow=True)
    assert [pairings.find(one.id) is not None for one in kept] == [False] * 4 + [True] * 8


# --- what is refused ---


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_pairing_is_not_for_plain_text_whoever_speaks_it(opened: Opened, method: str) -> None:
    code = opened.pairings.new_code()
    answer = await opened.ask(method, "/pair", {"code": code}, is_plain=True)
    assert answer.status == 426
    assert opened.asks.open == []
    assert (await opened.send(code=code)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_other_pages_pair_nothing(opened: Opened, headers: dict[str, Any]) -> None:
    answer = await opened.ask("POST", "/pair", {"code": opened.pairings.new_code()}, **headers)
    assert answer.status == 403
    assert opened.asks.open == []


@pytest.mark.parametrize("body", [b"", b"no JSON", b"\xff", b"[" * 4000, b"null", b"{}", b'{"code":5}', b'{"id":{}}'])
async def test_what_is_no_message_is_a_bad_request(opened: Opened, body: bytes) -> None:
    assert (await opened.ask("POST", "/pair", body)).status == 400


async def test_what_a_form_can_send_is_no_message(opened: Opened) -> None:
    code = opened.pairings.new_code()
    assert (await opened.ask("POST", "/pair", {"code": code}, Content_Type="text/plain")).status == 400


async def test_a_big_body_is_refused(opened: Opened) -> None:
    assert (await opened.ask("POST", "/pair", b" " * 5000)).status == 413


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
async def test_there_are_no_other_methods(opened: Opened, method: str) -> None:
    assert (await opened.ask(method, "/pair", {})).status == 405
    assert (await opened.ask(method, "/pair/facts", {})).status == 405


def test_what_is_printed_or_logged_shows_no_code() -> None:
    clock, redactor = FakeClock(), Redactor()
    passes = Passes(clock.time, lambda: None)
    pairings = Pairings(
        clock, AskQueue(clock), passes, Throttle(), lambda kind, facts: None, partial(redactor.know, "pairing codes")
    )
    codes = [pairings.new_code() for _ in range(3)]
    assert redactor.clean(" ".join(codes)) == " ".join([WITHHELD] * 3)
