"""The whole service before a fake Twitch: what is heard, what is said, and all that can go wrong in between."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from stagedoor import keys
from tests.services.twitch.show import MESSAGES, SUBSCRIPTIONS, Show, open_show


@pytest.fixture
async def show(tmp_path: Path) -> AsyncIterator[Show]:
    async with open_show(tmp_path) as show:
        yield show


async def test_what_is_said_in_chat_is_told_as_strimertul_and_streamerbot_do(show: Show) -> None:
    show.twitch.world.chat("Ada", "hello there")
    await show.until(lambda: bool(show.told("event/Twitch/ChatMessage")))
    assert show.messages == ["hello there"]
    assert show.told("event/Twitch/ChatMessage")[0]["text"] == "hello there"
    assert show.status["problem"] is None
