"""Looks up how viewers want to be called, keeps it in keys, and answers the request for it.

Nothing is ever looked up before a client asks, and one question is asked of the network once a day at most.
"""

import asyncio
import logging
import re
import time
from datetime import datetime
from typing import Final, NamedTuple, Protocol, TypeVar

import aiohttp
import msgspec

from stagedoor.access import Client, Clock
from stagedoor.errors import PeerError, RequestFailed, StoreError
from stagedoor.hub import Write
from stagedoor.keys import PRONOUNS_GET
from stagedoor.streamerbot.times import write_time
from stagedoor.types import JsonObject, Key, Value

logger = logging.getLogger(__name__)

T = TypeVar("T")

ALEJO: Final = "https://api.pronouns.alejo.io/v1"
"""The public service in which viewers of Twitch say their pronouns."""

_TIMEOUT_S: Final = 5.0
_MAX_ANSWER_BYTES: Final = 64 << 10
"""The longest answer, the list of all sets, has 2 KiB."""

_FRESH_S: Final = 24 * 3600.0
_RETRY_AFTER_S: Final = 300.0
"""How long nothing is asked after a failure; the service itself is as patient with its clients."""

_CACHE_LIMIT: Final = 10_000
_AT_ONCE: Final = 4
_WAITING_LIMIT: Final = 200
"""Look-ups under way and waiting; past it, viewers are called they, and the next question may find more."""

_PREFIX: Final = "pronouns/twitch/"
_LOGIN: Final = re.compile("[a-z0-9_]{1,25}")
_WORD: Final = re.compile(r"[^\W\d_]{1,16}")


class PronounSet(NamedTuple):
    """The forms of one set of pronouns, in lower case, and how it is shown."""

    subject: str
    object: str
    possessive: str
    """As in "their stream"."""
    pronoun: str
    """As in "the stream is theirs"."""
    reflexive: str
    past_tense: str = "was"
    current_tense: str = "is"
    plural: str = "s"
    """What a verb ends in: "she streams", but "they stream"."""
    shown: str = ""
    """What viewers see when it is not subject and object, as "Any"."""

    @property
    def plain(self) -> str:
        """What viewers see: ``He/Him``."""
        return self.shown or f"{self.subject.capitalize()}/{self.object.capitalize()}"


THEY: Final = PronounSet("they", "them", "their", "theirs", "themselves", "were", "are", "")

SETS: Final[dict[str, PronounSet]] = {
    "hehim": PronounSet("he", "him", "his", "his", "himself"),
    "sheher": PronounSet("she", "her", "her", "hers", "herself"),
    "theythem": THEY,
    "itits": PronounSet("it", "it", "its", "its", "itself", shown="It/Its"),
    "aeaer": PronounSet("ae", "aer", "aer", "aers", "aerself"),
    "eem": PronounSet("e", "em", "eir", "eirs", "emself"),
    "faefaer": PronounSet("fae", "faer", "faer", "faers", "faerself"),
    "perper": PronounSet("per", "per", "per", "pers", "perself"),
    "vever": PronounSet("ve", "ver", "vis", "vis", "verself"),
    "xexem": PronounSet("xe", "xem", "xyr", "xyrs", "xemself"),
    "zehir": PronounSet("ze", "hir", "hir", "hirs", "hirself"),
    "ziehir": PronounSet("zie", "hir", "hir", "hirs", "hirself"),
    "any": THEY._replace(shown="Any"),
    "other": THEY._replace(shown="Other"),
}
"""By the identifiers of alejo.io."""


class Provider(Protocol):
    """Knows pronouns."""

    async def look_up(self, login: str) -> PronounSet | None:
        """Find a viewer of Twitch; ``None`` for one who has said nothing.

        Raises:
            LookUpFailed: When it cannot be found out now.
        """
        ...


class LookUpFailed(Exception):
    """The network, or the service in it, did not answer as it should."""


class _Viewer(msgspec.Struct):
    """What alejo.io knows of a viewer. Source: its answers, as open overlays read them."""

    pronoun_id: str
    alt_pronoun_id: str | None = None


class _Words(msgspec.Struct):
    """One of alejo.io's sets: how it is shown."""

    subject: str
    object: str
    singular: bool = False
    """Whether the subject alone is shown."""


class Alejo:
    """Asks the public service alejo.io; its answers name a set, whose other forms are in :data:`SETS`."""

    def __init__(self, base_url: str = ALEJO) -> None:
        self._base_url = base_url
        self._session: aiohttp.ClientSession | None = None

    async def look_up(self, login: str) -> PronounSet | None:
        """Find a viewer; two sets, as in "she/they", have the forms of the first."""
        viewer = await self._fetch(f"/users/{login}", _Viewer)
        if viewer is None or not viewer.pronoun_id:
            return None
        first = await self._find_set(viewer.pronoun_id)
        if not viewer.alt_pronoun_id:
            return first
        second = await self._find_set(viewer.alt_pronoun_id)
        return first._replace(shown="/".join(one.plain.partition("/")[0] for one in (first, second)))

    async def _find_set(self, name: str) -> PronounSet:
        """Find a set; one that is newer than our table is shown as it is, with the other forms of "they"."""
        if name in SETS:
            return SETS[name]
        words = (await self._fetch("/pronouns", dict[str, _Words]) or {}).get(name)
        if words is None or not _WORD.fullmatch(words.subject) or not _WORD.fullmatch(words.object):
            return SETS["other"]
        shown = words.subject if words.singular else f"{words.subject}/{words.object}"
        return THEY._replace(subject=words.subject.lower(), object=words.object.lower(), shown=shown)

    async def _fetch(self, path: str, wanted: type[T]) -> T | None:
        """Fetch an answer; ``None`` when there is none of that name."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S), cookie_jar=aiohttp.DummyCookieJar()
            )
        try:
            async with self._session.get(self._base_url + path, allow_redirects=False) as response:
                if response.status == 404:
                    return None
                if response.status != 200:
                    raise LookUpFailed(f"it answered {response.status}")
                return msgspec.json.decode(await _read(response), type=wanted)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LookUpFailed(str(error) or "it did not answer in time") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise LookUpFailed(f"its answer makes no sense: {error}") from error

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    text = b""
    async for chunk in response.content.iter_any():
        text += chunk
        if len(text) > _MAX_ANSWER_BYTES:
            raise LookUpFailed(f"its answer is longer than {_MAX_ANSWER_BYTES} bytes")
    return text


class Pronouns:
    """Serves the request, from the keys if they are fresh enough.

    ``provider`` is ``None`` where nothing may be asked of the network; then what is in the keys is all there is.
    """

    def __init__(self, client: Client, clock: Clock, provider: Provider | None) -> None:
        self._client = client
        self._clock = clock
        self._provider = provider
        self._retry_at = clock.time()
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[str, asyncio.Task[JsonObject]] = {}
        self._cached = self._load()
        self._retire = client.serve(PRONOUNS_GET, self._answer)

    async def close(self) -> None:
        """Serve no more, and end the look-ups."""
        self._retire()
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _load(self) -> dict[Key, float]:
        """Find out which keys there are, the oldest first, and when each was looked up."""
        scan = self._client.scan(_PREFIX)
        try:
            entries = scan.take(2 * _CACHE_LIMIT)
        finally:
            scan.close()
        looked_up = {key: _looked_up_at(_read_entry(value)) for key, value in entries}
        return dict(sorted(looked_up.items(), key=lambda item: item[1]))

    async def _answer(self, value: Value) -> Value:
        try:
            request = msgspec.json.decode(value, type=dict[str, object])
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed("expected a platform and a userLogin") from error
        if not isinstance(login := request.get("userLogin"), str):
            raise RequestFailed("Missing parameter: userLogin")
        if not isinstance(platform := request.get("platform"), str) or platform.lower() != "twitch":
            raise RequestFailed("Invalid platform")
        # Names are often typed as they are shown, or with the sign of a mention.
        name = login.strip().removeprefix("@").lower()
        pronoun = await self._find(name) if _LOGIN.fullmatch(name) else describe(None, time.time())
        return msgspec.json.encode({"userLogin": login, "pronoun": pronoun}).decode()

    async def _find(self, login: str) -> JsonObject:
        known = _read_entry(self._client.get(_PREFIX + login))
        if known is not None and time.time() - _looked_up_at(known) < _FRESH_S:
            return known
        best = known or describe(None, time.time())
        if self._provider is None or self._is_waiting:
            return best
        task = self._under_way.get(login)
        if task is None:
            if len(self._under_way) >= _WAITING_LIMIT:
                return best
            task = asyncio.get_running_loop().create_task(self._look_up(self._provider, login, best))
            self._under_way[login] = task
            task.add_done_callback(lambda _: self._under_way.pop(login))
        # Others wait for the same answer, so it does not end with whoever asked first.
        return await asyncio.shield(task)

    @property
    def _is_waiting(self) -> bool:
        """Whether the last look-up failed so lately that none is tried."""
        return self._clock.time() < self._retry_at

    async def _look_up(self, provider: Provider, login: str, best: JsonObject) -> JsonObject:
        async with self._at_once:
            if self._is_waiting:
                return best
            try:
                found = await provider.look_up(login)
            except LookUpFailed as error:
                self._retry_at = self._clock.time() + _RETRY_AFTER_S
                logger.warning("pronouns cannot be looked up, which is tried again in 5 minutes: %s", error)
                return best
        now = time.time()
        pronoun = describe(found, now)
        await self._keep(_PREFIX + login, pronoun, now)
        return pronoun

    async def _keep(self, key: Key, pronoun: JsonObject, now: float) -> None:
        writes = [Write(key, msgspec.json.encode(pronoun).decode())]
        self._cached.pop(key, None)
        self._cached[key] = now
        while len(self._cached) > _CACHE_LIMIT:
            oldest = next(iter(self._cached))
            del self._cached[oldest]
            writes.append(Write(oldest, None))
        try:
            await self._client.put_all(writes)
        except (StoreError, PeerError) as error:
            logger.warning("the pronouns in %s could not be kept: %s", key, error)


def describe(found: PronounSet | None, looked_up_at: float) -> JsonObject:
    """Put a set in the words of the protocol; ``None``, for a viewer who has said nothing, in those of "they".

    Source: Streamer.bot's documentation of the request ``GetUserPronouns``.
    """
    forms = found or THEY
    words = {
        "pronounSubject": forms.subject,
        "pronounObject": forms.object,
        "pronounPossessive": forms.possessive,
        "pronounPronoun": forms.pronoun,
        "pronounReflexive": forms.reflexive,
        "pronounPastTense": forms.past_tense,
        "pronounCurrentTense": forms.current_tense,
    }
    return {
        **{name: word.capitalize() for name, word in words.items()},
        **{f"{name}Lower": word for name, word in words.items()},
        "pronounPluralLower": forms.plural,
        "pronouns": f"({forms.plain})",
        "pronounsPlain": forms.plain,
        "pronounLastCached": write_time(looked_up_at),
        "userFound": found is not None,
    }


def _read_entry(value: Value) -> JsonObject | None:
    """Read what a key holds; ``None`` for nothing, and for what somebody else wrote there."""
    try:
        entry = msgspec.json.decode(value, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        return None
    return entry if "pronounSubject" in entry else None


def _looked_up_at(entry: JsonObject | None) -> float:
    """Tell when an entry was looked up, in Unix time; long ago when it does not say so."""
    try:
        return datetime.fromisoformat(str((entry or {}).get("pronounLastCached"))).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
