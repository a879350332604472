"""The options: one table from which the command line, the environment and the documentation derive.

What was set wins in this order: a flag, an environment variable, a stored setting, the default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import platformdirs

from stagedoor.access import is_loopback, normalize_origin
from stagedoor.errors import OptionError

TWITCH_AUTH: Final = "https://id.twitch.tv/oauth2"
TWITCH_API: Final = "https://api.twitch.tv/helix"
TWITCH_EVENTSUB: Final = "wss://eventsub.wss.twitch.tv/ws"


class Address(NamedTuple):
    """Where a door listens: a host, or several between commas; ``localhost`` means both loopback families."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{','.join(f'[{host}]' if ':' in host else host for host in self.hosts)}:{self.port}"

    @property
    def hosts(self) -> list[str]:
        """Each of the hosts."""
        return self.host.split(",")


def default_data_folder() -> Path:
    """The platform's folder for a user's data."""
    return Path(platformdirs.user_data_dir("stagedoor", appauthor=False))


def parse_address(text: str) -> Address:
    """Read ``HOST:PORT``, or several hosts between commas; an empty host means every interface.

    Raises:
        ValueError: Saying what is wrong.
    """
    host, colon, port = text.strip().rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"{text!r} is not HOST:PORT, such as localhost:4337")
    hosts = [one.strip().strip("[]") for one in host.split(",")]
    if len(hosts) > 1 and "" in hosts:
        raise ValueError(f"{text!r} has a comma without a host")
    return Address(",".join(dict.fromkeys(hosts)) or "0.0.0.0", int(port))  # noqa: S104  (only when the owner wrote it so)


def parse_address_or_off(text: str) -> Address | None:
    """Read ``HOST:PORT``, or ``off`` for a door that stays shut."""
    return None if text.strip().lower() == "off" else parse_address(text)


def parse_endpoint(text: str) -> str:
    """Read a path of a WebSocket."""
    path = text.strip()
    if not path.startswith("/") or any(character in path for character in "?#% \t\\"):
        raise ValueError(f"{text!r} is not a path such as /")
    return path


def parse_authentication(text: str) -> str:
    """Read who has to show the password."""
    mode = text.strip().lower()
    if mode not in ("off", "on", "enforced"):
        raise ValueError(f"{text!r} is none of off, on and enforced")
    return mode


def parse_tls(text: str) -> str:
    """Read whether the doors speak TLS."""
    mode = text.strip().lower()
    if mode not in ("auto", "off"):
        raise ValueError(f"{text!r} is neither auto nor off")
    return mode


def parse_flag(text: str) -> bool:
    """Read a switch from an environment variable."""
    lowered = text.strip().lower()
    if lowered in ("1", "true", "yes", "on"):
        return True
    if lowered in ("0", "false", "no", "off", ""):
        return False
    raise ValueError(f"{text!r} is neither on nor off")


def parse_size(text: str) -> int:
    """Read a number of bytes, such as ``1048576``, ``512K`` or ``1M``."""
    text = text.strip().upper().removesuffix("B").removesuffix("I")
    factor = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:], 1)
    digits = text[:-1] if factor > 1 else text
    if not (digits.isascii() and digits.isdigit()) or not 1 <= int(digits) * factor <= 1 << 40:
        raise ValueError(f"{text!r} is not a size such as 512K or 1M")
    return int(digits) * factor


def parse_count(text: str) -> int:
    """Read a whole number that is not negative."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ValueError(f"{text!r} is not a whole number from 0")
    return int(text)


def parse_positive(text: str) -> int:
    """Read a whole number from 1."""
    number = parse_count(text)
    if number < 1:
        raise ValueError(f"{text!r} is not a whole number from 1")
    return number


def parse_origins(text: str) -> tuple[str, ...]:
    """Read origins between commas or blanks."""
    return tuple(normalize_origin(origin) for origin in text.replace(",", " ").split())


def parse_names(text: str) -> tuple[str, ...]:
    """Read host names between commas or blanks."""
    names = tuple(text.lower().replace(",", " ").split())
    for name in names:
        if name in ("0.0.0.0", "[::]", "::") or name.endswith(".") or ":" in name.strip("[]") or "/" in name:  # noqa: S104
            raise ValueError(f"{name!r} is not a host name")
    return names


def parse_web_address(text: str) -> str:
    """Read where another program is reached over HTTP; in plain text only on this machine, as tokens go there."""
    return _parse_url(text, "http")


def parse_socket_address(text: str) -> str:
    """Read where another program is reached over WebSocket; in plain text only on this machine."""
    return _parse_url(text, "ws")


def _parse_url(text: str, scheme: str) -> str:
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is not an address") from error
    is_plain = parts.scheme == scheme
    if not host or parts.scheme not in (scheme, f"{scheme}s") or any(mark in url for mark in "?# \t\\@"):
        raise ValueError(f"{text!r} is not an address such as {scheme}s://example.com/path")
    if is_plain and host != "localhost" and not is_loopback(host):
        raise ValueError(f"{text!r} would send tokens in plain text: only {scheme}s may leave this machine")
    return url


def parse_level(text: str) -> str:
    """Read a log level."""
    level = text.strip().lower()
    if level not in ("debug", "info", "warning", "error"):
        raise ValueError(f"{text!r} is none of debug, info, warning and error")
    return level


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table: how to set a field of :class:`Settings`."""

    name: str
    parse: Callable[[str], object]
    metavar: str
    help: str
    default: str
    """For people."""
    is_switch: bool = False
    has_flag: bool = True
    """A secret has none: what is on a command line can be read by other users of the machine."""

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return "STAGEDOOR_" + self.name.upper()


def _option(
    default: object,
    parse: Callable[[str], object],
    metavar: str,
    help_text: str,
    *,
    shown: str | None = None,
    has_flag: bool = True,
) -> Any:
    row = {"parse": parse, "metavar": metavar, "help": help_text, "shown": shown, "has_flag": has_flag}
    if callable(default):
        return field(default_factory=default, metadata=row)
    return field(default=default, metadata=row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one run of the server goes by."""

    data: Path = _option(
        default_data_folder, Path, "DIR", "Folder of the store and the backups.", shown="the user's data folder"
    )
    ephemeral: bool = _option(False, parse_flag, "", "Keep everything in memory and forget it at the end.")
    demo: bool = _option(
        False,
        parse_flag,
        "",
        "Show a lively channel without any account: a pretended Twitch on this computer. Nothing is kept.",
    )
    kilovolt: Address = _option(
        Address("localhost", 4337),
        parse_address,
        "HOST:PORT",
        "Where the Kilovolt door listens; port 0 takes a free one.",
    )
    kilovolt_password: str | None = _option(
        None,
        str,
        "PASSWORD",
        "The Kilovolt door's password for this run; it is not stored. Empty opens the door.",
        shown="stored; made at the first run",
        has_flag=False,
    )
    streamerbot: Address | None = _option(
        Address("127.0.0.1", 8080),
        parse_address_or_off,
        "HOST:PORT",
        "Where the Streamer.bot door listens; `off` keeps it shut.",
    )
    streamerbot_endpoint: str = _option("/", parse_endpoint, "PATH", "The Streamer.bot door's path.")
    streamerbot_auth: str | None = _option(
        None,
        parse_authentication,
        "MODE",
        "Who has to show the Streamer.bot door's password: nobody (off), who wants to send chat messages (on), or "
        "everybody (enforced).",
        shown="stored; on at the first run",
    )
    streamerbot_password: str | None = _option(
        None,
        str,
        "PASSWORD",
        "The Streamer.bot door's password for this run; it is not stored. Empty opens the door.",
        shown="stored; made at the first run",
        has_flag=False,
    )
    streamerbot_http: Address | None = _option(
        Address("127.0.0.1", 7474),
        parse_address_or_off,
        "HOST:PORT",
        "Where Streamer.bot's HTTP server listens; `off` keeps it shut.",
    )
    console: Address | None = _option(
        Address("localhost", 4330),
        parse_address_or_off,
        "HOST:PORT",
        "Where the console listens; `off` keeps it shut.",
    )
    guests_may_speak: bool = _option(
        False, parse_flag, "", "Let Streamer.bot clients send chat messages that have shown no password."
    )
    offer_challenge: bool = _option(
        False,
        parse_flag,
        "",
        "With authentication off, offer Streamer.bot clients a challenge and take any answer: some that were given a "
        "password are not ready without.",
    )
    pronouns: bool = _option(
        True, parse_flag, "", "Look up the pronouns of viewers at pronouns.alejo.io when a client asks.", shown="on"
    )
    asks: bool = _option(True, parse_flag, "", "Let applications ask the owner to be let in.", shown="on")
    fetch_icons: bool = _option(
        True, parse_flag, "", "Fetch the icon at the https address that an application gives when it asks.", shown="on"
    )
    static: Path | None = _option(
        None, Path, "DIR", "Folder of overlay files, served at /static/.", shown="stored, or off"
    )
    origins: tuple[str, ...] = _option(
        (),
        parse_origins,
        "ORIGIN",
        "Web sites whose pages may connect, such as https://overlays.example.",
        shown="none",
    )
    trust_all_origins: bool = _option(
        False, parse_flag, "", "Let the pages of every web site connect, as the original programs do. Not advisable."
    )
    host_names: tuple[str, ...] = _option(
        (), parse_names, "NAME", "Further names of this machine that clients may use in an address.", shown="none"
    )
    tls: str = _option(
        "auto",
        parse_tls,
        "WHEN",
        "Whether the doors speak TLS on their ports, too, as wss and https. With auto they do as soon as there is a "
        "certificate; one of stagedoor's own authority is made when a door listens beyond this machine.",
        shown="stored, or auto",
    )
    tls_certificate: Path | None = _option(
        None,
        Path,
        "FILE",
        "Your own certificate with its chain, in PEM, instead of one by stagedoor's authority; read again when it "
        "changes.",
        shown="stored, or none",
    )
    tls_key: Path | None = _option(
        None, Path, "FILE", "The key of your own certificate, in PEM, without a password.", shown="stored, or none"
    )
    plain_beyond_loopback: bool = _option(
        False,
        parse_flag,
        "",
        "Let other machines speak without TLS, so that everybody in the network between can read along. Not advisable.",
        shown="stored, or off",
    )
    twitch_auth_url: str = _option(
        TWITCH_AUTH, parse_web_address, "URL", "Where Twitch's logins are, or what stands for them in a test."
    )
    twitch_api_url: str = _option(
        TWITCH_API, parse_web_address, "URL", "Where Twitch's API is, or what stands for it in a test."
    )
    twitch_eventsub_url: str = _option(
        TWITCH_EVENTSUB, parse_socket_address, "URL", "Where Twitch's EventSub is, or what stands for it in a test."
    )
    twitch_subscriptions_url: str | None = _option(
        None,
        parse_web_address,
        "URL",
        "Where topics of EventSub are subscribed to.",
        shown="eventsub/subscriptions below the API",
    )
    message_bytes: int = _option(1 << 20, parse_size, "SIZE", "The largest message that is taken.", shown="1M")
    queue_bytes: int = _option(
        1 << 20,
        parse_size,
        "SIZE",
        "What may wait for a client that reads too slowly before it is dropped.",
        shown="1M",
    )
    connections: int = _option(4096, parse_positive, "COUNT", "Connections at a time.")
    connections_an_origin: int = _option(64, parse_positive, "COUNT", "Connections at a time of one web site's pages.")
    ping_after_s: int = _option(
        30,
        parse_positive,
        "SECONDS",
        "How long a client may be silent before it is pinged, and again before it is dropped.",
    )
    backup_minutes: int = _option(60, parse_count, "MINUTES", "How often to back up what has changed; 0 is never.")
    backup_keep: int = _option(20, parse_count, "COUNT", "How many backups to keep; 0 is all.")
    log_level: str = _option("info", parse_level, "LEVEL", "How much to log: debug, info, warning or error.")


def _table() -> tuple[Option, ...]:
    rows = []
    for row in fields(Settings):
        shown = row.metadata["shown"]
        default = row.default
        if shown is None:
            shown = "off" if default is False else str(default)
        rows.append(
            Option(
                name=row.name,
                parse=row.metadata["parse"],
                metavar=row.metadata["metavar"],
                help=row.metadata["help"],
                default=shown,
                is_switch=row.type in (bool, "bool"),
                has_flag=row.metadata["has_flag"],
            )
        )
    return tuple(rows)


OPTIONS: Final = _table()


def resolve(flags: Mapping[str, object], environment: Mapping[str, str]) -> tuple[Settings, frozenset[str]]:
    """Put flags and environment together.

    Args:
        flags: Those that were given, by option name and already parsed; ``off`` is parsed to ``None``.
        environment: The process's variables.
    Returns:
        The settings, and the names of those that were set here, so that a stored setting must not override them.
    Raises:
        OptionError: When a variable holds what its option does not take.
    """
    given: dict[str, Any] = {}
    for option in OPTIONS:
        if option.name in flags:
            given[option.name] = flags[option.name]
        elif option.variable in environment:
            text = environment[option.variable]
            try:
                given[option.name] = option.parse(text)
            except ValueError as error:
                raise OptionError(option.variable, str(error)) from error
    return Settings(**given), frozenset(given)
