"""What is said in chat: at a Twitch that answers as a test says, by a clock that it moves."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.errors import RequestFailed
from stagedoor.services.twitch.errors import Account, HelixError, LoginNeeded, TwitchError, Unreachable
from stagedoor.services.twitch.helix import Helix
from stagedoor.services.twitch.network import Params
from stagedoor.services.twitch.sending import (
    MAX_CHARACTERS,
    MAX_PARTS,
    MAX_WAITING,
    RATE,
    RATE_OF_MODERATORS,
    Sender,
    plain,
    split,
)
from stagedoor.services.twitch.tokens import Tokens, User
from stagedoor.types import JsonObject
from tests.kilovolt.harness import FakeClock

STREAMER = User("1", "streamer", "Streamer", "", ())
BOT = User("2", "bot", "Bot", "", ())


class Accounts(Tokens):
    """Who is logged in."""

    def __init__(self) -> None:
        self.users: dict[Account, User | None] = {"streamer": STREAMER, "bot": BOT}
        self.over: set[Account] = set()

    def needs_login(self, account: Account) -> bool:
        return account in self.over

    def user(self, account: Account) -> User | None:
        return self.users[account]


class Chat(Helix):
    """Takes messages; ``answers`` are what the next ones get instead, and ``gate`` holds them up."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.bodies: list[JsonObject] = []
        self.answers: list[TwitchError | JsonObject] = []
        self.gate: asyncio.Event | None = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        account: Account = "streamer",
    ) -> JsonObject:
        assert (method, path) == ("POST", "chat/messages")
        assert isinstance(body, dict)
        assert body["sender_id"] == {"streamer": "1", "bot": "2"}[account]
        self.bodies.append(body)
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, TwitchError):
            raise answer
        if answer is None:
            self.said.append(str(body["message"]))
            answer = {"message_id": f"m{len(self.said)}", "is_sent": True}
        return {"data": [answer]}


class Stage:
    """A sender and what it speaks to."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.chat = Chat()
        self.accounts = Accounts()
        self.sender = Sender(self.chat, self.accounts, self.clock, lambda: 0.5)

    async def settle(self) -> None:
        for _ in range(600):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            await self.settle()
            self.clock.advance(0.5)
        await self.settle()

    def begin(self, text: str, *, as_bot: bool = False) -> "asyncio.Task[None]":
        return asyncio.get_running_loop().create_task(self.sender.say(text, as_bot=as_bot))


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.sender.close()


async def fails(saying: "asyncio.Task[None]") -> str:
    with pytest.raises(RequestFailed) as caught:
        await saying
    return caught.value.reason


# --- texts ---


@given(st.text(st.characters(codec="utf-8") | st.sampled_from(" \n\r"), max_size=2000))
def test_what_is_sent_fits_and_is_the_text_from_its_beginning(text: str) -> None:
    parts = split(plain(text))
    assert len(parts) <= MAX_PARTS
    assert all(1 <= len(part) <= MAX_CHARACTERS for part in parts)
    assert all(part == part.strip() and not {"\r", "\n", "\0"} & set(part) for part in parts)
    whole = "".join(plain(text).split())
    joined = "".join("".join(parts).split())
    assert whole.startswith(joined)
    assert joined == whole or len(parts) == MAX_PARTS


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("  \r\n ", []),
        ("hello\r\nPRIVMSG #x :y", ["hello PRIVMSG #x :y"]),  # strimertül's defect 41: line breaks inject commands
        ("a\nb\rc\x00d", ["a b c d"]),
        ("x" * 500, ["x" * 500]),
        ("x" * 501, ["x" * 500, "x"]),
        ("x" * 499 + " yz", ["x" * 499, "yz"]),
        ("x" * 500 + " yz", ["x" * 500, "yz"]),
        ("word " * 250, [("word " * 100).strip(), ("word " * 100).strip(), ("word " * 50).strip()]),
        ("x" * 2000, ["x" * 500] * 3),
    ],
)
def test_a_text_becomes_messages(text: str, parts: list[str]) -> None:
    assert split(plain(text)) == parts


# --- saying ---


async def test_a_text_is_said_by_the_streamer(stage: Stage) -> None:
    await stage.sender.say("hello", reply_to="m0")
    assert stage.chat.bodies == [
        {"broadcaster_id": "1", "sender_id": "1", "message": "hello", "reply_parent_message_id": "m0"}
    ]
    assert stage.sender.waiting == 0


async def test_a_text_is_said_by_the_bot_if_it_has_an_account(stage: Stage) -> None:
    await stage.sender.say("hello", as_bot=True)
    stage.accounts.over.add("bot")
    await stage.sender.say("I", as_bot=True)
    stage.accounts.users["bot"] = None
    await stage.sender.say("we", as_bot=True)
    assert stage.chat.bodies == [
        {"broadcaster_id": "1", "sender_id": "2", "message": "hello"},
        {"broadcaster_id": "1", "sender_id": "1", "message": "I"},
        {"broadcaster_id": "1", "sender_id": "1", "message": "we"},
    ]


async def test_without_an_account_nothing_is_said(stage: Stage) -> None:
    stage.accounts.users["streamer"] = None
    assert await fails(stage.begin("hello")) == "Twitch is not connected"


@pytest.mark.parametrize("text", ["", " ", "\n"])
async def test_nothing_is_not_said(stage: Stage, text: str) -> None:
    assert await fails(stage.begin(text)) == "Invalid parameter: message; it is empty"
    assert stage.chat.bodies == []


async def test_texts_are_said_in_order_and_their_parts_together(stage: Stage) -> None:
    sayings = [stage.begin(text) for text in ("a" * 600, "b", "c")]
    await asyncio.gather(*sayings)
    assert stage.chat.said == ["a" * 500, "a" * 100, "b", "c"]


async def test_why_twitch_drops_a_message_is_told(stage: Stage) -> None:
    stage.chat.answers = [
        {"message_id": "", "is_sent": False, "drop_reason": {"code": "automod_held", "message": "It is held."}},
        {"message_id": "", "is_sent": False, "drop_reason": None},
    ]
    assert await fails(stage.begin("one")) == "Twitch did not show it: It is held."
    assert await fails(stage.begin("two")) == "Twitch did not show it: it does not say why"
    await stage.sender.say("three")
    assert stage.chat.said == ["three"]


async def test_a_part_that_is_dropped_takes_the_rest_with_it(stage: Stage) -> None:
    stage.chat.answers = [{"is_sent": False}]
    await fails(stage.begin("a" * 600))
    assert stage.chat.said == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (HelixError(400, "The message is too long"), "Twitch does not take it: The message is too long"),
        (HelixError(403, "banned"), "Twitch does not take it: banned"),
        (LoginNeeded("bot", "over"), "the bot's account has to be logged in to Twitch: over"),
    ],
)
async def test_what_twitch_refuses_is_not_said_again(stage: Stage, error: TwitchError, reason: str) -> None:
    stage.chat.answers = [error]
    assert await fails(stage.begin("hello")) == reason
    assert len(stage.chat.bodies) == 1


async def test_what_twitch_cannot_take_now_is_said_again(stage: Stage) -> None:
    stage.chat.answers = [HelixError(429, ""), Unreachable("it answers 500")]
    saying = stage.begin("hello")
    await stage.advance(3)
    await saying
    assert stage.chat.said == ["hello"]
    assert len(stage.chat.bodies) == 3


async def test_what_comes_too_late_is_not_said(stage: Stage) -> None:
    stage.chat.answers = [Unreachable("the network is down") for _ in range(20)]
    first, second = stage.begin("one"), stage.begin("two")
    await stage.advance(40)
    assert await fails(first) == "it was not said within 30 s: Twitch cannot be reached: the network is down"
    assert (await fails(second)).startswith("it was not said within 30 s")
    stage.chat.answers = []
    await stage.sender.say("three")
    assert stage.chat.said == ["three"]


# --- limits ---


async def test_a_bot_says_no_more_than_twitch_takes(stage: Stage) -> None:
    sayings = [stage.begin(f"{number}", as_bot=True) for number in range(RATE + 5)]
    await stage.advance(29.5)
    assert len(stage.chat.said) == RATE
    await stage.advance(0.5)
    await asyncio.gather(*sayings)
    assert stage.chat.said == [f"{number}" for number in range(RATE + 5)]


async def test_what_the_limit_holds_up_for_too_long_is_dropped(stage: Stage) -> None:
    await asyncio.gather(*[stage.begin(f"{number}", as_bot=True) for number in range(10)])
    await stage.advance(10)
    sayings = [stage.begin(f"late {number}", as_bot=True) for number in range(50)]
    await stage.advance(60)
    results = await asyncio.gather(*sayings, return_exceptions=True)
    # 10 at once, 10 after 20 s when the first ten are out of the window, 10 more after 30 s; the others are too late.
    assert [result is None for result in results] == [True] * 30 + [False] * 20


@pytest.mark.parametrize("how", ["broadcaster", "moderator"])
async def test_moderators_may_say_more(stage: Stage, how: str) -> None:
    if how == "moderator":
        stage.sender.note_rank(BOT.id, is_moderator=True)
    sayings = [stage.begin(f"{number}", as_bot=how == "moderator") for number in range(RATE_OF_MODERATORS)]
    await asyncio.gather(*sayings)
    assert len(stage.chat.said) == RATE_OF_MODERATORS
    one_more = stage.begin("more", as_bot=how == "moderator")
    await stage.advance(29)
    assert not one_more.done()
    await stage.advance(1)
    await one_more


async def test_who_is_no_moderator_any_more_may_say_less(stage: Stage) -> None:
    stage.sender.note_rank(BOT.id, is_moderator=True)
    stage.sender.note_rank(BOT.id, is_moderator=False)
    sayings = [stage.begin(f"{number}", as_bot=True) for number in range(RATE + 1)]
    await stage.advance(1)
    assert len(stage.chat.said) == RATE
    await stage.sender.close()
    assert await fails(sayings[-1]) == "Twitch is not connected any more"


async def test_the_bots_limit_does_not_hold_up_the_streamer(stage: Stage) -> None:
    sayings = [stage.begin(f"{number}", as_bot=True) for number in range(RATE + 1)]
    await stage.advance(1)
    await stage.sender.say("hello")
    assert stage.chat.said[-1] == "hello"
    await stage.advance(30)
    await asyncio.gather(*sayings)


async def test_a_queue_takes_no_more_than_it_holds(stage: Stage) -> None:
    stage.chat.gate = asyncio.Event()
    sayings = [stage.begin(f"{number}") for number in range(MAX_WAITING)]
    await stage.settle()
    assert stage.sender.waiting == MAX_WAITING
    assert await fails(stage.begin("one more")) == "100 messages wait to be said already"
    stage.chat.gate.set()
    await asyncio.gather(*sayings)
    assert len(stage.chat.said) == MAX_WAITING


async def test_the_same_text_twice_is_told_apart_for_twitch(stage: Stage) -> None:
    for _ in range(3):
        await stage.sender.say("hello", as_bot=True)
    await stage.sender.say("hello")
    await stage.sender.say("hello")
    assert stage.chat.said == ["hello", "hello \U000e0000", "hello", "hello", "hello"]


async def test_what_nobody_waits_for_is_not_said(stage: Stage) -> None:
    stage.chat.gate = asyncio.Event()
    first, second, third = (stage.begin(text) for text in ("one", "two", "three"))
    await stage.settle()
    second.cancel()
    await stage.settle()
    stage.chat.gate.set()
    await asyncio.gather(first, third)
    assert stage.chat.said == ["one", "three"]


# --- the echo ---


async def test_what_was_said_here_is_known_by_its_id(stage: Stage) -> None:
    await stage.sender.say("hello")
    assert stage.sender.recognise("m1", "1", "hello")
    assert not stage.sender.recognise("m2", "1", "hello")


async def test_an_echo_may_come_before_the_answer(stage: Stage) -> None:
    stage.chat.gate = asyncio.Event()
    saying = stage.begin("hello")
    await stage.settle()
    assert not stage.sender.recognise("m1", "2", "hello")
    assert not stage.sender.recognise("m1", "1", "something else")
    assert stage.sender.recognise("m1", "1", "@Ada hello")
    stage.chat.gate.set()
    await saying


async def test_what_was_heard_is_not_said_again_though_the_answer_is_lost(stage: Stage) -> None:
    stage.chat.answers = [Unreachable("no answer within 10 seconds"), Unreachable("no answer within 10 seconds")]
    saying = stage.begin("hello")
    await stage.advance(1)
    assert stage.sender.recognise("m1", "1", "hello")
    await stage.advance(2)
    await saying
    assert len(stage.chat.bodies) == 2
    assert stage.sender.recognise("m1", "1", "hello")


async def test_the_end_gives_up_what_waits_and_another_beginning_works(stage: Stage) -> None:
    stage.chat.gate = asyncio.Event()
    sayings = [stage.begin(text) for text in ("one", "two")]
    await stage.settle()
    await stage.sender.close()
    assert [await fails(saying) for saying in sayings] == ["Twitch is not connected any more"] * 2
    stage.chat.gate = None
    await stage.sender.say("three")
    assert stage.chat.said == ["three"]
