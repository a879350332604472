"""What can be wrong with an action: as it is written, or as it runs."""

from stagedoor.errors import OperatorError, StagedoorError
from stagedoor.json_text import shorten


class ActionBroken(OperatorError):
    """Something stored as an action that is none; ``problem`` names the member that is wrong."""

    def __init__(self, id: str, problem: str) -> None:  # noqa: A002  (the wire's word)
        super().__init__(id, problem)
        self.id = id
        self.problem = problem

    def __str__(self) -> str:
        return f"the action {shorten(self.id)!r} is not valid: {self.problem}"


class StepFailed(StagedoorError):
    """A step that could not do what it says; ``reason`` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
