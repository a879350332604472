"""Wrong answers slow down whoever gives them.

After a wrong answer, the next one from that address is looked at only after a delay that doubles from 250 ms to 30 s.
Programs on this machine share one address, so there a right answer is never made to wait: the owner's own overlays come
in while some script is guessing. From elsewhere right and wrong wait alike, or the wait itself would tell them apart.
"""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

FIRST_DELAY_S: Final = 0.25
CEILING_S: Final = 30.0
LOCAL_CEILING_S: Final = 4.0
"""On this machine: a typing error or a stale overlay must not keep its owner waiting for half a minute."""

_WAITING_AT_ONCE: Final = 8
"""Answers from one address that may wait at a time; further ones are refused unseen."""

_ADDRESSES: Final = 1024
"""Addresses remembered; the one that has been quiet for longest is forgotten first."""

_FORGET_AFTER_S: Final = 600.0


@dataclass(slots=True)
class _Record:
    failures: int = 0
    next_at: float = 0.0
    waiting: int = 0
    last_at: float = 0.0


class Throttle:
    """Remembers who answered wrongly, in bounded memory."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def __len__(self) -> int:
        return len(self._records)

    def judge(self, address: str, now: float, *, is_right: bool, excuses: bool = True) -> float | None:
        """Tell how many seconds to wait before the answer is acted on; ``None`` to refuse it unseen.

        ``excuses`` says that whoever gives this right answer has nothing to guess any more.
        Whoever waits says so with :meth:`waited` afterwards.
        """
        place = _place(address)
        is_local = place == _LOCAL
        record = self._records.get(place)
        if is_right and (record is None or is_local):
            return 0.0
        self._records.pop(place, None)  # to come back as the newest
        if record is None or now - record.last_at > _FORGET_AFTER_S:
            record = _Record()
        self._records[place] = record
        while len(self._records) > _ADDRESSES:
            del self._records[next(iter(self._records))]
        if record.waiting >= _WAITING_AT_ONCE:
            return None
        record.last_at = now
        act_at = max(now, record.next_at)
        if is_right:
            record.failures = 0 if excuses else record.failures
        else:
            ceiling = LOCAL_CEILING_S if is_local else CEILING_S
            record.next_at = act_at + min(FIRST_DELAY_S * 2 ** min(record.failures, 16), ceiling)
            record.failures += 1
        if act_at > now:
            record.waiting += 1
        return act_at - now

    def waited(self, address: str) -> None:
        """Hear that an answer that had to wait has been acted on."""
        record = self._records.get(_place(address))
        if record is not None and record.waiting:
            record.waiting -= 1


_LOCAL: Final = "this machine"


def is_loopback(address: str) -> bool:
    """Tell whether an IP address is this machine's own."""
    try:
        return _read_address(address).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=_ADDRESSES)
def _place(address: str) -> str:
    """Whom to hold responsible: an IPv4 address, an IPv6 network of 64 bits, or this machine."""
    try:
        ip = _read_address(address)
    except ValueError:
        return address
    if ip.is_loopback:
        return _LOCAL
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def _read_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read an address as a socket gives it: perhaps with a zone, perhaps an IPv4 one in the form of IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return (isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped) or ip
