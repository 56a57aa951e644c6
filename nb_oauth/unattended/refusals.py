"""What is said where nobody can be asked: which variables to set, and what makes them."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from nb_oauth.clients import Client
from nb_oauth.exceptions import LoginRequired
from nb_oauth.providers import Provider, directory
from nb_oauth.session import OAuth2Session
from nb_oauth.surfaces import nobody
from nb_oauth.variables import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    ISSUER,
    REFRESH_TOKEN,
    TOKEN_ENDPOINT,
    Variables,
)

_ITS_GRANTS = {None, "authorization_code", "device_code"}  # what the command can be told to use
_PORT = 8765  # any that is free will do
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "device_authorization_endpoint")


class Asked(Protocol):
    """What of a sign-in is told apart here: a ``SignInRequest`` has it."""

    @property
    def provider(self) -> Provider: ...  # noqa: D102 - as there

    @property
    def variables(self) -> Variables: ...  # noqa: D102

    @property
    def client(self) -> Client | None: ...  # noqa: D102

    @property
    def scope(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def account(self) -> str | None: ...  # noqa: D102

    @property
    def named_grant(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True)
class Wanted:
    """A sign-in of which no more is known yet than whom to sign in to."""

    provider: Provider
    variables: Variables
    scope: tuple[str, ...]
    account: str | None
    client: Client | None = None
    named_grant: str | None = None


def required(asked: Asked, members: list[str]) -> LoginRequired:
    """Return the error that names each variable of ``members`` that is missing."""
    variables, command, name = asked.variables, _command(asked), asked.provider.name
    if is_of_this_process(variables):
        return LoginRequired(
            f"Somebody must sign in to {name}, and nobody can be asked here. "
            f"{how_to_share(variables)}; sign in there with `{shlex.join(command)}`."
        )
    if not variables.has_endpoint:
        return LoginRequired(nobody.advice(name, (), shlex.join(command)))
    if not variables.are_for_it():
        members = [*members, TOKEN_ENDPOINT]
    labels = {REFRESH_TOKEN: asked.account, ACCESS_TOKEN: asked.account}
    missing = [
        one
        for one in members
        if one == TOKEN_ENDPOINT or not variables.is_set(one, labels.get(one))
    ]
    names = [variables.called(one, labels.get(one)) for one in missing or members]
    advice = nobody.advice(name, names, _for_ci(asked), without=_to_leave_out(asked))
    return LoginRequired(f"{advice}{_with_secret(asked)}{_unused(variables)}")


def _to_leave_out(asked: Asked) -> str:
    """Return what keeps a token of ``nb-oauth login`` from being found: a grant it has not."""
    return "" if asked.named_grant in _ITS_GRANTS else f"grant={asked.named_grant!r}"


def is_of_this_process(variables: Variables) -> bool:
    """Tell whether a provider ends with this process: the demo that no terminal serves."""
    entry = directory.find(variables.name) if variables.is_known else None
    return entry is not None and entry.module is not None and not variables.is_set(ISSUER)


def how_to_share(variables: Variables) -> str:
    """Return how the demo comes to outlive a process."""
    return (
        "It runs in this very process, and ends with it. Let it run in a terminal of its own, with "
        f"`nb-oauth {variables.name} --port {_PORT}`; set {variables.called(ISSUER)}="
        f"http://127.0.0.1:{_PORT} here and in another terminal"
    )


def good_no_more(asked: Asked) -> LoginRequired:
    """Return the error for a refresh token that the provider refused."""
    return LoginRequired(
        f"{asked.provider.name} takes the refresh token of {_name(asked)} no longer: it has "
        "ended, was revoked, belongs to another app, or was used elsewhere and its successor was "
        f"kept there. {_anew(asked)}"
    )


def not_accepted(asked: Asked) -> str:
    """Return what to say where an API refuses the access token of the environment."""
    return (
        f"An API of {asked.provider.name} does not accept the access token of "
        f"{_name(asked, ACCESS_TOKEN)}: it has ended, was revoked, or is not for this API. "
        f"{_anew(asked)}"
    )


def used_up(asked: Asked, folder: Path, is_or_would_be: str) -> LoginRequired:
    """Return the error for a refresh token whose successor can be kept nowhere."""
    return LoginRequired(
        f"{asked.provider.name} gives a new refresh token for each use of one, and {folder} "
        f"cannot be written to keep it for the next run: so {_name(asked)} {is_or_would_be} used "
        "up. Let that folder be writable and last from run to run (XDG_STATE_HOME, or "
        f"store=FileTokenStore('/a/folder')). {_anew(asked)}"
    )


def away(asked: Asked, link: Path) -> LoginRequired:
    """Return the error where ``link`` leads to a folder of successors that is not there."""
    return LoginRequired(
        f"What came of {_name(asked)} is kept in {link.readlink()}, which is not there. Bring that "
        f"folder back. If it is gone for good, remove {link}; {_name(asked)} is most likely used "
        f"up by then. {_anew(asked)}"
    )


def too_little(asked: Asked, session: OAuth2Session) -> LoginRequired:
    """Return the error for a refresh token that is good for less than what is asked."""
    granted = " ".join(session.account.scope) or "nothing"
    return LoginRequired(
        f"The refresh token of {_name(asked)} is good for {granted}, and not for "
        f"{' '.join(asked.scope)}. {_anew(asked)}"
    )


def _anew(asked: Asked) -> str:
    if is_of_this_process(asked.variables):
        return f"{how_to_share(asked.variables)}, and make a new one with `{_for_ci(asked)}`."
    return f"Make a new one with `{_for_ci(asked)}`.{_with_secret(asked)}"


def _for_ci(asked: Asked) -> str:
    return shlex.join([*_command(asked), "--for-ci", "FILE"])


def _with_secret(asked: Asked) -> str:
    """Return what the command needs besides, where the app's secret may stand in the code."""
    variables, client = asked.variables, asked.client
    if client is None or client.client_secret is None:
        return ""
    members = [CLIENT_ID, CLIENT_SECRET, *([] if variables.is_known else [TOKEN_ENDPOINT])]
    *others, last = map(variables.called, members)
    return (
        f" That command needs {', '.join(others)} and {last} set, or the app in clients.toml: no "
        "secret is typed after one."
    )


def _unused(variables: Variables) -> str:
    """Return why what is set is not used, where another token endpoint is set beside it."""
    if not variables.is_set(TOKEN_ENDPOINT) or variables.are_for_it():
        return ""
    return f" {variables.why_unused()}: what is set beside it is not used."


def _name(asked: Asked, member: str = REFRESH_TOKEN) -> str:
    return asked.variables.called(member, asked.account)


def _command(asked: Asked) -> list[str]:
    """Return what signs in to this very provider, by this very app, on the command line."""
    words = ["nb-oauth", "login", *_whom(asked)]
    words += ["--scope", " ".join(asked.scope)] if asked.scope else []
    words += ["--account", asked.account] if asked.account else []
    words += ["--device"] if asked.named_grant == "device_code" else []
    return words


def _whom(asked: Asked) -> list[str]:
    provider, name = asked.provider, asked.variables.name
    entry = directory.find(name) if asked.variables.is_known else None
    if entry is not None:
        is_everybodys = entry.client is not None or entry.module is not None
        return [name, *([] if is_everybodys else _app(asked))]
    issuer = provider.issuer
    if issuer and name == urlsplit(issuer).hostname:  # it was asked what it offers, and called so
        return [issuer, *_app(asked)]
    said = {"issuer": issuer, **{one: getattr(provider, one) for one in _ENDPOINTS}}
    options = [(f"--{one.replace('_', '-')}", url) for one, url in said.items() if url]
    return [name, *_app(asked), *(word for option in options for word in option)]


def _app(asked: Asked) -> list[str]:
    return [] if asked.client is None else ["--client-id", asked.client.client_id]
