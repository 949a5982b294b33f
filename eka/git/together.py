"""Asks several sources at once: each waits for its own server, none for another.

What comes out does not depend on who answers first: every job is done, and outcomes are told in
the order of the jobs. The jobs themselves share nothing but what is safe to share.
"""

from __future__ import annotations

from collections import deque

from eka.checking import TYPE_CHECKING, Protocol, TypeVar
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from queue import SimpleQueue
    from threading import Thread

    from eka.atom import SourceUrl

MOST_CONNECTIONS = 8
"""At one time; an ssh server drops some of more than ten that have not signed in yet."""
_PATIENCE_S, _MOST_PATIENCE = 0.05, 100

T = TypeVar("T")


class Together(Protocol):
    """Port: does one job for each of several sources, however it likes to."""

    def __call__(self, jobs: Mapping[SourceUrl, Callable[[], T]]) -> dict[SourceUrl, T | EkaError]:
        """Return what came of each job, in the order of ``jobs``; its error where it failed."""
        ...


def one_by_one(jobs: Mapping[SourceUrl, Callable[[], T]]) -> dict[SourceUrl, T | EkaError]:
    """Do each job when the one before is done; a `Together`."""
    return {url: _outcome(job) for url, job in jobs.items()}


def at_once(
    jobs: Mapping[SourceUrl, Callable[[], T]],
    hang_up: Callable[[], None],
    on_done: Callable[[SourceUrl, int], None] | None = None,
) -> dict[SourceUrl, T | EkaError]:
    """Do the jobs side by side, a few at a time.

    Args:
        jobs: By the source they ask.
        hang_up: Ends all conversations: called, until nobody talks any more, when this thread is
            interrupted or a job fails by a bug.
        on_done: Told, in this thread, which source has answered, and how many have by now.
    """
    if len(jobs) <= 1:
        return one_by_one(jobs)
    from queue import SimpleQueue  # noqa: PLC0415 - most commands ask one source
    from threading import Thread  # noqa: PLC0415 (as above)

    waiting = deque(jobs.items())
    answers: SimpleQueue[tuple[SourceUrl, T | BaseException]] = SimpleQueue()
    threads = [
        Thread(target=_work, args=(waiting, answers), daemon=True)
        for _ in range(min(len(jobs), MOST_CONNECTIONS))
    ]
    found: dict[SourceUrl, T | EkaError] = {}
    try:
        for thread in threads:
            thread.start()
        while len(found) < len(jobs):
            url, outcome = answers.get()
            found[url] = _known(outcome)
            if on_done is not None:
                on_done(url, len(found))
    except BaseException:
        waiting.clear()
        _end(threads, hang_up)
        raise
    return {url: found[url] for url in jobs}


def _work(
    waiting: deque[tuple[SourceUrl, Callable[[], T]]],
    answers: SimpleQueue[tuple[SourceUrl, T | BaseException]],
) -> None:
    while True:
        try:
            url, job = waiting.popleft()
        except IndexError:
            return
        try:
            answers.put((url, _outcome(job)))
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            answers.put((url, error))


def _end(threads: list[Thread], hang_up: Callable[[], None]) -> None:
    # A job that loses its connection may be about to open another one. One that is still making
    # a connection cannot be stopped, and does not keep the program from ending.
    for _ in range(_MOST_PATIENCE):
        running = [thread for thread in threads if thread.is_alive()]
        if not running:
            return
        hang_up()
        running[0].join(_PATIENCE_S)


def _known(outcome: T | BaseException) -> T | EkaError:
    """Return an outcome; raises what is no error of ours but a bug."""
    if isinstance(outcome, BaseException) and not isinstance(outcome, EkaError):
        raise outcome
    return outcome


def _outcome(job: Callable[[], T]) -> T | EkaError:
    try:
        return job()
    except EkaError as error:
        return error
