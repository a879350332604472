"""``stagedoor asks``: who asks to be let in, applications above all, and the owner's answers."""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import click
import msgspec

from stagedoor.access import Subject
from stagedoor.cli.expiry import Expiry, expires_option, read_expiry
from stagedoor.cli.lines import read_lines
from stagedoor.cli.output import note, on_one_line, print_json, print_table
from stagedoor.cli.parameters import data_option, json_option
from stagedoor.cli.reach import NoServer, connected
from stagedoor.cli.scopes import describe_all, scope_option, summarize
from stagedoor.cli.target import Target
from stagedoor.keys import ANSWER_ASK, ASKS
from stagedoor.kilovolt import (
    Client,
    ConnectFailed,
    ConnectionLost,
    KilovoltError,
    Reconnect,
    RequestFailed,
    RequestTimeout,
    TokenRefused,
    Watch,
)
from stagedoor.services.questions import Answer, Question

_RETURN: Final = Reconnect(max_s=2.0)

_PROMPTS: Final = {
    Subject.APP: "Let it in? [y]es, yes and [r]emember it, [n]o, [s]kip: ",
    Subject.ORIGIN: "May its pages connect, from now on? [y]es, [n]o, [s]kip: ",
    Subject.DEVICE: "Let it in? [y]es, [n]o, [s]kip: ",
}
_PROMPT_AFTER_STALE: Final = "Press Enter to answer this one: "

_KINDS: Final = {Subject.APP: "application", Subject.ORIGIN: "web site", Subject.DEVICE: "browser"}

_YES: Final = ("y", "yes")
_NO: Final = ("n", "no")
_SKIP: Final = ("s", "skip")
_REMEMBER: Final = ("r", "remember")

_Event = Sequence[Question] | str | None | KilovoltError
"""The open questions, a line that was typed, the end of typing, the end of the connection."""


@click.group(invoke_without_command=True, short_help="Answer applications that ask to be let in.")
@click.option("--once", is_flag=True, help="End after one question.")
@json_option
@data_option
@click.pass_context
def asks(ctx: click.Context, data: Path, *, once: bool, as_json: bool) -> None:
    """Wait for applications that ask to be let in, show each, and take your answer.

    Without a terminal, or with --json, the questions are only shown; `asks allow` and `asks deny` answer them. At the
    prompt, `r` remembers the application, and `r 30d` for so long. Needs a running server. Ctrl-C ends.

    \b
    Example:
      stagedoor asks
      stagedoor asks list
    """
    if ctx.invoked_subcommand is None:
        is_answering = sys.stdin.isatty() and not as_json
        asyncio.run(_wait(Target(data), Desk(is_answering=is_answering, as_json=as_json), is_once=once))


@asks.command("list")
@json_option
@data_option
def list_(data: Path, *, as_json: bool) -> None:
    """Print the open questions and end.

    \b
    Example:
      stagedoor asks list
    """
    questions = asyncio.run(_list(Target(data)))
    if as_json:
        print_json(questions)
    elif questions:
        rows = [
            [
                one.id,
                _KINDS[one.kind],
                "" if one.kind is Subject.ORIGIN else one.name,
                one.author,
                one.verification_code,
                _seen(one),
                _age(one),
                summarize(one.scopes) if one.kind is Subject.APP else "",
            ]
            for one in questions
        ]
        print_table(["id", "what", "calls itself", "by", "code", "seen by stagedoor", "age", "wants to"], rows)
    else:
        note("nobody asks to be let in")


@asks.command()
@click.argument("question", metavar="ID")
@click.option("--remember", is_flag=True, help="Let it in without a question when it comes back.")
@scope_option
@expires_option
@data_option
def allow(data: Path, *, question: str, remember: bool, scopes: tuple[str, ...], expires: Expiry | None) -> None:
    """Let in who asked the question with this ID: an application, the pages of a web site, or a browser.

    With --remember an application gets a token to come back by, until the end that --expires names or `stagedoor apps
    forget`. It may touch what it asked for, or what you name with --scope instead. A web site is always remembered.

    \b
    Example:
      stagedoor asks allow 3
      stagedoor asks allow 3 --remember --expires 30d
      stagedoor asks allow 3 --scope "read:counter/*"
    """
    if expires is not None and not remember:
        raise click.UsageError("--expires goes with --remember; who is let in once is out when it leaves")
    at_ms = expires.at_ms if expires else None
    answer = Answer(question, allow=True, remember=remember, scopes=list(scopes) or None, expires_at_ms=at_ms)
    asyncio.run(_answer_one(Target(data), answer))


@asks.command()
@click.argument("question", metavar="ID")
@data_option
def deny(data: Path, *, question: str) -> None:
    """Turn away who asked the question with this ID. A web site is refused unasked from now on.

    \b
    Example:
      stagedoor asks deny 3
    """
    asyncio.run(_answer_one(Target(data), Answer(question, allow=False)))


async def _list(target: Target) -> list[Question]:
    async with connected(target) as client:
        return await _questions(client)


async def _questions(client: Client) -> list[Question]:
    questions: list[Question] = await client.get_json(ASKS, list[Question], [])
    return questions


async def _answer_one(target: Target, answer: Answer) -> None:
    async with connected(target) as client:
        if problem := await _answer(client, answer):
            raise click.ClickException(problem)


async def _answer(client: Client, answer: Answer) -> str | None:
    """Give an answer to the server; returns its complaint, if it has one."""
    try:
        await client.call_json(ANSWER_ASK, answer)
    except RequestFailed as error:
        return error.details
    return None


async def _wait(target: Target, desk: "Desk", *, is_once: bool) -> None:
    """Attend to questions over as many connections as it takes, once there has been one."""
    delays = None
    while True:
        try:
            async with connected(target) as client, client.watch(ASKS) as changes:
                note("waiting for questions; Ctrl-C ends" if delays is None else "waiting for questions again")
                delays = _RETURN.delays_s()
                await desk.attend(client, changes, is_once=is_once)
                return
        except (NoServer, ConnectFailed, ConnectionLost, RequestTimeout, TokenRefused) as error:
            if delays is None:
                raise
            if isinstance(error, ConnectionLost):
                note(f"{error}; waiting for the server")
        await asyncio.sleep(next(delays))


class Desk:
    """Where the owner sits: shows questions one at a time, and takes what is typed.

    What is typed may be meant for a question that has just gone. So after a question went away under the prompt, one
    line is thrown away before the next question can be answered.
    """

    def __init__(self, *, is_answering: bool, as_json: bool, only: Subject | None = None) -> None:
        """``only`` is the kind of question that is dealt with, if not every one."""
        self._is_answering = is_answering
        self._only = only
        self._as_json = as_json
        self._events: asyncio.Queue[_Event] = asyncio.Queue()
        self._typist: asyncio.Task[None] | None = None
        self._open: Sequence[Question] = ()
        self._shown: set[str] = set()
        self._current: Question | None = None
        self._has_stale_line = False
        self._dealt_with = 0

    async def attend(self, client: Client, changes: Watch, *, is_once: bool) -> None:
        """Deal with questions until the owner has enough.

        Raises:
            KilovoltError: When the connection is lost.
        """
        self._begin()
        pump = asyncio.create_task(self._pump(changes))
        try:
            self._take_questions(await _questions(client))
            while not (is_once and self._dealt_with):
                event = await self._events.get()
                if event is None:
                    return
                if isinstance(event, KilovoltError):
                    raise event
                if isinstance(event, str):
                    await self._take_line(client, event.strip().lower())
                else:
                    self._take_questions(event)
        finally:
            pump.cancel()

    def _begin(self) -> None:
        """Forget the last connection: another server may use the same numbers for other questions."""
        self._leave_current()
        self._shown.clear()
        while not self._events.empty():
            self._events.get_nowait()
        if self._is_answering and self._typist is None:
            self._typist = asyncio.create_task(self._type())

    async def _type(self) -> None:
        async for line in read_lines():
            self._events.put_nowait(line.decode(errors="replace"))
        self._events.put_nowait(None)

    async def _pump(self, changes: Watch) -> None:
        try:
            async for change in changes:
                self._events.put_nowait(msgspec.json.decode(change.value or "[]", type=list[Question]))
        except KilovoltError as error:
            self._events.put_nowait(error)

    def _take_questions(self, questions: Sequence[Question]) -> None:
        self._open = questions = [one for one in questions if self._only in (None, one.kind)]
        if self._current is not None and all(question.id != self._current.id for question in questions):
            click.echo("\nThe question has gone: it was answered elsewhere, or the application has left.")
            self._leave_current()
        self._go_on()

    def _leave_current(self) -> None:
        if self._current is not None:
            self._current = None
            self._has_stale_line = True
            self._dealt_with += 1

    def _go_on(self) -> None:
        """Show what has not been shown, as far as the question that is to be answered now."""
        for question in self._open:
            if self._current is not None:
                return
            if question.id in self._shown:
                continue
            self._shown.add(question.id)
            if self._as_json:
                print_json(question)
            else:
                click.echo(describe(question))
            if self._is_answering:
                self._current = question
                self._prompt()
            else:
                self._dealt_with += 1

    def _prompt(self) -> None:
        assert self._current is not None
        click.echo(_PROMPT_AFTER_STALE if self._has_stale_line else _PROMPTS[self._current.kind], nl=False)

    async def _take_line(self, client: Client, line: str) -> None:
        question = self._current
        if self._has_stale_line:
            self._has_stale_line = False
        elif question is not None and (answer := _read_answer(question, line)):
            if isinstance(answer, Answer):
                problem = await _answer(client, answer)
                click.echo(problem or ("Let in." if answer.allow else "Refused."))
            self._current = None
            self._dealt_with += 1
            self._go_on()
            return
        if question is not None:
            self._prompt()


def _read_answer(question: Question, line: str) -> Answer | Literal["skip"] | None:
    """Read what was typed; ``None`` when it is no answer, which is said where it nearly is one."""
    word, _, end = line.partition(" ")
    if line in _SKIP:
        return "skip"
    if line in _YES + _NO:
        return Answer(question.id, allow=line in _YES)
    if word in _REMEMBER and question.kind is Subject.APP:
        try:
            at_ms = read_expiry(end).at_ms if end else None
        except ValueError as error:
            click.echo(str(error))
            return None
        return Answer(question.id, allow=True, remember=True, expires_at_ms=at_ms)
    return None


def describe(question: Question) -> str:
    """Put a question for a person: what is claimed apart from what is known, and what the answer means."""
    if question.kind is Subject.ORIGIN:
        return _describe_origin(question)
    claims = [
        ("name", question.name),
        ("author", question.author),
        ("page", question.url),
        ("code", question.verification_code),
    ]
    facts = [
        ("address", question.address),
        ("web site", question.origin or "none; it is a program"),
        ("program", question.program or ""),
    ]
    if question.kind is Subject.DEVICE:
        lines = [f"\nQuestion {question.id}: a phone or computer wants to use the console as you."]
    else:
        lines = [f"\nQuestion {question.id}: an application asks to be let in."]
    lines.append("  It says of itself, and nobody has checked:")
    lines += [f"    {name:<8}  {on_one_line(text)}" for name, text in claims if text]
    lines.append("  stagedoor sees:")
    lines += [f"    {name:<8}  {on_one_line(text)}" for name, text in facts if text]
    if question.kind is Subject.DEVICE:
        lines.append("  It could do all that you can. Let it in only if it is yours, and shows the same code.")
        return "\n".join(lines)
    lines.append("  It wants to:")
    lines += [f"    {text}" for text in describe_all(question.scopes)]
    if question.verification_code:
        lines.append("  Let it in only if it shows the same code.")
    return "\n".join(lines)


def _describe_origin(question: Question) -> str:
    return "\n".join(
        [
            f"\nQuestion {question.id}: a web site wants to connect.",
            f"    web site  {on_one_line(question.origin or '')}",
            f"    address   {on_one_line(question.address)}",
            "  If you allow it, its pages may log in as programs of this machine may. Your answer is remembered.",
        ]
    )


def _age(question: Question) -> str:
    return f"{max(0.0, time.time() - question.asked_at_ms / 1000):.0f} s"


def _seen(question: Question) -> str:
    return " ".join(filter(None, (question.address, question.origin, question.program)))
