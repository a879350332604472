"""The services of the owner: what the console and the command line ask for, beside plain keys."""

from stagedoor.app.foundation import Foundation
from stagedoor.app.house import House
from stagedoor.net.door import Door
from stagedoor.net.programs import find_client, find_clients
from stagedoor.net.static import StaticFolder
from stagedoor.options import Settings
from stagedoor.services.archives import Archives
from stagedoor.services.browser import Browser
from stagedoor.services.clients import Clients
from stagedoor.services.folders import Folders
from stagedoor.services.icons import Icons
from stagedoor.services.public import PublicParts
from stagedoor.services.questions import Questions
from stagedoor.services.recent import RecentEvents
from stagedoor.services.reference import Reference
from stagedoor.services.report import Report
from stagedoor.services.status import DoorStatus, StatusDesk
from stagedoor.types import JsonObject
from stagedoor.uploads import Uploads


def serve_owner(base: Foundation, house: House, uploads: Uploads) -> None:
    """Start them. ``uploads`` are the files that the owner sends."""
    settings, client, doors = base.settings, base.client, house.doors
    find_icon = Icons().find if settings.fetch_icons else None
    questions = Questions(client(), base.asks, base.loop, find_client, find_icon, base.record)
    base.stack.push_async_callback(questions.close)
    clients = Clients(client(), lambda: [entrance.door for entrance in doors], find_clients)
    base.stack.push_async_callback(clients.close)
    archives = Archives(
        client(),
        base.hub,
        base.data,
        every_s=settings.backup_minutes * 60,
        keep=settings.backup_keep,
        uploads=uploads,
        record=base.record,
    )
    base.run_until_the_end(archives.run())
    RecentEvents(client()).start()
    Reference(client(), base.hub.catalogue)
    Browser(client(), base.hub)
    PublicParts(client(), base.hub)
    Folders(client(), lambda folder: StaticFolder(folder, private=settings.data))
    StatusDesk(
        client(),
        base.hub,
        base.asks,
        data=None if base.data is None else str(base.data),
        doors=lambda: [_describe(door) for door in doors.open_ones],
        warnings=lambda: base.warnings.lines,
        chosen=base.chosen,
        settings=_tell(settings),
    )
    Report(base.hub, settings, base.chosen, base.redactor)


def _describe(door: Door) -> DoorStatus:
    statistics = door.statistics()
    return DoorStatus(
        name=door.name,
        addresses=statistics.addresses,
        connections=statistics.connections,
        accepted=statistics.accepted,
        refused=statistics.refused,
    )


def _tell(settings: Settings) -> JsonObject:
    """Tell the owner what was set that says who may come in, and where."""
    return {
        "asks": settings.asks,
        "origins": list(settings.origins),
        "trust_all_origins": settings.trust_all_origins,
        "guests_may_speak": settings.guests_may_speak,
        "offer_challenge": settings.offer_challenge,
        "streamerbot_auth": settings.streamerbot_auth,
        "static": None if settings.static is None else str(settings.static),
    }
