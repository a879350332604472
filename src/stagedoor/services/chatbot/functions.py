"""The functions that templates of the bot can call, beyond those of every template."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, NamedTuple

from stagedoor.keys import STREAM_INFO
from stagedoor.services.chatbot.counters import MAX_COUNT, counter_key, read_count
from stagedoor.services.chatbot.uptime import write_uptime
from stagedoor.services.chatbot.words import words_of
from stagedoor.strimertul import Stream, read
from stagedoor.templates import Functions, Struct, TemplateFailed
from stagedoor.types import Key, Value

_STREAMS: Final[Any] = list[Stream] | None

UNKNOWN: Final = "unknown"
"""What is told of a channel that cannot be found."""


class Channel(NamedTuple):
    """What templates tell of a channel."""

    game: str = UNKNOWN
    title: str = UNKNOWN


class Scene:
    """What one run of a template sees of the world, and what it wants of it.

    A template runs in one go and cannot wait. So it runs as often as it takes: each run notes what it lacked, that is
    fetched, and only the last run, which lacked nothing, counts for anything.

    Args:
        read: Reads keys as they will be when the writes under way are done.
        channels: Those that were fetched, by login.
        seed: Of the chances, which are the same in each run, so that each wants the same.
        now: Unix time.
    """

    def __init__(self, read: Callable[[Key], Value], channels: Mapping[str, Channel], seed: int, now: float) -> None:
        self.read = read
        self.now = now
        self.counters: dict[Key, int] = {}
        """What counters are to become."""
        self.wanted: set[str] = set()
        """Logins of channels that were asked for in vain."""
        self._channels = channels
        self._seed = seed
        self._random: Random | None = None

    def channel(self, name: str) -> Channel:
        """Tell what is known of a channel, and note it when that is nothing yet."""
        login = name.strip().removeprefix("@").lower()
        if not login:
            return Channel()
        channel = self._channels.get(login)
        if channel is None:
            self.wanted.add(login)
            return Channel()
        return channel

    def counter(self, key: Key) -> int:
        """Tell where a counter stands."""
        return self.counters[key] if key in self.counters else read_count(self.read(key))

    def between(self, low: int, high: int) -> int:
        """Draw an integer; ``high`` is left out."""
        if self._random is None:
            self._random = Random(self._seed)  # noqa: S311  (dice, no secrets)
        return self._random.randrange(low, high)


class BotFunctions:
    """The functions, for whatever run is in :attr:`scene`. Source: strimertül 3.3.1, but for the last four."""

    def __init__(self) -> None:
        self.scene: Scene | None = None
        self.by_name: Functions = {
            "user": self.user,
            "param": self.param,
            "randomInt": self.random_int,
            "game": self.game,
            "count": self.count,
            "counter": self.counter,
            "setCounter": self.set_counter,
            "streamTitle": self.stream_title,
            "uptime": self.uptime,
        }

    def user(self, message: Struct) -> str:
        """``user MESSAGE``: how the author is called."""
        author = _field(message, "User")
        if not isinstance(author, Struct):
            raise TemplateFailed("user wants a chat message")
        return str(author.fields.get("DisplayName") or author.fields.get("Name", ""))

    def param(self, number: int, message: Struct) -> str:
        """``param NUMBER MESSAGE``: a word of the message, 0 is the command itself; past the end, the last word."""
        text = _field(message, "Message")
        if not isinstance(text, str):
            raise TemplateFailed("param wants a chat message")
        if number < 0:
            raise TemplateFailed("param counts from 0")
        words = words_of(text)
        return words[min(number, len(words) - 1)] if words else ""

    def random_int(self, low: int, high: int) -> int:
        """``randomInt LOW HIGH``: any integer from LOW on and below HIGH."""
        if high <= low:
            raise TemplateFailed("randomInt wants a second number above the first")
        return self._scene.between(low, high)

    def game(self, channel: str) -> str:
        """``game CHANNEL``: what the channel plays, or played last."""
        return self._scene.channel(channel).game

    def stream_title(self, channel: str) -> str:
        """``streamTitle CHANNEL``: the title of the channel's stream, or of its last."""
        return self._scene.channel(channel).title

    def count(self, name: str) -> int:
        """``count NAME``: one more than the counter was, which it is now."""
        return self._set(name, self.counter(name) + 1)

    def counter(self, name: str) -> int:
        """``counter NAME``: where the counter stands."""
        return self._scene.counter(self._key(name))

    def set_counter(self, name: str, value: int) -> int:
        """``setCounter NAME VALUE``: the value, which the counter is now."""
        return self._set(name, value)

    def uptime(self) -> str:
        """``uptime``: how long the channel has been live, such as ``1h5m``; nothing while it is not."""
        try:
            streams: list[Stream] | None = read(self._scene.read(STREAM_INFO) or "[]", _STREAMS)
        except ValueError:
            return ""
        return write_uptime(streams[0].started_at, self._scene.now) if streams else ""

    @property
    def _scene(self) -> Scene:
        assert self.scene is not None
        return self.scene

    def _set(self, name: str, value: int) -> int:
        if abs(value) > MAX_COUNT:
            raise TemplateFailed("a counter has up to 18 digits")
        self._scene.counters[self._key(name)] = value
        return value

    def _key(self, name: str) -> Key:
        try:
            return counter_key(name, self._scene.read)
        except ValueError as error:
            raise TemplateFailed(str(error)) from error


def _field(message: Struct, name: str) -> object:
    return message.fields.get(name)
