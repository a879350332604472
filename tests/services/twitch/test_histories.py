"""What was said and told last: kept as long as the settings say, over restarts, and without a backlog."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.hub import LmdbStore, MemoryStore, Write
from stagedoor.keys import BOT_CONFIG, CHAT_HISTORY, CHAT_MESSAGE, EVENTSUB_EVENT, EVENTSUB_HISTORY
from stagedoor.services.twitch.publishing import Publisher
from stagedoor.services.twitch.topics import KEPT, TOPICS
from tests.services.harness import Desk, FakeTime, encode, open_hub
from tests.services.twitch.telling import Stage, payload_of, stage


def said(id_: str) -> str:
    return payload_of("channel.chat.message", {"message_id": id_, "message": {"text": id_, "fragments": []}})


def ids(desk: Desk) -> list[object]:
    """The ids of the chat messages in the history."""
    history = desk.read(CHAT_HISTORY)
    return [message["ID"] for message in history] if isinstance(history, list) else []


async def test_as_many_messages_are_kept_as_the_settings_say() -> None:
    """Fewer cut the list, and none removes it."""
    async with stage() as there:
        await there.desk.put(BOT_CONFIG, '{"chat_history":3}')
        for number in range(5):
            there.publisher.publish(said(str(number)))
        assert ids(there.desk) == ["2", "3", "4"]
        await there.desk.put(BOT_CONFIG, '{"chat_history":2}')
        assert ids(there.desk) == ["3", "4"]
        await there.desk.put(BOT_CONFIG, '{"chat_history":4}')
        there.publisher.publish(said("5"))
        assert ids(there.desk) == ["3", "4", "5"]
        await there.desk.put(BOT_CONFIG, '{"chat_history":0}')
        assert there.desk.keys(CHAT_HISTORY) == []
        there.publisher.publish(said("6"))
        assert there.desk.keys(CHAT_HISTORY) == []
        await there.desk.put(BOT_CONFIG, '{"chat_history":-1}')
        assert there.desk.keys(CHAT_HISTORY) == []


@pytest.mark.parametrize("text", ['{"chat_history":"many"}', "oops", "[1]", "5"])
async def test_settings_that_cannot_be_read_change_nothing(text: str, caplog: pytest.LogCaptureFixture) -> None:
    async with stage() as there:
        await there.desk.put(BOT_CONFIG, '{"chat_history":2}')
        there.publisher.publish(said("1"))
        await there.desk.put(BOT_CONFIG, text)
        assert BOT_CONFIG in caplog.text
        there.publisher.publish(said("2"))
        assert ids(there.desk) == ["1", "2"]


async def test_messages_are_told_whatever_else_is_in_chat() -> None:
    """strimertül's defect 15: after a command, messages were lost to overlays and the history for two seconds."""
    async with stage() as there:
        await there.desk.put(BOT_CONFIG, '{"chat_history":30,"command_cooldown":2}')
        there.desk.heard.clear()
        texts = [f"!command {number}" if number % 7 == 0 else f"message {number}" for number in range(30)]
        for text in texts:
            there.notify("channel.chat.message", message=text)
        assert [told["Message"] for told in there.heard(CHAT_MESSAGE)] == texts
        history = there.desk.read(CHAT_HISTORY)
        assert isinstance(history, list)
        assert [message["Message"] for message in history] == texts


async def test_histories_survive_a_restart(tmp_path: Path) -> None:
    """strimertül's defect 30: the chat history was forgotten."""
    hub = open_hub(LmdbStore(tmp_path / "store"))
    desk = Desk(hub)
    await desk.put(BOT_CONFIG, '{"chat_history":3}')
    for round_ in range(2):
        publisher = Publisher(Client(hub, SERVICE), Client(hub, SERVICE))
        publisher.start()
        for number in range(2):
            publisher.publish(said(f"{round_}-{number}"))
            publisher.publish(payload_of("channel.follow", {"round": round_}))
        await publisher.close()
        await desk.put("somebody/else", "hears that all before is written")
    assert ids(desk) == ["0-1", "1-0", "1-1"]
    stored = desk.read(EVENTSUB_HISTORY)
    assert isinstance(stored, list)
    assert [told["event"]["round"] for told in stored] == [0, 0, 1, 1]
    await hub.close()


@pytest.mark.parametrize("stored", ["{}", "null", "[1,", "[]", '"x"'])
async def test_a_history_that_cannot_be_read_begins_anew(stored: str) -> None:
    async with stage() as there:
        await there.desk.put(EVENTSUB_HISTORY, stored)
        there.notify("channel.follow")
        history = there.desk.read(EVENTSUB_HISTORY)
        assert isinstance(history, list)
        assert len(history) == 1


async def test_a_hundred_notifications_are_kept_in_order() -> None:
    """strimertül's defect 13: notifications at one moment lost entries of the history, and swapped them."""
    async with stage() as there:
        for number in range(130):
            there.publisher.publish(payload_of("channel.follow", {"number": number}))
        history = there.desk.read(EVENTSUB_HISTORY)
        assert isinstance(history, list)
        assert [told["event"]["number"] for told in history] == list(range(30, 130))
        events = [told["event"]["number"] for told in there.heard(EVENTSUB_EVENT) if isinstance(told["event"], dict)]
        assert events == list(range(130))


async def test_notices_of_the_chat_take_no_places_from_what_strimertul_hears() -> None:
    async with stage() as there:
        there.notify("channel.follow", user_login="ada")
        there.notify("channel.subscription.gift", total=50)
        for number in range(50):
            there.notify("channel.subscribe", user_id=str(number), is_gift=True)
            there.notify("channel.chat.notification")
            there.notify("channel.ad_break.begin")
        history = there.desk.read(EVENTSUB_HISTORY)
        assert isinstance(history, list)
        kept = [told["subscription"]["type"] for told in history]
        assert kept == ["channel.follow", "channel.subscription.gift", *["channel.subscribe"] * 50]
        assert len(there.heard(EVENTSUB_EVENT)) == 152


def test_strimertuls_topics_are_kept() -> None:
    assert len(KEPT) == 24
    assert TOPICS.keys() >= KEPT


async def test_what_somebody_else_writes_is_gone_on_from() -> None:
    """As an import does, or who empties the list."""
    async with stage() as there:
        await there.desk.put(BOT_CONFIG, '{"chat_history":3}')
        await there.desk.put(CHAT_HISTORY, '[{"ID":"a"},{"ID":"b"},{"ID":"c"},{"ID":"d"}]')
        there.publisher.publish(said("e"))
        assert ids(there.desk) == ["c", "d", "e"]
        await there.desk.put(CHAT_HISTORY, None)
        there.publisher.publish(said("f"))
        assert ids(there.desk) == ["f"]


async def test_a_busy_chat_makes_no_backlog(tmp_path: Path) -> None:
    """Events are heard at once; of the histories written meanwhile, the newest alone waits."""
    hub = open_hub(LmdbStore(tmp_path / "store"))
    desk = Desk(hub)
    await desk.put(BOT_CONFIG, '{"chat_history":5}')
    there = Stage(desk, FakeTime())
    for number in range(500):
        there.publisher.publish(said(str(number)))
    assert len(there.heard(CHAT_MESSAGE)) == 500
    await there.publisher.close()
    await asyncio.sleep(0)
    await desk.put("somebody/else", "hears that all before is written")
    histories = [value for key, value in desk.heard if key == CHAT_HISTORY]
    assert len(histories) < 50
    assert [message["ID"] for message in msgspec.json.decode(histories[-1])] == ["495", "496", "497", "498", "499"]
    await hub.close()


SAY = st.just(("say", 0))
STEPS = st.lists(
    st.one_of(
        SAY,
        SAY,
        st.tuples(st.just("limit"), st.integers(0, 6)),
        st.tuples(st.just("import"), st.integers(0, 9)),
        st.just(("restart", 0)),
    ),
    max_size=40,
)


@given(STEPS)
def test_the_history_is_the_last_of_what_was_said_whatever_happens(steps: list[tuple[str, int]]) -> None:
    """A store in memory writes at once, so that each step is over before the next."""
    desk = Desk(open_hub(MemoryStore()))
    clients = [Client(desk.hub, SERVICE), Client(desk.hub, SERVICE)]
    publisher = Publisher(*clients)
    publisher.start()
    wanted: list[object] = []
    limit = count = 0
    for step, number in steps:
        match step:
            case "say":
                count += 1
                publisher.publish(said(str(count)))
                wanted = [*wanted, str(count)][-limit:] if limit else wanted
            case "limit":
                desk.write([Write(BOT_CONFIG, encode({"chat_history": number}))], lambda _: None)
                wanted = wanted[-number:] if number else (wanted if number == limit else [])
                limit = number
            case "import":
                imported: list[object] = [f"i{index}" for index in range(number)]
                desk.write([Write(CHAT_HISTORY, encode([{"ID": id_} for id_ in imported]))], lambda _: None)
                wanted = imported[-limit:]
            case "restart":
                for client in clients:
                    client.close()
                clients = [Client(desk.hub, SERVICE), Client(desk.hub, SERVICE)]
                publisher = Publisher(*clients)
                publisher.start()
        assert ids(desk) == wanted
