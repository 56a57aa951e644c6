"""A provider to practise on: an authorization server and an API inside your own process.

For tutorials only. Names and passwords are printed on the sign-in page, and the data are made up.
It starts when it is first asked for, on 127.0.0.1 and a free port, where nothing but this machine
can reach it, and ends with the process. On a remote server (a Hub, Binder) the person's browser
comes to its pages through jupyter-server-proxy, which asks for their login there::

    session = nb_oauth.login("demo", scope="observations:read")
    session.get(demo.api_url() + "/stars").json()

``nb-oauth demo --port 8765`` in a terminal serves one for several notebooks. Where the variable
``NB_OAUTH_DEMO_ISSUER`` names it (``http://127.0.0.1:8765``), everything here but ``start`` and
``stop`` means that one.

**Who can sign in**: on the sign-in page, which is filled in, and with the password grant.

=========  ============  ============
name       password      who that is
=========  ============  ============
``ada``    ``lovelace``  Ada Lovelace
``grace``  ``hopper``    Grace Hopper
=========  ============  ============

**The provider** knows the grants of RFC 6749: authorization code (with PKCE S256, which a public
client must use), implicit, password, client credentials, and refresh, which rotates the refresh
token and ends the whole sign-in when one is used twice; the device grant (RFC 8628, with PKCE
where the client sends it); revocation (RFC 7009), metadata (RFC 8414 and OpenID Connect
Discovery), ``iss`` in the authorization response (RFC 9207). A redirect URI is any loopback
address with any port. With the scope ``openid`` it is an OpenID provider: an ID token (RS256)
comes with every token from the code and device grants, from the implicit grant with
``response_type`` ``id_token token`` (which needs a nonce), and with their renewals.

A code lasts 60 seconds. What else ends, a tutorial can shorten with parameters of the demo's own,
whole numbers of seconds in the authorization, device authorization or token request:

========================  ================  =======  =====================================
parameter                 values            default  what it sets
========================  ================  =======  =====================================
``token_lifetime``        1 to 86400        3600     how long an access token lasts, and
                                                     those that it is renewed into
``device_code_lifetime``  1 to 1800         300      how long a device code is good
``polling_interval``      1 to 60           1        how long the client waits between
                                                     two polls for a device code
========================  ================  =======  =====================================

::

    nb_oauth.login("demo", extra={"token_lifetime": "20"})    # watch it being renewed

===================  =========================  ==================================================
client               secret                     grants
===================  =========================  ==================================================
``demo-notebook``    none: a public client      authorization code, implicit, password, device,
                                                refresh
``demo-service``     published-with-the-demo    client credentials, authorization code, refresh
===================  =========================  ==================================================

=====================  ==========================================================================
scope                  what it lets an app do
=====================  ==========================================================================
``observations:read``  read the star measurements (asked for when a request names no scope)
``profile:read``       read ``/api/me``
``openid``             be told who signed in: ``sub``, in an ID token and at ``/userinfo``
``profile``            … with their name
``email``              … with their e-mail address
=====================  ==========================================================================

**The API** is that of a made-up observatory: six years of brightness measurements, some 2,000
for each of five variable stars. At first sight they are noise; fold the times by the star's
period (``(jd - epoch_jd) / period_days % 1``) and its light curve appears.

``/api/me``
    ``username``, ``name``, ``affiliation``, ``client_id``, ``scopes`` and ``token_ends_in``:
    for how many more seconds the token that asked is good.
``/api/stars`` and ``/api/stars/<id>``
    ``id``, ``name``, ``kind`` (eclipsing binary, Cepheid, RR Lyrae, contact binary, Mira),
    ``about``, ``period_days``, ``epoch_jd`` (the Julian date of phase 0), ``observations`` (how
    many) and ``observations_url``; ``units`` says what each field is measured in.
``/api/observations?star=&from=&to=&page=&per_page=``
    a page of ``observations``, each with ``id``, ``star``, ``time`` (UTC), ``jd`` (Julian date),
    ``magnitude`` (smaller is brighter) and ``uncertainty`` (one standard deviation, magnitudes);
    ``total``, ``page``, ``pages`` and ``next``: the next page's address or null, also in the
    header ``Link: …; rel="next"`` (RFC 8288). Dates as ``2021-03-14``; at most 1,000 a page,
    250 unless asked.
``/api/survey?page=&per_page=``
    a page of the ``stars`` of one field on the sky, 5,000 with a cluster among them, each with
    ``id``, ``position`` (``ra``, ``dec``), ``motion`` (``east``, ``north``), ``parallax`` (``mas``,
    ``uncertainty``; null for some that are faint), ``magnitude``, ``colour`` and ``hd`` (a number
    in a catalogue, else null); and ``total`` and the rest as above. 50 a page unless asked.

Errors are JSON with ``error`` and ``error_description``: 401 and 403 with the challenge of
RFC 6750 §3, 404, and 400 for a filter that makes no sense.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nb_oauth.clients import Client
    from nb_oauth.demo.events import Journal
    from nb_oauth.providers import Provider

__all__ = [
    "api_url",
    "client",
    "journal",
    "provider",
    "service_client",
    "start",
    "stop",
]


def start(*, host: str = "127.0.0.1", port: int = 0) -> str:
    """Start the provider, if this process has not already.

    Every other function here does so by itself.

    Args:
        host: a loopback address; no other is accepted.
        port: 0 for a free one.

    Returns:
        Its issuer identifier, such as ``"http://127.0.0.1:50123"``.

    Raises:
        ConfigurationError: the host is no loopback address, the port cannot be had, or the
            provider runs on another one already.
    """
    from nb_oauth.demo.running import running

    return running(host, port).issuer


def stop() -> None:
    """Stop the provider. What it issued is forgotten; a later start takes another port."""
    from nb_oauth.demo.running import stop

    stop()


def provider() -> Provider:
    """The demo provider, under the names of RFC 8414: all that its metadata say."""
    from dataclasses import fields
    from typing import Any

    from nb_oauth.demo.metadata import metadata
    from nb_oauth.providers import Provider
    from nb_oauth.quirks import PAGE_BESIDE_KERNEL

    said = metadata(_issuer())
    known: dict[str, Any] = {
        field.name: tuple(value) if isinstance(value, list) else value
        for field in fields(Provider)
        if (value := said.get(field.name)) is not None
    }
    return Provider("Lovelace Observatory (demo)", **known, quirks=(PAGE_BESIDE_KERNEL,))


def client() -> Client:
    """The public client that a notebook signs in with; it has no secret.

    Good for the authorization code, implicit, password and device grants.
    """
    from nb_oauth.clients import Client

    return Client("demo-notebook", token_endpoint_auth_method="none")  # noqa: S106 - no secret


def service_client() -> Client:
    """The confidential client of a program that acts for itself (RFC 6749 §4.4).

    Its secret is part of the demo and protects nothing.
    """
    from nb_oauth.clients import Client
    from nb_oauth.demo.registry import CLIENTS

    service = CLIENTS["demo-service"]
    return Client(service.client_id, client_secret=service.client_secret)


def api_url() -> str:
    """The address of the API, without a slash at the end."""
    return f"{_issuer()}/api"


def journal() -> Journal:
    """What happened at the provider until now, without a secret: a table when shown in a cell."""
    from nb_oauth.demo import elsewhere
    from nb_oauth.demo.running import running

    there = elsewhere.issuer()
    return running().journal() if there is None else elsewhere.journal(there)


def _issuer() -> str:
    """Return the issuer identifier of the demo provider that is meant."""
    from nb_oauth.demo import elsewhere

    return elsewhere.issuer() or start()
