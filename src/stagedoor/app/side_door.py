"""How the owner's commands get in: by the Kilovolt door or by one of their own, as a file in the data folder says."""

import os
from pathlib import Path

from stagedoor.access import Doorkeeper, OriginPolicy, generate_password
from stagedoor.app.foundation import Foundation
from stagedoor.app.house import Addresses, House
from stagedoor.control import Control, remove_control, write_control
from stagedoor.net.doors import url_of
from stagedoor.net.kilovolt import speak_kilovolt
from stagedoor.net.pages import respond_with_nothing


class SideDoor:
    """On loopback and in plain text: commands need not trust anybody on this machine, where there is a way without."""

    def __init__(self, base: Foundation, data: Path) -> None:
        self._base = base
        self._data = data
        self._url: str | None = None

    async def open(self, house: House, origins: OriginPolicy) -> None:
        """Open it, where the Kilovolt door is shut or listens beyond this machine alone."""
        stack = self._base.stack
        if not _is_plain(house.url("kilovolt")):
            doorkeeper = Doorkeeper(
                self._base.loop,
                name="control",
                password=generate_password(),
                control_token=self._base.control_token,
                record=self._base.audit.record,
            )
            sockets = {"/ws": speak_kilovolt(self._base.hub, doorkeeper)}
            door = house.new_door("control", sockets, respond_with_nothing, origins)
            await door.listen("127.0.0.1", 0)
            stack.push_async_callback(door.close)
            self._url = url_of(door, "ws", "/ws")
        stack.callback(remove_control, self._data)

    def show(self, where: Addresses) -> None:
        """Write down how to get in."""
        nearest = where.kilovolt if _is_plain(where.kilovolt) else self._url or where.kilovolt
        write_control(self._data, Control(os.getpid(), self._base.control_token, nearest))


def _is_plain(url: str | None) -> bool:
    return url is not None and url.startswith("ws:")
