"""``stagedoor serve``: run in the foreground until told to stop."""

import asyncio
import contextlib
import gc
import logging
import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from stagedoor.cli.standard_error import clean_standard_error
from stagedoor.errors import StagedoorError
from stagedoor.options import OPTIONS, Option, Settings, default_data_folder, resolve
from stagedoor.redaction import Redactor

if TYPE_CHECKING:
    from stagedoor.app import Running


class _Parsed(click.ParamType[object]):
    """A value that an option's own parser reads."""

    def __init__(self, option: Option) -> None:
        self.name = option.metavar
        self._option = option

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """Parse text; what is no text has been parsed."""
        if not isinstance(value, str):
            return value
        try:
            return self._option.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _parameter(option: Option) -> click.Option:
    help_text = f"{option.help} [default: {option.default}]"
    if option.is_switch:
        negative = f"/--no-{option.name.replace('_', '-')}"
        return click.Option([option.flag + negative], default=None, help=help_text, show_envvar=True)
    return click.Option([option.flag], type=_Parsed(option), metavar=option.metavar, default=None, help=help_text)


def _run(**flags: object) -> None:
    redactor = Redactor()
    clean_standard_error(redactor)
    try:
        source = click.get_current_context().get_parameter_source
        given = {name: value for name, value in flags.items() if source(name) is ParameterSource.COMMANDLINE}
        settings, chosen = resolve(given, os.environ)
        _log_to_stderr(settings.log_level)
        _raise_file_limit()
        runner = asyncio.Runner(loop_factory=new_loop)
        with runner:
            runner.run(_serve(settings, chosen, redactor))
    except StagedoorError as error:
        raise click.ClickException(redactor.clean(str(error))) from error


async def _serve(settings: Settings, chosen: frozenset[str], redactor: Redactor) -> None:
    # Until it is ready: most of what is made meanwhile stays, and to look at it again and again takes time.
    gc.disable()
    from stagedoor.app import App

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with App(settings, chosen, redactor).run() as running:
        where = running.data if running.data is not None else "in memory"
        click.echo(f"{'data':<17}{where}")
        for name, address in (
            ("kilovolt", running.doors.kilovolt),
            ("page", running.doors.page),
            ("console", _how_to_open_console(running, settings)),
            ("streamerbot", running.doors.streamerbot),
            ("streamerbot-http", running.doors.streamerbot_http),
        ):
            click.echo(f"{name:<17}{address or 'shut'}")
        if running.is_first_run and settings.kilovolt_password is None:
            click.echo(f"{'password':<17}made just now; {_how_to_see_passwords(running, settings)}")
        # What is alive now stays alive: no later collection has to look at it again. And a burst of requests, which
        # are gone a moment later, is no reason to look for cycles.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        gc.enable()
        click.echo("ready")
        sys.stdout.flush()
        await stop.wait()


def _how_to_open_console(running: "Running", settings: Settings) -> str | None:
    """Say where the console is. Somebody who looks gets a link that opens it; a log gets none."""
    if running.doors.console is None:
        return None
    address, command = running.doors.console, f"{_program()} console{_folder(running.data)}"
    opens = "" if settings.ephemeral else f"  ({command} opens it)"
    if sys.stdout.isatty() and (link := running.new_console_link()) is not None:
        address = link.url
        again = "" if settings.ephemeral else f"; {command} opens it again"
        opens = f"\n{'':<17}(good once, for {link.expires_in_s / 60:.0f} minutes{again})"
    return address + opens


def _how_to_see_passwords(running: "Running", settings: Settings) -> str:
    if settings.ephemeral:
        return "STAGEDOOR_KILOVOLT_PASSWORD and STAGEDOOR_STREAMERBOT_PASSWORD set your own"
    return f"`{_program()} password show{_folder(running.data)} [--door streamerbot]` prints it"


def _program() -> str:
    """What to type here for this program: a shell may find it only by its path, as after ``make run``."""
    called = Path(sys.argv[0])
    is_lost = called.stem == "stagedoor" and shutil.which("stagedoor") is None
    return shlex.quote(str(called)) if is_lost else "stagedoor"


def _folder(data: Path | None) -> str:
    """The option that leads other commands to the same data."""
    return "" if data is None or data == default_data_folder() else f" --data {shlex.quote(str(data))}"


def new_loop() -> asyncio.AbstractEventLoop:
    """Make the event loop that stagedoor runs on."""
    if sys.platform == "win32":
        import winloop

        return winloop.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _raise_file_limit() -> None:
    """Allow as many sockets as the system lets this user have."""
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


serve = click.Command(
    "serve",
    callback=_run,
    params=[_parameter(option) for option in OPTIONS if option.has_flag],
    help="Run stagedoor in the foreground until it is interrupted. It is ready when it prints `ready`.\n\n"
    "\b\nExample:\n  stagedoor serve\n  stagedoor serve --data ~/stream --kilovolt localhost:4337",
    short_help="Run stagedoor.",
)
