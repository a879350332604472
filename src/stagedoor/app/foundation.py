"""What all parts of the application stand on: the data folder, the hub in it, and what is written down about both."""

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stagedoor import keys
from stagedoor.access import SERVICE, AskQueue, Client, Grant, Record
from stagedoor.app.warnings import Warnings
from stagedoor.archive import store_folder
from stagedoor.audit import AuditLog
from stagedoor.control import locked, new_token, prepare_data_folder
from stagedoor.hub import Catalogue, Hub, LmdbStore, MemoryStore
from stagedoor.options import Settings
from stagedoor.redaction import Redactor
from stagedoor.services.audit import AuditDesk, read_head
from stagedoor.services.known_secrets import KnownSecrets
from stagedoor.services.log import Log
from stagedoor.version import __version__

_LOCK_TIMEOUT_S: Final = 1.0
"""A command that looks whether a server runs holds the lock for an instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """Handed to every part. What a part opens it puts on ``stack``, which closes all of it in reverse."""

    settings: Settings
    chosen: frozenset[str]
    """The options that were set for this run, so that what is stored does not override them."""
    data: Path | None
    """The data folder; ``None`` when everything is in memory."""
    folder: Path
    """The same, or else one for files that are gone with this run."""
    hub: Hub
    loop: asyncio.AbstractEventLoop
    asks: AskQueue
    audit: AuditLog
    warnings: Warnings
    redactor: Redactor
    control_token: str
    """What the owner's commands show."""
    stack: contextlib.AsyncExitStack

    def client(self, grant: Grant = SERVICE) -> Client:
        """Make one more client of the hub in this process, as each service has its own."""
        return Client(self.hub, grant)

    @property
    def record(self) -> Record:
        """Enters something into the audit log."""
        return self.audit.record

    def warn(self, subject: str, line: str | None) -> None:
        """Warn the owner until the subject has another warning, or none."""
        self.warnings.show(subject, line)

    def run_until_the_end(self, work: Coroutine[None, None, None]) -> None:
        """Let something go on beside everything else; it is cancelled first of all that is open now."""
        self.stack.push_async_callback(_cancel, self.loop.create_task(work))


def lay_foundation(
    settings: Settings, chosen: frozenset[str], redactor: Redactor, stack: contextlib.AsyncExitStack
) -> Foundation:
    """Take the data folder, open the hub, and begin to write down what happens.

    Raises:
        DataInUse: When another stagedoor has the data folder.
        StoreError: When the store cannot be opened.
    """
    loop = asyncio.get_running_loop()
    warnings = Warnings(redactor.clean)
    data = None if settings.ephemeral else settings.data
    if data is None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stagedoor-")))
    else:
        folder = data
        for line in prepare_data_folder(data):
            warnings.show(line, line)
        stack.enter_context(locked(data, timeout_s=_LOCK_TIMEOUT_S))
    hub = Hub(MemoryStore() if data is None else LmdbStore(store_folder(data)), Catalogue(keys.SPECS))
    stack.push_async_callback(hub.close)
    token = new_token()
    redactor.know("control token", [token])
    KnownSecrets(Client(hub, SERVICE), hub.catalogue, redactor).start()
    log = Log(Client(hub, SERVICE), loop, redactor)
    log.start()
    stack.callback(log.close)

    def complain(subject: str, line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(warnings.show, subject, line)

    head = read_head(Client(hub, SERVICE).get(keys.AUDIT_HEAD))
    audit = AuditLog(data, head=head, clean=redactor.clean, complain=complain)
    stack.push_async_callback(AuditDesk(Client(hub, SERVICE), audit, loop).close)
    audit.record("start", {"version": __version__})
    return Foundation(
        settings=settings,
        chosen=chosen,
        data=data,
        folder=folder,
        hub=hub,
        loop=loop,
        asks=AskQueue(loop),
        audit=audit,
        warnings=warnings,
        redactor=redactor,
        control_token=token,
        stack=stack,
    )


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
