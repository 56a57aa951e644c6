"""The judge: npm's oidc-provider (certified), started from ``server.mjs``."""

from __future__ import annotations

import functools
import json
import os
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nb_oauth import Provider
from tests import tools
from tests.polling import wait_until
from tests.providers.tls import Certificates, make_certificates
from tests.server_process import Server, ServerProcess

if TYPE_CHECKING:
    pass

FOLDER = Path(__file__).parent

Fault = Literal["server_error", "html", "html_ok", "invalid_client", "invalid_grant", "slow_down"]


@dataclass(frozen=True)
class Secret:
    """A value that must not be found anywhere but on the wire and in the kernel's memory."""

    kind: str
    value: str


class OidcProvider(Server):
    """oidc-provider on ``http://localhost:<free port>``, with what only a test may ask of it.

    Clients: ``public``, ``confidential-basic`` and ``confidential-post`` (any loopback port;
    ``client_secrets`` has theirs), ``elsewhere`` (a page that will not load), and for client
    credentials ``service-basic``, ``service-post`` and ``service-plain``. Further clients are
    named after how they authenticate: ``client-secret-jwt``, ``private-key-jwt`` (with any of
    ``client_keys``), ``tls-client-auth``, ``self-signed-tls-client-auth``; those of the last two
    and the ones that end in ``-bound`` get tokens that are bound to a certificate. They are served
    over https at ``secure_base`` as well, with the ``certificates`` of the test run. For the other
    grants there are ``implicit`` (response types ``token`` and ``id_token token``) and
    ``implicit-elsewhere`` (the same, with a page that will not load), ``device``, ``password`` and
    ``password-basic``, whose one name and password are in ``passwords``; ``callback-page`` and
    ``implicit-callback-page`` are sent back to the callback page of a Jupyter server on any
    loopback port, and to no listener. The sign-in page takes any name and password. Refresh tokens
    rotate; using one twice revokes all that came of it. Only those of the client ``static``, which
    is like ``public``, stay the same.
    """

    issuer: str
    client_secrets: dict[str, str]
    passwords: dict[str, str]
    """Name to password, for the password grant alone."""
    client_keys: dict[str, str]
    """Kind of key, which is its ``kid`` too, to private key as PEM."""
    secure_base: str
    certificates: Certificates

    def __init__(self, log: Path, *, clock_tolerance: int | None = None) -> None:
        own = {"PORT", "AT_TTL", "CLOCK_TOLERANCE"}
        env = {key: value for key, value in os.environ.items() if key not in own}
        if clock_tolerance is not None:
            env["CLOCK_TOLERANCE"] = str(clock_tolerance)
        self.certificates = make_certificates(log.parent / "certificates")
        env["TLS_FOLDER"] = str(self.certificates.folder)
        self._process = ServerProcess([_node(), "server.mjs"], log=log, env=env, cwd=FOLDER)

    def _wait_until_ready(self) -> None:
        ready = wait_until(self._announcement, "oidc-provider listens", seconds=30)
        self.issuer = ready["issuer"]
        self.client_secrets = ready["client_secrets"]
        self.client_keys = ready["client_keys"]
        self.passwords = ready["passwords"]
        self.secure_base = ready["secure_base"]

    def _announcement(self) -> dict[str, Any] | None:
        self._process.check_alive()
        for line in self._process.read_log().splitlines():
            # The provider's warnings come without a line break, so one may stand behind it.
            if line.startswith('{"issuer"'):
                return json.JSONDecoder().raw_decode(line)[0]
        return None

    @property
    def authorization_endpoint(self) -> str:
        return f"{self.issuer}/auth"

    @property
    def token_endpoint(self) -> str:
        return f"{self.issuer}/token"

    @property
    def device_authorization_endpoint(self) -> str:
        return f"{self.issuer}/device/auth"

    @property
    def userinfo_endpoint(self) -> str:
        return f"{self.issuer}/me"

    @property
    def jwks_uri(self) -> str:
        return f"{self.issuer}/jwks"

    @property
    def revocation_endpoint(self) -> str:
        return f"{self.issuer}/token/revocation"

    @property
    def introspection_endpoint(self) -> str:
        return f"{self.issuer}/token/introspection"

    @property
    def api(self) -> str:
        """A resource that answers with the token's account, client and scope, or 401."""
        return f"{self.issuer}/api"

    @property
    def mtls_endpoint_aliases(self) -> dict[str, str]:
        """Where a client that shows a certificate goes instead (RFC 8705 §5)."""
        return dict(self._get("/.well-known/openid-configuration")["mtls_endpoint_aliases"])

    @property
    def secure_api(self) -> str:
        """The same resource over https, where a certificate can be shown."""
        return f"{self.secure_base}/api"

    def provider(self, *endpoints: str, **members: Any) -> Provider:
        """What it says of itself, as far as a test needs it.

        Args:
            endpoints: what to name besides issuer, authorization and token endpoint, such as
                ``"jwks_uri"``.
            members: further ones, or others.
        """
        named = ("issuer", "authorization_endpoint", "token_endpoint", *endpoints)
        return Provider("Judge", **{**{name: getattr(self, name) for name in named}, **members})

    def slow_api(self, milliseconds: int) -> str:
        return f"{self.issuer}/api/slow?ms={milliseconds}"

    @functools.cached_property
    def _keys(self) -> list[Secret]:
        files = sorted(self.certificates.folder.glob("*.key"))
        keys = [*self.client_keys.values(), *(one.read_text(encoding="ascii") for one in files)]
        return [Secret("certificate_key", private_line_of(key)) for key in keys]

    def reset(self) -> None:
        """Forget what happened, every fault and setting. Tokens go on living."""
        self._control("reset", {})

    def set_access_token_ttl(self, seconds: float) -> None:
        self._control("settings", {"access_token_ttl": seconds})

    def set_token_fault(
        self, kind: Fault | None = None, *, delay_ms: int = 0, times: int | None = None
    ) -> None:
        """Make the next ``times`` (default: all) token requests slow, wrong or both."""
        self._set_fault("token", kind, delay_ms, times)

    def set_device_fault(
        self, kind: Fault | None = None, *, delay_ms: int = 0, times: int | None = None
    ) -> None:
        """The same for the device authorization endpoint."""
        self._set_fault("device", kind, delay_ms, times)

    def set_keys_fault(self, kind: Fault, *, times: int | None = None) -> None:
        """The same for the provider's signing keys."""
        self._set_fault("jwks", kind, 0, times)

    def _set_fault(
        self, endpoint: str, kind: Fault | None, delay_ms: int, times: int | None
    ) -> None:
        fault = {"endpoint": endpoint, "kind": kind, "delay_ms": delay_ms}
        self._control("fault", fault if times is None else {**fault, "times": times})

    def set_lifetimes(
        self, *, authorization_code: int | None = None, sign_in_page: int | None = None
    ) -> None:
        """Say how long (in seconds) codes are good, and how long a person may take to sign in."""
        given = {"AuthorizationCode": authorization_code, "Interaction": sign_in_page}
        lifetimes = {name: value for name, value in given.items() if value is not None}
        self._control("settings", {"lifetimes": lifetimes})

    def set_headers(self, **headers: str) -> None:
        """Send these with every answer, such as ``cross_origin_opener_policy="same-origin"``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._control("settings", {"headers": named})

    def set_device_codes(
        self, *, interval: float | None = None, lifetime: int | None = None
    ) -> None:
        """Say how long (in seconds) device codes live, and how long to leave between two polls.

        Whoever asks sooner is told to slow down, and to leave 5 seconds more (RFC 8628 §3.5).
        """
        given = {"interval": interval, "lifetime": lifetime}
        device = {name: value for name, value in given.items() if value is not None}
        self._control("settings", {"device": device})

    def token_requests(self, grant_type: str | None = None) -> list[dict[str, Any]]:
        """Each: grant_type, client_id, authentication, certificate, parameters, status, error."""
        requests = self._control("log")["token_requests"]
        return [one for one in requests if grant_type in {None, one["grant_type"]}]

    def errors(self) -> dict[str, int]:
        """How often the token endpoint answered with each error, such as ``slow_down``."""
        return dict(self._control("log")["errors"])

    def api_statuses(self) -> list[int]:
        return list(self._control("log")["api_requests"])

    def secrets(self) -> list[Secret]:
        """Every code, state, verifier, token, client secret and password since ``reset()``.

        And the private keys of its clients, whoever may have used them.
        """
        return [*(Secret(**one) for one in self._control("secrets")), *self._keys]

    def _control(self, command: str, body: dict[str, Any] | None = None) -> Any:
        return self._get(f"/__test__/{command}", body)

    def _get(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.issuer}{path}", data=data)  # noqa: S310 - ours
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)


def private_line_of(key: str) -> str:
    """A line of a PEM file that is of the private key alone: in the middle, or the first of few.

    What comes before is of the public key where that is RSA's, and what comes after for others.
    """
    lines = [one for one in key.splitlines() if one and not one.startswith("-----")]
    return lines[len(lines) * 2 // 5]


def _node() -> str:
    if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        tools.missing("oidc-provider", "npm ci --prefix tests/providers")
    return tools.find("node", remedy="install Node.js 20 or later")
