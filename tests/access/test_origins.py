"""Which Host names this door, and what an Origin makes of a connection."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import OriginClass, OriginPolicy, is_host_allowed, is_own, normalize_origin

PORT = 4337


def is_allowed(*hosts: str, port: int = PORT, local_address: str = "127.0.0.1", names: tuple[str, ...] = ()) -> bool:
    return is_host_allowed(hosts, port=port, local_address=local_address, names=names)


# --- Host ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost:4337", "127.0.0.1:4337", "[::1]:4337", "LOCALHOST:4337", "LocalHost:4337"])
def test_names_of_this_machine_are_allowed(host: str) -> None:
    assert is_allowed(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        ":",
        ":4337",
        "localhost",
        "localhost:",
        "localhost:80",
        "localhost:43370",
        "localhost:433",
        "localhost:4337:4337",
        "localhost:-4337",
        "localhost:+4337",
        "localhost: 4337",
        "localhost:4_337",
        "localhost:4337x",
        "localhost:٤٣٣٧",
        "localhost:" + "1" * 5000,
        "localhost:" + "0" * 5000 + "4337",
        "127.0.0.1",
        "[::1]",
        "localhost.:4337",
        "127.0.0.1.:4337",
        "localhost6:4337",
        "0.0.0.0:4337",
        "[::]:4337",
        "0:4337",
        "127.1:4337",
        "127.0.0.2:4337",
        "2130706433:4337",
        "0x7f.0.0.1:4337",
        "0177.0.0.1:4337",
        "::1:4337",
        "[::1:4337",
        "[[::1]]:4337",
        "[::1%lo]:4337",
        "[localhost]:4337",
        "[127.0.0.1]:4337",
        "[::ffff:127.0.0.1]:4337",
        "localhost.evil.example:4337",
        "127.0.0.1.evil.example:4337",
        "127.0.0.1.nip.io:4337",
        "evil.example:4337",
        "evil.localhost:4337",
        "mylocalhost:4337",
        "localhost@evil.example:4337",
        "evil.example@localhost:4337",
        "user@localhost:4337",
        "localhost/x:4337",
        "localhost#:4337",
        "localhost,evil.example:4337",
        "localhost\t:4337",
        "lоcalhost:4337",  # noqa: RUF001  (a Cyrillic o)
        "10.0.0.5:4337",
    ],
)
def test_every_other_name_is_refused(host: str) -> None:
    assert not is_allowed(host)


def test_exactly_one_host_is_named() -> None:
    assert not is_allowed()
    assert not is_allowed("localhost:4337", "localhost:4337")
    assert not is_allowed("localhost:4337", "evil.example")


def test_the_port_of_http_may_be_left_out() -> None:
    assert is_allowed("localhost", port=80)
    assert is_allowed("[::1]", port=80)
    assert is_allowed("localhost:80", port=80)
    assert not is_allowed("localhost:4337", port=80)


def test_a_configured_name_is_allowed_with_the_right_port() -> None:
    assert is_allowed("stream.example:4337", names=("stream.example",))
    assert is_allowed("STREAM.example:4337", names=("stream.example",))
    assert not is_allowed("stream.example:80", names=("stream.example",))
    assert not is_allowed("www.stream.example:4337", names=("stream.example",))
    assert not is_allowed("stream.example.:4337", names=("stream.example",))


@pytest.mark.parametrize(
    ("host", "local_address"),
    [
        ("192.168.1.5:4337", "192.168.1.5"),
        ("192.168.1.5:4337", "::ffff:192.168.1.5"),
        ("[2001:db8::5]:4337", "2001:db8::5"),
        ("[2001:DB8:0::5]:4337", "2001:db8::5"),
        ("[fe80::5]:4337", "fe80::5%eth0"),
        ("127.0.0.2:4337", "127.0.0.2"),
    ],
)
def test_the_address_that_was_reached_is_allowed(host: str, local_address: str) -> None:
    assert is_allowed(host, local_address=local_address)


@pytest.mark.parametrize(
    ("host", "local_address"),
    [
        ("192.168.1.6:4337", "192.168.1.5"),
        ("0.0.0.0:4337", "0.0.0.0"),
        ("[::]:4337", "::"),
        ("2001:db8::5:4337", "2001:db8::5"),
        ("[192.168.1.5]:4337", "192.168.1.5"),
        ("my-pc:4337", "my-pc"),
        ("", ""),
    ],
)
def test_no_other_address_is(host: str, local_address: str) -> None:
    assert not is_allowed(host, local_address=local_address)


@given(st.lists(st.text(max_size=30) | st.from_regex(r"(localhost|\[::1\]|[0-9.]{0,20}):[0-9]{0,6}"), max_size=2))
def test_no_host_breaks_the_check(hosts: list[str]) -> None:
    allowed = is_allowed(*hosts)
    assert not allowed or hosts[0].strip().lower().rpartition(":")[0] in ("localhost", "127.0.0.1", "[::1]")


# --- Origin -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, OriginClass.PROGRAM),
        ("http://absolute", OriginClass.LOCAL),
        ("http://localhost", OriginClass.LOCAL),
        ("http://localhost:3000", OriginClass.LOCAL),
        ("https://localhost:3000", OriginClass.LOCAL),
        ("HTTP://LOCALHOST", OriginClass.LOCAL),
        ("http://127.0.0.1", OriginClass.LOCAL),
        ("http://127.0.0.1:8080", OriginClass.LOCAL),
        ("http://[::1]:8080", OriginClass.LOCAL),
        ("ws://localhost:4337", OriginClass.LOCAL),  # Starscream, ws4py
        ("wss://127.0.0.1:4337", OriginClass.LOCAL),
        ("http://localhost/", OriginClass.LOCAL),  # the example of Go's x/net/websocket
        ("null", OriginClass.OPAQUE),
        ("file://", OriginClass.OPAQUE),
        ("FILE://", OriginClass.OPAQUE),
        ("file:///", OriginClass.OPAQUE),
        ("", OriginClass.FOREIGN),
        ("NULL", OriginClass.FOREIGN),
        ("https://absolute", OriginClass.FOREIGN),
        ("http://absolute:80", OriginClass.FOREIGN),
        ("http://absolute.evil.example", OriginClass.FOREIGN),
        ("https://evil.example", OriginClass.FOREIGN),
        ("http://localhost.evil.com", OriginClass.FOREIGN),
        ("http://127.0.0.1.evil.com", OriginClass.FOREIGN),
        ("http://evil.com#localhost", OriginClass.FOREIGN),
        ("http://localhost@evil.com", OriginClass.FOREIGN),
        ("http://evil.com@localhost", OriginClass.FOREIGN),
        ("http://localhost:80@evil.com", OriginClass.FOREIGN),
        ("http://localhost:80:evil.com", OriginClass.FOREIGN),
        ("http://localhost/evil", OriginClass.FOREIGN),
        ("http://localhost?x", OriginClass.FOREIGN),
        ("http://localhost\\evil.com", OriginClass.FOREIGN),
        ("http://localhost.", OriginClass.FOREIGN),
        ("http://localhost6", OriginClass.FOREIGN),
        ("http://localhost, http://evil.com", OriginClass.FOREIGN),
        ("http://localhost http://evil.com", OriginClass.FOREIGN),
        ("http://mylocalhost", OriginClass.FOREIGN),
        ("http://tauri.localhost", OriginClass.LOCAL),  # an application made with Tauri, on Windows
        ("https://my.app.localhost:3000", OriginClass.LOCAL),
        ("http://.localhost", OriginClass.FOREIGN),
        ("http://app..localhost", OriginClass.FOREIGN),
        ("http://app.localhost.", OriginClass.FOREIGN),
        ("http://app.localhost.evil.example", OriginClass.FOREIGN),
        ("http://[::1].evil", OriginClass.FOREIGN),
        ("http://[::1].localhost", OriginClass.FOREIGN),
        ("http://[::1]evil.example", OriginClass.FOREIGN),
        ("tauri://localhost", OriginClass.FOREIGN),
        ("vscode-webview://localhost", OriginClass.FOREIGN),
        ("http://0.0.0.0", OriginClass.FOREIGN),
        ("http://0.0.0.0:4337", OriginClass.FOREIGN),
        ("http://[::]", OriginClass.FOREIGN),
        ("http://::1", OriginClass.FOREIGN),
        ("http://[::1", OriginClass.FOREIGN),
        ("http://[::ffff:127.0.0.1]", OriginClass.FOREIGN),
        ("http://127.1", OriginClass.FOREIGN),
        ("http://127.0.0.2", OriginClass.FOREIGN),
        ("http://192.168.1.5", OriginClass.FOREIGN),
        ("http://localhost:0", OriginClass.FOREIGN),
        ("http://localhost:99999", OriginClass.FOREIGN),
        ("http://localhost:x", OriginClass.FOREIGN),
        ("http://localhost:" + "1" * 5000, OriginClass.FOREIGN),
        ("ws://evil.example", OriginClass.FOREIGN),
        ("ws://localhost.evil.example", OriginClass.FOREIGN),
        ("ws://localhost/evil", OriginClass.FOREIGN),
        ("http://localhost//", OriginClass.FOREIGN),
        ("http://evil.example/", OriginClass.FOREIGN),
        ("ftp://localhost", OriginClass.FOREIGN),
        ("localhost", OriginClass.FOREIGN),
        ("//localhost", OriginClass.FOREIGN),
        ("http:localhost", OriginClass.FOREIGN),
        ("http:/localhost", OriginClass.FOREIGN),
        ("http://", OriginClass.FOREIGN),
        ("http://lоcalhost", OriginClass.FOREIGN),  # noqa: RUF001  (a Cyrillic o)
        ("file://evil.example", OriginClass.FOREIGN),
        ("file://localhost", OriginClass.FOREIGN),
        ("chrome-extension://abcdef", OriginClass.FOREIGN),
        ("data:", OriginClass.FOREIGN),
        ("about:blank", OriginClass.FOREIGN),
    ],
)
def test_what_an_origin_makes_of_a_connection(origin: str | None, expected: OriginClass) -> None:
    assert OriginPolicy().classify(origin) is expected


@pytest.mark.parametrize(
    ("origin", "is_secure", "expected"),
    [
        ("http://my-pc:4337", False, True),
        ("HTTP://My-PC:4337", False, True),
        ("ws://my-pc:4337", False, True),
        ("https://my-pc:4337", True, True),
        ("wss://my-pc:4337", True, True),
        ("https://my-pc:4337", False, False),
        ("http://my-pc:4337", True, False),
        ("ws://my-pc:4337", True, False),
        ("ws://my-pc:8080", False, False),
        ("ws://my-pc", False, False),
        ("my-pc:4337", False, False),
        ("", False, False),
    ],
)
def test_what_origin_a_door_has_itself(origin: str, is_secure: bool, expected: bool) -> None:
    assert is_own(origin, "my-pc:4337", is_secure=is_secure) is expected


def test_an_origin_that_was_let_in() -> None:
    policy = OriginPolicy(frozenset(("https://overlays.example",)))
    assert policy.classify("https://overlays.example") is OriginClass.LET_IN
    assert policy.classify("https://OVERLAYS.example") is OriginClass.LET_IN
    for other in (
        "http://overlays.example",
        "https://overlays.example:8443",
        "https://overlays.example.evil.example",
        "https://a.overlays.example",
    ):
        assert policy.classify(other) is OriginClass.FOREIGN


def test_what_the_owner_has_said_goes_before_what_an_origin_is_by_nature() -> None:
    policy = OriginPolicy(
        frozenset(("http://localhost:3000", "https://both.example")),
        is_remembered=lambda origin: origin == "http://127.0.0.1:3000",
        is_refused=lambda origin: origin in ("http://localhost:5000", "https://both.example", "https://no.example"),
    )
    assert policy.classify("http://localhost:3000") is OriginClass.LET_IN
    assert policy.classify("http://127.0.0.1:3000") is OriginClass.LET_IN
    assert policy.classify("http://localhost:4000") is OriginClass.LOCAL
    assert policy.classify("http://LOCALHOST:5000") is OriginClass.FOREIGN
    assert policy.classify("http://localhost:5000", is_own=True) is OriginClass.FOREIGN
    assert policy.classify("https://own.example", is_own=True) is OriginClass.LOCAL
    assert policy.classify("https://both.example") is OriginClass.LET_IN, "it was chosen for this run"
    trusting = OriginPolicy(trusts_all=True, is_refused=policy.is_refused)
    assert trusting.classify("https://no.example") is OriginClass.FOREIGN
    assert trusting.classify("https://yes.example") is OriginClass.LET_IN


def test_to_trust_all_is_to_let_in_every_web_site() -> None:
    policy = OriginPolicy(trusts_all=True)
    assert policy.classify("https://evil.example") is OriginClass.LET_IN
    assert policy.classify("null") is OriginClass.LET_IN
    assert policy.classify("file://") is OriginClass.LET_IN
    assert policy.classify("http://localhost") is OriginClass.LOCAL
    assert policy.classify(None) is OriginClass.PROGRAM


@given(
    st.text(max_size=40)
    | st.text(max_size=20).map(lambda text: f"http://{text}localhost{text}")
    | st.from_regex(r"[a-z+]{1,5}://[a-z0-9.:\[\]/@-]{0,20}", fullmatch=True)
)
def test_no_origin_breaks_the_check(origin: str) -> None:
    assert OriginPolicy(frozenset(("https://overlays.example",))).classify(origin) in OriginClass
    with suppress(ValueError):
        assert normalize_origin(normalize_origin(origin)) == normalize_origin(origin)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://overlays.example", "https://overlays.example"),
        ("  https://Overlays.Example/  ", "https://overlays.example"),
        ("https://overlays.example:443", "https://overlays.example"),
        ("http://overlays.example:80/", "http://overlays.example"),
        ("http://overlays.example:443", "http://overlays.example:443"),
        ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080"),
        ("chrome-extension://ABCdef", "chrome-extension://abcdef"),
        (
            "moz-extension://5f2b1a0e-0000-4000-8000-000000000000/",
            "moz-extension://5f2b1a0e-0000-4000-8000-000000000000",
        ),
        ("tauri://localhost", "tauri://localhost"),
        ("capacitor://localhost:80", "capacitor://localhost:80"),
        ("app://obsidian.md", "app://obsidian.md"),
        ("vscode-webview://0f1e", "vscode-webview://0f1e"),
        ("ws://overlays.example", "ws://overlays.example"),
    ],
)
def test_an_origin_is_brought_to_the_form_of_browsers(text: str, origin: str) -> None:
    assert normalize_origin(text) == origin
    assert OriginPolicy(frozenset((origin,))).classify(origin) is OriginClass.LET_IN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "overlays.example",
        "https://",
        "https://overlays.example/page",
        "https://overlays.example?x",
        "https://overlays.example#x",
        "https://me@overlays.example",
        "https://me:secret@overlays.example",
        f"https://{'a' * 254}",
        "https://:secret@overlays.example",
        "https://overlays.example:x",
        "https://[",
        "https://overlays.example:0",
        "https://overlays.example:65536",
        "https://[::1].evil",
        "file://",
        "file://localhost",
        "data://overlays.example",
        "blob://overlays.example",
        "blob:https://overlays.example",
        "javascript://overlays.example",
        "1app://overlays.example",
        "app_1://overlays.example",
        "://overlays.example",
        "null",
        "*",
        "https://one.example https://two.example",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        normalize_origin(text)


@pytest.mark.parametrize(
    ("host", "port", "default", "expected"),
    [
        ("localhost", 443, 443, True),
        ("localhost:443", 443, 443, True),
        ("localhost", 80, 80, True),
        ("localhost", 80, 443, False),
        ("localhost", 443, 80, False),
        ("localhost", 4337, 443, False),
    ],
)
def test_a_host_without_a_port_means_that_of_its_scheme(host: str, port: int, default: int, expected: bool) -> None:
    assert is_host_allowed([host], port=port, local_address="127.0.0.1", default_port=default) is expected
