"""Which certificate the doors show: the owner's own, or one by an authority of ours; it stays fresh by itself.

The doors ask it with every new connection, so that a change applies at once, and who is connected stays.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from stagedoor.access import Client, Record, is_loopback
from stagedoor.errors import OptionError, RequestFailed, StoreError
from stagedoor.hub import Change
from stagedoor.keys import ADDRESSES, NEW_AUTHORITY, SET_TLS, TLS, TLS_CONFIG
from stagedoor.tls import (
    AuthorityFacts,
    BadCertificate,
    CertificateFolder,
    MachineAddress,
    OwnCertificate,
    is_certifiable,
    machine_addresses,
    machine_names,
)
from stagedoor.types import Value

logger = logging.getLogger(__name__)

LOOK_S: Final = 60.0
"""How often the owner's files, and this machine's names and addresses, are looked at: a certificate that was renewed is
shown within a minute, and one for a network that was joined."""

_EXPIRES_SOON_S: Final = 7 * 86400.0
"""When the owner is told that an own certificate has to be renewed; programs that renew them do it earlier."""


class TlsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The value of ``stagedoor/tls``, and of ``stagedoor/@set-tls``."""

    mode: Literal["auto", "off"] = "auto"
    certificate: str | None = None
    key: str | None = None
    plain_beyond_loopback: bool = False

    @property
    def files(self) -> tuple[Path, Path] | None:
        """The owner's own certificate and its key, which may be in one file."""
        if not self.certificate:
            return None
        return Path(self.certificate).expanduser(), Path(self.key or self.certificate).expanduser()


class ShownCertificate(msgspec.Struct, frozen=True):
    """The certificate that the doors show."""

    names: list[str]
    issuer: str
    expires_at_ms: int


class TlsState(msgspec.Struct, frozen=True):
    """The answer to ``stagedoor/@tls``."""

    mode: Literal["auto", "off"]
    is_active: bool
    """Whether the doors speak TLS now."""
    authority: AuthorityFacts | None
    certificate: ShownCertificate | None
    plain_beyond_loopback: bool
    problem: str | None
    is_chosen: bool
    """Whether something of it was chosen for this run, so that it cannot be set."""


class MachineAddresses(msgspec.Struct, frozen=True):
    """The answer to ``stagedoor/@addresses``."""

    addresses: list[MachineAddress]
    names: list[str]


class Machine(NamedTuple):
    """What this machine is called; another one in tests."""

    names: Callable[[], list[str]] = machine_names
    addresses: Callable[[], list[MachineAddress]] = machine_addresses


class Certificates:
    """Holds the certificate, answers the owner's requests, and is the doors' rule for TLS.

    Args:
        client: The service's own.
        folder: Where our authority is kept.
        host_names: Further names of this machine that the owner has configured.
        chosen: Members of the configuration that were chosen for this run.
        is_exposed: Tells whether a door listens beyond this machine.
        changed: Called when something has changed that is told of elsewhere.
        warn: Hears what the owner should know by its subject, or ``None`` when it holds no more.
        record: Hears what was done, for the audit.
    """

    def __init__(
        self,
        client: Client,
        folder: Path,
        *,
        host_names: Collection[str] = (),
        chosen: Mapping[str, object] | None = None,
        is_exposed: Callable[[], bool] = lambda: False,
        changed: Callable[[], None] = lambda: None,
        warn: Callable[[str, str | None], None] = lambda subject, line: None,
        record: Record = lambda kind, facts: None,
        now: Callable[[], float] = time.time,
        machine: Machine = Machine(),  # noqa: B008  (frozen)
    ) -> None:
        self._client = client
        self._folder = CertificateFolder(folder)
        self._host_names = sorted(host_names)
        self._chosen = dict(chosen or {})
        self._is_exposed = is_exposed
        self._changed = changed
        self._warn = warn
        self._record = record
        self._now = now
        self._machine = machine
        self._config = TlsConfig()
        self._context: ssl.SSLContext | None = None
        self._own: OwnCertificate | None = None
        self._problem: str | None = None
        self._stored_problem: str | None = None
        """Why what is stored is not followed."""
        self._has_news = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        client.serve(TLS, self._tell)
        client.serve(SET_TLS, self._set)
        client.serve(NEW_AUTHORITY, self._make_authority)
        client.serve(ADDRESSES, self._list_addresses)

    # --- what doors ask ---

    @property
    def context(self) -> ssl.SSLContext | None:
        """What to encrypt with; ``None`` when there is no certificate, or TLS is off."""
        return self._context

    @property
    def names(self) -> Collection[str]:
        """The names that the certificate is for, which nobody else can show."""
        shown = self._shown()
        return shown.names if shown else ()

    @property
    def lets_plain_in(self) -> bool:
        """Whether other machines may speak plain text."""
        return self._config.plain_beyond_loopback

    def refuses_plain(self, peer: str) -> bool:
        """Tell whether this address may not speak plain text."""
        return not self._config.plain_beyond_loopback and not is_loopback(peer)

    def read_authority(self) -> bytes | None:
        """Read the certificate of the authority in use, in PEM; ``None`` when none of ours is."""
        return self._folder.read_authority() if self._context and not self._own else None

    # --- life ---

    async def start(self) -> None:
        """Use what is there.

        Raises:
            OptionError: When what was chosen for this run cannot be used.
        """
        self._config = self._read()
        if self._config.key and not self._config.certificate:
            source = "tls_key" if "key" in self._chosen else TLS_CONFIG
            raise OptionError(source, "a key without its certificate")
        try:
            await self._load(self._config)
        except BadCertificate as error:
            if "certificate" in self._chosen or "key" in self._chosen:
                raise OptionError("tls_certificate", str(error)) from error
            self._complain(str(error))
        except OSError as error:
            self._complain(f"the certificate could not be made: {error}")
        self._client.deliver = self._hear
        self._client.subscribe(TLS_CONFIG)

    async def arm(self) -> str | None:
        """Be ready for connections from beyond this machine: make an authority, if there is none.

        Returns:
            Why nobody could come in from there; ``None`` when they can.
        """
        async with self._one_at_a_time:
            if self._context is None and self._config.mode == "auto" and self._config.files is None:
                try:
                    await self._make_own(self._config)
                except OSError as error:
                    self._complain(f"the authority could not be made: {error}")
            return self._closed_to_others(self._config)

    async def run(self) -> None:
        """Look after the certificate until cancelled."""
        while True:
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._has_news.wait()

    async def look(self) -> None:
        """See whether the stored settings, the owner's files, this machine's names or the time ask for another one."""
        async with self._one_at_a_time:
            if self._has_news.is_set():
                self._has_news.clear()
                await self._follow()
            if self._config.mode == "off":
                return
            if self._config.files is not None:
                await self._look_at_files()
            elif self._context is not None:
                await self._renew_if_due()

    def _hear(self, change: Change) -> None:
        self._has_news.set()

    async def _follow(self) -> None:
        """Go by what is stored, where somebody else wrote it."""
        config = self._read()
        if config == self._config:
            return
        problem = self._closed_to_others(config) if config.mode == "off" and self._is_exposed() else None
        if problem is None:
            try:
                await self._load(config)
            except (BadCertificate, OSError) as error:
                problem = str(error)
        if problem is not None:
            self._complain_of_stored(f"{problem}; it stays as it was")
            return
        self._config = config
        self._changed()

    async def _look_at_files(self) -> None:
        files = self._config.files
        assert files is not None
        try:
            stamp = await asyncio.to_thread(OwnCertificate.stamp_of, *files)
            if self._own is None or self._own.stamp != stamp:
                self._own = await asyncio.to_thread(OwnCertificate.read, *files)
                self._context = self._own.context
                logger.info("the doors show the certificate of %s, as it is now", files[0])
                self._record("tls", {"name": "read again", "reason": str(files[0])})
                self._complain(self._see_expiry(self._own.facts.expires_at_ms))
        except BadCertificate as error:
            self._complain(str(error) + ("; the doors show the one of before" if self._own else ""))
        else:
            self._complain(self._see_expiry(self._own.facts.expires_at_ms))

    async def _renew_if_due(self) -> None:
        names, addresses = await self._wanted()
        if self._folder.is_due([*names, *addresses], self._moment()):
            try:
                self._context = await asyncio.to_thread(self._folder.renew, names, addresses, self._moment())
            except (BadCertificate, OSError) as error:
                self._complain(f"the certificate could not be renewed: {error}")
                return
            logger.info("the doors show a new certificate, for %s", ", ".join(self.names))
            self._record("tls", {"name": "renewed", "members": list(self.names)})
        self._complain(self._see_names())

    # --- loading ---

    def _read(self) -> TlsConfig:
        """Read the configuration: what was chosen for this run wins over what is stored."""
        text = self._client.get(TLS_CONFIG)
        stored = self._config
        try:
            stored = msgspec.json.decode(text, type=TlsConfig) if text else TlsConfig()
            self._complain_of_stored(None)
        except (msgspec.DecodeError, RecursionError) as error:
            self._complain_of_stored(f"it is not valid: {error}")
        return msgspec.structs.replace(stored, **self._chosen)

    async def _load(self, config: TlsConfig) -> None:
        """Take a configuration's certificate, if there is one by now.

        Raises:
            BadCertificate, OSError: When it cannot be used; all stays as it was.
        """
        own, context = None, None
        if config.mode == "auto":
            if config.files is not None:
                own = await asyncio.to_thread(OwnCertificate.read, *config.files)
                context = own.context
            elif self._folder.has_authority:
                context = await self._open_folder()
        self._own, self._context = own, context
        self._complain(self._see_expiry(own.facts.expires_at_ms) if own else None)

    async def _open_folder(self) -> ssl.SSLContext:
        """Use our certificate; one that has expired, or is damaged, is made anew."""
        context = self._folder.open()
        leaf = self._folder.leaf
        if context is None or leaf is None or leaf.expires_at_ms <= self._now() * 1000:
            context = await asyncio.to_thread(self._folder.renew, *await self._wanted(), self._moment())
        return context

    async def _make_own(self, config: TlsConfig) -> None:
        """Make our authority, if there is none, and take its certificate."""
        if not self._folder.has_authority:
            await asyncio.to_thread(self._folder.make_authority, *await self._wanted(), self._moment())
            is_new = True
        else:
            is_new = False
        try:
            self._context = await self._open_folder()
        except BadCertificate as error:
            self._complain(str(error))
            return
        self._own = None
        if is_new and self._folder.authority is not None:
            logger.info(
                "a local authority for TLS was made, with the fingerprint %s", self._folder.authority.fingerprint
            )
            self._record("tls", {"name": "authority made", "id": self._folder.authority.fingerprint})
        self._complain(self._see_names())
        self._changed()

    async def _wanted(self) -> tuple[list[str], list[str]]:
        """List the names and addresses that our certificate should be for."""
        names, addresses = await asyncio.gather(
            asyncio.to_thread(self._machine.names), asyncio.to_thread(self._machine.addresses)
        )
        certifiable = [name for name in (*names, *self._host_names) if is_certifiable(name)]
        reaching = sorted(entry.address for entry in addresses if entry.kind != "loopback")
        return list(dict.fromkeys(certifiable)), list(dict.fromkeys(reaching))

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    # --- what is wrong ---

    def _complain(self, problem: str | None) -> None:
        self._problem = problem
        self._warn("tls", None if problem is None else f"TLS: {problem}")

    def _complain_of_stored(self, problem: str | None) -> None:
        self._stored_problem = None if problem is None else f"{TLS_CONFIG}: {problem}"
        self._warn(TLS_CONFIG, self._stored_problem)

    def _closed_to_others(self, config: TlsConfig) -> str | None:
        """Say why nobody could come in from beyond this machine; ``None`` when they can."""
        if config.plain_beyond_loopback:
            return None
        if config.mode == "off":
            return (
                "TLS is off, so nobody could come in from beyond this machine, unless plain text is let in from there"
            )
        if self._context is None:
            return self._problem or "there is no certificate"
        return None

    def _see_expiry(self, expires_at_ms: int) -> str | None:
        expires_at = datetime.fromtimestamp(expires_at_ms / 1000, UTC)
        left_s = expires_at_ms / 1000 - self._now()
        if left_s > _EXPIRES_SOON_S:
            return None
        return f"your certificate {'expired' if left_s < 0 else 'expires'} on {expires_at:%Y-%m-%d}"

    def _see_names(self) -> str | None:
        """Tell which configured names our certificate lacks, or that the authority comes to its end."""
        for name in self._host_names:
            if name not in self.names and not _is_address(name):
                if not is_certifiable(name):
                    return (
                        f"no certificate of ours is for {name}, which might be a top-level domain; {name}.local is fine"
                    )
                return f"our authority must not sign for {name}; `stagedoor tls new` makes one that may"
        leaf = self._folder.leaf
        if leaf is not None and self._folder.is_due(leaf.wanted, self._moment()):
            return "our authority expires soon; `stagedoor tls new` makes another one"
        return None

    # --- requests ---

    def _shown(self) -> ShownCertificate | None:
        if self._context is None:
            return None
        if self._own is not None:
            return ShownCertificate(*self._own.facts)
        leaf = self._folder.leaf
        return None if leaf is None else ShownCertificate(leaf.names, "stagedoor", leaf.expires_at_ms)

    def state(self) -> TlsState:
        """Tell how things are."""
        return TlsState(
            mode=self._config.mode,
            is_active=self._context is not None,
            authority=self._folder.authority if self._own is None else None,
            certificate=self._shown(),
            plain_beyond_loopback=self._config.plain_beyond_loopback,
            problem=self._problem or self._stored_problem,
            is_chosen=bool(self._chosen),
        )

    async def _tell(self, value: Value) -> Value:
        return msgspec.json.encode(self.state()).decode()

    async def _set(self, value: Value) -> Value:
        if self._chosen:
            raise RequestFailed("TLS was set up for this run, by options or variables, and cannot be changed")
        try:
            wanted = msgspec.json.decode(value, type=TlsConfig)
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"expected mode, certificate, key and plain_beyond_loopback: {error}") from error
        if wanted.key and not wanted.certificate:
            raise RequestFailed("a key without its certificate")
        async with self._one_at_a_time:
            await self._change(wanted)
        self._record("tls", {"name": "set", "reason": wanted.mode})
        return await self._tell("")

    async def _change(self, wanted: TlsConfig) -> None:
        """Try a configuration, store it, go by it; when one of these fails, all is as before."""
        before = (self._config, self._context, self._own, self._problem)
        try:
            await self._load(wanted)
            if self._context is None and wanted.mode == "auto":
                await self._make_own(wanted)
            problem = self._closed_to_others(wanted)
            if problem is not None and (self._is_exposed() or wanted.mode == "auto"):
                raise RequestFailed(problem)
            await self._client.put(TLS_CONFIG, msgspec.json.encode(wanted).decode())
        except BaseException as error:
            self._config, self._context, self._own, problem = before
            self._complain(problem)
            if isinstance(error, BadCertificate | OSError | StoreError):
                raise RequestFailed(str(error)) from error
            raise
        self._config = wanted
        self._complain_of_stored(None)
        self._changed()

    async def _make_authority(self, value: Value) -> Value:
        async with self._one_at_a_time:
            if self._config.mode == "off" or self._config.files is not None:
                raise RequestFailed(
                    "the doors do not use an authority of ours: TLS is off, or it is your certificate's"
                )
            try:
                wanted = await self._wanted()
                await asyncio.to_thread(self._folder.make_authority, *wanted, self._moment())
                self._context = await asyncio.to_thread(self._folder.renew, *wanted, self._moment())
            except OSError as error:
                raise RequestFailed(f"the authority could not be kept: {error}") from error
            authority = self._folder.authority
            assert authority is not None
            logger.info("the owner had a new authority for TLS made, with the fingerprint %s", authority.fingerprint)
            self._record("tls", {"name": "authority made", "id": authority.fingerprint})
            self._complain(self._see_names())
            self._changed()
        return await self._tell("")

    async def _list_addresses(self, value: Value) -> Value:
        names, addresses = await asyncio.gather(
            asyncio.to_thread(self._machine.names), asyncio.to_thread(self._machine.addresses)
        )
        known = list(dict.fromkeys((*names, *self._host_names)))
        return msgspec.json.encode(MachineAddresses(addresses, known)).decode()


def _is_address(name: str) -> bool:
    return name.startswith("[") or name.replace(".", "").isdigit()


__all__ = ["Certificates", "Machine", "MachineAddresses", "ShownCertificate", "TlsConfig", "TlsState"]
