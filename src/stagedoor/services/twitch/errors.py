"""What can go wrong between stagedoor and Twitch, by who must act.

    TwitchError
    ├── LoginNeeded      the owner must log an account in
    ├── Unreachable      nobody: the network or Twitch is down, and it is tried again
    └── Refused          Twitch understood and said no
        └── HelixError   the same of its API

None of them holds a token, a code or the application's secret: their text may go to logs and to people.
"""

from typing import Literal

Account = Literal["streamer", "bot"]


class TwitchError(Exception):
    """Base of what can go wrong with Twitch."""


class LoginNeeded(TwitchError):
    """There are no tokens for ``account``, or Twitch takes them no more."""

    def __init__(self, account: Account, problem: str = "") -> None:
        super().__init__(account, problem)
        self.account = account
        self.problem = problem

    def __str__(self) -> str:
        whose = "the streamer's account" if self.account == "streamer" else "the bot's account"
        return f"{whose} has to be logged in to Twitch{f': {self.problem}' if self.problem else ''}"


class Unreachable(TwitchError):
    """Twitch did not answer, or answered that something is wrong with itself."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"Twitch cannot be reached: {self.problem}"


class Refused(TwitchError):
    """Twitch refused what was asked; ``message`` is what it said."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return f"Twitch refuses: {self.message or 'no reason given'} ({self.status})"


class HelixError(Refused):
    """The API refused; ``code`` is the short name of an error, where there is one, as ``msg_duplicate``."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(status, message)
        self.code = code
