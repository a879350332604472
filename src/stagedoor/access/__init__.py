"""Access: who may come in, and what they may touch. It knows no protocol and no socket."""

from stagedoor.access.apps import RememberedApp, RememberedApps
from stagedoor.access.asks import Answer, Ask, Asker, AskQueue, AskRefused, Metadata, Subject, Terms, Verdict
from stagedoor.access.challenges import Challenge, decode_base64, sign, sign_twice
from stagedoor.access.client import Client
from stagedoor.access.clock import Clock, Timer
from stagedoor.access.doorkeeper import BY_ASKING, BY_PASSWORD, OPEN, Doorkeeper, Record
from stagedoor.access.grants import NOBODY, SERVICE, Credential, Grant, Level, Verb, grant_for
from stagedoor.access.origins import OriginClass, OriginPolicy, is_host_allowed, is_own, normalize_origin
from stagedoor.access.overlay_keys import OverlayKey, OverlayKeys, check_only_reads
from stagedoor.access.pairing import Attempt, PairingRefused, Pairings
from stagedoor.access.passes import Pass, Passes
from stagedoor.access.passwords import generate_password, weakness
from stagedoor.access.proofs import Proof
from stagedoor.access.register import Departure, Entry, Leave, Register
from stagedoor.access.remembered_origins import KnownOrigin, RememberedOrigins
from stagedoor.access.revocations import Revocations
from stagedoor.access.scopes import Patterns, ScopeError, Scopes
from stagedoor.access.throttle import Throttle, is_loopback

__all__ = [
    "BY_ASKING",
    "BY_PASSWORD",
    "NOBODY",
    "OPEN",
    "SERVICE",
    "Answer",
    "Ask",
    "AskQueue",
    "AskRefused",
    "Asker",
    "Attempt",
    "Challenge",
    "Client",
    "Clock",
    "Credential",
    "Departure",
    "Doorkeeper",
    "Entry",
    "Grant",
    "KnownOrigin",
    "Leave",
    "Level",
    "Metadata",
    "OriginClass",
    "OriginPolicy",
    "OverlayKey",
    "OverlayKeys",
    "PairingRefused",
    "Pairings",
    "Pass",
    "Passes",
    "Patterns",
    "Proof",
    "Record",
    "Register",
    "RememberedApp",
    "RememberedApps",
    "RememberedOrigins",
    "Revocations",
    "ScopeError",
    "Scopes",
    "Subject",
    "Terms",
    "Throttle",
    "Timer",
    "Verb",
    "Verdict",
    "check_only_reads",
    "decode_base64",
    "generate_password",
    "grant_for",
    "is_host_allowed",
    "is_loopback",
    "is_own",
    "normalize_origin",
    "sign",
    "sign_twice",
    "weakness",
]
