"""How often someone may try, counted for all processes together."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from colorizer import limits
from colorizer.models import Limit


@pytest.fixture
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that one sets: ``clock.now`` in seconds."""
    clock = SimpleNamespace(now=1_700_000_000.123)
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


def tries(count: int, key: object = "ada", rate: str = "5/15m") -> list[bool]:
    return [limits.allow("sign-in", key, rate) for _ in range(count)]


def test_as_many_as_the_rate_says_may_come_at_once_and_not_one_more(clock: SimpleNamespace) -> None:
    assert tries(7) == [True] * 5 + [False] * 2


def test_the_next_is_allowed_when_its_time_has_come_and_no_sooner(clock: SimpleNamespace) -> None:
    tries(5)
    clock.now += 179
    assert tries(1) == [False]
    clock.now += 2
    assert tries(2) == [True, False]


def test_after_a_whole_period_all_are_there_again(clock: SimpleNamespace) -> None:
    tries(5)
    clock.now += 15 * 60
    assert tries(6) == [True] * 5 + [False]


def test_who_tries_too_often_is_told_how_long_to_wait(clock: SimpleNamespace) -> None:
    tries(5)
    clock.now += 100
    with pytest.raises(limits.Limited) as caught:
        limits.take("sign-in", "ada", "5/15m")
    assert caught.value.seconds == 80


def test_each_key_and_each_scope_has_its_own_count_whatever_its_case(clock: SimpleNamespace) -> None:
    tries(5)
    assert not limits.allow("sign-in", "ADA", "5/15m")
    assert limits.allow("sign-in", "bo", "5/15m")
    assert limits.allow("reset", "ada", "5/15m")


def test_a_try_that_turned_out_well_is_given_back(clock: SimpleNamespace) -> None:
    tries(5)
    limits.give_back("sign-in", "ada", "5/15m")
    assert tries(2) == [True, False]
    limits.forget("sign-in", "ada")
    assert tries(5) == [True] * 5


def test_a_clock_that_jumps_back_keeps_nobody_out(clock: SimpleNamespace) -> None:
    tries(5)
    clock.now -= 86_400
    assert tries(6) == [True] * 5 + [False]


def test_what_has_passed_is_deleted_and_what_counts_stays(clock: SimpleNamespace) -> None:
    tries(1, "ada")
    tries(5, "bo")
    clock.now += 200
    limits.forget_old()
    assert Limit.objects.count() == 1
    assert tries(3, "bo") == [True, False, False]


def test_the_table_names_nobody(clock: SimpleNamespace) -> None:
    tries(1, "ada@example.org")
    assert "example" not in str(list(Limit.objects.values()))


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_moment_as_many_get_through_as_may() -> None:
    start, passed = threading.Barrier(12), []

    def attempt() -> None:
        start.wait()
        passed.append(limits.allow("sign-in", "ada", "5/h"))
        connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(passed) == [False] * 7 + [True] * 5


def test_a_try_that_others_overtake_on_its_way_to_the_database_is_no_less_than_they(clock: SimpleNamespace) -> None:
    overtaken = []

    def overtake(execute: Any, *statement: Any) -> Any:
        if not overtaken:
            overtaken.append(True)
            clock.now += 1
            assert tries(4) == [True] * 4
        return execute(*statement)

    with connection.execute_wrapper(overtake):
        assert tries(2) == [True, False]


@pytest.mark.parametrize("text", ["", "5", "0/m", "5/0m", "5/w", "-1/m", "5/m/ip", "x/m"])
def test_a_rate_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="A rate is written like"):
        limits.Rate.of(text)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "client"),
    [
        (0, "", "203.0.113.7", "203.0.113.7"),
        (0, "198.51.100.1", "203.0.113.7", "203.0.113.7"),  # written by the client itself
        (1, "198.51.100.1", "10.0.0.2", "198.51.100.1"),
        (1, "192.0.2.66, 198.51.100.1", "10.0.0.2", "198.51.100.1"),  # the first of the two is made up
        (2, "192.0.2.66, 198.51.100.1, 10.0.0.3", "10.0.0.2", "198.51.100.1"),
        (2, "198.51.100.1", "10.0.0.2", "10.0.0.2"),  # it came past one of the proxies
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "[2001:db8:1:2::9]", "10.0.0.2", "2001:db8:1:2::/64"),
        (0, "", "::ffff:203.0.113.7", "203.0.113.7"),
        (0, "", "", ""),
    ],
)
def test_where_a_request_comes_from(proxies: int, forwarded: str, peer: str, client: str, settings: Any) -> None:
    settings.HEIRLOOM_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert limits.client(RequestFactory().get("/", REMOTE_ADDR=peer, **headers)) == client
