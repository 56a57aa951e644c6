"""What runs in a test and leaves things for others to read: kernels, terminals, servers, pages.

Each says that it is there when it starts. So when a test ends, all of them that took part in it
are searched, and no test has to ask for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.leaks.left_behind import LeftBehind


class Source(Protocol):
    """What leaves things behind."""

    is_over: bool
    """Whether it has ended, and will leave nothing more."""

    def begin(self) -> None:
        """Another test begins: what is there by now is none of its."""

    def leave_behind(self, left: LeftBehind) -> None:
        """Leave all that there is to read since then."""


_known: list[Source] = []
_of_this_test: list[LeftBehind] = []


def announce(source: Source) -> None:
    """Say that ``source`` is there, and nothing in it yet."""
    source.begin()
    _known.append(source)


def begin(left: LeftBehind) -> None:
    """Begin a test."""
    _of_this_test.append(left)
    _known[:] = [one for one in _known if not one.is_over]
    for one in _known:
        one.begin()


def end() -> LeftBehind:
    """End it; returns what the test has left, without what the sources have."""
    return _of_this_test.pop()


def current() -> LeftBehind | None:
    """Return where the running test leaves what it has; None outside of one."""
    return _of_this_test[-1] if _of_this_test else None


def leave_all(left: LeftBehind) -> None:
    """Let every source that took part leave what it has."""
    for one in _known:
        one.leave_behind(left)
