"""What single providers do otherwise than the standards say: a small named rule for each.

A ``Provider`` names its rules, and a session that is opened for it has them applied: they are
hooks, as requests-oauthlib's ``compliance_fixes`` are, so what everybody else gets is not touched.
Those of requests-oauthlib that mend a token response can be named as well. Its others put the
token into the address or the body of every request, to whatever host: these are not for us.
"""

import importlib
import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from nb_oauth.exceptions import ConfigurationError

AUTHORIZATION_REQUEST = "authorization_request"
"""The hook that an authorization request goes by, which requests-oauthlib has not."""

PAGE_BESIDE_KERNEL = "page_beside_kernel"
"""The rule for a page to sign in on that is on the kernel's machine, as the demo's: the widget of
a browser on another looks for the way to it."""

_ANSWERS = ("access_token_response", "refresh_token_response")
_THEIRS = frozenset(
    f"{name}_compliance_fix"
    for name in ("ebay", "facebook", "fitbit", "mailchimp", "plentymarkets")
)
_Hook = Callable[..., Any]
_Response = Any  # a requests.Response, or whatever a hook before made of it


class Hooked(Protocol):
    """The part of a session that hooks are registered with."""

    compliance_hook: dict[str, set[_Hook]]


def names() -> list[str]:
    """Return the rules there are."""
    return sorted({*_RULES, *_THEIRS})


def require_known(wanted: Iterable[str]) -> None:
    """Refuse the name of a rule that does not exist.

    Raises:
        ConfigurationError: it names none; the message names those there are.
    """
    known = names()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ConfigurationError(
            f"quirks={unknown!r}: there is no such rule. There are: {', '.join(known)}."
        )


def apply(session: Hooked, wanted: Iterable[str]) -> None:
    """Have ``session`` keep to the rules named.

    Raises:
        ConfigurationError: there is no such rule.
    """
    wanted = tuple(wanted)
    require_known(wanted)
    for name in wanted:
        if name in _RULES:
            _register(session, _RULES[name])
        else:
            fixes = importlib.import_module("requests_oauthlib.compliance_fixes")
            getattr(fixes, name)(_Register(session))


def _register(session: Hooked, hooks: Iterable[tuple[str, _Hook]]) -> None:
    for kind, hook in hooks:
        session.compliance_hook.setdefault(kind, set()).add(hook)


class _Register:
    """Takes the hooks of requests-oauthlib's fixes, which fail at an answer that is no JSON.

    Such an answer (a page of a proxy, say) is left as it is: the session says best what it is.
    """

    def __init__(self, session: Hooked) -> None:
        self._session = session

    def register_compliance_hook(self, kind: str, hook: _Hook) -> None:
        """Register ``hook``, as requests-oauthlib's session does."""
        _register(self._session, [(kind, partial(_mended, hook))])


def _mended(hook: _Hook, response: _Response) -> _Response:
    try:
        return hook(response)
    except (ValueError, TypeError, AttributeError, LookupError):
        return response  # the fixes change it last


# -- the authorization request ---------------------------------------------------------------


def _scope_with_commas(url: str) -> str:
    """Put commas between scope values, where RFC 6749 §3.3 has spaces."""
    return _with_parameters(url, lambda name, value: (name, _commas(value, name == "scope")))


def _scope_of_the_user(url: str) -> str:
    """Ask for Slack's user scopes: what it calls ``scope`` is that of a bot."""

    def changed(name: str, value: str) -> tuple[str, str]:
        is_scope = name == "scope"
        return ("user_scope" if is_scope else name), _commas(value, is_scope)

    return _with_parameters(url, changed)


def _commas(value: str, is_scope: bool) -> str:  # noqa: FBT001 - reads as a sentence here
    return ",".join(value.split()) if is_scope else value


def _with_parameters(url: str, changed: Callable[[str, str], tuple[str, str]]) -> str:
    parts = urlsplit(url)
    parameters = [changed(*pair) for pair in parse_qsl(parts.query, keep_blank_values=True)]
    return urlunsplit(parts._replace(query=urlencode(parameters)))


# -- the answer of the token endpoint --------------------------------------------------------


def _token_of_the_user(response: _Response) -> _Response:
    """Take the person's token out of Slack's ``authed_user``, where it stands beside a bot's."""
    try:
        members = json.loads(response.text)
        user = members["authed_user"]
        mine = {**members, **user} if user.get("access_token") else None
    except (ValueError, TypeError, AttributeError, LookupError):
        return response
    if mine is not None:
        del mine["authed_user"]
        for name in ("refresh_token", "expires_in"):  # a bot's must not pass for the person's
            if name not in user:
                mine.pop(name, None)
        response._content = json.dumps(mine).encode()  # noqa: SLF001 - as requests-oauthlib's fixes
        response.encoding = "utf-8"
    return response


_RULES: dict[str, tuple[tuple[str, _Hook], ...]] = {
    "comma_separated_scope": ((AUTHORIZATION_REQUEST, _scope_with_commas),),
    PAGE_BESIDE_KERNEL: (),  # for the widget, and nothing that a session does
    "slack_user": (
        (AUTHORIZATION_REQUEST, _scope_of_the_user),
        *((kind, _token_of_the_user) for kind in _ANSWERS),
    ),
}
