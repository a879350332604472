"""Pronouns: what a real HTTP server answers becomes an answer and a key; how it fails, and how often it is asked."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.hub import Catalogue, Hub, MemoryStore
from stagedoor.services import pronouns
from stagedoor.services.pronouns import SETS, Alejo, Pronouns, describe
from stagedoor.streamerbot.times import write_time
from tests.kilovolt.harness import FakeClock

DAY_S = 24 * 3600


class FakeAlejo:
    """The service in the network: viewers by login, and how it answers."""

    def __init__(self) -> None:
        self.viewers: dict[str, dict[str, object]] = {}
        self.asked: list[str] = []
        self.respond: Callable[[web.Request], Awaitable[web.StreamResponse]] = self.answer
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        return await self.respond(request)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/v1/pronouns":
            return web.json_response(
                {
                    "hehim": {"name": "hehim", "subject": "He", "object": "Him", "singular": False},
                    "newnew": {"name": "newnew", "subject": "Ne", "object": "Nem", "singular": False},
                    "sole": {"name": "sole", "subject": "Sole", "object": "Sole", "singular": True},
                    "evil": {"name": "evil", "subject": "<b>\x1b[31m", "object": "x", "singular": False},
                }
            )
        viewer = self.viewers.get(request.path.removeprefix("/v1/users/"))
        if viewer is None:
            raise web.HTTPNotFound
        return web.json_response(viewer)


@pytest.fixture
async def alejo() -> AsyncIterator[FakeAlejo]:
    fake = FakeAlejo()
    app = web.Application()
    app.router.add_get("/{path:.*}", fake.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield fake
    await runner.cleanup()


class Stage:
    """The service on a hub of its own, with time moved by hand."""

    def __init__(self, url: str | None, hub: Hub) -> None:
        self.hub = hub
        self.clock = FakeClock()
        self.provider = None if url is None else Alejo(url)
        self.client = Client(hub, SERVICE)
        self.service = Pronouns(self.client, self.clock, self.provider)

    async def ask(self, login: str, platform: str = "twitch") -> dict[str, object]:
        answer = await self.client.call(
            keys.PRONOUNS_GET, msgspec.json.encode({"platform": platform, "userLogin": login}).decode()
        )
        decoded = msgspec.json.decode(answer, type=dict[str, object])
        assert decoded["userLogin"] == login
        return msgspec.convert(decoded["pronoun"], dict[str, object])

    async def plain(self, login: str) -> tuple[object, object]:
        """What is shown of a viewer, and whether they were found."""
        pronoun = await self.ask(login)
        return pronoun["pronounsPlain"], pronoun["userFound"]

    def kept(self, login: str) -> dict[str, object] | None:
        text = self.client.get(f"pronouns/twitch/{login}")
        return msgspec.json.decode(text, type=dict[str, object]) if text else None


@contextlib.asynccontextmanager
async def stage(url: str | None, hub: Hub | None = None) -> AsyncIterator[Stage]:
    used = hub or Hub(MemoryStore(), Catalogue(keys.SPECS))
    staged = Stage(url, used)
    yield staged
    await staged.service.close()
    if staged.provider is not None:
        await staged.provider.close()
    if hub is None:
        await used.close()


async def test_viewer_has_every_form(alejo: FakeAlejo) -> None:
    alejo.viewers["alice"] = {
        "channel_id": "1",
        "channel_login": "alice",
        "pronoun_id": "hehim",
        "alt_pronoun_id": None,
    }
    async with stage(alejo.url) as staged:
        pronoun = await staged.ask("alice")
        assert abs(pronouns._looked_up_at(pronoun) - time.time()) < 10
        assert staged.kept("alice") == pronoun
        del pronoun["pronounLastCached"]
        assert pronoun == {
            "pronounSubject": "He",
            "pronounObject": "Him",
            "pronounPossessive": "His",
            "pronounPronoun": "His",
            "pronounReflexive": "Himself",
            "pronounPastTense": "Was",
            "pronounCurrentTense": "Is",
            "pronounSubjectLower": "he",
            "pronounObjectLower": "him",
            "pronounPossessiveLower": "his",
            "pronounPronounLower": "his",
            "pronounReflexiveLower": "himself",
            "pronounPastTenseLower": "was",
            "pronounCurrentTenseLower": "is",
            "pronounPluralLower": "s",
            "pronouns": "(He/Him)",
            "pronounsPlain": "He/Him",
            "userFound": True,
        }


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("sheher", None, "She/Her"),
        ("sheher", "theythem", "She/They"),
        ("itits", "", "It/Its"),
        ("any", None, "Any"),
        ("theythem", "any", "They/Any"),
        ("newnew", None, "Ne/Nem"),
        ("hehim", "newnew", "He/Ne"),
        ("sole", None, "Sole"),
        ("evil", None, "Other"),
        ("unheard", None, "Other"),
    ],
)
async def test_one_set_or_two_are_shown(alejo: FakeAlejo, first: str, second: str | None, shown: str) -> None:
    alejo.viewers["alice"] = {"pronoun_id": first, "alt_pronoun_id": second}
    async with stage(alejo.url) as staged:
        assert await staged.plain("alice") == (shown, True)


async def test_viewer_who_said_nothing_is_they_and_not_asked_for_again(alejo: FakeAlejo) -> None:
    async with stage(alejo.url) as staged:
        assert await staged.plain("bob") == ("They/Them", False)
        assert (await staged.ask("bob"))["pronounCurrentTenseLower"] == "are"
        assert alejo.asked == ["/v1/users/bob"]


async def test_answer_is_kept_for_a_day(alejo: FakeAlejo) -> None:
    alejo.viewers["alice"] = {"pronoun_id": "sheher"}
    async with stage(alejo.url) as staged:
        for age_s, shown in [(DAY_S - 60, "He/Him"), (DAY_S + 60, "She/Her")]:
            old = describe(SETS["hehim"], time.time() - age_s)
            await staged.client.put("pronouns/twitch/alice", msgspec.json.encode(old).decode())
            assert await staged.plain("alice") == (shown, True)
        assert alejo.asked == ["/v1/users/alice"]


@pytest.mark.parametrize("value", ["nonsense", "[]", "{}", '{"pronounSubject":1,"pronounLastCached":"once"}'])
async def test_what_others_wrote_into_the_key_is_looked_up(alejo: FakeAlejo, value: str) -> None:
    alejo.viewers["alice"] = {"pronoun_id": "sheher"}
    hub = Hub(MemoryStore(), Catalogue(keys.SPECS))
    await Client(hub, SERVICE).put("pronouns/twitch/alice", value)
    async with stage(alejo.url, hub) as staged:
        assert await staged.plain("alice") == ("She/Her", True)
    await hub.close()


async def test_login_as_people_type_it_is_the_same_viewer(alejo: FakeAlejo) -> None:
    alejo.viewers["alice"] = {"pronoun_id": "sheher"}
    async with stage(alejo.url) as staged:
        assert [await staged.plain(login) for login in ("alice", "Alice", "@ALICE ")] == [("She/Her", True)] * 3
        assert len(alejo.asked) == 1


@pytest.mark.parametrize("login", ["", "a b", "../pronouns", "a?x=1", "ä", "x" * 26, "alice/", "a\n"])
async def test_what_is_no_login_is_never_asked_for(alejo: FakeAlejo, login: str) -> None:
    async with stage(alejo.url) as staged:
        if login.strip() != "a":
            assert await staged.plain(login) == ("They/Them", False)
        assert alejo.asked == []


@pytest.mark.parametrize(
    ("request_text", "reason"),
    [
        ('{"platform":"youtube","userLogin":"a"}', "Invalid platform"),
        ('{"userLogin":"a"}', "Invalid platform"),
        ('{"platform":"twitch"}', "Missing parameter: userLogin"),
        ('{"platform":"twitch","userLogin":5}', "Missing parameter: userLogin"),
        ("[]", "expected a platform and a userLogin"),
        ("", "expected a platform and a userLogin"),
    ],
)
async def test_bad_request_is_refused(alejo: FakeAlejo, request_text: str, reason: str) -> None:
    async with stage(alejo.url) as staged:
        with pytest.raises(RequestFailed) as caught:
            await staged.client.call(keys.PRONOUNS_GET, request_text)
        assert caught.value.reason == reason


async def _fail(request: web.Request) -> web.StreamResponse:
    raise web.HTTPServiceUnavailable


async def _redirect(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/v1/users/mallory")


async def _babble(request: web.Request) -> web.StreamResponse:
    return web.Response(text='{"pronoun_id":7}')


async def _flood(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"pronoun_id":"' + b"x" * 200_000 + b'"}')


@pytest.mark.parametrize("respond", [_fail, _redirect, _babble, _flood])
async def test_failure_is_they_and_nothing_is_asked_for_five_minutes(
    alejo: FakeAlejo, respond: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> None:
    alejo.viewers |= {"alice": {"pronoun_id": "sheher"}, "mallory": {"pronoun_id": "hehim"}}
    alejo.respond = respond
    async with stage(alejo.url) as staged:
        assert await staged.plain("alice") == ("They/Them", False)
        alejo.respond = alejo.answer
        staged.clock.advance(299)
        assert await staged.plain("alice") == ("They/Them", False)
        assert await staged.plain("bob") == ("They/Them", False)
        assert alejo.asked == ["/v1/users/alice"]
        assert staged.kept("alice") is None
        staged.clock.advance(2)
        assert await staged.plain("alice") == ("She/Her", True)


async def test_without_a_network_an_old_answer_is_better_than_none() -> None:
    # Nothing listens on port 9 of this machine, or it does not speak HTTP.
    async with stage("http://127.0.0.1:9/v1") as staged:
        old = describe(SETS["hehim"], time.time() - 30 * DAY_S)
        await staged.client.put("pronouns/twitch/alice", msgspec.json.encode(old).decode())
        assert await staged.plain("alice") == ("He/Him", True)
        assert await staged.plain("bob") == ("They/Them", False)


async def test_silent_service_is_given_up(alejo: FakeAlejo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pronouns, "_TIMEOUT_S", 0.05)
    silence = asyncio.Event()

    async def wait(request: web.Request) -> web.StreamResponse:
        await silence.wait()
        return web.Response()

    alejo.respond = wait
    async with stage(alejo.url) as staged:
        assert await staged.plain("alice") == ("They/Them", False)
    silence.set()


async def test_those_who_ask_at_once_share_a_look_up_that_outlives_the_first(alejo: FakeAlejo) -> None:
    alejo.viewers["alice"] = {"pronoun_id": "xexem"}
    arrived, leave = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await leave.wait()
        return await alejo.answer(request)

    alejo.respond = hold
    async with stage(alejo.url) as staged:
        first, *others = [asyncio.create_task(staged.plain("alice")) for _ in range(5)]
        await arrived.wait()
        first.cancel()
        await asyncio.wait([first])
        leave.set()
        assert await asyncio.gather(*others) == [("Xe/Xem", True)] * 4
        assert alejo.asked == ["/v1/users/alice"]


async def test_many_viewers_are_looked_up_a_few_at_a_time(alejo: FakeAlejo) -> None:
    under_way, most = 0, 0

    async def count(request: web.Request) -> web.StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return web.json_response({"pronoun_id": "any"})

    alejo.respond = count
    async with stage(alejo.url) as staged:
        found = await asyncio.gather(*(staged.plain(f"viewer{number}") for number in range(300)))
        assert found.count(("Any", True)) == pronouns._WAITING_LIMIT
        assert found.count(("They/Them", False)) == 300 - pronouns._WAITING_LIMIT
        assert 1 < most <= 4


async def test_where_nothing_may_be_asked_the_keys_are_all_there_is() -> None:
    async with stage(None) as staged:
        assert await staged.plain("alice") == ("They/Them", False)
        old = describe(SETS["hehim"], time.time() - 30 * DAY_S)
        await staged.client.put("pronouns/twitch/alice", msgspec.json.encode(old).decode())
        assert await staged.plain("alice") == ("He/Him", True)
        assert list(staged.hub.scan("pronouns/").take(10)) == [
            ("pronouns/twitch/alice", msgspec.json.encode(old).decode())
        ]


async def test_oldest_are_forgotten_also_over_a_restart(alejo: FakeAlejo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pronouns, "_CACHE_LIMIT", 3)
    hub = Hub(MemoryStore(), Catalogue(keys.SPECS))

    def logins() -> set[str]:
        return {key.rpartition("/")[2] for key, _ in hub.scan("pronouns/").take(100)}

    async with stage(alejo.url, hub) as staged:
        for login in ("zoe", "bob", "alice", "dora"):
            await staged.plain(login)
        assert logins() == {"bob", "alice", "dora"}
    async with stage(alejo.url, hub) as staged:
        old = describe(None, time.time() - 2 * DAY_S)
        await staged.client.put("pronouns/twitch/bob", msgspec.json.encode(old).decode())
        # Asked for anew, so that it is no longer the oldest.
        await staged.plain("bob")
        await staged.plain("eve")
        assert logins() == {"bob", "dora", "eve"}
    await hub.close()


async def test_end_ends_what_is_under_way(alejo: FakeAlejo) -> None:
    arrived, never = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await never.wait()
        return web.Response()

    alejo.respond = hold
    async with stage(alejo.url) as staged:
        asking = asyncio.create_task(staged.plain("alice"))
        await arrived.wait()
    await asyncio.wait([asking])
    assert asking.cancelled()
    never.set()


@pytest.mark.parametrize("name", SETS)
def test_every_set_has_every_member(name: str) -> None:
    assert describe(SETS[name], 0).keys() == describe(None, 0).keys()
    assert all(value != "" for member, value in describe(SETS[name], 0).items() if member != "pronounPluralLower")


@given(st.text())
def test_whatever_is_in_a_key_is_read_without_an_error(text: str) -> None:
    assert pronouns._looked_up_at(pronouns._read_entry(text)) == 0.0
    assert isinstance(pronouns._looked_up_at({"pronounLastCached": text}), float)


@given(st.floats(min_value=1e9, max_value=4e9))
def test_time_of_a_look_up_is_read_back(moment: float) -> None:
    assert abs(pronouns._looked_up_at({"pronounLastCached": write_time(moment)}) - moment) <= 0.001
