"""The next page, fetched while one is used."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

from nb_oauth.place import context_here

__all__ = ["one_ahead"]

_T = TypeVar("_T")
_SECONDS_TO_END = 5.0


def one_ahead(items: Iterator[_T]) -> Iterator[_T]:
    """Yield what ``items`` yields, each fetched in a thread while the one before is used.

    Whoever stops early waits for the request under way, for five seconds at most; a longer one
    ends by itself, and no other follows.

    Args:
        items: an iterator that may be advanced from any thread, one at a time.
    """
    future, thread = _begin(items)
    try:
        while (item := future.result()) is not None:
            future, thread = _begin(items)
            yield item[0]
    finally:
        thread.join(_SECONDS_TO_END)


def _begin(items: Iterator[_T]) -> "tuple[Future[tuple[_T] | None], threading.Thread]":
    """Advance ``items`` in a thread that keeps no process alive; None stands for its end."""
    future: Future[tuple[_T] | None] = Future()

    def advance() -> None:
        try:
            future.set_result(_next(items))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            future.set_exception(error)

    return future, _started(advance)


def _next(items: Iterator[_T]) -> tuple[_T] | None:
    for item in items:
        return (item,)
    return None


def _started(advance: Callable[[], None]) -> threading.Thread:
    context = context_here()  # a session may ask whom it serves
    thread = threading.Thread(target=context.run, args=(advance,), daemon=True, name="next page")
    thread.start()
    return thread
