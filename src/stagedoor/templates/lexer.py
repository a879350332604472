"""Cuts the source of a template into texts and tokens.

Source of the rules: Go's package text/template/parse, and the language reference for literals.
"""

import re
from typing import Literal, NamedTuple

from stagedoor.templates.errors import TemplateSyntaxError

BLANKS = " \t\r\n"

TokenKind = Literal[
    "text", "open", "close", "field", "variable", "name", "keyword", "number", "string", "char", "dot", "nil", "bool"
]
OTHER_KINDS = Literal["(", ")", "|", ":=", "=", ",", "end"]

KEYWORDS = {"if", "else", "end", "range", "with", "define", "template", "block", "break", "continue"}


class Token(NamedTuple):
    """A piece of the source.

    Attributes:
        kind: What it is; signs are their own kind, and ``end`` is the end of the source.
        text: As written; a text outside of actions with its ends trimmed as the neighbours want.
        line: Where it begins, from 1.
        spaced: Whether white space comes before it.
    """

    kind: TokenKind | OTHER_KINDS
    text: str
    line: int
    spaced: bool


OPEN = re.compile(r"\{\{(-(?=[ \t\r\n]))?")
COMMENT = re.compile(r"[ \t\r\n]*/\*.*?\*/", re.DOTALL)
COMMENT_CLOSE = re.compile(r"([ \t\r\n]+-)?\}\}")

# Names may have letters of any script, numbers only ASCII digits.
_DIGITS = "[0-9]+(?:_[0-9]+)*"
TOKEN = re.compile(
    rf"""(?P<space>[ \t\r\n]*)(?:
      (?P<close>-?\}}\}})
    | (?P<number>[-+]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+
          |(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][-+]?{_DIGITS})?)(?!\w))
    | (?P<field>\.(?![0-9])\w+)
    | (?P<variable>\$\w*)
    | (?P<name>(?![0-9])\w+)
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)
    | (?P<char>'(?:[^'\\\n]|\\[^\n])+?')
    | (?P<sign>:=|[()|=,.])
    )""",
    re.VERBOSE,
)


def tokens_of(source: str) -> list[Token]:
    """Cut ``source`` up; the last token is ``end``.

    Raises:
        TemplateSyntaxError: For an action that is not closed or holds what is no token.
    """
    found: list[Token] = []
    position, line, trim_next = 0, 1, False
    while True:
        opening = OPEN.search(source, position)
        text = source[position : opening.start() if opening else len(source)]
        shown = text.lstrip(BLANKS) if trim_next else text
        if opening and opening[1]:
            shown = shown.rstrip(BLANKS)
        if shown:
            found.append(Token("text", shown, line, spaced=False))
        line += text.count("\n")
        if opening is None:
            found.append(Token("end", "", line, spaced=False))
            return found
        position = opening.end()
        if source.startswith("/*", position) or (opening[1] and source.startswith("/*", position + 1)):
            comment = COMMENT.match(source, position)
            closing = COMMENT_CLOSE.match(source, comment.end()) if comment else None
            if closing is None:
                raise TemplateSyntaxError("a comment must end with */}} or */ -}}", line)
            line += source.count("\n", position, closing.end())
            position, trim_next = closing.end(), closing[1] is not None
            continue
        position, line, trim_next = _action(source, position, line, found)


def _action(source: str, position: int, line: int, found: list[Token]) -> tuple[int, int, bool]:
    """Cut one action up; give where it ends, on which line, and whether it trims the text after it."""
    start = line
    found.append(Token("open", "{{", line, spaced=False))
    while True:
        match = TOKEN.match(source, position)
        if match is None:
            raise _bad_token(source, position, line, start)
        line += match["space"].count("\n")
        kind = match.lastgroup
        assert kind is not None
        text, spaced = match[kind], bool(match["space"])
        if kind == "close":
            if text[0] == "-" and not spaced:
                raise TemplateSyntaxError('there must be a blank before "-}}"', line)
            found.append(Token("close", text, line, spaced))
            return match.end(), line, text[0] == "-"
        if kind == "sign":
            found.append(Token("dot" if text == "." else text, text, line, spaced))  # type: ignore[arg-type]
        elif kind == "name" and (text in KEYWORDS or text in ("nil", "true", "false")):
            word = "keyword" if text in KEYWORDS else "nil" if text == "nil" else "bool"
            found.append(Token(word, text, line, spaced))  # type: ignore[arg-type]  # one of three
        else:
            found.append(Token(kind, text, line, spaced))  # type: ignore[arg-type]  # the group's name is the kind
        line += text.count("\n") if kind == "string" else 0
        position = match.end()


def _bad_token(source: str, position: int, line: int, start: int) -> TemplateSyntaxError:
    rest = source[position:].lstrip(BLANKS)
    line += source[position : len(source) - len(rest)].count("\n")
    if not rest:
        return TemplateSyntaxError('an action is not closed with "}}"', start)
    if rest[0] in "\"'`":
        return TemplateSyntaxError(f"a text that begins with {rest[0]} does not end", line)
    return TemplateSyntaxError(f"{rest[:10].splitlines()[0]!r} cannot stand there", line)


ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\'\"]))|(\\)")
SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquote(token: Token) -> str:
    """Give the text that a string or character literal stands for.

    Raises:
        TemplateSyntaxError: For an escape that Go does not know.
    """
    body = token.text[1:-1]
    if token.text[0] == "`":
        return body.replace("\r", "")
    if "\\" not in body:
        return body
    data = bytearray()
    end = 0
    for match in ESCAPE.finditer(body):
        data += body[end : match.start()].encode("utf-8", "replace")
        end = match.end()
        hex_byte, short_code, long_code, octal_byte, letter, wrong = match.groups()
        code = int(short_code or long_code or "0", 16)
        other_quote = letter in ("'", '"') and letter != token.text[0]
        too_big = code > 0x10FFFF or 0xD800 <= code < 0xE000 or int(octal_byte or "0", 8) > 255
        if wrong or other_quote or too_big:
            raise TemplateSyntaxError(f"{body[match.start() : match.end() + 4]!r} is no escape", token.line)
        if hex_byte or octal_byte:
            data.append(int(hex_byte, 16) if hex_byte else int(octal_byte, 8))
        else:
            data += (SHORT.get(letter, letter) if letter else chr(code)).encode()
    data += body[end:].encode("utf-8", "replace")
    return data.decode("utf-8", "replace")


def number_of(token: Token) -> int | float:
    """Give the number that a literal stands for.

    Raises:
        TemplateSyntaxError: When it does not fit into 64 bits.
    """
    text = token.text.replace("_", "").lower()
    sign, digits = (-1 if text[0] == "-" else 1), text.lstrip("+-")
    number: int | float
    if digits[:2] in ("0x", "0o", "0b"):
        number = int(digits, 0)
    elif any(letter in digits for letter in ".e"):
        number = float(digits)
    elif re.fullmatch("0[0-7]+", digits):
        number = int(digits, 8)
    else:
        number = int(digits) if len(digits) < 30 else 2**64
    number *= sign
    if (isinstance(number, int) and not -(2**63) <= number < 2**63) or number in (float("inf"), float("-inf")):
        raise TemplateSyntaxError(f"the number {token.text[:30]} is too large", token.line)
    return number
