"""The request for a page, and what of it changes for the next one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urldefrag, urlencode, urljoin, urlsplit

import requests

from nb_oauth.data.json_path import look_up, put

__all__ = ["PageRequest"]

# Where in the whole a page is: when a link says it by one of these, no other says it as well.
_POSITIONS = frozenset(
    {
        *("after", "before", "cursor", "from", "offset", "page", "page[number]", "page[offset]"),
        *("pagetoken", "skip", "$skip", "start", "startat"),
    }
)


@dataclass(frozen=True)
class PageRequest:
    """A request for one page.

    Args:
        method: ``"GET"``, or ``"POST"`` for a search.
        url: the address with its whole query.
        arguments: whatever else ``session.request`` is given, such as ``json`` and ``timeout``.
    """

    method: str
    url: str = field(repr=False)  # an API key may be in it, and in a header
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def first(
        cls,
        method: str,
        url: str,
        params: Any,  # noqa: ANN401 - as requests takes them
        arguments: Mapping[str, Any],
    ) -> "PageRequest":
        """Make the first request, with ``params`` in its address."""
        whole = requests.Request(method, url, params=params).prepare().url
        return cls(method.upper(), str(whole), arguments)

    @property
    def identity(self) -> str:
        """What no other request of one run has."""
        told = {name: self.arguments.get(name) for name in ("json", "data", "headers")}
        return json.dumps([self.method, self.url, told], sort_keys=True, default=str)

    def parameter(self, name: str) -> Any:  # noqa: ANN401 - as the caller wrote it
        """Return the parameter of that name, None where there is none."""
        place = self._body
        if place is not None:
            return look_up(self.arguments[place], name)
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True)).get(name)

    def with_parameter(self, name: str, value: Any) -> "PageRequest":  # noqa: ANN401 - as it came
        """Return this request with another value for one parameter.

        Args:
            name: that of a member of the body (keys with dots between them) where there is one,
                else of the query.
            value: what it becomes.
        """
        place = self._body
        if place is not None:
            body = put(self.arguments[place], name.split("."), value)
            return replace(self, arguments={**self.arguments, place: body})
        address = urlsplit(self.url)
        # As they were written: an API may know a space as %20 alone, or a "flag" without a value.
        others = [one for one in address.query.split("&") if one and _name(one) != name]
        query = "&".join([*others, urlencode([(name, value)])])
        return replace(self, url=address._replace(query=query).geturl())

    def with_headers(self, headers: Mapping[str, str]) -> "PageRequest":
        """Return this request with further headers."""
        given = self.arguments.get("headers") or {}
        return replace(self, arguments={**self.arguments, "headers": {**given, **headers}})

    def with_body(self, method: str, body: Mapping[str, Any] | None) -> "PageRequest":
        """Return this request with another method, and another body or none."""
        kept = {name: one for name, one in self.arguments.items() if name not in {"data", "json"}}
        return replace(
            self, method=method, arguments=kept if body is None else {**kept, "json": body}
        )

    def following(self, link: str, base: str) -> "PageRequest":
        """Return the request for the page that a link leads to.

        Args:
            link: absolute, or relative to ``base``.
            base: the address that the page with the link came from.
        """
        target = urldefrag(urljoin(base, link)).url
        return replace(self, url=_with_what_was_lost(target, self.url))

    @property
    def is_in_the_middle(self) -> bool:
        """Whether it asks for a page that need not be the first."""
        query = parse_qsl(urlsplit(self.url).query)
        return any(name.lower() in _POSITIONS for name, _ in query)

    @property
    def _body(self) -> str | None:
        """Which argument is the body that says what is asked for; None where the query does."""
        if self.method == "GET":
            return None
        given = (name for name in ("json", "data") if isinstance(self.arguments.get(name), Mapping))
        return next(given, None)


def _with_what_was_lost(url: str, before: str) -> str:
    """Return ``url`` with the parameters of the request ``before`` that it ought to have.

    A link that says nothing but a number, as ``?page=2`` does, cannot say what else was asked
    for, such as a filter: some servers forget it. A cursor may stand for all of it, and some
    servers refuse to have it said again.
    """
    address, former = urlsplit(url), urlsplit(before)
    query, asked = (parse_qsl(each.query, keep_blank_values=True) for each in (address, former))
    changed = dict(set(query) - set(asked))
    is_a_number_alone = changed and all(value.isdecimal() for value in changed.values())
    if not is_a_number_alone or (address.netloc, address.path) != (former.netloc, former.path):
        return url
    said = {name for name, _ in query}
    parts = [(_name(one), one) for one in former.query.split("&") if one]
    lost = [one for n, one in parts if n not in said and n.lower() not in _POSITIONS]
    return address._replace(query="&".join([address.query, *lost])).geturl() if lost else url


def _name(parameter: str) -> str:
    return unquote_plus(parameter.partition("=")[0])
