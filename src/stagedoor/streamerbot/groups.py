"""Who belongs to which group of viewers, from the values of the keys ``viewer-group/<name>``."""

import msgspec


class Member(msgspec.Struct):
    """A viewer of a platform."""

    platform: str
    userId: str  # noqa: N815  (as on the wire)


class Group(msgspec.Struct):
    """The value of ``viewer-group/<name>``."""

    members: list[Member]
    name: str = ""
    bots: bool = False
    """Whether its members are not to be counted among the viewers."""


class ViewerGroups:
    """The groups as they are now; whoever holds it tells it of each value."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._names: dict[tuple[str, str], list[str]] = {}
        self._bots: set[tuple[str, str]] = set()

    def put(self, name: str, text: str) -> None:
        """Take a group's value; ``""``, or one that is no group, takes the group away."""
        try:
            group = msgspec.json.decode(text, type=Group)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            self._groups.pop(name, None)
        else:
            self._groups[name] = group
        self._index()

    def of(self, platform: str, user_id: str) -> list[str]:
        """Name the groups of a viewer, those of bots included."""
        return self._names.get((platform, user_id), [])

    def is_bot(self, platform: str, user_id: str) -> bool:
        """Whether a viewer is in a group of bots."""
        return (platform, user_id) in self._bots

    def _index(self) -> None:
        self._names = {}
        self._bots = set()
        for key, group in sorted(self._groups.items()):
            for member in group.members:
                viewer = (member.platform.lower(), member.userId)
                self._names.setdefault(viewer, []).append(group.name or key)
                if group.bots:
                    self._bots.add(viewer)
