"""Access: who may come in, and what they may touch. It knows no protocol and no socket."""

from stagedoor.access.apps import RememberedApp, RememberedApps
from stagedoor.access.asks import Ask, Asker, AskQueue, AskRefused, Metadata, Verdict
from stagedoor.access.challenges import Challenge, decode_base64, sign, sign_twice
from stagedoor.access.client import Client
from stagedoor.access.clock import Clock, Timer
from stagedoor.access.doorkeeper import BY_ASKING, BY_PASS, BY_PASSWORD, OPEN, Doorkeeper
from stagedoor.access.grants import NOBODY, SERVICE, Grant, Level, Verb
from stagedoor.access.origins import OriginClass, OriginPolicy, is_host_allowed, normalize_origin
from stagedoor.access.passes import Pass, Passes
from stagedoor.access.passwords import generate_password, weakness
from stagedoor.access.throttle import is_loopback

__all__ = [
    "BY_ASKING",
    "BY_PASS",
    "BY_PASSWORD",
    "NOBODY",
    "OPEN",
    "SERVICE",
    "Ask",
    "AskQueue",
    "AskRefused",
    "Asker",
    "Challenge",
    "Client",
    "Clock",
    "Doorkeeper",
    "Grant",
    "Level",
    "Metadata",
    "OriginClass",
    "OriginPolicy",
    "Pass",
    "Passes",
    "RememberedApp",
    "RememberedApps",
    "Timer",
    "Verb",
    "Verdict",
    "decode_base64",
    "generate_password",
    "is_host_allowed",
    "is_loopback",
    "normalize_origin",
    "sign",
    "sign_twice",
    "weakness",
]
