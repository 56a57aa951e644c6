"""The API of the made-up Lovelace Observatory: what a Bearer token lets a notebook read.

The package's docstring documents the fields; :mod:`nb_oauth.demo.sky` computes the data.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from nb_oauth.demo.bearer import Refusal, error_body
from nb_oauth.demo.messages import json_reply
from nb_oauth.demo.registry import ACCOUNTS, CLIENTS, SCOPES
from nb_oauth.demo.sky import FIRST_NIGHT, LAST_NIGHT, STARS, UNITS, Star, observations
from nb_oauth.demo.survey import SURVEY_UNITS, survey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from nb_oauth.demo.bearer import Bearers
    from nb_oauth.demo.ledger import Ledger
    from nb_oauth.demo.messages import Call, Reply
    from nb_oauth.demo.sky import Observation

__all__ = ["Api"]

_PER_PAGE, _STARS_PER_PAGE, _MOST_PER_PAGE = 250, 50, 1000
_MEMBERS = {"survey": "stars"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FILTERS = {"star", "from", "to", "page", "per_page"}


class Api:
    """Answers requests under ``/api``.

    Args:
        issuer: the provider's address, for the links in answers.
        bearers: looks at the requests' tokens.
        ledger: lends its clock.
    """

    def __init__(self, issuer: str, bearers: Bearers, ledger: Ledger) -> None:
        self._url = f"{issuer}/api"
        self._bearers = bearers
        self._ledger = ledger
        self._resources: dict[str, Callable[[Call], Reply]] = {
            "": self._index,
            "me": self._me,
            "stars": self._stars,
            "observations": self._observations,
            "survey": self._survey,
        }

    def answer(self, call: Call) -> Reply:
        """Answer one request; errors are JSON too."""
        try:
            return self._route(call)
        except Refusal as refusal:
            return refusal.reply

    def _route(self, call: Call) -> Reply:
        if call.method != "GET":
            allow = {"Allow": "GET"}
            return json_reply(
                405, error_body("method_not_allowed", "This API is read only."), allow
            )
        resource = call.path.removeprefix("/api").strip("/")
        if resource in self._resources:
            return self._resources[resource](call)
        kind, _, star_id = resource.partition("/")
        if kind == "stars" and star_id in STARS:
            return self._star(call, STARS[star_id])
        return json_reply(404, error_body("not_found", f"There is nothing at {call.path}."))

    def _me(self, call: Call) -> Reply:
        token = self._bearers.authorize(call, "profile:read")
        account = ACCOUNTS.get(token.approval.username or "")
        client = CLIENTS[token.approval.client_id]
        about = {
            "username": account.username if account else None,
            "name": account.name if account else client.name,
            "affiliation": account.affiliation if account else None,
            "client_id": client.client_id,
            "scopes": token.scopes,
            "token_ends_in": max(0, math.ceil(token.expires_at - self._ledger.clock())),
        }
        return json_reply(200, about)

    # What there is to read

    def _index(self, _call: Call) -> Reply:
        about = {
            "about": "The Lovelace Observatory: made-up stars for tutorials. Send an access "
            "token: Authorization: Bearer …",
            "endpoints": {
                f"{self._url}/me": "profile:read",
                f"{self._url}/stars": "observations:read",
                f"{self._url}/observations": "observations:read",
                f"{self._url}/survey": "observations:read",
            },
            "scopes": SCOPES,
        }
        return json_reply(200, about)

    def _stars(self, call: Call) -> Reply:
        self._bearers.authorize(call, "observations:read")
        return json_reply(200, {"units": UNITS, "stars": [*map(self._entry, STARS.values())]})

    def _star(self, call: Call, star: Star) -> Reply:
        self._bearers.authorize(call, "observations:read")
        return json_reply(200, {"units": UNITS, **self._entry(star)})

    def _entry(self, star: Star) -> dict[str, object]:
        return {
            "id": star.id,
            "name": star.name,
            "kind": star.kind,
            "about": star.about,
            "period_days": star.period_days,
            "epoch_jd": star.epoch_jd,
            "observations": len(observations(star.id)),
            "observations_url": f"{self._url}/observations?{urlencode({'star': star.id})}",
        }

    def _observations(self, call: Call) -> Reply:
        """One page of what was asked for, and where the next one is (RFC 8288)."""
        self._bearers.authorize(call, "observations:read")
        asked = dict(parse_qsl(call.query))
        found = _select(asked)
        return self._page("observations", asked, found, UNITS, _PER_PAGE)

    def _survey(self, call: Call) -> Reply:
        """One page of the survey."""
        self._bearers.authorize(call, "observations:read")
        asked = dict(parse_qsl(call.query))
        _require_known(asked, {"page", "per_page"})
        return self._page("survey", asked, survey(), SURVEY_UNITS, _STARS_PER_PAGE)

    def _page(
        self,
        name: str,
        asked: dict[str, str],
        found: Sequence[Mapping[str, object]],
        units: Mapping[str, str],
        per_page: int,
    ) -> Reply:
        """One page of what was found, and where the next one is (RFC 8288)."""
        size = _number(asked, "per_page", per_page, _MOST_PER_PAGE)
        pages = max(1, math.ceil(len(found) / size))
        page = _number(asked, "page", 1, pages)
        links = {
            rel: f"{self._url}/{name}?{urlencode({**asked, 'page': str(number)})}"
            for rel, number in (("prev", page - 1), ("next", page + 1))
            if 1 <= number <= pages
        }
        body = {
            "total": len(found),
            "page": page,
            "pages": pages,
            "next": links.get("next"),
            "units": units,
            _MEMBERS.get(name, name): found[(page - 1) * size : page * size],
        }
        link = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items())
        return json_reply(200, body, {"Link": link} if link else None)


def _select(asked: dict[str, str]) -> Sequence[Observation]:
    """The observations that the query's filters leave."""
    _require_known(asked, _FILTERS)
    star = asked.get("star", "")
    if star and star not in STARS:
        raise _bad_request(f"No such star. There are: {', '.join(STARS)}.")
    first = _date(asked, "from", f"{FIRST_NIGHT:%Y-%m-%d}")
    last = _date(asked, "to", f"{LAST_NIGHT:%Y-%m-%d}")
    # ISO 8601 sorts as text; "Z" makes the last day count as a whole.
    return [seen for each in ([star] if star else STARS) for seen in _between(each, first, last)]


def _require_known(asked: dict[str, str], known: Collection[str]) -> None:
    unknown = set(asked) - set(known)
    if unknown:
        raise _bad_request(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(known)}.")


def _between(star_id: str, first: str, last: str) -> Sequence[Observation]:
    everything = observations(star_id)
    times = [str(seen["time"]) for seen in everything]
    return everything[bisect_left(times, first) : bisect_left(times, f"{last}Z")]


def _date(asked: dict[str, str], name: str, default: str) -> str:
    text = asked.get(name, default)
    if not _DATE.fullmatch(text):
        raise _bad_request(f"{name} is a date such as 2021-03-14.")
    return text


def _number(asked: dict[str, str], name: str, default: int, most: int) -> int:
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise _bad_request(f"{name} is a whole number from 1 to {most}.")
    return int(text)


def _bad_request(description: str) -> Refusal:
    return Refusal(json_reply(400, error_body("invalid_request", description)))
