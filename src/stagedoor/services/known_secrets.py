"""Tells the redactor which secrets the keys hold, and follows every change of them."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.hub import Audience, Catalogue, Change, KeySpec, Kind
from stagedoor.keys import AUDIT_HEAD
from stagedoor.redaction import Redactor
from stagedoor.types import Key, Value

_EVERYDAY: Final = frozenset(
    (
        *("id", "name", "author", "url", "origin", "decision", "address", "login", "scope", "scopes", "token_type"),
        *("kind", "time"),
    )
)
"""Members of a secret value that are no secrets: to strike out the name of an application would make every line about
it unreadable."""

_MOST_OF_OTHERS: Final = 512
"""Characters of a secret that an application may have written."""

_TOKEN: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z])(?:oauth:)?[\w.~+/=-]{16,}", re.IGNORECASE)
"""What an application may have written counts if it has the form of a token. Else it could write the words of which it
wants to find none in the log, such as its own address."""


class KnownSecrets:
    """Follows all keys that hold secrets, as the owner; what they hold is nowhere else than in the redactor."""

    def __init__(self, client: Client, catalogue: Catalogue, redactor: Redactor) -> None:
        self._client = client
        self._catalogue = catalogue
        self._redactor = redactor
        client.deliver = self._follow

    def start(self) -> None:
        """Learn what there is, and follow it."""
        for spec in self._catalogue:
            if not spec.holds_secrets:
                continue
            head, is_family, _ = spec.pattern.partition("<")
            if is_family:
                self._client.subscribe_prefix(head)
                self._learn_all(head)
            else:
                self._client.subscribe(head)
                self._learn(head, spec)

    def _learn_all(self, prefix: str) -> None:
        scan = self._client.scan(prefix)
        try:
            for key in scan.take_keys(1 << 62):
                self._learn(key, self._catalogue.resolve(key))
        finally:
            scan.close()

    def _follow(self, change: Change) -> None:
        self._learn(change.key, change.spec)

    def _learn(self, key: Key, spec: KeySpec) -> None:
        if spec.holds_secrets:
            # The change of a secret does not tell it.
            self._redactor.know(key, secrets_in(self._client.get(key), spec))


def secrets_in(value: Value, spec: KeySpec) -> Iterator[str]:
    """Find the texts of a value that are to be withheld; those that an application may have written only if they look
    like a secret.

    The end of the audit log is hidden so that nobody takes it for a setting. It changes with every entry, and every
    copy of the log has it.
    """
    if spec.pattern == AUDIT_HEAD:
        return iter(())
    found = _texts_in(value, spec)
    return found if spec.writers is Audience.OWNER else filter(_is_token, found)


def _texts_in(value: Value, spec: KeySpec) -> Iterator[str]:
    """Find the texts of a value that are secret; what cannot be read is, as a whole."""
    try:
        decoded: object = msgspec.json.decode(value) if value else None
    except (msgspec.DecodeError, RecursionError):
        yield value
        return
    is_secret = spec.kind is Kind.SECRET or not isinstance(decoded, dict)
    pending = [(decoded, is_secret)]
    while pending:
        one, counts = pending.pop()
        if isinstance(one, str):
            if counts:
                yield one
        elif isinstance(one, list):
            pending += [(part, counts) for part in one]
        elif isinstance(one, dict):
            pending += [
                (part, name.lower() not in _EVERYDAY if is_secret else counts or name.lower() in spec.secret_members)
                for name, part in one.items()
            ]


def _is_token(text: str) -> bool:
    return len(text) <= _MOST_OF_OTHERS and _TOKEN.fullmatch(text) is not None
