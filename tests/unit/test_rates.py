"""How often somebody may ask, and who somebody is."""

from __future__ import annotations

import tracemalloc
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vistazo.service.access.origins import parse_origins
from vistazo.service.access.proxies import client_of, parse_networks
from vistazo.service.access.rates import Rate, RateTable, parse_rate


def test_a_caller_may_ask_so_often_and_again_when_the_time_is_over() -> None:
    now_s = [100.0]
    table = RateTable(Rate(3, 60), clock=lambda: now_s[0])
    standings = [table.count("a") for _ in range(5)]
    assert [each.remaining for each in standings] == [2, 1, 0, 0, 0]
    assert [each.is_over for each in standings] == [False, False, False, True, True]
    assert {each.reset_s for each in standings} == {60}
    assert not table.count("b").is_over
    now_s[0] += 59.5
    assert (table.count("a").is_over, table.count("a").reset_s) == (True, 1)
    now_s[0] += 0.5
    assert table.count("a").remaining == 2


def test_a_clock_that_stands_still_or_goes_back_gives_nobody_more() -> None:
    now_s = [100.0]
    table = RateTable(Rate(1, 60), clock=lambda: now_s[0])
    table.count("a")
    now_s[0] = 50
    assert table.count("a").is_over


def test_however_many_ask_the_memory_is_bounded_and_who_asks_now_is_counted() -> None:
    tracemalloc.start()
    table = RateTable(Rate(2, 60), most=500)
    for number in range(2_000):
        table.count(f"2001:db8:{number:x}::/64")
        table.count("busy")
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 350 * 500
    assert table.count("busy").is_over


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("60/minute", Rate(60, 60)),
        ("5 / second", Rate(5, 1)),
        ("1000/HOUR", Rate(1000, 3600)),
        ("1/day", Rate(1, 86400)),
    ],
)
def test_a_rate_is_written_in_words(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["60", "0/minute", "-1/minute", "60/week", "1e3/day", "6 0/day"])
def test_a_rate_that_is_none_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="60/minute"):
        parse_rate(text)


TRUSTED = parse_networks("10.0.0.0/8, 192.0.2.7,2001:db8:1::/48")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),  # nobody whom we trust
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),  # the first is invented
        ("10.0.0.1", ["6.6.6.6", "7.7.7.7,198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.9.9.9"], "198.51.100.1"),  # two proxies
        ("10.0.0.1", ["10.8.8.8, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["10.1.1.1, 10.9.9.9"], "10.1.1.1"),  # one of ours asks
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, "], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, <script>, 10.9.9.9"], "10.9.9.9"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["key:ward"], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, ::ffff:198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 0012.0.2.7"], "10.0.0.1"),
        ("2001:db8:1::5", ["198.51.100.1"], "198.51.100.1"),
        ("", ["198.51.100.1"], ""),
        ("/run/socket", ["198.51.100.1"], "/run/socket"),
    ],
)
def test_the_address_is_the_last_one_that_nobody_trusted_wrote(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert client_of(peer, forwarded, TRUSTED) == client


@settings(max_examples=40)
@given(st.lists(st.text(max_size=40), max_size=5), st.ip_addresses())
def test_whatever_a_caller_writes_his_address_is_what_the_proxy_saw(
    written: list[str], seen: object
) -> None:
    trusted = parse_networks("10.255.255.1")
    if seen == ip_address("10.255.255.1"):
        return
    found = client_of("10.255.255.1", [*written, str(seen)], trusted)
    assert ip_address(found) in (seen, getattr(seen, "ipv4_mapped", None))


def test_thousands_of_hops_cost_nothing() -> None:
    assert client_of("10.0.0.1", ["6.6.6.6," + "10.0.0.2," * 50_000 + "10.0.0.3"], TRUSTED) == (
        "10.0.0.2"
    )


@pytest.mark.parametrize("text", ["*", "proxy.example", "10.0.0.1/8", "0.0.0.0/0", "::/0", "10.0"])
def test_proxies_that_would_let_anybody_be_anyone_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as|trusts everybody"):
        parse_networks(f"10.0.0.1,{text}")


@pytest.mark.parametrize(
    "text", ["https://app.example/", "app.example", "null", "https://a.example/x", "https://*.a"]
)
def test_an_origin_that_no_browser_sends_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"https://app\.example"):
        parse_origins(f"https://b.example,{text}")
