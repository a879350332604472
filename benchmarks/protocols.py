"""What the two protocols say, as far as the loads say it: requests, replies, subscriptions, and how to log in."""

import base64
import hashlib
import hmac
import json
from collections.abc import Generator
from typing import Any, Final, Literal, Protocol, TypeAlias

from benchmarks.errors import BenchmarkError

Name: TypeAlias = Literal["kilovolt", "streamerbot"]

LogIn: TypeAlias = Generator[bytes, bytes, None]
"""Yields what to send, is sent each reply."""


class Speech(Protocol):
    """One protocol. The id of every request is the same, for every reply to have the same length."""

    def request(self, name: str, **parameters: object) -> bytes:
        """Build the text of a request."""
        ...

    def check(self, payload: bytes) -> Any:
        """Read what a reply grants.

        Raises:
            BenchmarkError: When it grants nothing.
        """
        ...

    def subscribe(self, key: str) -> bytes:
        """Build the request to hear of writes to a key."""
        ...

    def log_in(self, hello: bytes, password: str) -> LogIn:
        """Log in after the server's greeting; raises as :meth:`check` does."""
        ...


class Kilovolt:
    """Kilovolt, as stagedoor and the reference server speak it."""

    def request(self, name: str, **parameters: object) -> bytes:
        """Build the text of a request."""
        message: dict[str, object] = {"command": name, "request_id": "1"}
        if parameters:
            message["data"] = parameters
        return _encode(message)

    def check(self, payload: bytes) -> Any:
        """Read a reply's ``data``."""
        message = json.loads(payload)
        if not message.get("ok"):
            raise BenchmarkError(f"the server refused: {message}")
        return message.get("data")

    def subscribe(self, key: str) -> bytes:
        """Build a ``ksub``."""
        return self.request("ksub", key=key)

    def log_in(self, hello: bytes, password: str) -> LogIn:
        """Ask for a challenge and answer it."""
        challenge = self.check((yield self.request("klogin", auth="challenge")))
        key = password.encode() + base64.b64decode(challenge["salt"])
        answer = hmac.digest(key, base64.b64decode(challenge["challenge"]), hashlib.sha256)
        self.check((yield self.request("kauth", hash=base64.b64encode(answer).decode())))


class Streamerbot:
    """Streamer.bot's WebSocket API."""

    def request(self, name: str, **parameters: object) -> bytes:
        """Build the text of a request."""
        return _encode({"request": name, "id": "1", **parameters})

    def check(self, payload: bytes) -> Any:
        """Read the whole reply: what it grants lies beside its status."""
        message = json.loads(payload)
        if message.get("status") != "ok":
            raise BenchmarkError(f"the server refused: {message}")
        return message

    def subscribe(self, key: str) -> bytes:
        """Build a ``Subscribe`` for the event that a key carries."""
        _, source, type_ = key.split("/")
        return self.request("Subscribe", events={source: [type_]})

    def log_in(self, hello: bytes, password: str) -> LogIn:
        """Answer the challenge that the greeting brings."""
        challenge = json.loads(hello)["authentication"]
        secret = _hash(password + challenge["salt"])
        self.check((yield self.request("Authenticate", authentication=_hash(secret + challenge["challenge"]))))


PROTOCOLS: Final[dict[Name, Speech]] = {"kilovolt": Kilovolt(), "streamerbot": Streamerbot()}


def _encode(message: dict[str, object]) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
