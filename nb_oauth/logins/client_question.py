"""What to ask of an app that nobody has named, and what is made of the answer."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nb_oauth.app_registrations import ClientsFile
from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.grants import Grant
from nb_oauth.prompts import Answer, AskClient, Rejection, TypedClient
from nb_oauth.providers import KnownProvider
from nb_oauth.providers.secret_endpoints import are_one_servers
from nb_oauth.redirects import is_loopback_redirect
from nb_oauth.redirects.ways import ANY_LOOPBACK_PORT

_WITH_REDIRECT = ("authorization_code", "implicit")
_ANY_ID, _ANY_SECRET = "any", "any"
_SPACE, _DELETE = "\x20", "\x7f"


@dataclass(frozen=True)
class Chosen:
    """How to sign in with an app.

    Args:
        client: the app.
        grant: the grant that is best with it.
        remark: what to know about this way of signing in.
        request: what is asked for with it: a ``SignInRequest``.
        redirect_uri: where the provider sends people back to, as far as that is known before their
            page is asked; None where it does not.
    """

    client: Client
    grant: Grant
    remark: str
    request: Any
    redirect_uri: str | None


@dataclass(frozen=True)
class Answered:
    """An answer that will do: how to sign in by it, and whether it is to be kept."""

    chosen: Chosen
    keep: bool


@dataclass(frozen=True)
class ClientQuestion:
    """The question for an app at a provider.

    Args:
        known: the provider.
        choose: returns how to sign in with an app; it raises a ``ConfigurationError`` where that
            cannot be done.
        needs_secret: whether it can be done with none but an app that has a secret.
        redirect_uri: what to register; None where nobody is sent back. A loopback address stands
            for whatever the person's page makes possible.
    """

    known: KnownProvider
    choose: Callable[[Client], Chosen] = field(repr=False)
    needs_secret: bool
    redirect_uri: str | None

    @classmethod
    def of(cls, known: KnownProvider, choose: Callable[[Client], Chosen]) -> "ClientQuestion":
        """Return the question, once it is known that some answer will do.

        Raises:
            ConfigurationError: no app would do.
        """
        ways = [choose(Client(_ANY_ID, client_secret=_ANY_SECRET))]
        try:
            ways.append(choose(Client(_ANY_ID)))
        except ConfigurationError:
            needs_secret = True
        else:
            needs_secret = False
        # A provider that wants one for every app has it in its entry, whatever is chosen here.
        redirect_uris = [*(way.redirect_uri for way in ways), known.entry.redirect_uri]
        return cls(known, choose, needs_secret, next(filter(None, redirect_uris), None))

    @property
    def is_for_page(self) -> bool:
        """Whether it is the person's page that decides what to register."""
        return self.redirect_uri is not None and is_loopback_redirect(self.redirect_uri)

    def prompt(self) -> AskClient[Answered]:
        """Return what to put to a person."""
        host = urlsplit(self.known.provider.require("token_endpoint")).netloc
        return AskClient(
            self.known.entry.register,
            self.redirect_uri,
            self.needs_secret,
            host,
            _as_people_write(ClientsFile().path),
            self._accept,
        )

    def keep(self, client: Client) -> None:
        """Keep an app that worked.

        Raises:
            ConfigurationError: ``clients.toml`` cannot be used.
            OSError: it cannot be written.
        """
        ClientsFile().keep(self.known, client)

    def _accept(self, typed: TypedClient) -> Answer[Answered] | Rejection:
        client_id, secret = typed.client_id.strip(), typed.client_secret.strip()
        reason = self._what_is_wrong(client_id, secret)
        if reason is not None:
            return Rejection(reason)
        try:
            chosen = self._choose(Client(client_id, client_secret=secret or None))
        except ConfigurationError as error:
            return Rejection(str(error))
        if typed.keep:
            try:
                ClientsFile().require_writable()
            except ConfigurationError as error:
                return Rejection(f"{error} Or go on without keeping them.")
        return Answer(Answered(chosen, typed.keep))

    def _choose(self, client: Client) -> Chosen:
        """Choose for an app that is registered as it was told to be."""
        chosen = self.choose(client)
        if chosen.redirect_uri is None:
            return chosen
        return self.choose(replace(client, redirect_uri=self.redirect_uri))

    def _what_is_wrong(self, client_id: str, secret: str) -> str | None:
        name = self.known.provider.name
        if not client_id:
            return f"Type the client ID that {name} shows for your app."
        if self.needs_secret and not secret:
            return f"{name} lets in no app without a secret: type the one that it gave yours."
        for what, text in (("client ID", client_id), ("client secret", secret)):
            if not all(_SPACE < character < _DELETE for character in text):  # RFC 6749 §A.1, §A.2
                return (
                    f"The {what} has a space or a character in it that is in none. Copy it again, "
                    "and nothing beside it."
                )
        if client_id == secret:
            return "The ID and the secret are the same. Copy each from its own place."
        return None


def _as_people_write(path: Path) -> str:
    """Return ``path`` with ``~`` for the home folder: it may stand in a saved picture."""
    with contextlib.suppress(ValueError, RuntimeError):
        return str("~" / path.relative_to(Path.home()))
    return str(path)


def can_be_asked(known: KnownProvider) -> bool:
    """Tell whether what is typed would go to one server, which the provider can be known by."""
    return known.short_name is not None or are_one_servers(known.provider)


def no_client(known: KnownProvider, variable: str | None = None) -> ConfigurationError:
    """Return the error to raise where no app is named, and nobody is asked for one.

    Args:
        known: the provider.
        variable: the one that would do, where visitors are not asked what its author should say.
    """
    name = known.provider.name
    if variable is not None:
        return ConfigurationError(
            f"login({name!r}, …) needs client=Client(client_id) here, or {variable} in the "
            "environment: register an app with the provider, and take the ID it gives you. Those "
            "who visit this page are not asked for it."
        )
    return ConfigurationError(
        f"login({name!r}, …) needs client=Client(client_id): register an app with the provider, "
        "and take the ID it gives you. Nobody is asked for it where it would go to several "
        f"servers, and the endpoints of Provider({name!r}, …) are on several or have no "
        "token_endpoint."
    )


def sent_back(known: KnownProvider, client: Client, grant: str) -> Client:
    """Return ``client`` with the address that its provider has for that, where it names none.

    What a provider says of loopback addresses is no such address: which of them it is, or none,
    depends on where the person sits.
    """
    if client.redirect_uri is not None or grant not in _WITH_REDIRECT:
        return client
    entry = known.entry
    if entry.redirect_uri is None and entry.loopback == "none":
        raise ConfigurationError(
            f"{entry.name} sends nobody back to this machine: register an https address of yours, "
            "give it to Client(client_id, redirect_uri='https://…'), and paste the address that "
            "the browser ends on."
        )
    if entry.redirect_uri is None or is_loopback_redirect(entry.redirect_uri):
        return client
    return replace(client, redirect_uri=entry.redirect_uri)


def loopback_uri_at(known: KnownProvider) -> str:
    """Return which loopback redirect URI a provider takes."""
    registered = known.entry.redirect_uri
    is_one = registered is not None and is_loopback_redirect(registered)
    return registered if registered and is_one else ANY_LOOPBACK_PORT
