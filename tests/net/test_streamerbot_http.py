"""Streamer.bot's HTTP server over real sockets: paths, methods, who may ask, what comes back, and files."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import pytest
from aiohttp.test_utils import make_mocked_request

from stagedoor import keys
from stagedoor.access import OriginPolicy
from stagedoor.errors import RequestFailed
from stagedoor.net.door import Door
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.streamerbot_http import StreamerbotHttp, map_files
from stagedoor.wire import Peer
from tests.streamerbot.harness import ACTION, INSTANCE, Stage

PASSWORD = "a password for the tests"
RIGHT = f"Bearer {PASSWORD}"
OVERLAYS = "https://overlays.example"


class Answer(NamedTuple):
    """What an HTTP request came to."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Opened:
    """A door with Streamer.bot's HTTP server, and the stage behind it."""

    def __init__(self, stage: Stage, door: Door, http: StreamerbotHttp) -> None:
        self.stage = stage
        self.door = door
        self.http = http

    async def ask(self, method: str, path: str, /, body: bytes = b"", **headers: str) -> Answer:
        """Make one request, each byte of it as it is said here. A header's ``_`` stands for ``-``."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.door.port)
        fields = {"Host": f"127.0.0.1:{self.door.port}", "Connection": "close"}
        if body:
            fields["Content-Length"] = str(len(body))
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        writer.write("\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        head, _, content = answer.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
        return Answer(int(first.split(" ")[1]), fields, content)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, b"", **headers)

    async def do(self, message: object, path: str = "/DoAction", **headers: str) -> Answer:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return await self.ask("POST", path, body, **{"Content_Type": "application/json", **headers})

    @property
    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        """What the services were asked."""
        return self.stage.asked


@asynccontextmanager
async def open_http(
    mode: str = "off", *, origins: OriginPolicy | None = None, host_names: frozenset[str] = frozenset()
) -> AsyncIterator[Opened]:
    stage = Stage(mode=mode, password=PASSWORD, clock=asyncio.get_running_loop())
    policy = origins or OriginPolicy(frozenset((OVERLAYS,)))
    http = StreamerbotHttp(stage.hub, stage.reception, policy)
    door = Door(
        "HTTP",
        sockets={},
        respond=http.respond,
        turn=Turn(),
        limits=Limits(),
        origins=policy,
        host_names=host_names,
    )
    await door.listen("127.0.0.1", 0)
    try:
        yield Opened(stage, door, http)
    finally:
        await door.close()
        await stage.close()


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """A door that asks for no password."""
    async with open_http() as opened:
        yield opened


@pytest.fixture
async def enforced() -> AsyncIterator[Opened]:
    """A door that asks everybody for the password."""
    async with open_http("enforced") as opened:
        yield opened


# --- paths and methods --------------------------------------------------------------------------------------------

READING = [
    "GetInfo",
    "GetEvents",
    "GetActions",
    "GetBroadcaster",
    "GetMonitoredYouTubeBroadcasts",
    "GetCredits",
    "TestCredits",
    "GetActiveViewers",
    "GetCodeTriggers",
    "GetCommands",
    "TwitchGetEmotes",
    "YouTubeGetEmotes",
    "GetGlobals",
    "TwitchGetUserGlobals",
    "KickGetUserGlobals",
]


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("form", ["/api/{}", "/{}"])
async def test_what_reads_is_a_get_by_both_paths(opened: Opened, form: str, name: str) -> None:
    answer = await opened.get(form.format(name))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert isinstance(answer.json, dict)
    assert not answer.json.keys() & {"status", "id", "error"}


@pytest.mark.parametrize("name", ["GetActions", "GetInfo", "GetCredits"])
async def test_head_is_a_get_without_a_body(opened: Opened, name: str) -> None:
    head = await opened.ask("HEAD", f"/api/{name}")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len((await opened.get(f"/api/{name}")).body))


async def test_the_answers_are_those_of_the_websocket(opened: Opened) -> None:
    assert (await opened.get("/GetActions")).json == {"actions": [{"id": ACTION, "name": "Wave"}], "count": 1}
    info = (await opened.get("/api/GetInfo")).json["info"]
    assert (info["source"], info["instanceId"]) == ("httpServer", INSTANCE)
    assert "Follow" in (await opened.get("/api/GetEvents")).json["events"]["Twitch"]


@pytest.mark.parametrize("path", ["/api/getactions", "/GETACTIONS", "/api/GetActions?x=1"])
async def test_names_have_no_case(opened: Opened, path: str) -> None:
    assert (await opened.get(path)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/",
        "/api/Nothing",
        "/Nothing",
        "/GetActions/",
        "/GetActions/x",
        "/api//GetActions",
        "/api/api/GetActions",
        "/apiGetActions",
        "/SendMessage",
        "/api/SendMessage",
        "/api/Subscribe",
        "/api/Authenticate",
        "/api/ExecuteCodeTrigger",
        "/%47etActions",
    ],
)
async def test_what_is_not_there(opened: Opened, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await opened.ask(method, path)
        assert answer.status == 404
        assert isinstance(answer.json["error"], str)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("name", ["GetActions", "GetCredits"])
async def test_a_get_by_another_method(opened: Opened, method: str, name: str) -> None:
    answer = await opened.ask(method, f"/{name}")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json["error"]
    assert opened.asked == []


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("name", ["ClearCredits", "ClearFirstWordsCache"])
async def test_only_a_get_clears(opened: Opened, method: str, name: str) -> None:
    answer = await opened.ask(method, f"/{name}")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert opened.asked == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
async def test_do_action_by_another_method(opened: Opened, method: str) -> None:
    answer = await opened.ask(method, "/api/DoAction")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert opened.asked == []


@pytest.mark.parametrize(
    ("name", "key"), [("ClearCredits", keys.CREDITS_CLEAR), ("ClearFirstWordsCache", keys.FIRST_WORDS_CLEAR)]
)
@pytest.mark.parametrize("form", ["/api/{}", "/{}"])
async def test_clearing_answers_nothing(opened: Opened, form: str, name: str, key: str) -> None:
    answer = await opened.get(form.format(name))
    assert (answer.status, answer.body) == (204, b"")
    assert opened.asked == [(key, {})]


# --- DoAction -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/DoAction", "/api/DoAction", "/api/doaction"])
async def test_an_action_is_run_and_nothing_answered(opened: Opened, path: str) -> None:
    answer = await opened.do({"action": {"name": "Wave"}, "args": {"a": [1]}}, path)
    assert (answer.status, answer.body) == (204, b"")
    assert opened.asked == [(keys.ACTION_RUN, {"action": {"name": "Wave"}, "args": {"a": [1]}})]


async def test_the_content_type_may_name_a_charset(opened: Opened) -> None:
    answer = await opened.do({"action": {"id": ACTION}}, Content_Type="application/json; charset=utf-8")
    assert answer.status == 204


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        (b"", 400, "Invalid JSON"),
        (b"nonsense", 400, "Invalid JSON"),
        (b'{"action":', 400, "Invalid JSON"),
        (b"\xff\xfe", 400, "Invalid JSON"),
        (b"[]", 400, "Request must be an object"),
        (b'"Wave"', 400, "Request must be an object"),
        (b"{}", 400, "Missing parameter: action"),
        (b'{"action":null}', 400, "Missing parameter: action"),
        (b'{"action":{}}', 400, "Missing parameter: action.id or action.name"),
        (b'{"action":"Wave"}', 400, "Invalid parameter: action"),
        (b'{"action":{"name":["Wave"]}}', 400, "Invalid parameter: action.name"),
        (b'{"action":{"name":"Wave"},"args":5}', 400, "Invalid parameter: args"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "Request nests more than 64 levels"),
        (b'{"action":{"name":"Nothing"}}', 404, "Action not found"),
    ],
)
async def test_an_action_that_cannot_be_run(opened: Opened, body: bytes, status: int, problem: str) -> None:
    answer = await opened.do(body)
    assert (answer.status, answer.json) == (status, {"error": problem})


NOT_JSON = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "json"]


@pytest.mark.parametrize("content_type", NOT_JSON)
@pytest.mark.parametrize(
    "browser",
    [{"Origin": "http://localhost:8000"}, {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"}],
    ids=str,
)
async def test_what_a_form_can_send_is_refused(opened: Opened, browser: dict[str, str], content_type: str) -> None:
    answer = await opened.do({"action": {"name": "Wave"}}, Content_Type=content_type, **browser)
    assert answer.status == 415
    assert answer.json["error"]
    assert opened.asked == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_form_of_a_foreign_page_runs_nothing(opened: Opened, origin: str) -> None:
    answer = await opened.do({"action": {"name": "Wave"}}, Content_Type="text/plain", Origin=origin)
    assert answer.status in (401, 403, 415)
    assert opened.asked == []


@pytest.mark.parametrize("content_type", [*NOT_JSON, "text/plain; charset=utf-8"])
async def test_a_program_may_call_its_json_anything(opened: Opened, content_type: str) -> None:
    """Loupedeck's plugin says ``text/plain``, ``curl -d`` says that it is a form; neither says that it is a browser."""
    answer = await opened.do({"action": {"name": "Wave"}}, Content_Type=content_type)
    assert answer.status == 204
    assert opened.asked == [(keys.ACTION_RUN, {"action": {"name": "Wave"}})]


async def test_what_a_program_sends_has_to_be_json_all_the_same(opened: Opened) -> None:
    answer = await opened.do(b"action=Wave", Content_Type="application/x-www-form-urlencoded")
    assert (answer.status, answer.json) == (400, {"error": "Invalid JSON"})


async def test_unless_every_page_is_trusted() -> None:
    async with open_http(origins=OriginPolicy(trusts_all=True)) as opened:
        answer = await opened.do({"action": {"name": "Wave"}}, Content_Type="text/plain", Origin="https://evil.example")
        assert answer.status == 204


async def test_a_body_may_be_a_megabyte_and_no_more(opened: Opened) -> None:
    def body(size: int) -> bytes:
        head = b'{"action":{"name":"Wave"},"args":{"a":"'
        return head + b"x" * (size - len(head) - 3) + b'"}}'

    assert (await opened.do(body(1_000_000))).status == 204
    answer = await opened.do(body(2_000_000))
    assert answer.status == 413
    assert answer.json["error"]
    assert len(opened.asked) == 1


async def test_a_bug_is_not_told(opened: Opened) -> None:
    answer = await opened.do({"action": {"name": "Break"}})
    assert (answer.status, answer.json) == (500, {"error": "Internal error"})


# --- reading with parameters --------------------------------------------------------------------------------------


async def test_parameters_are_a_query(opened: Opened) -> None:
    stage = opened.stage
    stage.write("user-global/persisted/twitch/1/x", '{"value":3,"lastWrite":"t","userLogin":"ann","userName":"Ann"}')
    stage.write("user-global/temporary/twitch/1/y", '{"value":4,"lastWrite":"t"}')
    stage.write("global/persisted/a%2Fb", '{"value":5,"lastWrite":"t"}')
    found = (await opened.get("/api/TwitchGetUserGlobal?variable=x&persisted=true&userId=1")).json
    assert found == {
        "variable": {"name": "x", "value": 3, "lastWrite": "t"},
        "variables": [{"name": "x", "value": 3, "lastWrite": "t"}],
        "count": 1,
    }
    assert (await opened.get("/TwitchGetUserGlobals?persisted=False")).json["variables"][0]["value"] == 4
    assert (await opened.get("/api/GetGlobal?variable=a%2Fb")).json["variable"]["value"] == 5
    assert (await opened.get("/api/GetGlobal?variable=")).status == 404
    pronouns = (await opened.get("/api/GetUserPronouns?platform=twitch&userLogin=ann")).json
    assert pronouns["userLogin"] == "ann"


@pytest.mark.parametrize(
    ("query", "status", "problem"),
    [
        ("GetGlobal", 400, "Missing parameter: variable"),
        ("GetGlobal?variable=x&persisted=maybe", 400, "Invalid parameter: persisted"),
        ("GetGlobal?variable=x", 404, "Variable not found"),
        ("TwitchGetUserGlobal?variable=x", 400, "Missing parameter: userId"),
        ("TwitchGetUserGlobal?variable=x&userId=1", 404, "Variable not found"),
        ("GetUserPronouns?platform=myspace&userLogin=a", 400, "Invalid platform"),
    ],
)
async def test_parameters_that_are_wrong(opened: Opened, query: str, status: int, problem: str) -> None:
    answer = await opened.get(f"/api/{query}")
    assert (answer.status, answer.json) == (status, {"error": problem})


@pytest.mark.parametrize("name", ["GetCredits", "TestCredits"])
async def test_credits_keep_their_old_shape(opened: Opened, name: str) -> None:
    assert (await opened.get(f"/api/{name}")).json == {
        "Events": {
            "Follows": ["Ann"],
            "Cheers": [],
            "Subs": [],
            "ReSubs": [],
            "GiftSubs": [],
            "GiftBombs": [],
            "Raided": ["Zoe"],
            "RewardRedemptions": [],
            "GoalContributions": [],
            "GameUpdates": [],
            "Pyramids": [],
        },
        "HypeTrainConductor": ["Eve"],
        "HypeTrainContributors": ["Dan"],
        "User": {"Editors": [], "Moderator": ["Bob"], "Subscriber": [], "VIPs": [], "Users": [], "Friends": ["Fay"]},
        "Custom": {"Art": ["Gil"]},
        "TopBits": {"All": ["Cy"], "Month": [], "Week": []},
        "TopChannelRewards": ["Hydrate"],
    }


async def test_a_service_that_refuses_is_a_bad_request(opened: Opened) -> None:
    async def refuse(value: str) -> str:
        raise RequestFailed("not today")

    opened.stage.retire[keys.ACTION_LIST]()
    opened.stage.owner.serve(keys.ACTION_LIST, refuse)
    answer = await opened.get("/GetActions")
    assert (answer.status, answer.json) == (400, {"error": "not today"})


# --- who may ask --------------------------------------------------------------------------------------------------

Ask = Callable[..., Awaitable[Answer]]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost", "0.0.0.0:{port}", "localhost.:{port}"]
)
async def test_another_host_is_misdirected(opened: Opened, host: str) -> None:
    answer = await opened.get("/ClearCredits", Host=host.format(port=opened.door.port))
    assert answer.status == 421
    assert opened.asked == []


@pytest.mark.parametrize("origin", [OVERLAYS, "http://absolute", "http://localhost:3000", "http://127.0.0.1"])
async def test_pages_that_may(opened: Opened, origin: str) -> None:
    assert (await opened.get("/GetActions", Origin=origin)).status == 200
    assert (await opened.do({"action": {"name": "Wave"}}, Origin=origin)).status == 204


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost.evil.example", "https://overlays.example:8443"]
)
async def test_a_foreign_page_gets_403(opened: Opened, origin: str) -> None:
    for answer in (
        await opened.get("/GetActions", Origin=origin),
        await opened.get("/ClearCredits", Origin=origin),
        await opened.do({"action": {"name": "Wave"}}, Origin=origin),
        await opened.get("/GetActions", Origin=origin, Authorization=RIGHT),
    ):
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers
    assert opened.asked == []


async def test_an_image_on_a_foreign_page_clears_nothing(opened: Opened) -> None:
    """Such a GET has no origin; what tells is how the browser came to fetch it."""
    assert (await opened.get("/ClearCredits", Sec_Fetch_Site="cross-site")).status == 403
    assert opened.asked == []
    for site in ("none", "same-origin", "same-site"):
        assert (await opened.get("/ClearCredits", Sec_Fetch_Site=site)).status == 204
    assert (await opened.get("/GetActions", Sec_Fetch_Site="cross-site", Origin=OVERLAYS)).status == 200


async def test_a_page_that_hides_where_it_comes_from_needs_the_password(opened: Opened) -> None:
    for origin in ("null", "file://"):
        assert (await opened.get("/GetActions", Origin=origin)).status == 401
        assert (await opened.do({"action": {"name": "Wave"}}, Origin=origin)).status == 401
        assert (await opened.get("/GetActions", Origin=origin, Authorization=RIGHT)).status == 200
    assert len(opened.asked) == 2


async def test_only_an_origin_that_was_let_in_may_read_what_it_fetched(opened: Opened) -> None:
    let_in = await opened.get("/GetActions", Origin=OVERLAYS)
    assert let_in.headers["access-control-allow-origin"] == OVERLAYS
    assert let_in.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in (await opened.get("/GetActions")).headers
    refused = await opened.get("/api/GetGlobal?variable=none", Origin=OVERLAYS)
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (404, OVERLAYS)


async def test_a_page_of_this_machine_reads_when_the_owner_has_said_so() -> None:
    local = "http://localhost:3000"
    for policy, may_read in (
        (OriginPolicy(), False),
        (OriginPolicy(is_remembered=lambda origin: origin == local), True),
        (OriginPolicy(trusts_all=True), True),
    ):
        async with open_http(origins=policy) as opened:
            answer = await opened.get("/GetActions", Origin=local)
            assert answer.status == 200
            assert ("access-control-allow-origin" in answer.headers) is may_read
    async with open_http(origins=OriginPolicy(is_refused=lambda origin: origin == local)) as opened:
        assert (await opened.get("/GetActions", Origin=local)).status == 403
        assert (await opened.get("/GetActions", Origin="http://localhost:3001")).status == 200


async def test_it_may_ask_before_it_posts(opened: Opened) -> None:
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "content-type"}
    answer = await opened.ask("OPTIONS", "/DoAction", b"", Origin=OVERLAYS, **asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == OVERLAYS
    assert "Content-Type" in answer.headers["access-control-allow-headers"]
    foreign = await opened.ask("OPTIONS", "/DoAction", b"", Origin="https://evil.example", **asked)
    assert foreign.status == 403
    assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_the_owner_is_asked_about_a_foreign_site_also_when_its_browser_asks_first(method: str) -> None:
    asked: list[str] = []
    policy = OriginPolicy(ask=lambda origin, asker: asked.append(origin))
    async with open_http(origins=policy) as opened:
        answer = await opened.ask(method, "/api/DoAction", b"", Origin="https://Evil.example")
        assert answer.status == 403
    assert asked == ["https://evil.example"]


async def test_a_page_of_the_servers_own_is_at_home_by_any_name_of_the_server() -> None:
    asked: list[str] = []
    policy = OriginPolicy(ask=lambda origin, asker: asked.append(origin))
    async with open_http(origins=policy, host_names=frozenset(("stage.example",))) as opened:
        name = f"stage.example:{opened.door.port}"
        assert (await opened.do({"action": {"name": "Wave"}}, Host=name, Origin=f"http://{name}")).status == 204
        assert (await opened.do({"action": {"name": "Wave"}}, Host=name, Origin=f"https://{name}")).status == 403
        assert (await opened.do({"action": {"name": "Wave"}}, Host=name, Origin="http://stage.example")).status == 403
    assert asked == [f"https://{name}", "http://stage.example"]


# --- the password ------------------------------------------------------------------------------------------------


async def test_enforced_nothing_works_without_the_password(enforced: Opened) -> None:
    for answer in (
        await enforced.get("/GetActions"),
        await enforced.get("/api/GetInfo"),
        await enforced.get("/ClearCredits"),
        await enforced.do({"action": {"name": "Wave"}}),
        await enforced.do(b"nonsense"),
    ):
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json == {"error": "Authentication required"}
    assert enforced.asked == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_enforced_the_password_opens(enforced: Opened, scheme: str) -> None:
    assert (await enforced.get("/GetActions", Authorization=f"{scheme} {PASSWORD}")).status == 200
    assert (await enforced.do({"action": {"name": "Wave"}}, Authorization=f"{scheme} {PASSWORD}")).status == 204
    assert len(enforced.asked) == 2


@pytest.mark.parametrize(
    "value", ["Bearer wrong", "Bearer", "Bearer ", "Basic " + PASSWORD, PASSWORD, "", "Bearer x y"]
)
async def test_enforced_a_wrong_password_does_not(enforced: Opened, value: str) -> None:
    answer = await enforced.get("/GetActions", Authorization=value)
    assert answer.status == 401
    assert PASSWORD.encode() not in answer.body
    assert enforced.asked == []


async def test_the_password_is_not_taken_from_the_query(enforced: Opened) -> None:
    for query in ("password", "token", "authorization", "access_token"):
        assert (await enforced.get(f"/GetActions?{query}={PASSWORD.replace(' ', '%20')}")).status == 401


async def test_wrong_passwords_wait(enforced: Opened) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(3):
        assert (await enforced.get("/GetActions", Authorization="Bearer wrong")).status == 401
    assert loop.time() - began >= 0.25 + 0.5 - 0.05
    assert (await enforced.get("/GetActions", Authorization=RIGHT)).status == 200


async def test_not_enforced_a_wrong_password_is_a_guest() -> None:
    async with open_http("on") as opened:
        assert (await opened.get("/GetActions", Authorization="Bearer wrong")).status == 200


async def test_a_right_password_that_waits_while_it_changes_does_not_count(enforced: Opened) -> None:
    far = "198.51.100.7"
    doorkeeper = enforced.stage.reception.doorkeeper
    doorkeeper.judge_password("wrong", far)
    request = make_mocked_request("GET", "/GetActions", {"Authorization": RIGHT})
    verdict = asyncio.ensure_future(enforced.http._prove(request, Peer(far)))
    await asyncio.sleep(0)  # now it waits
    doorkeeper.change_password("another")
    assert await verdict is None


async def test_another_password_counts_at_once(enforced: Opened) -> None:
    enforced.stage.reception.change(enforced.stage.reception.authentication, "quite another one")
    assert (await enforced.get("/GetActions", Authorization=RIGHT)).status == 401
    assert (await enforced.get("/GetActions", Authorization="Bearer quite another one")).status == 200


# --- files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """A folder to show, with everything that must not be shown around it."""
    folder = tmp_path / "shown"
    (folder / "sub").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "index.html").write_text("<p>start")
    (folder / "sub" / "index.html").write_text("<p>sub")
    (folder / "a b.js").write_text("let a")
    (folder / "ä.css").write_text("a{}")
    (folder / ".secret").write_text("secret")
    (folder / "GetActions").write_text("a file")
    (tmp_path / "outside.txt").write_text("secret")
    (tmp_path / "shown2").mkdir()
    (tmp_path / "shown2" / "near.txt").write_text("secret")
    if os.name == "posix":
        (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
        (folder / "linked").symlink_to(tmp_path)
    return folder


@pytest.fixture
def files(opened: Opened, shown: Path, tmp_path: Path) -> Opened:
    """A door that shows the folder, one of its files, and two by names that are not easy."""
    (tmp_path / "data").mkdir()
    mappings = {"overlay": shown, "one.js": shown / "a b.js", "my overlays": shown, "GetActions": shown}
    opened.http.files = map_files(mappings, private=tmp_path / "data")
    return opened


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/overlay/", b"<p>start", "text/html"),
        ("/overlay/index.html", b"<p>start", "text/html"),
        ("/overlay/sub/", b"<p>sub", "text/html"),
        ("/overlay/a%20b.js", b"let a", "text/javascript"),
        ("/overlay/%C3%A4.css", b"a{}", "text/css"),
        ("/overlay/GetActions", b"a file", "application/octet-stream"),
        ("/overlay/index.html?v=1", b"<p>start", "text/html"),
        ("/one.js", b"let a", "text/javascript"),
        ("/my%20overlays/", b"<p>start", "text/html"),
        ("/my%20overlays/sub/", b"<p>sub", "text/html"),
    ],
)
async def test_files_are_shown(files: Opened, path: str, body: bytes, content_type: str) -> None:
    answer = await files.get(path)
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-type"].startswith(content_type)
    assert answer.headers["cache-control"] == "no-cache"
    head = await files.ask("HEAD", path)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(body)))


@pytest.mark.parametrize(
    "path",
    [
        "/overlay/nothing",
        "/overlay/empty/",
        "/overlay/.secret",
        "/overlay/%2esecret",
        "/overlay/../outside.txt",
        "/overlay/%2e%2e/outside.txt",
        "/overlay/..%2foutside.txt",
        "/overlay/%2e%2e%2foutside.txt",
        "/overlay/..%5coutside.txt",
        "/overlay/../shown2/near.txt",
        "/overlay//../../outside.txt",
        "/overlay/sub/../../outside.txt",
        "/overlay/%00",
        "/overlay/a%00b",
        "/overlay/%ff",
        "/overlay2/near.txt",
        "/overlay/link.txt",
        "/overlay/linked/outside.txt",
        "/overlay/C:/x",
        "/one.js/",
        "/one.js/x",
        "/overlay/a%20b.js/",
        "/one.js/../outside.txt",
        "/../outside.txt",
        "//overlay/index.html",
        "/Overlay/",
        "/%2e%2e/outside.txt",
    ],
)
async def test_nothing_else_is(files: Opened, path: str) -> None:
    answer = await files.get(path)
    assert answer.status == 404
    assert b"secret" not in answer.body
    assert answer.json["error"]


async def test_a_foreign_page_may_not_include_them(files: Opened) -> None:
    by = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "script"}
    for path in ("/one.js", "/overlay/a%20b.js"):
        for whence in ({}, {"Referer": "https://evil.example/"}, {"Origin": "null"}):
            answer = await files.get(path, **by, **whence)
            assert answer.status == 403
            assert "may not include" in answer.json["error"]
        for page in (f"{OVERLAYS}/", "http://127.0.0.1:5500/"):
            assert (await files.get(path, **by, Referer=page)).status == 200
        assert (await files.get(path, Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="image")).status == 200


@pytest.mark.parametrize("path", ["/overlay", "/my%20overlays", "/overlay/sub"])
async def test_a_folder_without_its_slash_is_elsewhere(files: Opened, path: str) -> None:
    for query in ("", "?colour=%23fff"):
        answer = await files.get(path + query)
        assert answer.status == 301
        assert urljoin(path, answer.headers["location"]) == f"{path}/{query}"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_files_can_be_read_only(files: Opened, method: str) -> None:
    answer = await files.ask(method, "/overlay/index.html")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_requests_name_wins_over_a_mapping(files: Opened) -> None:
    assert (await files.get("/GetActions")).json["count"] == 1


async def test_a_file_that_has_gone_is_not_found(files: Opened, shown: Path) -> None:
    (shown / "a b.js").unlink()
    assert (await files.get("/one.js")).status == 404


async def test_mappings_can_be_replaced(files: Opened) -> None:
    files.http.files = {}
    assert (await files.get("/overlay/")).status == 404


@pytest.mark.parametrize("name", ["", "/", "api", "API", "/api/", "a/b", "/a/b/"])
def test_a_name_that_cannot_be(name: str, shown: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a file mapping"):
        map_files({name: shown}, private=tmp_path / "data")


def test_slashes_around_a_name_are_no_matter(shown: Path, tmp_path: Path) -> None:
    assert list(map_files({"/overlay/": shown}, private=tmp_path / "data")) == ["overlay"]


def test_what_cannot_be_shown_is_told(shown: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "control.json").write_text("secret")
    for path in (tmp_path, data, data / "control.json", tmp_path / "nothing"):
        with pytest.raises(ValueError, match="cannot be served"):
            map_files({"overlay": path}, private=data)


# --- what no browser sends ---


@pytest.mark.parametrize(
    "path",
    [
        "/api/GetGlobal?variable=%ff",
        "/api/GetGlobal?variable=%ed%a0%80",
        "/api/GetGlobal?variable=%00",
        "/api/GetGlobal?variable=a&variable=b",
        "/api/TwitchGetUserGlobal?userId=%ff&variable=%fe",
        "/api/GetGlobal?variable=" + "x" * 6000,
        "/%ff",
        "/%ff/",
        "/%ed%a0%80/x",
        "/\xff",
        "/a?%ff",
    ],
)
async def test_an_odd_path_is_not_found(files: Opened, path: str) -> None:
    answer = await files.get(path)
    assert answer.status in (400, 404)
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize("name", ["Authorization", "Origin", "Sec_Fetch_Site", "Content_Type"])
@pytest.mark.parametrize("value", ["\xff", "Bearer \xff", "Bearer \udfa5", "null, null", "x" * 5000])
async def test_an_odd_header_is_no_bug(enforced: Opened, name: str, value: str) -> None:
    answer = await enforced.do({"action": {"name": "Wave"}}, **{name: value})
    assert 400 <= answer.status < 500
    assert enforced.asked == []


async def test_a_password_may_be_any_text() -> None:
    async with open_http("enforced") as opened:
        opened.stage.reception.change(opened.stage.reception.authentication, "pässwörd✓")
        assert (await opened.get("/GetActions", Authorization="Bearer pässwörd✓")).status == 200
