"""Fewer records than an API has told of."""

from typing import TYPE_CHECKING

from nb_oauth import callers

if TYPE_CHECKING:
    from nb_oauth.data.page import Page

__all__ = ["Shortfall"]


class Shortfall:
    """Counts what comes, to say at the end where an API has told of more.

    Some tell of all that they have, and lead no further than some thousands of it.
    """

    def __init__(self) -> None:
        self._came, self._pages, self._told = 0, 0, 0
        self._is_clear = True

    def note(self, page: "Page") -> None:
        """Take notice of a page that has come."""
        begins_later = page.request.is_in_the_middle and not self._pages
        self._is_clear &= page.records_if_clear is not None and not begins_later
        self._came, self._pages = self._came + page.count, self._pages + 1
        self._told = page.totals.records or 0

    def warn(self) -> None:
        """Say that there is more, once no other page is named."""
        is_only = self._pages == 1  # and all that there is, as was found when it came
        if self._is_clear and not is_only and self._came < self._told:
            callers.warn(
                f"The API tells of {self._told} records; {self._came} came, and it names no "
                "further page. Ask for less at a time, if it leads no further than this; or say "
                "by=… or next=… if the way to the next page is not the one that was found."
            )
