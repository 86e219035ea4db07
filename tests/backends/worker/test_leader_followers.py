"""Threads of a worker take turns to lead."""

import threading
from collections.abc import Callable

from gatewright.backends.worker.program.leader_followers import LeaderFollowers

WAIT = 60.0


class Threads:
    """Threads that lead in turn and execute what they are told to."""

    def __init__(self, count: int) -> None:
        self.leadership = LeaderFollowers()
        self.led = threading.Semaphore(0)
        self.leads: list[int] = []
        self._work: list[Callable[[], None]] = []
        self._more = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def give(self, work: Callable[[], None]) -> None:
        """Give whoever leads its next request."""
        self._work.append(work)
        self._more.release()

    def _run(self) -> None:
        leads, ended = False, False
        while not ended:
            leads = leads or self.leadership.await_own()
            self.leads.append(threading.get_ident())
            self.led.release()
            self._more.acquire()
            work = self._work.pop(0)
            ended = work is END
            self.leadership.begin(more=work is WITH_MORE)
            work()
            leads = self.leadership.end()
        self.leadership.resign()

    def close(self) -> None:
        """End all threads."""
        for _ in self._threads:
            self.give(END)
        for thread in self._threads:
            thread.join(WAIT)
            assert not thread.is_alive()


def END() -> None:  # noqa: N802
    """Be the last request of a thread."""


def WITH_MORE() -> None:  # noqa: N802
    """Be a request after which others have come already."""


def test_a_leader_that_is_quick_goes_on() -> None:
    threads = Threads(3)
    turn = threading.Event()
    threads.give(turn.set)
    assert threads.led.acquire(timeout=WAIT)
    assert turn.wait(WAIT)
    assert threads.led.acquire(timeout=WAIT)
    threads.close()
    assert len(set(threads.leads)) <= 3


def test_another_leads_while_one_is_busy_and_all_may_be() -> None:
    threads = Threads(3)
    go = threading.Event()
    begun = threading.Semaphore(0)

    def wait() -> None:
        begun.release()
        assert go.wait(WAIT)

    for _ in range(3):
        threads.give(wait)
    for _ in range(3):
        assert begun.acquire(timeout=WAIT)
    assert len(set(threads.leads)) == 3
    go.set()
    threads.close()


def test_another_leads_at_once_if_more_has_come() -> None:
    threads = Threads(2)
    threads.give(WITH_MORE)
    for _ in range(2):
        assert threads.led.acquire(timeout=WAIT)
    threads.close()


def test_a_leader_is_found_after_a_long_rest() -> None:
    threads = Threads(2)
    assert threads.led.acquire(timeout=WAIT)
    # The next thread is likely to have stopped looking by then, and must be woken.
    threading.Event().wait(0.2)
    go, other = threading.Event(), threading.Event()

    def wait() -> None:
        assert go.wait(WAIT)

    threads.give(wait)
    threads.give(other.set)
    assert other.wait(WAIT)
    go.set()
    threads.close()
