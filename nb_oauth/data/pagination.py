"""Pages and records of an API that gives its data in pages."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nb_oauth.data.json_path import checked
from nb_oauth.data.next_page import By, style
from nb_oauth.data.origins import Origins
from nb_oauth.data.page_requests import PageRequest
from nb_oauth.data.politeness import POLICY, Policy
from nb_oauth.data.record_lists import RecordLists
from nb_oauth.data.walking import Walk, watched

if TYPE_CHECKING:
    import requests

    from nb_oauth.data.page import Page

__all__ = ["pages", "records", "whole_pages"]


def pages(  # noqa: PLR0913 - one argument says how an API pages: which, is its business
    session: "requests.Session",
    url: str,
    *,
    by: By | None = None,
    next: str | None = None,  # noqa: A002 - what it names
    parameter: str | None = None,
    records: str | None = None,
    allowed_origins: Iterable[str] = (),
    prefetch: bool = False,
    progress: bool | None = None,
    method: str = "GET",
    params: Any = None,  # noqa: ANN401 - as requests takes them
    rate: str | None = None,
    retry: Policy = POLICY,
    **kwargs: Any,  # noqa: ANN401 - as requests takes them
) -> "Iterator[requests.Response]":
    """Yield the pages of an API one after the other, each fetched when it is asked for.

    Where the next page is, most APIs say: in a header ``Link: <…>; rel="next"`` (RFC 8288), in
    ``@odata.nextLink`` (OData), ``links.next`` (JSON:API), a list of ``links`` (STAC, OGC API),
    ``_links.next`` (HAL), in ``next`` and what else it is called, or in the cursors of Google,
    Slack, X and NASA's CMR. These are followed. For others, one argument says it::

        data.pages(session, url, by="page", params={"page": 1})
        data.pages(session, url, by="offset", params={"limit": 100})
        data.pages(session, url, next="paging.next_url")
        data.pages(session, url, next="meta.next_cursor", parameter="cursor")

    Nothing is guessed: where an answer tells of more and not how to get it, that is an error, and
    so is the same page twice; where the pages end before all has come that the API tells of, that
    is a warning. Nor is the origin of ``url`` left unless ``allowed_origins`` says
    so; and elsewhere the token stays behind, unless it is among the session's ``allowed_hosts``.

    Args:
        session: a session that is signed in, or any other of requests'.
        url: the first page's address.
        by: ``"page"`` where a parameter is the number of the page; with which number the pages
            begin, ``params`` says. ``"offset"`` where it is how many records come before.
            ``"single"`` for one page and no more. Where the pages end is told by a total, or by
            the first that is empty.
        next: where in the JSON of a page the next one's address or cursor is: keys with dots
            between them, or any expression of JMESPath. Nothing, or a flag such as
            ``has_more: false`` beside it, is the end.
        parameter: what carries the number, offset or cursor: a parameter of the query, or for a
            POST with ``json`` a place in the body, such as ``"variables.after"``.
        records: where in the JSON the records are; see :func:`records`.
        allowed_origins: to which other origins pages may lead, such as
            ``["https://eu.api.example"]``.
        prefetch: whether to fetch the next page, in a thread, while one is used.
        progress: whether to show a bar; None for where somebody watches.
        method: ``"POST"`` for a search with a body.
        params: the query, as requests takes it.
        rate: how many requests to send in what time at most, such as ``"10/s"``; all sessions of
            one provider keep it together.
        retry: how often to ask again after an error that may pass, or urllib3's policy for that;
            None never does.
        kwargs: the rest, as ``session.request`` takes it, such as ``headers`` and ``timeout``.

    Yields:
        The answer for each page.

    Raises:
        PaginationError: where the next page is cannot be told, it is at another origin, or it
            is one that came before.
        ConfigurationError: the arguments do not go together.
        requests.HTTPError: a page was refused.
        requests.RequestException: a page did not come.
    """
    run = whole_pages(
        session,
        url,
        by=by,
        next=next,
        parameter=parameter,
        records=records,
        allowed_origins=allowed_origins,
        prefetch=prefetch,
        progress=progress,
        method=method,
        params=params,
        rate=rate,
        retry=retry,
        **kwargs,
    )
    return (page.response for page in run)


def records(
    session: "requests.Session",
    url: str,
    *,
    records: str | None = None,
    **arguments: Any,  # noqa: ANN401 - those of pages()
) -> Iterator[Any]:
    """Yield the records of an API one after the other, whatever the pages they come in.

    Args:
        session: a session that is signed in, or any other of requests'.
        url: the first page's address.
        records: where in the JSON of a page its records are, such as ``"response.docs"``. Unless
            given they are the page itself where that is a list, or the one list of objects in
            it; of several, the one with a usual name (``items``, ``data``, ``results``,
            ``value``, ``records``, ``features`` and the like).
        arguments: the rest, as :func:`pages` takes it.

    Yields:
        Each record as JSON has it.

    Raises:
        PaginationError: which list the records are cannot be told; and what :func:`pages` raises.
    """
    run = whole_pages(session, url, records=records, **arguments)
    return (record for page in run for record in page.records)


def whole_pages(  # noqa: PLR0913 - those of pages()
    session: "requests.Session",
    url: str,
    *,
    by: By | None = None,
    next: str | None = None,  # noqa: A002 - as in pages()
    parameter: str | None = None,
    records: str | None = None,
    allowed_origins: Iterable[str] = (),
    prefetch: bool = False,
    progress: bool | None = None,
    method: str = "GET",
    params: Any = None,  # noqa: ANN401 - as requests takes them
    rate: str | None = None,
    retry: Policy = POLICY,
    **kwargs: Any,  # noqa: ANN401 - as requests takes them
) -> "Iterator[Page]":
    """Return the pages with their records: what :func:`pages`, which see, is made of."""
    request = PageRequest.first(method, url, params, kwargs)
    origins = Origins(request.url, allowed_origins)
    lists = RecordLists(None if records is None else checked(records))
    walk = Walk(session, style(by, next, parameter), lists, origins, rate, retry)
    return watched(
        walk.pages(request),
        request.url,
        is_all=by != "single",
        prefetch=prefetch,
        progress=progress,
    )
