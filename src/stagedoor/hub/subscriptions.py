"""Who hears which key: exact keys in a table, prefixes in a tree.

The tree is a radix tree over the characters of the prefixes: each edge carries the longest run of characters that its
subscriptions share. To match a key is to walk down one path, as far as the key agrees; so it costs what the path has
of matches and forks, not what there are of subscriptions. The same keys are written again and again, so what matched is
remembered until a subscription comes or goes.
"""

from typing import Final, Generic, TypeVar

from stagedoor.types import MAX_KEY_BYTES, Key

S = TypeVar("S")

_REMEMBERED: Final = 4096
"""Keys whose subscribers are remembered; past it, all are forgotten at once."""


class _Node(Generic[S]):
    """One prefix that somebody subscribed to, or a fork between two of them."""

    __slots__ = ("edges", "subscribers")

    def __init__(self) -> None:
        self.subscribers: dict[S, None] = {}
        self.edges: dict[str, tuple[str, _Node[S]]] = {}
        """By their first character: the rest of the way, and where it leads."""


class Subscriptions(Generic[S]):
    """Subscribers by key and by prefix; each is a set, so subscribing twice is subscribing once."""

    def __init__(self) -> None:
        self._exact: dict[Key, dict[S, None]] = {}
        self._root: _Node[S] = _Node()
        self._matches: dict[Key, tuple[S, ...]] = {}

    def add(self, key: Key, subscriber: S) -> None:
        """Let ``subscriber`` hear ``key``."""
        self._matches.clear()
        self._exact.setdefault(key, {})[subscriber] = None

    def discard(self, key: Key, subscriber: S) -> None:
        """Undo :meth:`add`; without one it does nothing."""
        self._matches.clear()
        subscribers = self._exact.get(key)
        if subscribers is not None:
            subscribers.pop(subscriber, None)
            if not subscribers:
                del self._exact[key]

    def add_prefix(self, prefix: str, subscriber: S) -> None:
        """Let ``subscriber`` hear every key that starts with ``prefix``."""
        self._matches.clear()
        node = self._root
        rest = prefix
        while rest:
            label, child = node.edges.get(rest[0], ("", None))
            if child is None:
                child = _Node()
                node.edges[rest[0]] = (rest, child)
                node, rest = child, ""
            elif rest.startswith(label):
                node, rest = child, rest[len(label) :]
            else:
                common = _common_length(label, rest)
                fork: _Node[S] = _Node()
                fork.edges[label[common]] = (label[common:], child)
                node.edges[rest[0]] = (rest[:common], fork)
                node, rest = fork, rest[common:]
        node.subscribers[subscriber] = None

    def discard_prefix(self, prefix: str, subscriber: S) -> None:
        """Undo :meth:`add_prefix`; without one it does nothing."""
        self._matches.clear()
        path: list[tuple[_Node[S], str]] = []
        node = self._root
        rest = prefix
        while rest:
            label, child = node.edges.get(rest[0], ("", None))
            if child is None or not rest.startswith(label):
                return
            path.append((node, rest[0]))
            node, rest = child, rest[len(label) :]
        node.subscribers.pop(subscriber, None)
        self._prune(path)

    def _prune(self, path: list[tuple[_Node[S], str]]) -> None:
        """Remove, from the leaf up, what leads to no subscriber any more."""
        for parent, first in reversed(path):
            label, node = parent.edges[first]
            if node.subscribers or len(node.edges) > 1:
                return
            if not node.edges:
                del parent.edges[first]
                continue
            ((tail, grandchild),) = node.edges.values()
            parent.edges[first] = (label + tail, grandchild)
            return

    def match(self, key: Key) -> tuple[S, ...]:
        """Everybody who hears ``key``, each once: those of the key first, then those of shorter prefixes."""
        if not self._root.edges and not self._root.subscribers:
            return tuple(self._exact.get(key, ()))
        matches = self._matches.get(key)
        if matches is None:
            matches = self._find(key)
            if len(key) <= MAX_KEY_BYTES:
                if len(self._matches) >= _REMEMBERED:
                    self._matches.clear()
                self._matches[key] = matches
        return matches

    def _find(self, key: Key) -> tuple[S, ...]:
        merged = dict(self._exact.get(key, ()))
        node = self._root
        merged.update(node.subscribers)
        position = 0
        while position < len(key):
            label, child = node.edges.get(key[position], ("", None))
            if child is None or not key.startswith(label, position):
                break
            position += len(label)
            node = child
            merged.update(node.subscribers)
        return tuple(merged)

    @property
    def is_empty(self) -> bool:
        """Whether nobody hears anything."""
        return not (self._exact or self._root.subscribers or self._root.edges)


def _common_length(left: str, right: str) -> int:
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
