"""How to come from one page to the next: one class a style."""

from typing import TYPE_CHECKING, Literal, Protocol

from nb_oauth.data.json_path import checked, keys_of, look_up
from nb_oauth.data.told import Last, is_address, told
from nb_oauth.data.totals import continuation_in
from nb_oauth.exceptions import ConfigurationError, PaginationError

if TYPE_CHECKING:
    from nb_oauth.data.page import Page
    from nb_oauth.data.page_requests import PageRequest
    from nb_oauth.data.totals import Totals

__all__ = ["By", "Style", "style"]

By = Literal["page", "offset", "single"]

_HOW = (
    'by="page" or by="offset" where it counts, next=… with the place of the next page\'s address '
    'or cursor, such as "meta.next_cursor", or by="single" for this page alone'
)
_CARRIES = {  # what APIs call the parameter for a cursor that they call so
    "cursor": "cursor",
    "next_cursor": "cursor",
    "nextCursor": "cursor",
    "next_token": "next_token",
    "nextToken": "nextToken",
    "nextPageToken": "pageToken",
    "next_page_token": "page_token",
    "endCursor": "after",
    "next_page": "page",
    "nextPage": "page",
    "next_offset": "offset",
    "nextOffset": "offset",
}


class Style(Protocol):
    """A way to page."""

    @property
    def carrier(self) -> str | None:
        """The parameter that says which page is wanted, where it is one."""
        ...

    @property
    def may_be_past_the_end(self) -> bool:
        """Whether all there is may have come, so that a refusal of the next page is the end."""
        ...

    def begin(self, request: "PageRequest") -> "PageRequest":
        """Return the request for the first page."""
        ...

    def after(self, page: "Page") -> "PageRequest | None":
        """Return the request for the page after ``page``, None after the last."""
        ...


def style(by: By | None, next_path: str | None, parameter: str | None) -> Style:
    """Return the way to page that the caller has named, or the one that answers tell.

    Args:
        by: what is counted; see :func:`nb_oauth.data.pages`.
        next_path: where the next page's address or cursor is.
        parameter: what carries a number or a cursor.

    Raises:
        ConfigurationError: they do not go together.
    """
    if by is not None and next_path is not None:
        raise ConfigurationError("by= and next= name two ways to page: say one of them.")
    if next_path is not None:
        return _AtPath(checked(next_path), parameter)
    if by == "page":
        return _ByNumber(parameter or "page")
    if by == "offset":
        return _ByOffset(parameter or "offset")
    if parameter is not None:
        raise ConfigurationError('parameter= goes with by="page", by="offset" or next=….')
    if by == "single":
        return _Single()
    if by is not None:
        raise ConfigurationError(f'by={by!r} is none of "page", "offset" and "single".')
    return _AsTold()


class _AsTold:
    """The answer says where the next page is, in one of the ways that are in use."""

    carrier: str | None = None
    may_be_past_the_end = False

    def __init__(self) -> None:
        self._has_been_told = False

    def begin(self, request: "PageRequest") -> "PageRequest":
        return request

    def after(self, page: "Page") -> "PageRequest | None":
        said = told(page)
        is_enough = said is Last.UNMENTIONED and page.request.is_in_the_middle
        if not (self._has_been_told or is_enough) and (said is None or said is Last.UNMENTIONED):
            _require_nothing_left(page)
        self._has_been_told = True
        return None if said is None or isinstance(said, Last) else said


class _Single:
    """There is one page, whatever it says."""

    carrier: str | None = None
    may_be_past_the_end = False

    def begin(self, request: "PageRequest") -> "PageRequest":
        return request

    def after(self, _page: "Page") -> "PageRequest | None":
        return None


class _AtPath:
    """The next page's address or cursor is at a place that the caller has named."""

    may_be_past_the_end = False

    def __init__(self, path: str, parameter: str | None) -> None:
        self._path = path
        self._is_first = True
        self.carrier = parameter

    def begin(self, request: "PageRequest") -> "PageRequest":
        return request

    def after(self, page: "Page") -> "PageRequest | None":
        value = look_up(page.document, self._path)
        is_first, self._is_first = self._is_first, False
        if value in (None, "", False) or value == []:
            if is_first:
                _require_nothing_left(page, f" There is nothing at next={self._path!r}.")
            return None
        if page.says_it_is_last(self._around(page)) or page.says_it_is_last():
            return None
        if self.carrier is None and is_address(value):
            return page.request.following(value, page.response.url)
        self.carrier = self.carrier or self._usual()
        return page.request.with_parameter(self.carrier, value)

    def _around(self, page: "Page") -> object:
        """Return the object that the cursor is in, which may say that it is the last (GraphQL)."""
        keys = keys_of(self._path)
        if not keys or len(keys) == 1:
            return page.document
        return look_up(page.document, ".".join(keys[:-1]))

    def _usual(self) -> str:
        name = self._path.rpartition(".")[2]
        if name not in _CARRIES:
            raise ConfigurationError(
                f"What is at next={self._path!r} is no address. If it is a cursor, say which "
                'parameter carries it back: parameter="cursor", or parameter="variables.after" '
                "for a place in the body."
            )
        return _CARRIES[name]


class _Counting:
    """The request says which page it is for, by a number."""

    def __init__(self, parameter: str) -> None:
        self.carrier = parameter
        self.may_be_past_the_end = False

    def _has_all(self, page: "Page", came: int) -> bool:
        """Tell whether no further page is to be asked for.

        Some call ``total`` how many there are on this page: where it is as many, one more page is
        asked for, and may be refused.
        """
        total = page.totals.records
        is_all = total is not None and came >= total
        self.may_be_past_the_end = is_all
        return not page.records or (is_all and total != len(page.records))


class _ByNumber(_Counting):
    """The number is that of the page."""

    def begin(self, request: "PageRequest") -> "PageRequest":
        self._is_from_zero = _number(request, self.carrier) == 0
        self._came = 0
        return request

    def after(self, page: "Page") -> "PageRequest | None":
        number = _number(page.request, self.carrier)
        self._came += len(page.records)
        if self._has_all(page, self._came) or self._is_last(number, page.totals):
            return None
        return page.request.with_parameter(self.carrier, number + 1)

    def _is_last(self, number: int, totals: "Totals") -> bool:
        """Tell whether a page is the last by its number.

        What an API that counts from zero calls its last page may be the number of that, or of all.
        """
        if not self._is_from_zero or totals.last is None:
            return totals.pages is not None and number + self._is_from_zero >= totals.pages
        self.may_be_past_the_end |= number + 1 >= totals.last
        return number >= totals.last


class _ByOffset(_Counting):
    """The number is how many records come before the page."""

    def begin(self, request: "PageRequest") -> "PageRequest":
        if request.parameter(self.carrier) is None:
            return request.with_parameter(self.carrier, 0)
        _number(request, self.carrier)
        return request

    def after(self, page: "Page") -> "PageRequest | None":
        following = _number(page.request, self.carrier) + len(page.records)
        if self._has_all(page, following):
            return None
        return page.request.with_parameter(self.carrier, following)


def _number(request: "PageRequest", parameter: str) -> int:
    value = request.parameter(parameter)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"Say with which number the pages begin: params={{{parameter!r}: 1}}, or 0 where the "
            "API counts from there."
        ) from None


def _require_nothing_left(page: "Page", remark: str = "") -> None:
    """Refuse to end where the first page tells of more, and not how to get it.

    Raises:
        PaginationError: it does.
    """
    left = _left(page)
    if left:
        raise PaginationError(
            f"There are further pages ({left}), and the answer does not say how to get them."
            f"{remark} Say it: {_HOW}."
        )


def _left(page: "Page") -> str:
    """Return what says that there is more than this first page, as it says it."""
    came, total = page.count, page.totals.records
    if total is not None and total > came and page.records_if_clear is not None:
        return f"{total} records, of which {came} came"
    if (page.totals.pages or 0) > 1:
        return f"{page.totals.pages} pages"
    is_last = page.says_it_is_last()
    cursor = None if is_last else continuation_in(page.document)
    if cursor is not None:
        return f"something is at {cursor!r}"
    return "it says that it is not the last" if is_last is False else ""
