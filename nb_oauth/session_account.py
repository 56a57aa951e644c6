"""What a session says of itself in a cell: short, as of now, and without a secret."""

import html
import time
from collections.abc import Iterable
from dataclasses import dataclass

from nb_oauth.characters import clean

_COLUMNS = ("Scope", "Token", "Renewal")


@dataclass(frozen=True)
class Account:
    """What there is to say of a session.

    Args:
        provider: its name, None if unknown.
        scope: what was granted, or asked for.
        signed_in: whether there is a token.
        ends_at: when the token ends, seconds since the epoch; None if unknown.
        renews: whether the session can renew it.
        label: the person's own label for the account.
    """

    provider: str | None
    scope: tuple[str, ...]
    signed_in: bool
    ends_at: float | None
    renews: bool
    label: str | None = None


def as_text(account: Account) -> str:
    """Return the account as one line, as ``repr`` has it."""
    return f"<OAuth2Session: {as_line(account)}>"


def as_line(account: Account) -> str:
    """Return the account as one line for people."""
    parts = [title(account), *(f"{name.lower()} {value}" for name, value in _rows(account))]
    return clean(" · ".join(parts))  # a scope may be in the provider's words


def as_html(account: Account) -> str:
    """Return the account as a small table."""
    rows = "".join(
        f'<tr><th style="text-align:left">{name}</th>'
        f'<td style="text-align:left">{html.escape(value)}</td></tr>'
        for name, value in _rows(account)
    )
    return f"<div><strong>{html.escape(title(account))}</strong><table>{rows}</table></div>"


def as_table(accounts: list[Account]) -> str:
    """Return several accounts as one table."""
    if not accounts:
        return "<p>No live sessions.</p>"
    head = _row("th", ("Session", *_COLUMNS))
    rows = (
        _row("td", (title(one), *(dict(_rows(one)).get(name, "") for name in _COLUMNS)))
        for one in accounts
    )
    return f"<table>{head}{''.join(rows)}</table>"


def _row(tag: str, cells: Iterable[str]) -> str:
    style = ' style="text-align:left"'
    return f"<tr>{''.join(f'<{tag}{style}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"


def title(account: Account) -> str:
    """Return whose session it is."""
    where = f" to {account.provider}" if account.provider else ""
    where += f" ({account.label})" if account.label else ""
    return f"Signed in{where}" if account.signed_in else f"Not signed in{where}"


def _rows(account: Account) -> list[tuple[str, str]]:
    rows = [("Scope", " ".join(account.scope))] if account.scope else []
    if account.signed_in:
        rows.append(("Token", _end(account.ends_at, renews=account.renews)))
        rows.append(
            ("Renewal", "by itself" if account.renews else "none: sign in again at its end")
        )
    return rows


def _end(ends_at: float | None, *, renews: bool) -> str:
    if ends_at is None:
        return "says nothing about its end"
    left = ends_at - time.time()
    clock = time.strftime("%H:%M:%S", time.localtime(ends_at))
    if left > 0:
        return f"ends in {_duration(left)} ({clock})"
    return "ended: the next request renews it" if renews else f"ended at {clock}"


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
