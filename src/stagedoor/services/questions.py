"""Shows the open questions of applications in a key, and takes the owner's answers as requests."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from stagedoor.access import Ask, AskQueue, Client, Clock, Record, Scopes, Subject, Terms, is_loopback
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Write
from stagedoor.kept import read_end
from stagedoor.keys import ANSWER_ASK, ASKS, REQUEST_SCOPES

logger = logging.getLogger(__name__)

_LOOK_UP_TIMEOUT_S: Final = 1.0
"""How long a question waits for the name of its program."""

_MAX_FETCHED_CHARACTERS: Final = 400_000
"""Of all icons that were fetched, as ``data:`` addresses. All questions are one value, which has to fit into a message,
and into what may wait for a console, together with the icons that came with questions."""


class Question(msgspec.Struct):
    """One open question, as the owner sees it. What the application said of itself may be empty, and may be a lie."""

    id: str
    kind: Subject
    """What it is about: an application; a web site, which ``origin`` names; a browser that wants to be the owner's."""
    address: str
    origin: str | None
    program: str | None
    asked_at_ms: int
    """When it was asked, in Unix milliseconds."""
    name: str
    author: str
    url: str
    icon: str
    """A ``data:`` address; never one that would have to be fetched."""
    verification_code: str
    scopes: tuple[str, ...] | None
    """What it wants to touch; ``None`` for all but secrets."""


class Answer(msgspec.Struct):
    """The owner's answer to one."""

    id: str
    allow: bool
    remember: bool = False
    """Whether it is let in for good."""
    scopes: list[str] | None = None
    """What it may touch; ``None`` for what it asked for."""
    expires_at_ms: int | None = None
    """Until when it is let in, if it is remembered; in Unix milliseconds."""


class Questions:
    """Joins the queue of questions to the hub."""

    def __init__(
        self,
        client: Client,
        asks: AskQueue,
        clock: Clock,
        find_program: Callable[[int], str | None],
        find_icon: Callable[[str], Awaitable[str]] | None,
        record: Record,
    ) -> None:
        """Show the questions of a queue.

        Args:
            client: Writes them, and serves the request that answers one.
            asks: The queue.
            clock: The queue's.
            find_program: Names the program of this machine whose connection has a port; it may block for a while.
            find_icon: Makes a ``data:`` address of the picture at an ``https`` address, or an empty text; it may be
                cancelled. ``None`` where no icon is fetched.
            record: Enters into the audit log what is asked and answered.
        """
        self._client = client
        self._record = record
        self._find_program = find_program
        self._find_icon = find_icon
        self._icons: dict[str, str] = {}
        """What was fetched for open questions; empty for one that has no icon to show."""
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._programs: dict[str, str | None] = {}
        """Of each question that is shown."""
        self._noted: set[str] = set()
        """The open questions that are in the audit log."""
        self._looking_up: dict[str, asyncio.Task[None]] = {}
        self._asks = asks
        self._clock = clock
        client.serve(ANSWER_ASK, self._answer)
        asks.watch(self._update)
        self._show()

    async def close(self) -> None:
        """Fetch no more icons."""
        self._find_icon = None
        tasks = list(self._fetching.values())
        self._fetching.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _update(self) -> None:
        """Show the questions as they are now; one from this machine as soon as its program is known."""
        known = self._programs
        self._programs = {ask.id: known.get(ask.id) for ask in self._asks.open if ask.id in known}
        for ask in self._asks.open:
            if ask.id not in self._noted:
                self._record("asked", _facts(ask))
        self._noted = {ask.id for ask in self._asks.open}
        for ask in self._asks.open:
            if ask.id in known:
                continue
            if not is_loopback(ask.asker.address):
                self._programs[ask.id] = None
            elif ask.id not in self._looking_up:
                task = asyncio.get_running_loop().create_task(self._look_up(ask))
                self._looking_up[ask.id] = task
        self._follow_icons()
        self._show()

    def _follow_icons(self) -> None:
        """Fetch the icons of new questions, which are shown meanwhile; end with a question what is under way for it."""
        open_ids = {ask.id for ask in self._asks.open}
        self._icons = {ask_id: icon for ask_id, icon in self._icons.items() if ask_id in open_ids}
        for ask_id in self._fetching.keys() - open_ids:
            self._fetching.pop(ask_id).cancel()
        if self._find_icon is None:
            return
        for ask in self._asks.open:
            is_known = ask.id in self._icons or ask.id in self._fetching
            if not is_known and not _is_picture(ask.metadata.icon) and ask.metadata.icon:
                task = asyncio.get_running_loop().create_task(self._fetch_icon(self._find_icon, ask))
                self._fetching[ask.id] = task

    async def _fetch_icon(self, find_icon: Callable[[str], Awaitable[str]], ask: Ask) -> None:
        icon = await find_icon(ask.metadata.icon)
        self._fetching.pop(ask.id, None)
        if sum(map(len, self._icons.values())) + len(icon) > _MAX_FETCHED_CHARACTERS:
            logger.info("the icon of a question is not shown: those of others are large")
            icon = ""
        self._icons[ask.id] = icon
        if icon:
            self._show()

    async def _look_up(self, ask: Ask) -> None:
        program = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_UP_TIMEOUT_S):
                program = await asyncio.to_thread(self._find_program, ask.asker.port)
        del self._looking_up[ask.id]
        if any(ask.id == one.id for one in self._asks.open):
            self._programs[ask.id] = program
            self._show()

    def _show(self) -> None:
        questions = [self._describe(ask) for ask in self._asks.open if ask.id in self._programs]
        self._client.write([Write(ASKS, msgspec.json.encode(questions).decode())], _log_failure)

    def _describe(self, ask: Ask) -> Question:
        metadata = ask.metadata
        return Question(
            id=ask.id,
            kind=ask.subject,
            address=ask.asker.address,
            origin=ask.asker.origin,
            program=self._programs[ask.id],
            asked_at_ms=round((time.time() - self._clock.time() + ask.asked_at) * 1000),
            name=metadata.shown_name,
            author=metadata.author,
            url=metadata.url,
            icon=metadata.icon if _is_picture(metadata.icon) else self._icons.get(ask.id, ""),
            verification_code=metadata.verification_code,
            scopes=None if metadata.scopes is None else metadata.scopes.words,
        )

    async def _answer(self, value: str) -> str:
        try:
            answer = msgspec.json.decode(value, type=Answer)
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"expected an id and allow: {error}") from error
        if answer.remember and not answer.allow:
            raise RequestFailed("only who is let in can be remembered")
        ask = next((ask for ask in self._asks.open if ask.id == answer.id), None)
        if ask is None:
            raise RequestFailed(f"there is no open question {answer.id}")
        if ask.subject is not Subject.APP and (answer.scopes is not None or answer.expires_at_ms is not None):
            raise RequestFailed("only an application is let in with scopes or for some time")
        if answer.expires_at_ms is not None and not answer.remember:
            raise RequestFailed("only who is remembered is let in for some time")
        scopes = ask.metadata.scopes
        try:
            if answer.scopes is not None:
                scopes = Scopes.parse(answer.scopes, REQUEST_SCOPES)
            terms = Terms(scopes, read_end(answer.expires_at_ms, time.time()))
        except ValueError as error:
            raise RequestFailed(str(error)) from error
        if not self._asks.answer(answer.id, allow=answer.allow, remember=answer.remember, terms=terms):
            raise RequestFailed(f"there is no open question {answer.id}")
        verdict = "refused" if not answer.allow else "remembered" if answer.remember else "allowed"
        told = "everything but secrets" if scopes is None else " ".join(scopes.words)
        self._record("answered", {**_facts(ask), "verdict": verdict, **({"scopes": told} if answer.allow else {})})
        logger.info(
            "the owner %s %r from %s%s",
            "let in" if answer.allow else "refused",
            ask.metadata.shown_name,
            ask.asker.name,
            " for good" if answer.remember else "",
        )
        return "{}"


def _facts(ask: Ask) -> dict[str, object]:
    facts: dict[str, object] = {"what": ask.subject.value, "address": ask.asker.address}
    if ask.asker.origin is not None:
        facts["origin"] = ask.asker.origin
    if ask.subject is not Subject.ORIGIN:
        facts["name"] = ask.metadata.shown_name
    return facts


def _is_picture(icon: str) -> bool:
    return icon[:5].lower() == "data:"


def _log_failure(error: StoreError | None) -> None:
    if error is not None:
        logger.error("the open questions could not be shown: %s", error)
