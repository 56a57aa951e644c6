"""The pages that people see: plain HTML from ``pages/``, one style sheet, no script.

Whatever is put into a page is escaped, unless it is :class:`Html` that was made here.
"""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from nb_oauth.demo.messages import Reply
from nb_oauth.demo.registry import ACCOUNTS, SCOPES
from nb_oauth.demo.sky import STARS, observations

__all__ = [
    "consent",
    "consent_to_device",
    "decided",
    "index",
    "problem",
    "sign_in",
    "static",
    "user_code",
]

_STATIC = {"demo.css": "text/css; charset=utf-8", "star.svg": "image/svg+xml"}
_SKY_WIDTH, _SKY_HEIGHT, _DOTS = 640, 150, 420


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


_INVALID = Html('aria-invalid="true" aria-describedby="error"')


def sign_in(ticket: str, client_name: str, username: str = "", *, failed: bool = False) -> Reply:
    """The page that asks for name and password; both are printed on it and filled in.

    Args:
        ticket: remembers the visit; goes back with the form.
        client_name: the app that somebody signs in for.
        username: what they typed before.
        failed: whether that was wrong.
    """
    account = ACCOUNTS.get(username) or next(iter(ACCOUNTS.values()))
    error = _fill("wrong-password", username=account.username, password=account.password)
    page = _fill(
        "sign-in",
        ticket=ticket,
        client=client_name,
        username=username or account.username,
        password="" if failed else account.password,
        accounts=_accounts(),
        error=error if failed else Html(),
        invalid=Html(f"{_INVALID} autofocus") if failed else Html(),
    )
    return _page(400 if failed else 200, "Sign in", page)


def user_code(ticket: str, name: str, typed: str = "", problem: str = "") -> Reply:
    """The page that asks for a user code (RFC 8628 §3.3).

    Args:
        ticket: remembers the visit; goes back with the form.
        name: the person who signed in.
        typed: what they typed before, or what their link held.
        problem: what is wrong with that; empty where nothing is.
    """
    page = _fill(
        "user-code",
        ticket=ticket,
        name=name,
        typed=typed,
        error=_fill("wrong-code", problem=problem) if problem else Html(),
        invalid=_INVALID if problem else Html(),
    )
    return _page(400 if problem else 200, "Enter your code", page)


def consent(
    ticket: str, client_name: str, name: str, scopes: list[tuple[str, str]], origin: str
) -> Reply:
    """The page that says what is asked for, with Allow and Deny.

    Args:
        ticket: remembers the request; goes back with the form.
        client_name: the app that asks.
        name: the person who signed in.
        scopes: each scope, and what it means in plain words.
        origin: where the browser goes next. Chromium applies ``form-action`` to the redirect
            after a form post, too, so the policy must allow it.
    """
    items = [_fill("scope", scope=scope, words=words) for scope, words in scopes]
    page = _fill(
        "consent",
        ticket=ticket,
        client=client_name,
        name=name,
        scopes=Html("".join(items)),
        origin="this machine" if origin == "http:" else origin,
    )
    return _page(200, "Allow access", page, form_action=f"'self' {origin}")


def consent_to_device(
    ticket: str, client_name: str, name: str, scopes: list[tuple[str, str]], code: str
) -> Reply:
    """The page that shows the user code to be compared, and says what is asked for.

    Args:
        ticket: remembers the visit; goes back with the form.
        client_name: the app that asks.
        name: the person who signed in.
        scopes: each scope, and what it means in plain words.
        code: the user code as the app shows it (RFC 8628 §3.3.1, §5.4).
    """
    items = [_fill("scope", scope=scope, words=words) for scope, words in scopes]
    page = _fill(
        "consent-to-device",
        ticket=ticket,
        client=client_name,
        name=name,
        code=code,
        scopes=Html("".join(items)),
    )
    return _page(200, "Allow access", page)


def decided(client_name: str, *, allowed: bool) -> Reply:
    """The last page of the device flow: nobody is sent back anywhere."""
    page = _fill("allowed" if allowed else "denied", client=client_name)
    return _page(200, "Done", page)


def problem(status: int, heading: str, explanation: str) -> Reply:
    """A page for what cannot go on."""
    return _page(status, heading, _fill("problem", heading=heading, explanation=explanation))


def index(issuer: str) -> Reply:
    """The front page: what this is, and where its endpoints are."""
    stars = [_fill("star", name=s.name, kind=s.kind, about=s.about) for s in STARS.values()]
    scopes = [_fill("scope", scope=scope, words=words) for scope, words in SCOPES.items()]
    page = _fill(
        "index",
        issuer=issuer,
        stars=Html("".join(stars)),
        scopes=Html("".join(scopes)),
        accounts=_accounts(),
    )
    return _page(200, "A provider to practise on", page)


def static(name: str) -> Reply | None:
    """A file of ``static/``; None where there is no such file."""
    if name not in _STATIC:
        return None
    return Reply(200, _read("static", name).encode(), _STATIC[name])


def _accounts() -> Html:
    """Who can sign in, and with which password."""
    each = [_fill("account", username=a.username, password=a.password) for a in ACCOUNTS.values()]
    return Html(", or as ".join(each))


def _page(status: int, title: str, content: Html, form_action: str = "'self'") -> Reply:
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {form_action}"
    )
    html = _fill("page", title=title, content=content, sky=_light_curve())
    headers = {"Content-Security-Policy": policy}
    return Reply(status, html.encode(), "text/html; charset=utf-8", headers)


def _fill(name: str, /, **values: str) -> Html:
    safe = {k: v if isinstance(v, Html) else escape(v) for k, v in values.items()}
    return Html(Template(_read("pages", f"{name}.html")).substitute(safe))


@cache
def _read(folder: str, name: str) -> str:
    return (files("nb_oauth.demo") / folder / name).read_text("utf-8")


@cache
def _light_curve() -> Html:
    """The Cepheid's observations, folded by its period: a picture for the page's head."""
    star = STARS["leavitt"]
    seen = observations(star.id)[:_DOTS]
    dots = []
    for number, one in enumerate(seen):
        phase = (float(one["jd"]) - star.epoch_jd) / star.period_days % 1 + number % 3
        x = phase / 3 * _SKY_WIDTH
        y = 16 + (float(one["magnitude"]) - 3.45) * (_SKY_HEIGHT - 76)
        radius = 0.7 + number * 7 % 11 / 9
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>')
    return Html("".join(dots))
