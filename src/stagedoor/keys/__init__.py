"""Every key that stagedoor itself knows, with kind, schema, and who may read and write it; one module an area.

The reference in the documentation is generated from this table.
"""

from typing import Final
from urllib.parse import unquote

from stagedoor.hub import KeySpec
from stagedoor.keys import (
    access,
    actions,
    audit,
    console,
    events,
    loopback,
    platforms,
    server,
    streamerbot,
    tls,
    twitch,
    variables,
    viewers,
)
from stagedoor.keys import credits as credits_
from stagedoor.keys.access import (
    ANSWER_ASK,
    APP_TOKENS,
    APPS,
    ASKS,
    CHANGE_APP,
    CHANGE_OVERLAY_KEY,
    CHECK_SCOPES,
    CONSOLE_PASSES,
    DECIDE_ORIGIN,
    DEVICES,
    FORGET_APP,
    FORGET_DEVICE,
    FORGET_ORIGIN,
    MAKE_OVERLAY_KEY,
    ORIGIN_DECISIONS,
    ORIGINS,
    OVERLAY_KEY_SECRETS,
    OVERLAY_KEYS,
    PAIR,
    REVEAL_OVERLAY_KEY,
    REVOKE_OVERLAY_KEY,
)
from stagedoor.keys.actions import (
    ACTION_CHECK,
    ACTION_LIST,
    ACTION_PROBLEMS,
    ACTION_RUN,
    ACTION_RUN_CHANGED,
    ACTION_RUNS,
    ACTION_SCHEMA,
    CODE_TRIGGER_EXECUTE,
    CODE_TRIGGER_LIST,
    COMMAND_LIST,
)
from stagedoor.keys.audit import AUDIT, AUDIT_HEAD, AUDITED
from stagedoor.keys.console import (
    BACKUP,
    BACKUPS,
    BROWSE,
    CATALOGUE,
    CLIENTS,
    COMPARE,
    CONSOLE_CONFIG,
    DISCONNECT,
    DOORS,
    EVENTS,
    FOLDERS,
    LOG,
    LOGGED,
    MOVE_DOOR,
    REPORT,
    WELCOME,
)
from stagedoor.keys.credits import CREDITS_CLEAR, CREDITS_ENDED, CREDITS_GET, CREDITS_SAMPLE
from stagedoor.keys.events import EMIT
from stagedoor.keys.loopback import LOOPBACK_OPEN, LOOPBACK_SAY
from stagedoor.keys.platforms import PRONOUNS_GET
from stagedoor.keys.server import (
    CONSOLE_LINK,
    HTTP_CONFIG,
    IMPORT,
    PROGRESS,
    RESTORE,
    STATUS,
)
from stagedoor.keys.streamerbot import REQUEST_SCOPES, STREAMERBOT_CONFIG
from stagedoor.keys.tls import ADDRESSES, NEW_AUTHORITY, SET_TLS, TLS, TLS_CONFIG
from stagedoor.keys.variables import GLOBAL_DELETE, GLOBAL_SET
from stagedoor.keys.viewers import FIRST_WORDS_CLEAR, VIEWERS_ACTIVE
from stagedoor.types import Key

__all__ = [
    "ACTION_CHECK",
    "ACTION_LIST",
    "ACTION_PROBLEMS",
    "ACTION_RUN",
    "ACTION_RUNS",
    "ACTION_RUN_CHANGED",
    "ACTION_SCHEMA",
    "ADDRESSES",
    "ANSWER_ASK",
    "APPS",
    "APP_TOKENS",
    "ASKS",
    "AUDIT",
    "AUDITED",
    "AUDIT_HEAD",
    "BACKUP",
    "BACKUPS",
    "BROWSE",
    "CATALOGUE",
    "CHANGE_APP",
    "CHANGE_OVERLAY_KEY",
    "CHECK_SCOPES",
    "CLIENTS",
    "CODE_TRIGGER_EXECUTE",
    "CODE_TRIGGER_LIST",
    "COMMAND_LIST",
    "COMPARE",
    "CONSOLE_CONFIG",
    "CONSOLE_LINK",
    "CONSOLE_PASSES",
    "CREDITS_CLEAR",
    "CREDITS_ENDED",
    "CREDITS_GET",
    "CREDITS_SAMPLE",
    "DECIDE_ORIGIN",
    "DEVICES",
    "DISCONNECT",
    "DOORS",
    "EMIT",
    "EVENTS",
    "FIRST_WORDS_CLEAR",
    "FOLDERS",
    "FORGET_APP",
    "FORGET_DEVICE",
    "FORGET_ORIGIN",
    "GLOBAL_DELETE",
    "GLOBAL_SET",
    "HTTP_CONFIG",
    "IMPORT",
    "LOG",
    "LOGGED",
    "LOOPBACK_OPEN",
    "LOOPBACK_SAY",
    "MAKE_OVERLAY_KEY",
    "MOVE_DOOR",
    "NEW_AUTHORITY",
    "ORIGINS",
    "ORIGIN_DECISIONS",
    "OVERLAY_KEYS",
    "OVERLAY_KEY_SECRETS",
    "PAIR",
    "PROGRESS",
    "PRONOUNS_GET",
    "REPORT",
    "REQUEST_SCOPES",
    "RESTORE",
    "REVEAL_OVERLAY_KEY",
    "REVOKE_OVERLAY_KEY",
    "SET_TLS",
    "SPECS",
    "STATUS",
    "STREAMERBOT_CONFIG",
    "TLS",
    "TLS_CONFIG",
    "VIEWERS_ACTIVE",
    "WELCOME",
    "segment",
    "unsegment",
]

SPECS: Final[tuple[KeySpec, ...]] = (
    *server.SPECS,
    *access.SPECS,
    *console.SPECS,
    *audit.SPECS,
    *streamerbot.SPECS,
    *tls.SPECS,
    *events.SPECS,
    *variables.SPECS,
    *actions.SPECS,
    *viewers.SPECS,
    *credits_.SPECS,
    *platforms.SPECS,
    *loopback.SPECS,
    *twitch.SPECS,
)


def segment(text: str) -> Key:
    """Make free text one segment of a key: a slash, a percent sign and a leading ``@`` are percent-encoded."""
    escaped = text.replace("%", "%25").replace("/", "%2F")
    return "%40" + escaped[1:] if escaped.startswith("@") else escaped


def unsegment(part: Key) -> str:
    """Undo :func:`segment`."""
    return unquote(part) if "%" in part else part
