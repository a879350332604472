"""The doors' certificate: by an authority of our own or by the owner's files, fresh, and never worse than before."""

import asyncio
import contextlib
import ipaddress
import os
import shutil
import ssl
import stat
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.archive import durable_entries, importable_entries
from stagedoor.errors import OptionError, RequestFailed
from stagedoor.hub import Catalogue, MemoryStore, Store
from stagedoor.keys import ADDRESSES, NEW_AUTHORITY, SET_TLS, SPECS, TLS, TLS_CONFIG
from stagedoor.services.tls import Certificates, Machine, TlsState
from stagedoor.tls import CertificateFolder, MachineAddress, is_certifiable, machine_addresses, machine_names
from stagedoor.tls.authority import make_authority, make_leaf
from stagedoor.tls.machine import kind_of
from tests.certificates import trust
from tests.hub.shaky_store import ShakyStore
from tests.services.harness import Desk, FakeTime, open_hub

DAY_S = 86400.0
LAN = MachineAddress("192.168.1.20", "private", "eth0")
LOOPBACK = MachineAddress("127.0.0.1", "loopback", "lo")


class Host:
    """A service for a machine that a test makes up."""

    def __init__(self, folder: Path, store: Store, **options: object) -> None:
        hub = open_hub(store)
        self.desk = Desk(hub)
        self.folder = folder
        self.names = ["studio-1", "studio-1.local"]
        self.addresses = [LOOPBACK, LAN]
        self.now = FakeTime()
        self.warnings: dict[str, str | None] = {}
        self.recorded: list[tuple[str, Mapping[str, object]]] = []
        self.changed = asyncio.Event()
        self.is_exposed = False
        self.certificates = Certificates(
            Client(hub, SERVICE),
            folder,
            is_exposed=lambda: self.is_exposed,
            changed=self.changed.set,
            warn=self.warnings.__setitem__,
            record=lambda kind, facts: self.recorded.append((kind, facts)),
            now=self.now,
            machine=Machine(lambda: self.names, lambda: self.addresses),
            **options,  # type: ignore[arg-type]
        )

    async def state(self) -> TlsState:
        return msgspec.json.decode(await self.desk.call(TLS, ""), type=TlsState)

    async def set(self, **members: object) -> TlsState:
        return msgspec.convert(await self.desk.ask(SET_TLS, **members), TlsState)

    def shown(self) -> x509.Certificate:
        """The certificate that a client is shown now."""
        context = self.certificates.context
        assert context is not None
        return x509.load_der_x509_certificate(shake_hands(context))


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext | None = None, name: str = "localhost") -> bytes:
    """Shake hands in memory; returns the server's certificate. Raises ``ssl.SSLError`` when they do not agree."""
    if client is None:
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.verify_mode = ssl.CERT_NONE
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up, server_hostname=name), server.wrap_bio(up, down, server_side=True)]
    for _ in range(4):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    certificate = ends[0].getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


@pytest.fixture
def store() -> ShakyStore:
    return ShakyStore(MemoryStore())


@pytest.fixture
async def make_host(tmp_path: Path, store: ShakyStore) -> AsyncIterator[Callable[..., Host]]:
    """Makes hosts on the same store and in the same folder, as restarts do."""
    made: list[Host] = []

    def make(**options: object) -> Host:
        made.append(Host(tmp_path / "tls", store, **options))
        return made[-1]

    yield make
    for host in made:
        await host.desk.hub.close()


@pytest.fixture
async def host(make_host: Callable[..., Host]) -> Host:
    return make_host()


@pytest.fixture
def own_files(tmp_path: Path) -> tuple[Path, Path]:
    """An owner's certificate and key, for ``overlays.example``."""
    return write_files(tmp_path, "own", "overlays-1.example", datetime.now(UTC))


def write_files(folder: Path, name: str, host: str, now: datetime) -> tuple[Path, Path]:
    pem = make_leaf(make_authority([host], [], host, now), [host], [], now).pem
    begin = pem.index(b"-----BEGIN CERT")
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.write_bytes(pem[begin:])
    key.write_bytes(pem[:begin])
    return certificate, key


def alternative_names(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}


# --- our own authority ---


async def test_nothing_is_made_before_somebody_needs_it(host: Host) -> None:
    await host.certificates.start()
    await host.certificates.look()
    state = await host.state()
    assert (state.mode, state.is_active, state.authority, state.certificate) == ("auto", False, None, None)
    assert not host.folder.exists()


async def test_a_door_that_listens_beyond_this_machine_has_the_authority_made(host: Host) -> None:
    await host.certificates.start()
    assert await host.certificates.arm() is None
    state = await host.state()
    assert state.is_active
    assert state.authority is not None
    assert state.certificate is not None
    assert state.certificate.names == ["localhost", "studio-1", "studio-1.local", "127.0.0.1", "::1", "192.168.1.20"]
    assert set(state.certificate.names) == alternative_names(host.shown())
    assert state.certificate.expires_at_ms == round((host.now() + 90 * DAY_S) * 1000)
    assert state.authority.expires_at_ms == round((host.now() + 3652 * DAY_S) * 1000)
    assert state.authority.made_at_ms == round(host.now() * 1000)
    assert host.recorded == [("tls", {"name": "authority made", "id": state.authority.fingerprint})]
    assert host.changed.is_set()


async def test_its_files_are_for_the_owner_alone(host: Host) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    assert stat.S_IMODE(host.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in host.folder.iterdir()} == {0o600}
    assert b"PRIVATE" not in (host.certificates.read_authority() or b"PRIVATE")


async def test_a_restart_takes_the_same_without_the_library_for_certificates(
    host: Host, make_host: Callable[..., Host]
) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    again = make_host()
    await again.certificates.start()
    assert again.shown() == host.shown()
    assert (await again.state()) == (await host.state())
    await again.certificates.look()
    assert again.shown() == host.shown()


async def test_the_certificate_is_what_openssl_and_python_want(host: Host, tmp_path: Path) -> None:
    host.now.now = datetime.now(UTC).timestamp()
    await host.certificates.start()
    await host.certificates.arm()
    context = host.certificates.context
    assert context is not None
    authority = tmp_path / "authority.crt"
    authority.write_bytes(host.certificates.read_authority() or b"")
    for name in ("localhost", "studio-1", "studio-1.local", "127.0.0.1", "::1", "192.168.1.20"):
        shake_hands(context, trust(authority), name)
    for name in ("evil.example", "192.168.1.21", "other.local"):
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            shake_hands(context, trust(authority), name)
    if openssl := shutil.which("openssl"):
        leaf = tmp_path / "leaf.crt"
        leaf.write_bytes(host.shown().public_bytes(serialization.Encoding.PEM))
        command = [openssl, "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", str(authority), str(leaf)]
        found = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
        assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("bank.example", "192.168.1.1"),
        ("localhost.example", "10.0.0.1"),
        ("studio-1", "8.8.8.8"),
        ("studio-1", "2a00::1"),
    ],
)
def test_a_stolen_authority_is_good_for_this_machine_alone(tmp_path: Path, name: str, address: str) -> None:
    """Whoever has the key can sign anything; who trusts the authority must not believe it."""
    now = datetime.now(UTC)
    pem = make_authority(["studio-1"], [], "studio-1", now)
    key = serialization.load_pem_private_key(pem, None)
    authority = x509.load_pem_x509_certificate(pem)
    good = make_leaf(pem, ["studio-1"], [], now).pem
    leaf = x509.load_pem_x509_certificate(good)
    forged = x509.CertificateBuilder(
        subject_name=leaf.subject,
        issuer_name=authority.subject,
        public_key=leaf.public_key(),
        serial_number=1,
        not_valid_before=leaf.not_valid_before_utc,
        not_valid_after=leaf.not_valid_after_utc,
        extensions=[
            each
            if not isinstance(each.value, x509.SubjectAlternativeName)
            else x509.Extension(
                each.oid,
                False,
                x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(address))]),
            )
            for each in leaf.extensions
        ],
    ).sign(key, hashes.SHA256())  # type: ignore[arg-type]  # one that signs
    both, trusted = tmp_path / "forged.pem", tmp_path / "authority.crt"
    both.write_bytes(good[: good.index(b"-----BEGIN CERT")] + forged.public_bytes(serialization.Encoding.PEM))
    trusted.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(both)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(server, trust(trusted), name)


async def test_a_certificate_is_renewed_when_under_thirty_days_are_left(host: Host) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    first = host.shown()
    await host.certificates.look()
    host.now.now += 59 * DAY_S
    await host.certificates.look()
    assert host.shown() == first
    host.now.now += 2 * DAY_S
    await host.certificates.look()
    renewed = host.shown()
    assert renewed != first
    assert renewed.not_valid_after_utc == datetime.fromtimestamp(host.now() + 90 * DAY_S, UTC)
    assert renewed.issuer == first.issuer
    assert host.recorded[-1][1]["name"] == "renewed"


async def test_one_that_expired_while_nothing_ran_is_replaced_before_it_is_shown(
    host: Host, make_host: Callable[..., Host]
) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    again = make_host()
    again.now.now += 200 * DAY_S
    await again.certificates.start()
    assert again.shown().not_valid_after_utc == datetime.fromtimestamp(again.now() + 90 * DAY_S, UTC)


async def test_a_certificate_is_renewed_when_the_machine_is_called_something_else(host: Host) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    host.addresses = [LOOPBACK, MachineAddress("10.1.2.3", "private", "wlan0")]
    await host.certificates.look()
    assert "10.1.2.3" in alternative_names(host.shown())
    assert "192.168.1.20" not in alternative_names(host.shown())


async def test_a_network_that_comes_and_goes_needs_one_certificate(host: Host) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    first = host.shown()
    host.addresses = [LOOPBACK]
    await host.certificates.look()
    host.addresses = [LOOPBACK, LAN]
    await host.certificates.look()
    assert host.shown() == first


async def test_names_that_the_authority_must_not_sign_are_left_out_and_told(
    host: Host, make_host: Callable[..., Host]
) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    again = make_host(host_names=["overlays.example"])
    again.addresses.append(MachineAddress("2a00:1::1", "public", "eth0"))
    await again.certificates.start()
    await again.certificates.look()
    assert "overlays.example" not in alternative_names(again.shown())
    assert "2a00:1::1" not in alternative_names(again.shown())
    assert "overlays.example" in ((await again.state()).problem or "")
    assert "overlays.example" in (again.warnings["tls"] or "")
    before = (await again.state()).authority
    made = msgspec.convert(await again.desk.ask(NEW_AUTHORITY), TlsState)
    assert made.authority != before
    assert made.problem is None
    assert {"overlays.example", "2a00:1::1"} <= alternative_names(again.shown())


async def test_a_name_that_might_be_a_top_level_domain_is_never_certified(make_host: Callable[..., Host]) -> None:
    host = make_host(host_names=["dev"])
    await host.certificates.start()
    await host.certificates.arm()
    assert "dev" not in alternative_names(host.shown())
    assert "dev.local" in ((await host.state()).problem or "")


@pytest.mark.parametrize("damaged", ["facts.json", "leaf.pem"])
async def test_what_is_damaged_is_made_anew_by_the_same_authority(
    host: Host, make_host: Callable[..., Host], damaged: str
) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    before = await host.state()
    (host.folder / damaged).write_text("nonsense")
    again = make_host()
    await again.certificates.start()
    assert (await again.state()).authority == before.authority
    assert again.certificates.context is not None


async def test_a_damaged_authority_is_told_of_and_a_new_one_helps(host: Host, make_host: Callable[..., Host]) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    (host.folder / "authority.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense")
    again = make_host()
    await again.certificates.start()
    assert not (await again.state()).is_active
    assert "stagedoor tls new" in ((await again.state()).problem or "")
    assert "stagedoor tls new" in (await again.certificates.arm() or "")
    await again.desk.ask(NEW_AUTHORITY)
    assert (await again.state()).is_active
    assert (await again.state()).problem is None


# --- the owner's files ---


async def test_the_owners_files_are_used_instead(host: Host, own_files: tuple[Path, Path]) -> None:
    await host.certificates.start()
    state = await host.set(certificate=str(own_files[0]), key=str(own_files[1]))
    assert state.is_active
    assert state.authority is None
    assert state.certificate is not None
    assert "overlays-1.example" in state.certificate.names
    assert "O=stagedoor" in state.certificate.issuer
    assert "overlays-1.example" in alternative_names(host.shown())
    assert not host.folder.exists()
    assert host.certificates.read_authority() is None
    assert host.desk.read(TLS_CONFIG) == {
        "mode": "auto",
        "certificate": str(own_files[0]),
        "key": str(own_files[1]),
        "plain_beyond_loopback": False,
    }


async def test_key_and_certificate_may_be_one_file(host: Host, own_files: tuple[Path, Path], tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(own_files[0].read_bytes() + own_files[1].read_bytes())
    await host.certificates.start()
    assert (await host.set(certificate=str(both))).is_active


async def test_a_renewed_file_is_shown_within_a_look(host: Host, own_files: tuple[Path, Path], tmp_path: Path) -> None:
    await host.certificates.start()
    await host.set(certificate=str(own_files[0]), key=str(own_files[1]))
    before = host.shown()
    await host.certificates.look()
    assert host.shown() == before
    write_files(tmp_path, "own", "overlays-2.example", datetime.now(UTC))
    await host.certificates.look()
    assert "overlays-2.example" in alternative_names(host.shown())
    assert host.recorded[-1][1]["name"] == "read again"


async def test_files_that_break_leave_the_old_certificate_in_use(host: Host, own_files: tuple[Path, Path]) -> None:
    await host.certificates.start()
    await host.set(certificate=str(own_files[0]), key=str(own_files[1]))
    before, good = host.shown(), own_files[0].read_bytes()
    own_files[0].write_text("half a fi")
    await host.certificates.look()
    assert host.shown() == before
    assert "the one of before" in ((await host.state()).problem or "")
    own_files[0].unlink()
    await host.certificates.look()
    assert host.shown() == before
    assert "No such file" in ((await host.state()).problem or "")
    own_files[0].write_bytes(good)
    await host.certificates.look()
    assert (await host.state()).problem is None


async def test_the_owner_is_told_when_an_own_certificate_expires(host: Host, own_files: tuple[Path, Path]) -> None:
    host.now.now = datetime.now(UTC).timestamp()
    await host.certificates.start()
    await host.set(certificate=str(own_files[0]), key=str(own_files[1]))
    assert (await host.state()).problem is None
    host.now.now += 85 * DAY_S
    await host.certificates.look()
    assert "expires on" in ((await host.state()).problem or "")
    host.now.now += 10 * DAY_S
    await host.certificates.look()
    assert "expired on" in ((await host.state()).problem or "")


@pytest.mark.parametrize(
    ("certificate", "key", "problem"),
    [
        ("absent.crt", "own.key", "No such file"),
        ("own.crt", "absent.key", "No such file"),
        ("own.crt", "other.key", "is not the key of"),
        ("own.key", "own.crt", "in PEM"),
        ("empty", "own.key", "in PEM"),
        ("own.crt", "encrypted.key", "without a password"),
        ("folder", "own.key", "Is a directory"),
        (None, "own.key", "a key without its certificate"),
    ],
)
async def test_files_that_cannot_be_used_are_refused_and_all_stays_as_it_was(
    host: Host, own_files: tuple[Path, Path], tmp_path: Path, certificate: str | None, key: str, problem: str
) -> None:
    write_files(tmp_path, "other", "other-1.example", datetime.now(UTC))
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    secret = serialization.load_pem_private_key(own_files[1].read_bytes(), None)
    (tmp_path / "encrypted.key").write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    await host.certificates.start()
    await host.certificates.arm()
    before, shown = await host.state(), host.shown()
    with pytest.raises(RequestFailed, match=problem) as refused:
        await host.set(certificate=certificate and str(tmp_path / certificate), key=str(tmp_path / key))
    assert "\n" not in str(refused.value)
    assert "ssl.c" not in str(refused.value)
    assert await host.state() == before
    assert host.shown() == shown
    assert host.desk.read(TLS_CONFIG) is None


# --- deciding ---


async def test_asking_for_it_makes_an_authority_where_nothing_is_exposed(host: Host) -> None:
    await host.certificates.start()
    state = await host.set(mode="auto")
    assert state.is_active
    assert state.authority is not None


async def test_off_is_off_at_once_and_after_a_restart(host: Host, make_host: Callable[..., Host]) -> None:
    await host.certificates.start()
    await host.set(mode="auto")
    assert not (await host.set(mode="off")).is_active
    assert host.certificates.context is None
    again = make_host()
    await again.certificates.start()
    await again.certificates.look()
    assert again.certificates.context is None


async def test_off_is_refused_while_a_door_listens_beyond_this_machine(host: Host) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    host.is_exposed = True
    with pytest.raises(RequestFailed, match="nobody could come in from beyond"):
        await host.set(mode="off")
    assert (await host.state()).is_active
    assert (await host.set(mode="off", plain_beyond_loopback=True)).plain_beyond_loopback
    assert not host.certificates.refuses_plain("192.168.1.9")


async def test_nobody_from_beyond_could_come_in_when_it_is_off(host: Host) -> None:
    await host.certificates.start()
    await host.set(mode="off")
    assert "TLS is off" in (await host.certificates.arm() or "")
    await host.set(mode="off", plain_beyond_loopback=True)
    assert await host.certificates.arm() is None


@pytest.mark.parametrize(
    ("peer", "is_refused"),
    [("127.0.0.1", False), ("::1", False), ("192.168.1.9", True), ("fe80::1", True), ("2a00::1", True)],
)
async def test_plain_text_is_for_this_machine(host: Host, peer: str, is_refused: bool) -> None:
    await host.certificates.start()
    assert host.certificates.refuses_plain(peer) is is_refused
    await host.set(plain_beyond_loopback=True)
    assert not host.certificates.refuses_plain(peer)


async def test_what_was_chosen_for_this_run_cannot_be_set(make_host: Callable[..., Host]) -> None:
    host = make_host(chosen={"mode": "off"})
    await host.desk.put(TLS_CONFIG, '{"mode":"auto","plain_beyond_loopback":true}')
    await host.certificates.start()
    state = await host.state()
    assert (state.is_chosen, state.mode, state.plain_beyond_loopback) == (True, "off", True)
    with pytest.raises(RequestFailed, match="for this run"):
        await host.set(mode="auto")


async def test_chosen_files_that_cannot_be_used_stop_the_start(make_host: Callable[..., Host]) -> None:
    with pytest.raises(OptionError, match=r"tls_certificate: .*absent"):
        await make_host(chosen={"certificate": "/absent", "key": None}).certificates.start()
    with pytest.raises(OptionError, match="tls_key: a key without its certificate"):
        await make_host(chosen={"certificate": None, "key": "/absent"}).certificates.start()


async def test_stored_files_that_cannot_be_used_are_told_and_keep_others_out(host: Host) -> None:
    await host.desk.put(TLS_CONFIG, '{"certificate":"/absent","key":"/absent"}')
    await host.certificates.start()
    assert "/absent: No such file" in ((await host.state()).problem or "")
    assert "/absent: No such file" in (await host.certificates.arm() or "")
    assert host.certificates.refuses_plain("192.168.1.9")
    assert not host.folder.exists()


@pytest.mark.parametrize("value", ["", "7", "{", '{"mode":"on"}', '{"mode":"auto","certficate":"x"}', '{"mode":null}'])
async def test_a_wrong_request_is_refused(host: Host, value: str) -> None:
    await host.certificates.start()
    with pytest.raises(RequestFailed, match="expected mode"):
        await host.desk.call(SET_TLS, value)


async def test_what_somebody_else_stores_applies_too(host: Host, own_files: tuple[Path, Path]) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    await host.desk.put(
        TLS_CONFIG, msgspec.json.encode({"certificate": str(own_files[0]), "key": str(own_files[1])}).decode()
    )
    await host.certificates.look()
    assert "overlays-1.example" in alternative_names(host.shown())
    await host.desk.put(TLS_CONFIG, '{"mode":"on"}')
    await host.certificates.look()
    assert "not valid" in (host.warnings[TLS_CONFIG] or "")
    assert "overlays-1.example" in alternative_names(host.shown())
    await host.desk.put(TLS_CONFIG, '{"mode":"off"}')
    host.is_exposed = True
    await host.certificates.look()
    assert "it stays as it was" in ((await host.state()).problem or "")
    assert host.certificates.context is not None


async def test_it_looks_by_itself_when_something_was_stored(host: Host) -> None:
    await host.certificates.start()
    await host.set(mode="auto")
    host.changed.clear()
    running = asyncio.create_task(host.certificates.run())
    await host.desk.put(TLS_CONFIG, '{"mode":"off"}')
    async with asyncio.timeout(10):
        await host.changed.wait()
    assert host.certificates.context is None
    running.cancel()


async def test_a_store_that_refuses_leaves_all_as_it_was(host: Host, store: ShakyStore) -> None:
    await host.certificates.start()
    await host.set(mode="auto")
    before = await host.state()
    store.failures = 1
    with pytest.raises(RequestFailed, match="injected"):
        await host.set(mode="off", plain_beyond_loopback=True)
    assert await host.state() == before


async def test_a_new_authority_replaces_the_old_one(host: Host) -> None:
    await host.certificates.start()
    await host.certificates.arm()
    before, pem = await host.state(), host.certificates.read_authority()
    made = msgspec.convert(await host.desk.ask(NEW_AUTHORITY), TlsState)
    assert made.authority != before.authority
    assert host.certificates.read_authority() != pem
    assert CertificateFolder(host.folder).open() is not None


async def test_no_authority_is_made_where_none_is_used(host: Host, own_files: tuple[Path, Path]) -> None:
    await host.certificates.start()
    await host.set(certificate=str(own_files[0]), key=str(own_files[1]))
    with pytest.raises(RequestFailed, match="do not use an authority of ours"):
        await host.desk.ask(NEW_AUTHORITY)
    assert not host.folder.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="cannot exist here: root may write anywhere")
async def test_a_folder_that_cannot_be_written_is_told(host: Host, tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o500)
    await host.certificates.start()
    assert "could not be made" in (await host.certificates.arm() or "")


def test_no_import_decides_about_plain_text() -> None:
    """A file of somebody else's could let him listen in."""
    entries = {TLS_CONFIG: '{"mode":"off","plain_beyond_loopback":true}', "counter": "1"}
    assert importable_entries(entries, Catalogue(SPECS)) == {"counter": "1"}
    assert durable_entries(entries, Catalogue(SPECS)) == entries


# --- the machine ---


async def test_addresses_are_listed_with_their_reach(host: Host) -> None:
    await host.certificates.start()
    assert await host.desk.ask(ADDRESSES) == {
        "addresses": [
            {"address": "127.0.0.1", "kind": "loopback", "interface": "lo"},
            {"address": "192.168.1.20", "kind": "private", "interface": "eth0"},
        ],
        "names": ["studio-1", "studio-1.local"],
    }


def test_this_machine_has_a_loopback_address_and_sane_names() -> None:
    assert machine_addresses()[0].kind == "loopback"
    assert all(ipaddress.ip_address(entry.address) for entry in machine_addresses())
    assert all(is_certifiable(name) for name in machine_names())


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.53", "loopback"),
        ("::1", "loopback"),
        ("10.0.0.1", "private"),
        ("100.100.1.1", "private"),
        ("fd00::1", "private"),
        ("169.254.3.4", "link-local"),
        ("fe80::1", "link-local"),
        ("8.8.8.8", "public"),
        ("2a00:1450::1", "public"),
    ],
)
def test_an_address_reaches_so_far(address: str, kind: str) -> None:
    assert kind_of(address) == kind


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("streaming-pc", True),
        ("desktop-4f2a", True),
        ("pc1.example.com", True),
        ("studio.local", True),
        ("dev", False),
        ("xn--p1ai", False),
        ("localhost", False),
        ("", False),
        ("two words", False),
        ("under_score", False),
        ("-x1", False),
        ("*.local", False),
        ("a" * 64 + ".local", False),
    ],
)
def test_a_certificate_can_be_for_this_name(name: str, expected: bool) -> None:
    assert is_certifiable(name) is expected


@given(st.text(max_size=20))
def test_every_name_is_judged_and_what_is_certifiable_can_be_certified(name: str) -> None:
    if is_certifiable(name):
        x509.DNSName(name)


def test_a_leaf_never_outlives_its_authority() -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    pem = make_authority([], [], "x", made)
    leaf = make_leaf(pem, [], [], made + timedelta(days=3650))
    assert leaf.expires_at == x509.load_pem_x509_certificate(pem).not_valid_after_utc
