"""Who is asked, at each place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb_oauth.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from nb_oauth.surfaces.contract import Companion, Event


def surface_for(where: Place, report: Callable[[Event], None]) -> Companion | None:
    """Return who asks beside the widget while somebody waits, None where nobody does.

    Args:
        where: the place.
        report: takes each thing that the person did; it must return at once.
    """
    if where is Place.TERMINAL:
        from nb_oauth.surfaces.terminal import Terminal

        return Terminal(report)
    return None
