"""Shows the open questions of applications in a key, and takes the owner's answers as requests."""

import logging
import time

import msgspec

from stagedoor.access import Ask, AskQueue, Client, Clock
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Write
from stagedoor.keys import ANSWER_ASK, ASKS

logger = logging.getLogger(__name__)


class Question(msgspec.Struct):
    """One open question, as the owner sees it. What the application said of itself may be empty, and may be a lie."""

    id: str
    address: str
    origin: str | None
    program: str | None
    asked_at_ms: int
    """When it was asked, in Unix milliseconds."""
    name: str
    author: str
    url: str
    icon: str
    verification_code: str


class Answer(msgspec.Struct):
    """The owner's answer to one."""

    id: str
    allow: bool


class Questions:
    """Joins the queue of questions to the hub."""

    def __init__(self, client: Client, asks: AskQueue, clock: Clock) -> None:
        self._client = client
        self._asks = asks
        self._clock = clock
        client.serve(ANSWER_ASK, self._answer)
        asks.watch(self._show)
        self._show()

    def _show(self) -> None:
        questions = [self._describe(ask) for ask in self._asks.open]
        self._client.write([Write(ASKS, msgspec.json.encode(questions).decode())], _log_failure)

    def _describe(self, ask: Ask) -> Question:
        metadata = ask.metadata
        return Question(
            id=ask.id,
            address=ask.asker.address,
            origin=ask.asker.origin,
            program=ask.asker.program,
            asked_at_ms=round((time.time() - self._clock.time() + ask.asked_at) * 1000),
            name=metadata.name or "Unknown application",
            author=metadata.author,
            url=metadata.url,
            icon=metadata.icon,
            verification_code=metadata.verification_code,
        )

    async def _answer(self, value: str) -> str:
        try:
            answer = msgspec.json.decode(value, type=Answer)
        except msgspec.DecodeError as error:
            raise RequestFailed(f"expected an id and allow: {error}") from error
        ask = next((ask for ask in self._asks.open if ask.id == answer.id), None)
        if ask is None or not self._asks.answer(answer.id, allow=answer.allow):
            raise RequestFailed(f"there is no open question {answer.id}")
        logger.info(
            "the owner %s %r from %s",
            "let in" if answer.allow else "refused",
            ask.metadata.name or "an unknown application",
            ask.asker.name,
        )
        return ""


def _log_failure(error: StoreError | None) -> None:
    if error is not None:
        logger.error("the open questions could not be shown: %s", error)
