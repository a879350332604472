"""Cooldowns: of the chat, of a command, of a viewer; who need not wait, and what starts one."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from stagedoor.keys import BOT_CONFIG, LAST_COMMAND
from stagedoor.services.chatbot import uses as uses_
from stagedoor.services.chatbot.uses import Pauses, Uses
from tests.services.chatbot.stage import Hands, Stage


async def test_after_a_command_the_next_waits(stage: Stage) -> None:
    await stage.start({"!a": "a", "!b": "b"}, cooldown=2)
    assert await stage.chat("!a") == ["a"]
    stage.clock.now += 1.9
    assert await stage.chat("!b", name="Bob") == []
    stage.clock.now += 0.1
    assert await stage.chat("!b", name="Bob") == ["b"]


@pytest.mark.parametrize("badge", ["moderator", "lead_moderator", "broadcaster"])
async def test_moderators_and_the_streamer_need_not_wait_but_make_others_wait(stage: Stage, badge: str) -> None:
    command = {"response": "hi", "enabled": True, "cooldown": 100, "user_cooldown": 100}
    await stage.start({"!a": command}, cooldown=2)
    for _ in range(3):
        assert await stage.chat("!a", badge) == ["hi"]
    assert await stage.chat("!a", name="Bob") == []


@pytest.mark.parametrize("badge", ["vip", "subscriber"])
async def test_nobody_else_is_exempt(stage: Stage, badge: str) -> None:
    await stage.start({"!a": "hi"}, cooldown=2)
    assert [await stage.chat("!a", badge) for _ in range(2)] == [["hi"], []]


async def test_whoever_may_not_use_a_command_starts_no_cooldown(stage: Stage) -> None:
    # strimertül's defect 45: viewers could lock the streamer out of the commands.
    await stage.start(
        {"!mods": {"response": "x", "enabled": True, "access_level": "moderators"}, "!a": "a"}, cooldown=9
    )
    assert await stage.chat("!mods") == []
    assert await stage.chat("!a") == ["a"]


async def test_whoever_waits_does_not_prolong_it(stage: Stage) -> None:
    await stage.start({"!a": "a"}, cooldown=2)
    assert await stage.chat("!a") == ["a"]
    for _ in range(3):
        stage.clock.now += 0.5
        assert await stage.chat("!a") == []
    stage.clock.now += 0.5
    assert await stage.chat("!a") == ["a"]


async def test_a_command_and_a_viewer_have_cooldowns_of_their_own(stage: Stage) -> None:
    own = {"response": "own", "enabled": True, "user_cooldown": 60}
    shared = {"response": "shared", "enabled": True, "cooldown": 30}
    await stage.start({"!own": own, "!shared": shared})
    assert await stage.chat("!own") == ["own"]
    assert await stage.chat("!own") == []
    assert await stage.chat("!own", name="Bob") == ["own"]
    assert await stage.chat("!shared") == ["shared"]
    assert await stage.chat("!shared", name="Bob") == []
    stage.clock.now += 30
    assert await stage.chat("!shared", name="Bob") == ["shared"]
    assert await stage.chat("!own", name="Bob") == []


async def test_cooldowns_outlive_a_change_of_the_commands(stage: Stage) -> None:
    command = {"response": "a", "enabled": True, "cooldown": 30}
    await stage.start({"!a": command})
    assert await stage.chat("!a") == ["a"]
    await stage.set({"!a": {**command, "response": "b"}, "!c": "c"})
    assert await stage.chat("!a") == []
    await stage.set({"!c": "c"})
    await stage.set({"!a": command})
    assert await stage.chat("!a") == ["a"]


async def test_thirty_messages_with_a_command_among_them_are_all_heard(stage: Stage) -> None:
    # strimertül's defect 15: what was said during a cooldown was told to nobody.
    await stage.start({"!a": "a"}, cooldown=2)
    stage.desk.subscribe("twitch/ev/chat-message")
    for number in range(30):
        await stage.write("!a" if number == 3 else f"text {number}")
    assert len([key for key, _ in stage.desk.heard if key == "twitch/ev/chat-message"]) == 30
    assert await stage.answers() == ["a"]


async def test_others_commands_count_too(stage: Stage) -> None:
    """The loyalty system's, which tells of them."""
    await stage.start({"!a": "a"}, cooldown=2)
    await stage.desk.put(LAST_COMMAND, "1790000000.5")
    assert await stage.chat("!a") == []
    stage.clock.now += 2
    assert await stage.chat("!a") == ["a"]
    assert stage.desk.read(LAST_COMMAND) == 1_790_000_000.0
    await stage.desk.put(BOT_CONFIG, '{"command_cooldown":0}')
    assert await stage.chat("!a") == ["a"]


def test_only_so_many_viewers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses_, "MAX_VIEWERS", 2)
    uses = Uses(Hands())
    for viewer in ("a", "b", "a", "c"):
        uses.note("!x", viewer)
    assert [uses.count("!x", viewer) for viewer in "abc"] == [(4, 2), (4, 0), (4, 1)]


class CooldownMachine(RuleBasedStateMachine):
    """Compares with a list of all uses that ever were."""

    commands: Bundle[str] = Bundle("commands")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Hands()
        self.uses = Uses(self.clock)
        self.all: list[tuple[str, str, float]] = []

    @initialize(target=commands)
    def name(self) -> str:
        return "!first"

    @rule(target=commands, name=st.sampled_from(["!a", "!b"]))
    def another(self, name: str) -> str:
        return name

    # Quarters of a second are exact, so that the two ways of adding them up agree to the last bit.
    @rule(quarters=st.integers(0, 400))
    def wait(self, quarters: int) -> None:
        self.clock.now += quarters / 4

    @rule(command=commands, viewer=st.sampled_from("xyz"))
    def use(self, command: str, viewer: str) -> None:
        counts = self.uses.note(command, viewer)
        self.all.append((command, viewer, self.clock.now))
        assert counts == self.uses.count(command, viewer) == self._counts(command, viewer)

    @rule(command=commands, viewer=st.sampled_from("xyz"), pauses=st.tuples(*[st.integers(-1, 60)] * 3))
    def look(self, command: str, viewer: str, pauses: Any) -> None:
        left = self.uses.left(command, viewer, Pauses(*pauses))
        of_command = [use for use in self.all if use[0] == command]
        of_viewer = [use for use in of_command if use[1] == viewer]
        for remaining, uses, pause in zip(left, (self.all, of_command, of_viewer), pauses, strict=True):
            since = self.clock.now - uses[-1][2] if uses else 1_000.0
            assert remaining == max(0, pause - since)

    @rule(kept=st.sets(st.sampled_from(["!first", "!a", "!b"])))
    def keep(self, kept: set[str]) -> None:
        self.uses.keep(kept)
        # The chat's cooldown goes on, whatever becomes of the command that started it.
        self.all = [use if use[0] in kept else ("", "", use[2]) for use in self.all]

    @invariant()
    def knows_no_more_than_was(self) -> None:
        assert len(self.uses._of_viewers) <= len(self.all)

    def _counts(self, command: str, viewer: str) -> tuple[int, int]:
        uses = [use[1] for use in self.all if use[0] == command]
        return len(uses), uses.count(viewer)


TestCooldowns = CooldownMachine.TestCase
TestCooldowns.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
