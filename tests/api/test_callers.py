from __future__ import annotations

from typing import Any

import pytest

from vistazo.api.callers import caller_of


def asked_from(address: str | None, **state: str) -> dict[str, Any]:
    client = None if address is None else (address, 1234)
    return {"type": "http", "client": client, "state": state}


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
        (None, ""),
    ],
)
def test_who_has_no_name_is_known_by_the_address_or_its_network(
    address: str | None, caller: str
) -> None:
    assert caller_of(asked_from(address)) == caller


def test_a_name_goes_before_the_address() -> None:
    assert caller_of(asked_from("192.0.2.7", caller="key:clinic")) == "key:clinic"


def test_a_request_without_a_state_has_an_address() -> None:
    assert caller_of({"type": "http", "client": ("192.0.2.7", 1)}) == "192.0.2.7"
