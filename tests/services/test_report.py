"""What hides addresses in a report; the report as a whole is tested where everything runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.services.report import _ADDRESS, _hide_address, _place, _table


def hide(text: str) -> str:
    return _ADDRESS.sub(_hide_address, text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("listens on 127.0.0.1:4337", "listens on 127.0.0.1:4337"),
        ("listens on [::1]:4337, 0.0.0.0:1 and [::]:2", "listens on [::1]:4337, 0.0.0.0:1 and [::]:2"),
        ("from 192.168.1.23.", "from (LAN address)."),
        ("address:10.0.0.7:50000", "address:(LAN address):50000"),
        ("8.8.8.8", "(other address)"),
        ("[2a00:1450:4001::8a]:80", "[(other address)]:80"),
        ("fe80::1%eth0 is near", "(LAN address)%eth0 is near"),
        ("::ffff:192.168.1.23", "(LAN address)"),
        ("2026-11-22T00:31:00.123Z at 12:34:56", "2026-11-22T00:31:00.123Z at 12:34:56"),
        ("picows 2.3.1, Linux-6.18.44-x", "picows 2.3.1, Linux-6.18.44-x"),
        ("a::method, key 'a:b:c'", "a::method, key 'a:b:c'"),
        ("999.1.1.1", "999.1.1.1"),
    ],
)
def test_addresses_beyond_this_machine_are_hidden(text: str, shown: str) -> None:
    assert hide(text) == shown


@given(st.ip_addresses(), st.sampled_from(["{}", "from {}", "({})", "[{}]:80", "x={}, y"]))
def test_every_address_is_hidden_wherever_it_stands(address: object, frame: str) -> None:
    hidden = hide(frame.format(address))
    if _place(str(address)) == "loopback" or str(address) in ("0.0.0.0", "::"):
        assert str(address) in hidden
    else:
        assert hidden == frame.format(f"({_place(str(address))} address)")


@given(st.text())
def test_nothing_else_breaks_it(text: str) -> None:
    assert hide(text).count("\n") == text.count("\n")


def test_a_table_holds_whatever_is_in_it() -> None:
    assert _table(("a", "b"), [("x|y", "1\n2")]) == ["| a | b |", "| --- | --- |", "| x\\|y | 1 2 |"]
    assert _table(("a",), []) == ["None."]
