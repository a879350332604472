"""Tells the owner what everybody may see of a key, and which of its secrets are set, without telling one.

Whoever only shows settings asks here: a secret that the owner reads is entered into the audit log, and should be there
only when somebody wanted to see it.
"""

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Hub
from stagedoor.keys import PUBLIC
from stagedoor.parameters import read_parameters
from stagedoor.types import Key, Value


class PublicRequest(msgspec.Struct):
    """Which key is looked at."""

    key: Key


class PublicPart(msgspec.Struct):
    """What may be shown of it."""

    value: Value | None
    """``""`` when there is no such key; ``None`` when all of it is secret."""
    secrets: dict[str, bool]
    """The secret members of the value, by their names there, and whether they are more than empty."""


class PublicParts:
    """Answers from the keys as everybody sees them."""

    def __init__(self, client: Client, hub: Hub) -> None:
        self._client = client
        self._hub = hub
        client.serve(PUBLIC, self._tell)

    async def _tell(self, value: Value) -> Value:
        request = read_parameters(value, PublicRequest)
        try:
            return msgspec.json.encode(self._look(request.key)).decode()
        except StoreError as error:
            raise RequestFailed(str(error)) from error

    def _look(self, key: Key) -> PublicPart:
        spec = self._hub.catalogue.resolve(key)
        public = self._hub.get(key, spec)
        if not spec.holds_secrets:
            return PublicPart(public, {})
        whole = self._client.get(key)
        if not public:
            return PublicPart(None if whole else "", {})
        try:
            members = msgspec.json.decode(whole, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return PublicPart(public, {})  # What it was before, of which nothing is told.
        return PublicPart(
            public, {name: bool(member) for name, member in members.items() if name.lower() in spec.secret_members}
        )
