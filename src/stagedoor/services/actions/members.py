"""How the members of actions, steps and triggers look to people: the words from which a form is made."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from stagedoor.types import JsonObject

Format: TypeAlias = Literal[
    "textarea", "json", "event", "event-source", "event-type", "code-trigger", "key", "global", "platform"
]
"""What a form may offer: more than one line, JSON, or the names that there are."""


def shown(title: str, description: str, *, format: Format | None = None, read_only: bool = False) -> Meta:  # noqa: A002  (the schema's word)
    """Say how a member looks in a form; ``read_only`` members are none of its business."""
    extra: JsonObject = {}
    if format is not None:
        extra["format"] = format
    if read_only:
        extra["readOnly"] = True
    return Meta(title=title, description=description, extra_json_schema=extra)


PartId: TypeAlias = Annotated[str, shown("Id", "Made from its place when there is none.", read_only=True)]
Enabled: TypeAlias = Annotated[bool, shown("Enabled", "A disabled one is passed over.")]
