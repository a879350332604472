"""The hub: keys, subscriptions and the store. It knows nothing of networks, protocols, rights or services."""

from stagedoor.hub.catalogue import Audience, Catalogue, KeySpec, Kind
from stagedoor.hub.change import Change, Write
from stagedoor.hub.hub import REQUEST_TIMEOUT_S, Hub, RequestHandler, Statistics, Subscriber
from stagedoor.hub.lmdb_store import LmdbStore
from stagedoor.hub.memory_store import MemoryStore
from stagedoor.hub.secrets import Keep
from stagedoor.hub.store import Put, Scan, Store, StoreStalled, Table

__all__ = [
    "REQUEST_TIMEOUT_S",
    "Audience",
    "Catalogue",
    "Change",
    "Hub",
    "Keep",
    "KeySpec",
    "Kind",
    "LmdbStore",
    "MemoryStore",
    "Put",
    "RequestHandler",
    "Scan",
    "Statistics",
    "Store",
    "StoreStalled",
    "Subscriber",
    "Table",
    "Write",
]
