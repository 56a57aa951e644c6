"""Which grant to sign in by: the best that provider, client and place allow, and why.

A person signs in by the authorization code where that can be done, else by a device code. A grant
that acts as the app, and not as the person, is picked only where no person can sign in; the
implicit grant only where there is nothing else, and the password grant never (RFC 9700 §2.1.2,
§2.4).
"""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from nb_oauth import place
from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.place import Place
from nb_oauth.providers import KnownProvider, Provider
from nb_oauth.redirects import is_loopback_redirect
from nb_oauth.redirects.ways import is_callback_page

OF_A_PERSON = ("authorization_code", "device_code", "implicit", "password")
"""The grants by which a person signs in, the best first."""
OF_THE_APP = "client_credentials"
"""The grant by which an app acts as itself."""
NAMES = (*OF_A_PERSON, OF_THE_APP)

_UNSAID = (
    "authorization_code",
    "implicit",
)  # RFC 8414 §2: what a provider offers that says nothing
_SHOWN = "urn:ietf:wg:oauth:2.0:oob"  # a page of the provider shows the code


@dataclass(frozen=True)
class Choice:
    """A grant, and one line for people on why it was picked; no line where they picked it."""

    grant: str
    why: str = ""


def named(grant: object) -> Choice:
    """Return the choice of somebody who said which grant to use.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if isinstance(grant, str) and grant in NAMES:
        return Choice(grant)
    raise ConfigurationError(
        f"grant={grant!r} is no grant: pass one of {', '.join(NAMES)}; or leave it out, and the "
        "best that the provider offers is picked."
    )


def choose(
    provider: Provider, client: Client, where: Place, *, with_secret: Collection[str] = ()
) -> Choice:
    """Pick a grant.

    Args:
        provider: what it offers, as far as it says.
        client: where the browser can go back to, and whether the app can act as itself.
        where: whether somebody is there.
        with_secret: grants by which this provider gives no token to an app without a secret.

    Raises:
        ConfigurationError: there is none to pick; the message says what to pass.
    """
    for_the_app = _offers_to_the_app(provider) and client.is_confidential
    if for_the_app and not where.is_attended:
        return Choice(
            OF_THE_APP,
            f"Client credentials: nobody can sign in to {provider.name} here, so the app acts as "
            "itself and not as a person.",
        )
    closed = () if client.is_confidential else with_secret
    if where is Place.TERMINAL and _is_for_another_device(provider, closed):
        return Choice("device_code", "Device code: no browser can be opened on this machine.")
    choice = _for_a_person(provider, client, closed)
    if choice is not None:
        return choice
    if for_the_app:
        return Choice(
            OF_THE_APP,
            f"Client credentials: {provider.name} has no way for a person to sign in, so the app "
            "acts as itself.",
        )
    if set(closed) & set(OF_A_PERSON):
        raise _needs_secret(provider)
    raise _nothing_to_pick(provider)


def choose_at(known: KnownProvider, client: Client, grant: str | None, where: Place) -> Choice:
    """Pick a grant at a provider of which more is known than it says itself.

    Args:
        known: the provider.
        client: as :func:`choose` takes it.
        grant: what somebody named; None for the best.
        where: as :func:`choose` takes it.

    Raises:
        ConfigurationError: as :func:`named` and :func:`choose` do.
    """
    if grant is not None:
        return named(grant)
    shared = known.entry.client
    if shared is not None and client is known.client:
        return named(shared.grant)
    return choose(known.provider, client, where, with_secret=known.entry.with_secret)


def otherwise(choice: Choice, known: KnownProvider, client: Client, where: Place) -> Choice | None:
    """Pick what to do instead where the person's page turns out to bring no code back.

    Returns:
        A device code; None where there is none, or nothing for the page to decide.
    """
    is_open = choice.grant == "authorization_code" and client.redirect_uri is None
    is_closed = "device_code" in known.entry.with_secret and not client.is_confidential
    is_closed = is_closed or known.entry.use_of("device_code").own_app
    if not is_open or is_closed or where is not Place.NOTEBOOK:
        return None
    return Choice("device_code", choice.why) if _offers_device_code(known.provider) else None


def _for_a_person(provider: Provider, client: Client, closed: Collection[str]) -> Choice | None:
    needs_secret = "authorization_code" in closed
    offers_code = _offers_code(provider) and not needs_secret
    offers_device_code = _offers_device_code(provider) and "device_code" not in closed
    comes_back = _way_back(client)
    if offers_code and (comes_back or not offers_device_code):
        how = comes_back or "nothing that suits better"
        return Choice(
            "authorization_code",
            f"Authorization code with PKCE: {provider.name} offers it, and {how}.",
        )
    if offers_device_code:
        why = f"{provider.name} offers no authorization code for a browser to bring back"
        if needs_secret:
            why = f"for an authorization code {provider.name} wants a client_secret, too"
        elif not comes_back:
            why = "the browser cannot come back here from the app's redirect_uri, and need not"
        return Choice("device_code", f"Device code: {why}.")
    if _offers_implicit(provider):
        return Choice("implicit", f"Implicit grant: {provider.name} offers nothing better.")
    return None


def _is_for_another_device(provider: Provider, closed: Collection[str]) -> bool:
    """Tell whether somebody at a terminal had better sign in on a device that has a browser."""
    is_open = _offers_device_code(provider) and "device_code" not in closed
    return is_open and place.browser() is None


def _way_back(client: Client) -> str:
    """Say how what the browser brings gets here; empty where it does not."""
    comes_to_page = client.redirect_uri is not None and is_callback_page(client.redirect_uri)
    if client.redirect_uri is None or comes_to_page or is_loopback_redirect(client.redirect_uri):
        return "the browser can come back here by itself"
    if client.redirect_uri == _SHOWN or urlsplit(client.redirect_uri).scheme in {"http", "https"}:
        return "what the browser shows at the end can be pasted here"
    return ""  # to an app that opens at its own scheme (RFC 8252 §7.1)


def _offers_code(provider: Provider) -> bool:
    has_endpoints = provider.authorization_endpoint and provider.token_endpoint
    return bool(has_endpoints) and _says(provider, "authorization_code", "code")


def _offers_device_code(provider: Provider) -> bool:
    return bool(provider.device_authorization_endpoint and provider.token_endpoint)


def _offers_implicit(provider: Provider) -> bool:
    has_endpoint = provider.authorization_endpoint is not None
    return has_endpoint and _says(provider, "implicit", "token")


def _says(provider: Provider, grant_type: str, response_type: str) -> bool:
    grants, responses = provider.grant_types_supported, provider.response_types_supported
    kinds = [set(kind.split()) for kind in responses or ()]
    answers = responses is None or any(response_type in kind for kind in kinds)
    return answers and grant_type in (_UNSAID if grants is None else grants)


def _offers_to_the_app(provider: Provider) -> bool:
    if provider.token_endpoint is None:
        return False
    if provider.grant_types_supported is None:  # then it is for nobody else
        return not (provider.authorization_endpoint or provider.device_authorization_endpoint)
    return OF_THE_APP in provider.grant_types_supported


def _needs_secret(provider: Provider) -> ConfigurationError:
    return ConfigurationError(
        f"{provider.name} gives no token to an app without a secret: pass Client(client_id, "
        "client_secret=…) with the one that it gave yours. To try without, name the grant: "
        "grant='authorization_code'."
    )


def _nothing_to_pick(provider: Provider) -> ConfigurationError:
    said = provider.grant_types_supported
    offers = "" if said is None else f" It says it offers: {', '.join(said) or 'none'}."
    return ConfigurationError(
        f"No grant of Provider({provider.name!r}) can be picked.{offers} A person signs in with "
        "authorization_endpoint=… or device_authorization_endpoint=…, and token_endpoint=…; an app "
        "as itself with token_endpoint=… and Client(client_id, client_secret=…). To sign in in "
        "another way, such as by a password, name it: grant='password'."
    )
