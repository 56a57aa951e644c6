"""Every way for a client to say that it is itself, at oidc-provider: fetch, renewal, revocation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.exceptions import SSLError

from nb_oauth import Client, OAuth2Session, Provider, TokenError, logout
from tests.providers.visitor import CHALLENGE, NOWHERE, VERIFIER, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.provider

SCOPE = "openid offline_access api:read"


@dataclass(frozen=True)
class Way:
    """A way to authenticate: which client, with what, and what the provider sees of it."""

    client_id: str
    method: str | None
    seen: str
    has_secret: bool = False
    key: str | None = None
    certificate: str | None = None
    shown: str | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def client(self, oidc: OidcProvider) -> Client:
        return Client(
            self.client_id,
            oidc.client_secrets[self.client_id] if self.has_secret else None,
            redirect_uri=NOWHERE,
            token_endpoint_auth_method=self.method,
            private_key=oidc.client_keys[self.key] if self.key else None,
            key_id=self.key,
            cert=getattr(oidc.certificates, self.certificate) if self.certificate else None,
            **self.more,
        )


def signing(key: str, alg: str, method: str | None = "private_key_jwt") -> Way:
    more = {"token_endpoint_auth_signing_alg": alg}
    return Way("private-key-jwt", method, "assertion", key=key, more=more)


WITHOUT_CERTIFICATE = {
    "none": Way("public", "none", "none"),
    "basic": Way("confidential-basic", "client_secret_basic", "Basic", has_secret=True),
    "basic-as-it-is": Way(
        "confidential-plain",
        "client_secret_basic",
        "Basic",
        has_secret=True,
        more={"basic_urlencoded": False},
    ),
    "post": Way("confidential-post", "client_secret_post", "post", has_secret=True),
    "secret-jwt": Way("client-secret-jwt", "client_secret_jwt", "assertion", has_secret=True),
    "key-jwt": Way("private-key-jwt", None, "assertion", key="RSA"),
    "key-jwt-RS256": signing("RSA", "RS256"),
    "key-jwt-PS256": signing("RSA", "PS256"),
    "key-jwt-ES256": signing("EC", "ES256"),
    "key-jwt-EdDSA": signing("Ed25519", "EdDSA"),
    "key-jwt-Ed25519": signing("Ed25519", "Ed25519"),
}
ANALYST = {"certificate": "analyst", "shown": "CN=analyst"}
BOUND = {
    "tls": Way("tls-client-auth", "tls_client_auth", "none", **ANALYST),  # type: ignore[arg-type]
    "self-signed": Way(
        "self-signed-tls-client-auth",
        "self_signed_tls_client_auth",
        "none",
        certificate="self_signed",
        shown="CN=self-signed",
    ),
    "none-bound": Way("public-bound", "none", "none", **ANALYST),  # type: ignore[arg-type]
    "key-jwt-bound": Way("private-key-jwt-bound", None, "assertion", key="EC", **ANALYST),  # type: ignore[arg-type]
}


def by_name(ways: dict[str, Way]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("way", ways.values(), ids=ways.keys())


def judge(oidc: OidcProvider, **members: Any) -> Provider:
    named = ("revocation_endpoint", "userinfo_endpoint", "mtls_endpoint_aliases", "jwks_uri")
    return oidc.provider(*named, **members)


def opened(oidc: OidcProvider, client: Client, **arguments: Any) -> OAuth2Session:
    provider = arguments.pop("provider", None) or judge(oidc)
    session = OAuth2Session.open(provider, client, scope=SCOPE, **arguments)
    session.trust_env = False
    session.verify = oidc.certificates.authority
    return session


def answer_of_a_person(url: str) -> str:
    with Visitor() as visitor:
        return visitor.answer(url)


def signed_in(oidc: OidcProvider, client: Client, **members: Any) -> OAuth2Session:
    session = opened(oidc, client, provider=judge(oidc, **members))
    url, _ = session.authorization_url(oidc.authorization_endpoint, prompt="consent")
    session.fetch_token(oidc.token_endpoint, authorization_response=answer_of_a_person(url))
    return session


def is_active(session: OAuth2Session, url: str, **arguments: Any) -> bool:
    """Ask the API with the session's token, by hand."""
    header = {"Authorization": f"Bearer {session.token['access_token']}"}
    with requests.Session() as plain:
        plain.trust_env = False
        reply = plain.get(url, headers=header, timeout=10, verify=session.verify, **arguments)
    assert reply.status_code in {200, 401}, reply.text
    return reply.status_code == 200


# -- every method: fetched, renewed, revoked ----------------------------------------------------


@by_name(WITHOUT_CERTIFICATE | BOUND)
def test_a_token_is_fetched_renewed_and_revoked(oidc: OidcProvider, way: Way) -> None:
    client = way.client(oidc)
    session = signed_in(oidc, client)
    first = session.token["access_token"]
    session.renew()
    assert session.token["access_token"] != first
    api = oidc.secure_api if client.cert else oidc.api
    assert session.get(api).json()["client_id"] == way.client_id
    seen = [(one["status"], one["authentication"]) for one in oidc.token_requests()]
    assert seen == [(200, way.seen)] * 2
    assert [one["certificate"] for one in oidc.token_requests()] == [way.shown] * 2
    access_token, keep = session.token["access_token"], dict(session.token)
    done = logout(session)
    assert (done.revoked, done.failures) == (("refresh_token", "access_token"), ())
    session.token = keep
    assert not is_active(session, api, cert=client.cert), access_token


@by_name(WITHOUT_CERTIFICATE | BOUND)
def test_what_a_provider_refuses_is_said_without_a_secret(oidc: OidcProvider, way: Way) -> None:
    session = signed_in(oidc, way.client(oidc))
    oidc.set_token_fault("invalid_client", times=1)
    with pytest.raises(TokenError, match="invalid_client") as raised:
        session.renew()
    for secret in oidc.secrets():
        if secret.kind != "state":
            assert secret.value not in str(raised.value)
    session.renew()


@pytest.mark.parametrize("name", ["private-key-jwt", "tls-client-auth"])
def test_a_service_signs_itself_in(oidc: OidcProvider, name: str) -> None:
    way = Way(f"service-{name}", None, "")
    if name == "private-key-jwt":
        way = replace(way, key="EC")
    else:
        way = replace(way, method="tls_client_auth", certificate="analyst")
    provider = judge(oidc)
    session = OAuth2Session.open(
        provider, way.client(oidc), grant="client_credentials", scope="api:read"
    )
    session.trust_env = False
    session.verify = oidc.certificates.authority
    session.fetch_token(oidc.token_endpoint)
    session.renew()
    assert session.get(oidc.secure_api).json()["client_id"] == way.client_id
    assert [one["status"] for one in oidc.token_requests("client_credentials")] == [200, 200]


def test_a_device_code_is_asked_for_with_the_certificate(oidc: OidcProvider) -> None:
    client = Client(
        "device-tls-client-auth",
        cert=oidc.certificates.analyst,
        token_endpoint_auth_method="tls_client_auth",
    )
    endpoint = oidc.device_authorization_endpoint
    provider = judge(oidc, device_authorization_endpoint=endpoint)
    session = opened(oidc, client, provider=provider, grant="device_code")
    assert session.device_authorization(endpoint, {}).user_code
    without = opened(oidc, Client(client.client_id), provider=provider, grant="device_code")
    with pytest.raises(TokenError, match="invalid_client"):
        without.device_authorization(endpoint, {})


def test_each_signature_is_used_once(oidc: OidcProvider) -> None:
    session = signed_in(oidc, WITHOUT_CERTIFICATE["key-jwt"].client(oidc))
    for _ in range(3):
        session.renew()
    assertions = [one for one in oidc.secrets() if one.kind == "client_assertion"]
    assert len(assertions) == 4


@pytest.mark.parametrize("audience", ["issuer", "token_endpoint"])
def test_the_judge_believes_it_for_either_audience(oidc: OidcProvider, audience: str) -> None:
    way = WITHOUT_CERTIFICATE["key-jwt"]
    more = {"assertion_audience": getattr(oidc, audience)}
    signed_in(oidc, replace(way, more=more).client(oidc))


def test_without_an_issuer_the_token_endpoint_is_the_audience(oidc: OidcProvider) -> None:
    signed_in(oidc, WITHOUT_CERTIFICATE["key-jwt"].client(oidc), issuer=None, jwks_uri=None)


# -- who cannot ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "wrong"),
    [
        (WITHOUT_CERTIFICATE["secret-jwt"], {"client_secret": "x" * 32}),
        (WITHOUT_CERTIFICATE["key-jwt-ES256"], {"assertion_audience": "https://as.example"}),
        (WITHOUT_CERTIFICATE["key-jwt-ES256"], {"key_id": "another"}),
        (WITHOUT_CERTIFICATE["basic-as-it-is"], {"client_secret": "x"}),
        (BOUND["tls"], {"cert": "somebody"}),
        (BOUND["tls"], {"cert": "stranger"}),
        (BOUND["self-signed"], {"cert": "analyst"}),
        (BOUND["tls"], {"cert": None, "token_endpoint_auth_method": None}),
    ],
)
def test_somebody_else_is_refused(oidc: OidcProvider, way: Way, wrong: dict[str, Any]) -> None:
    client = way.client(oidc)
    session = signed_in(oidc, client)
    if isinstance(wrong.get("cert"), str):
        wrong = {"cert": getattr(oidc.certificates, wrong["cert"])}
    other = opened(oidc, replace(client, **wrong), token=session.token)
    with pytest.raises(TokenError, match="invalid_client"):
        other.refresh_token(oidc.token_endpoint)
    with pytest.raises(TokenError, match="invalid_client"):
        other.revoke_token("refresh_token")


# -- bound tokens (RFC 8705 §3) -----------------------------------------------------------------


@by_name(BOUND)
def test_a_bound_token_is_good_with_its_certificate_alone(oidc: OidcProvider, way: Way) -> None:
    session = signed_in(oidc, way.client(oidc))
    assert session.get(oidc.secure_api).status_code == 200
    assert not is_active(session, oidc.secure_api)
    assert not is_active(session, oidc.secure_api, cert=oidc.certificates.somebody)
    assert session.get(oidc.api).status_code == 401  # http: no certificate can be shown


def test_no_certificate_is_shown_without_the_token(oidc: OidcProvider) -> None:
    session = signed_in(oidc, BOUND["tls"].client(oidc))
    header = {"Authorization": f"Bearer {session.token['access_token']}"}
    assert session.get(oidc.secure_api, headers=header).status_code == 200
    shown: list[Any] = []
    adapter = session.get_adapter("https://")
    send = adapter.send
    adapter.send = lambda *a, **k: shown.append(k["cert"]) or send(*a, **k)  # type: ignore[method-assign]
    foreign = oidc.secure_api.replace("localhost", "127.0.0.1")
    session.get(foreign, withhold_token=True)
    session.get(foreign)
    assert shown == [None, oidc.certificates.analyst]


def test_a_certificate_of_the_session_s_own_goes_everywhere(oidc: OidcProvider) -> None:
    session = signed_in(oidc, BOUND["tls"].client(oidc))
    session.cert = oidc.certificates.somebody
    assert session.get(oidc.secure_api).status_code == 401
    assert session.get(oidc.secure_api, cert=oidc.certificates.analyst).status_code == 200


# -- requests-oauthlib's own way ----------------------------------------------------------------


def classic(oidc: OidcProvider) -> Any:
    session = OAuth2Session("tls-client-auth", scope=SCOPE.split(), redirect_uri=NOWHERE)
    session.trust_env = False
    session.verify = oidc.certificates.authority
    return session


def answered(oidc: OidcProvider, session: Any) -> str:
    url, _ = session.authorization_url(
        oidc.authorization_endpoint,
        prompt="consent",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    return answer_of_a_person(url)


def fetch(oidc: OidcProvider, session: Any, **arguments: Any) -> None:
    session.fetch_token(
        oidc.mtls_endpoint_aliases["token_endpoint"],
        authorization_response=answered(oidc, session),
        code_verifier=VERIFIER,
        include_client_id=True,
        **arguments,
    )


def given_to_fetch(oidc: OidcProvider, session: Any) -> None:
    fetch(oidc, session, cert=oidc.certificates.analyst)


def set_on_the_session(oidc: OidcProvider, session: Any) -> None:
    session.cert = oidc.certificates.analyst
    fetch(oidc, session)


@pytest.mark.parametrize("give", [given_to_fetch, set_on_the_session])
def test_the_documentation_s_tls_client_authentication_works(
    oidc: OidcProvider, give: Callable[[OidcProvider, Any], None]
) -> None:
    session = classic(oidc)
    give(oidc, session)
    token_url = oidc.mtls_endpoint_aliases["token_endpoint"]
    session.refresh_token(token_url, client_id="tls-client-auth")
    session.refresh_token(
        token_url, client_id="tls-client-auth", cert=list(oidc.certificates.analyst)
    )
    session.auto_refresh_kwargs = {"client_id": "tls-client-auth"}
    session.auto_refresh_url, session.token_updater = token_url, lambda _: None
    session.token = {**session.token, "expires_at": 1}
    assert session.get(oidc.secure_api, cert=oidc.certificates.analyst).status_code == 200
    requests_ = oidc.token_requests()
    assert [one["status"] for one in requests_] == [200] * 4
    assert {one["certificate"] for one in requests_} == {"CN=analyst"}
    assert not any("cert" in one["parameters"] for one in requests_)


def test_it_may_be_given_for_every_automatic_renewal(oidc: OidcProvider) -> None:
    session = classic(oidc)
    fetch(oidc, session, cert=oidc.certificates.analyst)
    again = OAuth2Session(
        "tls-client-auth",
        token={**session.token, "expires_at": 1},
        auto_refresh_url=oidc.mtls_endpoint_aliases["token_endpoint"],
        auto_refresh_kwargs={"client_id": "tls-client-auth", "cert": oidc.certificates.analyst},
        token_updater=lambda _: None,
    )
    again.trust_env, again.verify = False, oidc.certificates.authority
    assert again.get(oidc.secure_api, cert=oidc.certificates.analyst).status_code == 200


# -- an authority of the company's own ----------------------------------------------------------


def test_an_authority_named_in_the_environment_is_trusted(
    oidc: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", oidc.certificates.authority)
    session = opened(oidc, BOUND["tls"].client(oidc))
    session.trust_env, session.verify = True, True
    url, _ = session.authorization_url(oidc.authorization_endpoint, prompt="consent")
    session.fetch_token(oidc.token_endpoint, authorization_response=answer_of_a_person(url))
    session.renew()
    assert session.get(oidc.secure_api).status_code == 200


def test_what_the_session_trusts_outranks_the_environment(
    oidc: OidcProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Path(oidc.certificates.stranger[0]).read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    session = signed_in(oidc, BOUND["tls"].client(oidc))
    session.trust_env = True
    session.renew()
    assert session.get(oidc.secure_api).status_code == 200
    with pytest.raises(SSLError):
        session.get(oidc.secure_api, verify=str(other))


def test_an_authority_that_nobody_named_is_told_with_what_to_do(oidc: OidcProvider) -> None:
    session = signed_in(oidc, BOUND["tls"].client(oidc))
    session.verify = True
    with pytest.raises(TokenError, match="set REQUESTS_CA_BUNDLE") as raised:
        session.renew()
    assert isinstance(raised.value, SSLError)
    with pytest.raises(SSLError):
        session.get(oidc.secure_api)
