"""The shared vocabulary: names for keys, values and identifiers, and nothing that does anything."""

from typing import Final, NewType, TypeAlias

Key: TypeAlias = str
"""Any Unicode string, the empty one included; at most :data:`MAX_KEY_BYTES` in UTF-8 to be written."""

Value: TypeAlias = str
"""Any Unicode string; structured values are JSON text inside it. An absent key reads as ``""``."""

JsonObject: TypeAlias = dict[str, object]
"""A decoded JSON object; every member has to be looked at before it can be used."""

ClientId = NewType("ClientId", int)
"""Identifies one connection to the hub, local or remote, for as long as the process lives."""

CommitNumber = NewType("CommitNumber", int)
"""Place of a batch in the hub's one order of commits; rises by one a batch."""

MAX_KEY_BYTES: Final = 511
"""LMDB's compiled-in limit for one key (``MDB_MAXKEYSIZE``)."""
