"""``stagedoor tls``: what the doors encrypt with, and the local authority to trust elsewhere."""

import asyncio
import sys
import time
from pathlib import Path

import click

from stagedoor.cli.output import note, print_json, print_table, warn
from stagedoor.cli.parameters import data_option, json_option
from stagedoor.cli.reach import connected
from stagedoor.cli.target import Target
from stagedoor.keys import NEW_AUTHORITY, TLS
from stagedoor.kilovolt import RequestFailed
from stagedoor.services.tls import TlsState
from stagedoor.tls import CertificateFolder, in_pairs, tls_folder
from stagedoor.types import Key


@click.group(invoke_without_command=True, short_help="Show the doors' certificate, and get the authority to trust.")
@json_option
@data_option
@click.pass_context
def tls(ctx: click.Context, data: Path, *, as_json: bool) -> None:
    """Show whether the doors speak TLS, by which authority, and with which certificate.

    Needs a running server.

    \b
    Example:
      stagedoor tls
      stagedoor tls authority --output stagedoor.crt
    """
    if ctx.invoked_subcommand is None:
        _print(asyncio.run(_ask(Target(data), TLS)), as_json=as_json)


@tls.command()
@json_option
@data_option
def status(data: Path, *, as_json: bool) -> None:
    """Show whether the doors speak TLS, by which authority, and with which certificate.

    \b
    Example:
      stagedoor tls status
    """
    _print(asyncio.run(_ask(Target(data), TLS)), as_json=as_json)


@tls.command()
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it there; without, print it.",
)
@data_option
def authority(data: Path, *, output: Path | None) -> None:
    """Give the certificate of the local authority, in PEM, for other devices and programs to trust.

    It is public. Its key stays in the data folder. With or without a running server.

    \b
    Example:
      stagedoor tls authority --output stagedoor.crt
    """
    pem = CertificateFolder(tls_folder(data)).read_authority()
    if pem is None:
        raise click.ClickException("there is no authority yet; `stagedoor tls new` makes one")
    if output is None:
        click.echo(pem, nl=False)
    else:
        output.write_bytes(pem)
        note(f"The certificate of this stagedoor's authority is in {output}.")


@tls.command("new")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@data_option
def new_(data: Path, *, yes: bool, as_json: bool) -> None:
    """Make a new local authority, and show a certificate by it at once.

    Devices and programs that trust the old one have to be given the new one. Needs a running server.

    \b
    Example:
      stagedoor tls new
    """
    target = Target(data)
    if not yes and asyncio.run(_ask(target, TLS)).authority is not None:
        if not sys.stdin.isatty():
            raise click.ClickException(
                "whoever trusts the old authority will need the new one; --yes says that is fine"
            )
        click.confirm("Whoever trusts the old authority will need the new one. Make it?", abort=True, err=True)
    made = asyncio.run(_ask(target, NEW_AUTHORITY))
    _print(made, as_json=as_json)


async def _ask(target: Target, key: Key) -> TlsState:
    async with connected(target) as client:
        try:
            state = await client.call_json(key, None, TlsState)
        except RequestFailed as error:
            raise click.ClickException(error.details) from error
    assert state is not None
    return state


def _print(state: TlsState, *, as_json: bool) -> None:
    if as_json:
        print_json(state)
        return
    rows = [["TLS", _describe(state)]]
    if state.certificate is not None:
        rows += [
            ["certificate for", " ".join(state.certificate.names)],
            ["issued by", state.certificate.issuer],
            ["until", _day(state.certificate.expires_at_ms)],
        ]
    if state.authority is not None:
        rows += [
            ["authority", in_pairs(state.authority.fingerprint)],
            ["made", _day(state.authority.made_at_ms)],
            ["good until", _day(state.authority.expires_at_ms)],
        ]
    rows.append(["other machines", "may speak plain text" if state.plain_beyond_loopback else "have to speak TLS"])
    print_table(["", "stagedoor"], rows)
    if state.problem is not None:
        warn(state.problem)


def _describe(state: TlsState) -> str:
    if state.is_active:
        return "on, beside plain text from this machine"
    return "off" if state.mode == "off" else "not yet: there is no certificate; `stagedoor tls new` makes one"


def _day(unix_ms: int) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(unix_ms / 1000))
