"""How a fake Twitch says no."""

from http import HTTPStatus

from aiohttp import web

from stagedoor.errors import PeerError
from stagedoor.types import JsonObject


class Refused(PeerError):
    """A call that gets an error: its HTTP status and Twitch's sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return f"{self.status} {self.message}"

    def answer(self, *, is_helix: bool = True) -> web.Response:
        """The response. Those of Helix name the error too; those of id.twitch.tv do not."""
        body: JsonObject = {"status": self.status, "message": self.message}
        if is_helix:
            body = {"error": HTTPStatus(self.status).phrase, **body}
        return web.json_response(body, status=self.status)
