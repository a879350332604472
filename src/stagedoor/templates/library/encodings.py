"""Sprig's other functions: JSON, sums, identifiers, URLs, versions, and what sort a value is."""

import hashlib
import json
import math
import re
import uuid
import zlib
from typing import Never
from urllib.parse import urlsplit, urlunsplit

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.functions import Functions
from stagedoor.templates.limits import ELEMENT_SIZE, Rendering
from stagedoor.templates.printing import json_text, text_of
from stagedoor.templates.values import Map, Struct, kind_of, utf8

# --- JSON ---------------------------------------------------------------------------------------------------------


def must_from_json(rendering: Rendering, text: str) -> object:
    """Read JSON; all numbers are floats, as in Go."""
    rendering.spend(len(text) * ELEMENT_SIZE)
    try:
        return json.loads(text, object_pairs_hook=Map, parse_int=_float, parse_float=_float, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        told = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise TemplateFailed(f"fromJson: {told}") from None


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _refuse(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def from_json(rendering: Rendering, text: str) -> object:
    """Read JSON; nothing when it is none."""
    try:
        return must_from_json(rendering, text)
    except TemplateFailed as error:
        if error.problem.startswith("fromJson"):
            return None
        raise


def to_json(rendering: Rendering, value: object) -> str:
    """Write JSON."""
    return json_text(value, rendering)


def to_pretty_json(rendering: Rendering, value: object) -> str:
    """Write JSON on many lines."""
    return json_text(value, rendering, indent="  ")


def to_raw_json(rendering: Rendering, value: object) -> str:
    """Write JSON without escapes for HTML."""
    return json_text(value, rendering, safe_in_html=False)


# --- sums and identifiers -----------------------------------------------------------------------------------------


def sha256sum(rendering: Rendering, text: str) -> str:
    """Give the SHA-256 sum."""
    rendering.spend(len(text))
    return hashlib.sha256(utf8(text)).hexdigest()


def sha1sum(rendering: Rendering, text: str) -> str:
    """Give the SHA-1 sum, which protects nothing."""
    rendering.spend(len(text))
    return hashlib.sha1(utf8(text), usedforsecurity=False).hexdigest()


def adler32sum(rendering: Rendering, text: str) -> str:
    """Give the Adler-32 sum."""
    rendering.spend(len(text))
    return str(zlib.adler32(utf8(text)))


def uuidv4() -> str:
    """Make a random identifier."""
    return str(uuid.uuid4())


# --- URLs ---------------------------------------------------------------------------------------------------------


def url_parse(rendering: Rendering, text: str) -> dict[str, object]:
    """Cut a URL into scheme, host, hostname, path, query, opaque, fragment and userinfo."""
    rendering.spend(len(text) * 2)
    try:
        parts = urlsplit(text)
        hostname = parts.hostname or ""
    except ValueError as error:
        raise TemplateFailed(f"urlParse: {error}") from None
    user, _, host = parts.netloc.rpartition("@")
    opaque = parts.path if parts.scheme and not parts.netloc and not parts.path.startswith("/") else ""
    return Map(
        scheme=parts.scheme,
        host=host,
        hostname=hostname,
        path="" if opaque else parts.path,
        query=parts.query,
        opaque=opaque,
        fragment=parts.fragment,
        userinfo=user,
    )


def url_join(rendering: Rendering, parts: dict[str, object]) -> str:
    """Put a URL together from what ``urlParse`` gives."""
    text = {name: text_of(parts[name], rendering) if name in parts else "" for name in _PARTS_OF_URLS}
    rendering.spend(sum(map(len, text.values())) + 10)
    host = f"{text['userinfo']}@{text['host']}" if text["userinfo"] else text["host"]
    try:
        return urlunsplit((text["scheme"], host, text["opaque"] or text["path"], text["query"], text["fragment"]))
    except ValueError as error:
        raise TemplateFailed(f"urlJoin: {error}") from None


_PARTS_OF_URLS = ("scheme", "host", "path", "query", "opaque", "fragment", "userinfo")

# --- versions -----------------------------------------------------------------------------------------------------

VERSION = re.compile(
    r"v?([0-9]{1,18})(?:\.([0-9]{1,18}))?(?:\.([0-9]{1,18}))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?"
)
CONSTRAINT = re.compile(
    r"\s*(=|!=|>=|=>|<=|=<|>|<|~>?|\^|)\s*v?([0-9]{1,18}|[xX*])(?:\.([0-9]{1,18}|[xX*]))?(?:\.([0-9]{1,18}|[xX*]))?"
    r"(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\s*"
)
RANGE = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")
MAX_VERSION = 256

Order = tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]


def _version(text: str) -> tuple[int, int, int, str, str]:
    match = VERSION.fullmatch(text) if len(text) <= MAX_VERSION else None
    if match is None:
        raise TemplateFailed(f"{text[:40]!r} is not a version")
    major, minor, patch, pre, build = match.groups()
    return int(major), int(minor or 0), int(patch or 0), pre or "", build or ""


def _order(numbers: tuple[int, int, int], pre: str) -> Order:
    """Give what sorts as versions do: releases after their prereleases, numbers before words."""
    parts = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in pre.split("."))
    return numbers, not pre, parts if pre else ()


def semver(text: str) -> Struct:
    """Read a version; it has ``.Major .Minor .Patch .Prerelease .Metadata .Original`` and prints as itself."""
    major, minor, patch, pre, build = _version(text)
    written = f"{major}.{minor}.{patch}" + (f"-{pre}" if pre else "") + (f"+{build}" if build else "")
    fields: dict[str, object] = {"Major": major, "Minor": minor, "Patch": patch, "Prerelease": pre, "Metadata": build}
    return Struct({**fields, "Original": text}, text=written)


def semver_compare(rendering: Rendering, constraint: str, text: str) -> bool:
    """Say whether a version fits a constraint such as ``^1.2`` or ``>=1.2, <2 || 3.x``."""
    if len(constraint) > MAX_VERSION:
        raise TemplateFailed(f"a constraint has at most {MAX_VERSION} characters")
    rendering.spend(len(constraint))
    major, minor, patch, pre, _ = _version(text)
    fits = [
        all(_fits(part, (major, minor, patch), pre) for part in _parts(alternative))
        for alternative in constraint.split("||")
    ]
    return any(fits)


def _parts(alternative: str) -> list[str]:
    between = RANGE.fullmatch(alternative)
    if between:
        return [f">={between[1]}", f"<={between[2]}"]
    return re.split(r",|(?<=[0-9A-Za-z*])\s+(?=[=!<>~^])", alternative)


def _fits(constraint: str, version: tuple[int, int, int], pre: str) -> bool:
    match = CONSTRAINT.fullmatch(constraint)
    if match is None:
        raise TemplateFailed(f"{constraint[:40]!r} is not a constraint on versions")
    sign, *written, wanted_pre = match.groups()
    known: list[int] = []
    for part in written:
        if part is None or part in "xX*":
            break
        known.append(int(part))
    if pre and not wanted_pre:
        return sign == "!=" and version[: len(known)] != tuple(known)
    low = (*known, 0, 0, 0)[:3]
    wanted = _order((low[0], low[1], low[2]), wanted_pre or "")
    order = _order(version, pre)
    same = version[: len(known)] == tuple(known) if len(known) < 3 else order == wanted
    match sign:
        case "!=":
            return not same
        case ">":
            return order > wanted and not (same and len(known) < 3)
        case "<":
            return order < wanted
        case ">=" | "=>":
            return order >= wanted
        case "<=" | "=<":
            return order <= wanted or (same and len(known) < 3)
        case "~" | "~>":
            return order >= wanted and version[: min(len(known), 2)] == tuple(known[:2])
        case "^":
            # All up to the first number that is not 0 must stay.
            fixed = next((n for n, part in enumerate(known, 1) if part), len(known))
            return order >= wanted and version[:fixed] == tuple(known[:fixed])
    return same


# --- sorts of values ----------------------------------------------------------------------------------------------


def type_of(value: object) -> str:
    """Name Go's type of a value."""
    return kind_of(value).type_name


def kind_of_(value: object) -> str:
    """Name Go's kind of a value."""
    return kind_of(value).kind_name


def type_is(name: str, value: object) -> bool:
    """Say whether a value is of a type."""
    return kind_of(value).type_name == name


def kind_is(name: str, value: object) -> bool:
    """Say whether a value is of a kind."""
    return kind_of(value).kind_name == name


FUNCTIONS: Functions = {
    "fromJson": from_json,
    "mustFromJson": must_from_json,
    "toJson": to_json,
    "mustToJson": to_json,
    "toPrettyJson": to_pretty_json,
    "mustToPrettyJson": to_pretty_json,
    "toRawJson": to_raw_json,
    "mustToRawJson": to_raw_json,
    "sha256sum": sha256sum,
    "sha1sum": sha1sum,
    "adler32sum": adler32sum,
    "uuidv4": uuidv4,
    "urlParse": url_parse,
    "urlJoin": url_join,
    "semver": semver,
    "semverCompare": semver_compare,
    "typeOf": type_of,
    "kindOf": kind_of_,
    "typeIs": type_is,
    "typeIsLike": type_is,
    "kindIs": kind_is,
}
