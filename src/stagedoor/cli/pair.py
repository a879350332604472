"""``stagedoor pair``: lets a phone or another computer open the console."""

import asyncio
import io
import sys
from pathlib import Path
from typing import Final

import click
import segno

from stagedoor.access import Subject
from stagedoor.access.asks import LIFETIME_S
from stagedoor.cli.asks import Desk
from stagedoor.cli.output import note, print_json
from stagedoor.cli.parameters import data_option, json_option
from stagedoor.cli.reach import connected
from stagedoor.cli.target import Target
from stagedoor.keys import ASKS, PAIR, TLS
from stagedoor.kilovolt import Client, RequestFailed
from stagedoor.services.pairing import PairingLink
from stagedoor.services.tls import TlsState
from stagedoor.tls import in_pairs

_BORDER: Final = 2
"""Modules around the code; the standard has four, and terminals have few lines."""


@click.command(short_help="Let a phone or another computer open the console.")
@click.option("--host", metavar="HOST", help="By which name or address of this machine it is reached.")
@json_option
@data_option
def pair(data: Path, *, host: str | None, as_json: bool) -> None:
    """Show a code to scan with a phone, or to type on another computer, and ask you before it is let in.

    Allow it if both show the same number. The console has to listen beyond this machine for it, as with `stagedoor
    serve --console localhost,192.168.1.20:4330`; in the console, pairing sees to that itself. Without a terminal, or
    with --json, the address is only printed; `stagedoor asks` answers the question. Needs a running server.

    \b
    Example:
      stagedoor pair
      stagedoor pair --host studio.local
    """
    is_answering = sys.stdin.isatty() and not as_json
    asyncio.run(_pair(Target(data), host, is_answering=is_answering, as_json=as_json))


async def _pair(target: Target, host: str | None, *, is_answering: bool, as_json: bool) -> None:
    async with connected(target) as client, client.watch(ASKS) as changes:
        link = await _ask(client, host)
        if as_json:
            print_json(link)
            return
        if sys.stdout.isatty():
            click.echo(draw(link.url))
        click.echo(link.url)
        if not is_answering:
            return
        state = await client.call_json(TLS, None, TlsState)
        if state is not None and state.authority is not None:
            note(f"The certificate to trust there has the fingerprint {in_pairs(state.authority.fingerprint)}.")
        if len(link.addresses) > 1:
            note(f"If that does not open, --host may be {', '.join(link.addresses[1:])}.")
        note(f"Waiting for it, for {link.expires_in_s / 60:.0f} minutes; Ctrl-C ends.")
        try:
            async with asyncio.timeout(link.expires_in_s + LIFETIME_S):
                await Desk(is_answering=True, as_json=False, only=Subject.DEVICE).attend(client, changes, is_once=True)
        except TimeoutError:
            raise click.ClickException("nobody has come; the code is good no longer") from None


async def _ask(client: Client, host: str | None) -> PairingLink:
    try:
        link = await client.call_json(PAIR, {} if host is None else {"host": host}, PairingLink)
    except RequestFailed as error:
        raise click.ClickException(error.details) from error
    assert link is not None
    return link


def draw(url: str) -> str:
    """Draw a code for a terminal, in its own colours: read by a camera, dark has to be dark."""
    text = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(out=text, border=_BORDER, compact=True)
    return "\n".join(click.style(line, fg="bright_white", bg="black") for line in text.getvalue().splitlines())
