"""The flows, by what a person does in each, and what can go wrong there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlencode

import pytest

from nb_oauth import (
    AuthorizationCodeLogin,
    Client,
    ClientCredentialsLogin,
    DeviceLogin,
    ImplicitLogin,
    LoginTimeout,
    PasswordLogin,
    TokenError,
)
from nb_oauth.exceptions import TokenExpiredError
from nb_oauth.surfaces import Status
from tests.judge.renewing import let_end
from tests.polling import wait_until
from tests.providers.visitor import query_of

if TYPE_CHECKING:
    from nb_oauth.logins import Login
    from tests.judge.scene import Scene

OUTCOMES = ("success", "denied", "expired", "wrong password", "server error", "cancelled")
REDIRECT_URI = "http://127.0.0.1/callback"


class Flow:
    """A way to sign in.

    The methods named after an outcome bring it about, see it explained, and leave the login so
    that ``sign_in`` comes to a good end after all.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset[str]]
    """The secrets that it makes: a search for none of them would prove nothing."""
    person: ClassVar[str | None] = "alice"
    renews_by: ClassVar[str | None] = "refresh_token"
    without: ClassVar[dict[str, str]] = {}
    """Outcome → why there is no such thing here."""

    def __str__(self) -> str:
        return self.name.replace(":", "").replace(" ", "-")

    def new_login(self, scene: Scene) -> Login:
        raise NotImplementedError

    def begin(self, scene: Scene) -> None:
        scene.begin(self.new_login(scene))

    def sign_in(self, scene: Scene) -> None:
        raise NotImplementedError

    def deny(self, scene: Scene) -> None:
        raise NotImplementedError

    def expire(self, scene: Scene) -> None:
        raise NotImplementedError

    def mistake(self, scene: Scene) -> None:
        raise NotImplementedError

    def meet_server_error(self, scene: Scene) -> None:
        raise NotImplementedError

    def see_that_it_waits(self, scene: Scene) -> None:
        scene.see(lambda view: view.status is Status.WAITING, "it waits for somebody")


class BrowserFlow(Flow):
    """The provider sends the browser back with the answer."""

    def sign_in(self, scene: Scene) -> None:
        said = scene.visitor.come_back(scene.visitor.answer(scene.see_link()))
        assert "You can close this tab" in said

    def deny(self, scene: Scene) -> None:
        self.begin(scene)
        link = scene.see_link()
        said = scene.visitor.come_back(scene.visitor.answer(link, deny=True))
        assert "access_denied" in said
        assert "Access was not granted" in said
        scene.see_error("Judge answered: access_denied", "open the sign-in page again")
        scene.see_link(other_than=link)


class CodeFlow(BrowserFlow):
    name = "authorization code"
    kinds = frozenset(
        {"code", "code_verifier", "state", "password", "access_token", "refresh_token", "id_token"}
    )
    client = Client("public", redirect_uri=REDIRECT_URI)

    def new_login(self, scene: Scene) -> Login:
        scope = "openid offline_access api:read"
        extra = {"prompt": "consent"}
        return AuthorizationCodeLogin(scene.provider, self.client, scope=scope, extra=extra)

    def expire(self, scene: Scene) -> None:
        """The code runs out on its way to the token endpoint."""
        self.begin(scene)
        scene.oidc.set_lifetimes(authorization_code=1)
        scene.oidc.set_token_fault(delay_ms=1100, times=1)
        link = scene.see_link()
        self.sign_in(scene)
        scene.see_error("invalid_grant", "A code works once and for a short time")
        scene.see_link(other_than=link)
        scene.oidc.set_lifetimes(authorization_code=60)

    def mistake(self, scene: Scene) -> None:
        """A code alone is pasted, and badly copied."""
        self.begin(scene)
        link = scene.see_link()
        scene.send("answer", "8mXNX4eXzD1-a_wrong_code_k2Pq")
        view = scene.see_error("invalid_grant", "A code works once")
        assert view.link == link

    def meet_server_error(self, scene: Scene) -> None:
        self.begin(scene)
        scene.oidc.set_token_fault("server_error", times=1)
        link = scene.see_link()
        self.sign_in(scene)
        scene.see_error("server_error", "open the sign-in page again")
        scene.see_link(other_than=link)


class ImplicitFlow(BrowserFlow):
    name = "implicit: token"
    kinds = frozenset({"state", "password", "access_token"})
    renews_by = None
    scope = "api:read"
    client = Client("implicit", redirect_uri=REDIRECT_URI)

    def new_login(self, scene: Scene) -> Login:
        return ImplicitLogin(scene.provider, self.client, scope=self.scope)

    def expire(self, scene: Scene) -> None:
        """Nothing renews the token: the same widget signs in again."""
        self.begin(scene)
        self.sign_in(scene)
        session = scene.wait()
        let_end(session)
        with pytest.raises(TokenExpiredError) as told:
            session.get(scene.oidc.api)
        scene.errors.append(told.value)
        with pytest.raises(LoginTimeout):
            scene.login.wait(0)

    def mistake(self, scene: Scene) -> None:
        """The answer to another link comes back."""
        self.begin(scene)
        link = scene.see_link()
        address = scene.visitor.answer(link)
        state = query_of(link)["state"]
        said = scene.visitor.come_back(address.replace(state, "s" * len(state)))
        assert "belongs to another sign-in" in said
        assert scene.see_error("belongs to another sign-in").link == link

    def meet_server_error(self, scene: Scene) -> None:
        """The provider sends the browser back with its own error (RFC 6749 §4.2.2.1)."""
        self.begin(scene)
        link = scene.see_link()
        asked = query_of(link)
        sent = {"error": "server_error", "state": asked["state"], "iss": scene.oidc.issuer}
        said = scene.visitor.come_back(f"{asked['redirect_uri']}#{urlencode(sent)}")
        assert "Judge answered: server_error" in said
        scene.see_error("Judge answered: server_error", "Open the sign-in page again")
        scene.see_link(other_than=link)


class ImplicitIdTokenFlow(ImplicitFlow):
    name = "implicit: id_token token"
    kinds = ImplicitFlow.kinds | {"id_token"}
    scope = "openid api:read"

    def meet_server_error(self, scene: Scene) -> None:
        """And where its keys are out of order, nothing vouches for the ID token."""
        super().meet_server_error(scene)
        scene.oidc.set_keys_fault("server_error")
        link = scene.see_link()
        self.sign_in(scene)
        scene.see(lambda view: "for another token" in (view.error or ""), "the keys are missed")
        scene.see_link(other_than=link)
        scene.oidc.set_keys_fault("server_error", times=0)


class PasswordFlow(Flow):
    name = "password"
    kinds = frozenset({"password", "access_token", "refresh_token"})
    person = "analyst"
    client = Client("password")
    without: ClassVar[dict[str, str]] = {
        "denied": "nobody is asked to consent",
        "expired": "a name and a password do not run out",
    }

    def new_login(self, scene: Scene) -> Login:
        return PasswordLogin(scene.provider, self.client, scope="api:read")

    def sign_in(self, scene: Scene) -> None:
        scene.see(lambda view: view.credentials, "name and password are asked for")
        scene.send("credentials", "analyst", scene.oidc.passwords["analyst"])

    def mistake(self, scene: Scene) -> None:
        self.begin(scene)
        scene.see(lambda view: view.credentials, "name and password are asked for")
        scene.send("credentials", "analyst", "a-wrong-password")
        scene.see_error("invalid_grant", "Check the name and the password")

    def meet_server_error(self, scene: Scene) -> None:
        self.begin(scene)
        scene.oidc.set_token_fault("server_error", times=1)
        self.sign_in(scene)
        scene.see_error("server_error", "Type the password again")


class ClientCredentialsFlow(Flow):
    name = "client credentials"
    kinds = frozenset({"client_secret", "access_token"})
    person = None
    renews_by = "client_credentials"
    without: ClassVar[dict[str, str]] = {
        "denied": "nobody is asked to consent",
        "expired": "the secret does not run out; of the token see success",
        "cancelled": "there is nothing to wait for, and nothing to click",
    }

    def new_login(self, scene: Scene, secret: str | None = None) -> Login:
        right = scene.oidc.client_secrets["service-basic"]
        client = Client("service-basic", client_secret=secret or right)
        return ClientCredentialsLogin(scene.provider, client, scope="api:read")

    def sign_in(self, scene: Scene) -> None:
        """Nobody has to do anything."""

    def mistake(self, scene: Scene) -> None:
        scene.begin(self.new_login(scene, "not+the/secret: %41"))
        self._fail(scene, "invalid_client")
        self.begin(scene)

    def meet_server_error(self, scene: Scene) -> None:
        scene.oidc.set_token_fault("server_error", times=1)
        self.begin(scene)
        self._fail(scene, "server_error")

    def _fail(self, scene: Scene, error: str) -> None:
        with pytest.raises(TokenError) as told:
            scene.wait()
        assert told.value.error == error
        assert scene.see_error(error).status is Status.FAILED


class DeviceFlow(Flow):
    name = "device"
    kinds = frozenset({"device_code", "password", "access_token", "refresh_token", "id_token"})
    client = Client("device")

    def new_login(self, scene: Scene) -> Login:
        return DeviceLogin(scene.provider, self.client, scope="openid api:read")

    def begin(self, scene: Scene) -> None:
        scene.oidc.set_device_codes(interval=0.2)
        super().begin(scene)

    def sign_in(self, scene: Scene) -> None:
        assert "Success" in self._enter_code(scene)

    def deny(self, scene: Scene) -> None:
        self.begin(scene)
        assert "interrupted" in self._enter_code(scene, deny=True)
        scene.see_error("Access was not granted", "Get a new code")
        self._get_a_new_code(scene)

    def expire(self, scene: Scene) -> None:
        scene.oidc.set_device_codes(lifetime=1)
        self.begin(scene)
        scene.see_error("code", "Get a new one")  # the clock here may say so first, or the judge's
        scene.oidc.set_device_codes(lifetime=600)
        self._get_a_new_code(scene)

    def mistake(self, scene: Scene) -> None:
        """A wrong code is entered: the page says so, and the notebook goes on waiting."""
        self.begin(scene)
        view = scene.see(lambda view: view.code, "a code is shown")
        said = scene.visitor.enter_code(str(view.link), "BBBB-BBBB")
        assert "The code you entered is incorrect" in said
        polls = len(scene.oidc.token_requests())
        wait_until(lambda: len(scene.oidc.token_requests()) > polls, "it goes on asking")
        assert scene.views[-1] is view

    def meet_server_error(self, scene: Scene) -> None:
        """At the endpoint for codes it is told; at the token endpoint it is waited for."""
        scene.oidc.set_device_fault("server_error", times=1)
        self.begin(scene)
        with pytest.raises(TokenError) as told:
            scene.wait()
        assert told.value.error == "server_error"
        scene.see_error("device authorization endpoint", "server_error")
        scene.oidc.set_token_fault("server_error", times=2)
        scene.send("new_link")
        wait_until(lambda: scene.oidc.errors().get("server_error") == 2, "both errors are met")
        wait_until(lambda: scene.oidc.errors().get("authorization_pending"), "it asks again")
        assert scene.views[-1].error is None

    def _enter_code(self, scene: Scene, *, deny: bool = False) -> str:
        view = scene.see(lambda view: view.code, "a code is shown")
        assert view.qr
        assert view.deadline
        assert view.code in str(view.link)
        return scene.visitor.enter_code(str(view.link), str(view.code), deny=deny)

    def _get_a_new_code(self, scene: Scene) -> None:
        former = {view.code for view in scene.views}
        scene.send("new_link")
        scene.see(lambda view: view.code and view.code not in former, "another code is shown")


FLOWS = (
    CodeFlow(),
    ImplicitFlow(),
    ImplicitIdTokenFlow(),
    PasswordFlow(),
    ClientCredentialsFlow(),
    DeviceFlow(),
)
