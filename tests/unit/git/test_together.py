"""Jobs side by side: what comes out is in order, whatever happens in between."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from eka.atom import SourceUrl
from eka.errors import EkaError
from eka.git import NetworkFailed, at_once, together
from eka.git.together import MOST_CONNECTIONS, one_by_one

if TYPE_CHECKING:
    from collections.abc import Callable

URLS = [SourceUrl("https", "a.org", f"/{number}") for number in range(3 * MOST_CONNECTIONS)]


def nobody() -> None:
    raise AssertionError


def test_outcomes_come_in_the_order_of_the_jobs() -> None:
    last = threading.Event()

    def job(at: int) -> int:
        if at == 0:
            assert last.wait(60)  # answers when all others have
        if at == MOST_CONNECTIONS - 1:
            last.set()
        return at

    jobs = {url: (lambda at=at: job(at)) for at, url in enumerate(URLS[:MOST_CONNECTIONS])}

    found = at_once(jobs, nobody)

    assert list(found.items()) == [(url, at) for at, url in enumerate(URLS[:MOST_CONNECTIONS])]


def test_only_so_many_work_at_one_time() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def job() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.001)
        with lock:
            now -= 1

    at_once(dict.fromkeys(URLS, job), nobody)

    assert 1 < most <= MOST_CONNECTIONS


@pytest.mark.parametrize("number", [1, 2])
def test_an_error_of_one_is_an_outcome_and_hinders_nobody(number: int) -> None:
    def fail() -> int:
        raise NetworkFailed(URLS[0], "away")

    jobs: dict[SourceUrl, Callable[[], int]] = {URLS[0]: fail, URLS[1]: lambda: 1}

    found = at_once(dict(list(jobs.items())[:number]), nobody)

    assert isinstance(found[URLS[0]], EkaError)
    assert list(found.values())[1:] == [1][: number - 1]


def test_a_bug_ends_all_and_hangs_up() -> None:
    waiting, hung_up = threading.Event(), threading.Event()

    def bug() -> None:
        assert waiting.wait(60)
        raise ZeroDivisionError

    def wait() -> None:
        waiting.set()
        assert hung_up.wait(60)

    with pytest.raises(ZeroDivisionError):
        at_once({URLS[0]: bug, URLS[1]: wait}, hung_up.set)

    assert hung_up.is_set()
    assert threading.active_count() == 1


def test_whoever_is_interrupted_leaves_no_thread_behind() -> None:
    hung_up = threading.Event()

    def interrupt(_url: SourceUrl, _number: int) -> None:
        raise KeyboardInterrupt

    jobs: dict[SourceUrl, Callable[[], object]] = dict.fromkeys(URLS, lambda: hung_up.wait(60))
    jobs[URLS[0]] = lambda: None

    with pytest.raises(KeyboardInterrupt):
        at_once(jobs, hung_up.set, interrupt)

    assert threading.active_count() == 1


def test_who_cannot_be_stopped_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "_MOST_PATIENCE", 2)
    deaf, hung_up = threading.Event(), 0

    def hang_up() -> None:
        nonlocal hung_up
        hung_up += 1

    def interrupt(_url: SourceUrl, _number: int) -> None:
        raise KeyboardInterrupt

    jobs: dict[SourceUrl, Callable[[], object]] = {URLS[0]: lambda: None, URLS[1]: deaf.wait}

    with pytest.raises(KeyboardInterrupt):
        at_once(jobs, hang_up, interrupt)
    deaf.set()

    assert hung_up == 2


def test_one_after_the_other_gives_the_same() -> None:
    jobs = {url: (lambda url=url: url.path) for url in URLS}

    assert one_by_one(jobs) == at_once(jobs, nobody)
    assert at_once({}, nobody) == {}
