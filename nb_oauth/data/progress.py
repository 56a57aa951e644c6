"""A bar that says how far a run has come, for whoever watches; nothing where nobody does."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from nb_oauth.place import here

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Progress", "progress"]

_SECONDS_BETWEEN_UPDATES = 0.1


class Progress(Protocol):
    """What a run says of how far it has come."""

    def update(self, n: int = 1) -> None:
        """Say that ``n`` more are done."""
        ...

    def expect(self, total: int | None, unit: str) -> None:
        """Say how many there will be, and of what, once that is known."""
        ...


def progress(
    total: int | None, *, show: bool | None, unit: str, description: str
) -> AbstractContextManager[Progress]:
    """Return a bar to show while something is done, as a context manager.

    It is tqdm's: a widget in a notebook, a line in a terminal, redrawn ten times a second at most.
    It may be told from any thread, one at a time.

    Args:
        total: how many there will be; None where nobody knows yet.
        show: whether to show it; None for where somebody watches, which is not so in a scheduled
            run (papermill, nbclient), in a pipe, or where a program runs without a terminal.
        unit: what is counted, such as ``"records"``.
        description: what stands before the bar.
    """
    if here().is_attended if show is None else show:
        return _Bar(total, unit, description)
    return _Silence()


class _Silence:
    """A bar that nobody sees; tqdm need not even be there."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def update(self, n: int = 1) -> None:
        pass

    def expect(self, total: int | None, unit: str) -> None:
        pass


class _Bar:
    """One of tqdm's bars, which appears when it is entered."""

    def __init__(self, total: int | None, unit: str, description: str) -> None:
        self._total, self._unit, self._description = total, unit, description

    def __enter__(self) -> Progress:
        from tqdm.auto import tqdm

        class Bar(tqdm):  # type: ignore[type-arg] # it counts, and iterates over nothing
            monitor_interval = 0  # no thread beside it: with miniters=1 each update is looked at

        self._bar = Bar(
            total=self._total,
            unit=_spaced(self._unit),
            desc=self._description,
            mininterval=_SECONDS_BETWEEN_UPDATES,
            miniters=1,
        )
        return self

    def __exit__(
        self,
        kind: "type[BaseException] | None",
        _error: BaseException | None,
        _traceback: "TracebackType | None",
    ) -> None:
        if kind is GeneratorExit:  # whoever went through it has seen enough: that is no failure
            self._bar.total = None
        self._bar.close()

    def update(self, n: int = 1) -> None:
        self._bar.update(n)

    def expect(self, total: int | None, unit: str) -> None:
        bar = self._bar
        done, begun = bar.n, bar.start_t
        bar.unit = _spaced(unit)
        bar.reset(total)  # what is drawn learns of a total in no other way
        bar.start_t = begun
        if done:
            bar.n = done
            bar.refresh()


def _spaced(unit: str) -> str:
    return f" {unit}"  # tqdm writes it right behind a number
