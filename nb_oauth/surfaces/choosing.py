"""Who is asked, at each place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb_oauth.place import Place
from nb_oauth.waiting import kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from nb_oauth.surfaces.contract import Companion, Event


def surface_for(
    where: Place,
    report: Callable[[Event], None],
    widget_appeared: Callable[[], bool],
    patience: float,
) -> Companion | None:
    """Return who asks beside the widget while somebody waits, None where nobody does.

    Args:
        where: the place.
        report: takes each thing that the person did; it must return at once.
        widget_appeared: whether the person sees the widget by now.
        patience: seconds that the widget may take to appear.
    """
    if where is Place.TERMINAL:
        from nb_oauth.surfaces.terminal import Terminal

        return Terminal(report)
    kernel = kernels.current()
    if where is Place.NOTEBOOK and kernel is not None:
        from nb_oauth.surfaces.cell_input import CellInput

        return CellInput(report, kernel, widget_appeared, patience)
    return None
