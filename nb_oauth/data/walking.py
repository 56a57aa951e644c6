"""From the first page to the last."""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from nb_oauth.data.ahead import one_ahead
from nb_oauth.data.failures import secrets_in
from nb_oauth.data.page import Page
from nb_oauth.data.politeness import Policy, send
from nb_oauth.data.progress import Progress
from nb_oauth.data.progress import progress as progress_bar
from nb_oauth.data.shortfall import Shortfall
from nb_oauth.exceptions import PaginationError
from nb_oauth.masking import mask_error

if TYPE_CHECKING:
    from nb_oauth.data.next_page import Style
    from nb_oauth.data.origins import Origins
    from nb_oauth.data.page_requests import PageRequest
    from nb_oauth.data.record_lists import RecordLists

__all__ = ["Walk", "watched"]


_TOO_MANY = 1000


@dataclass(frozen=True)
class Walk:
    """Asks for one page after the other.

    Args:
        session: who asks.
        style: how to come from one page to the next.
        lists: finds the records.
        origins: where pages may lead.
        rate: see :func:`nb_oauth.data.pages`.
        retry: see there.
    """

    session: requests.Session
    style: "Style"
    lists: "RecordLists"
    origins: "Origins"
    rate: str | None
    retry: Policy

    def pages(self, first: "PageRequest") -> Iterator[Page]:
        """Yield every page; what cannot work is known before a page is given."""
        known = _Known(self.style)
        following: PageRequest | None = self.style.begin(first)
        while following is not None:
            request = replace(following, url=self.origins.checked(following.url))
            known.require_new(request)
            page = self._page(request)
            if page is None:
                return
            known.require_other(page)
            following = self.style.after(page)
            yield page

    def _page(self, request: "PageRequest") -> Page | None:
        """Return a page, None where it is refused because there is none."""
        arguments = self.origins.arguments(self.session, request.url, request.arguments)
        callers = sys.exc_info()[1]
        try:
            response = send(
                *(self.session, request.method, request.url),
                rate=self.rate,
                retry=self.retry,
                **arguments,
            )
            if self.style.may_be_past_the_end and _is_refusal(response):
                return None
            response.raise_for_status()
        except requests.RequestException as error:
            mask_error(error, secrets_in(request.url), up_to=callers)  # it quotes the address
            raise
        return Page(request, response, self.lists)


def _is_refusal(response: requests.Response) -> bool:
    return response.status_code in {400, 404, 410, 416, 422}


class _Known:
    """The pages that came, so that none comes twice.

    Args:
        style: how they are asked for, to say what may be wrong with it.
    """

    def __init__(self, style: "Style") -> None:
        self._style = style
        self._asked: set[bytes] = set()
        self._last = b""
        self._empty = 0

    def require_new(self, request: "PageRequest") -> None:
        """Refuse to ask for what has been asked for.

        Raises:
            PaginationError: it has.
        """
        digest = _digest(request.identity)
        if digest in self._asked:
            raise PaginationError(
                "The next page is one that came before: this would go on for ever. The API's "
                "answers lead in a circle; name another way with by=… or next=…."
            )
        self._asked.add(digest)

    def require_other(self, page: Page) -> None:
        """Refuse a page that has just what the one before had.

        Those that are empty are alike, and some on the way may be: a filter left nothing of them.

        Raises:
            PaginationError: it has; or it is one more that is empty, after very many.
        """
        content = page.records_if_clear
        if not page.response.content or content == []:
            self._empty += 1
            if self._empty >= _TOO_MANY:
                raise PaginationError(
                    f"The last {_TOO_MANY} pages were empty, and the API names a next one still: "
                    "name another way with by=… or next=…."
                )
            return
        self._empty = 0
        digest = _digest(page.response.content if content is None else json.dumps(content))
        if digest == self._last:
            raise PaginationError(f"The same page came twice.{self._remark()}")
        self._last = digest

    def _remark(self) -> str:
        carrier = self._style.carrier
        if carrier is None:
            return " What the API names as the next page is no other: say by=… or next=…."
        return (
            f" The API seems to take no notice of {carrier!r}: parameter=… says what carries the "
            "number, offset or cursor of a page."
        )


def _digest(content: str | bytes) -> bytes:
    raw = content if isinstance(content, bytes) else content.encode()
    return hashlib.blake2b(raw, digest_size=16).digest()


def watched(
    found: Iterator[Page], url: str, *, is_all: bool, prefetch: bool, progress: bool | None
) -> Iterator[Page]:
    """Yield the pages, with a bar where one is wanted.

    Args:
        found: the pages.
        url: the first one's address.
        is_all: whether they are all that the API has, or should be.
        prefetch: whether to fetch each while the one before is used.
        progress: whether to show a bar; None for where somebody watches.
    """
    name, shortfall = urlsplit(url).hostname or "", Shortfall()
    with progress_bar(None, show=progress, unit="pages", description=name) as bar:
        counts_records: bool | None = None
        for page in one_ahead(found) if prefetch else found:
            if counts_records is None:
                counts_records = _tell_total(page, bar)
            bar.update(page.count if counts_records else 1)
            shortfall.note(page)
            yield page
    if is_all:
        shortfall.warn()


def _tell_total(page: Page, bar: Progress) -> bool:
    """Tell the bar what the first page says of how much there is; and whether to count records."""
    totals = page.totals
    counts_records = page.records_if_clear is not None and (
        totals.records is not None or totals.pages is None
    )
    if counts_records:
        bar.expect(totals.records, "records")
    else:
        bar.expect(totals.pages, "pages")
    return counts_records
