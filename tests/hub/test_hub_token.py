"""JupyterHub's own token, on a real Hub: nobody is asked, and it is the Hub that renews it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from tests.providers.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hub.harness import Kernel
    from tests.providers.oidc import OidcProvider

    KernelOf = Callable[[str], Kernel]

# Building an environment, where there is none yet, takes a minute or two.
pytestmark = [pytest.mark.provider, pytest.mark.timeout(600)]

SHORT = 5  # seconds that a token lives which is to end; a slow machine needs some of them
LINK = re.compile(r'<a href="([^"]+)" target="_blank" rel="noopener noreferrer">this page</a>')

SIGN_IN = """
import hashlib, time
import nb_oauth
from nb_oauth.surfaces import widget
widget._APPEARS_WITHIN = 0.1  # there is none here

def told_apart():
    return hashlib.sha256(session.token["access_token"].encode()).hexdigest()

session = nb_oauth.login({issuer!r}, client={client}, scope="openid api:read")
print(session.userinfo()["sub"], session.get({api!r}).json()["client_id"], told_apart())
"""
WITHOUT = "import os; del os.environ['NB_OAUTH_HUB_PROVIDER']"
AT_ITS_END = "while session.token['expires_at'] > time.time(): time.sleep(0.05)"
ENDS_BEFORE_IT_SAYS = """
session.token, ends_at = {**session.token, "expires_at": 1e10}, session.token["expires_at"]
while ends_at > time.time(): time.sleep(0.05)
"""
IS_SIGNED_OUT = """
import requests
from nb_oauth.hub_token import hub_api
revoked = {{"client_id": "hub", "client_secret": {secret!r}}}
revoked["token"] = hub_api.auth_state()["refresh_token"]
requests.post({endpoint!r}, revoked, timeout=30).raise_for_status()
"""
AGAIN = "print(session.userinfo()['sub'], session.get({api!r}).status_code, told_apart())"


def sign_in(oidc: OidcProvider, client: str = "None") -> str:
    return SIGN_IN.format(issuer=oidc.issuer, client=client, api=oidc.api)


def assert_nothing_leaks(kernel: Kernel, oidc: OidcProvider) -> None:
    """What a front end saves of the cells holds none of the run's secrets."""
    saved = json.dumps(saved_of(kernel))
    assert {one.kind for one in oidc.secrets() if one.value in saved} == set()


def saved_of(kernel: Kernel) -> list[Any]:
    """Every output as it is in the end, and the state of widgets."""
    displays: dict[str, Any] = {}
    for one in kernel.said:
        if one["msg_type"] in {"display_data", "update_display_data"}:
            displays[one["content"]["transient"]["display_id"]] = one["content"]["data"]
    kinds = {"comm_open", "error", "execute_result", "stream"}
    return [displays, *(one["content"] for one in kernel.said if one["msg_type"] in kinds)]


def kinds_of(kernel: Kernel) -> set[str]:
    return {one["msg_type"] for one in kernel.said}


def refreshes(oidc: OidcProvider) -> list[tuple[str, int]]:
    """Who has refreshed, and how that was answered."""
    return [(one["client_id"], one["status"]) for one in oidc.token_requests("refresh_token")]


def test_nobody_is_asked_and_the_hub_renews_it(kernel_of: KernelOf, oidc: OidcProvider) -> None:
    oidc.set_access_token_ttl(SHORT)
    kernel = kernel_of("lent-ada")

    name, client_id, first = kernel.run(sign_in(oidc)).split()
    oidc.set_access_token_ttl(3600)
    kernel.run(AT_ITS_END)
    so_far = len(oidc.api_statuses())  # the Hub's own may have ended while the kernel began
    again, status, second = kernel.run(AGAIN.format(api=oidc.api)).split()

    assert (name, client_id, again, status) == ("lent-ada", "hub", "lent-ada", "200")
    assert first != second
    assert set(oidc.api_statuses()[so_far:]) == {200}
    assert set(refreshes(oidc)) == {("hub", 200)}
    assert "comm_open" not in kinds_of(kernel)
    [shown] = [one for one in kernel.said if one["msg_type"] == "display_data"]
    assert shown["content"]["data"]["text/plain"].startswith("Signed in to localhost.")
    assert "stream" in kinds_of(kernel)
    assert_nothing_leaks(kernel, oidc)


def test_one_that_the_api_refuses_is_renewed(kernel_of: KernelOf, oidc: OidcProvider) -> None:
    oidc.set_access_token_ttl(SHORT)
    kernel = kernel_of("lent-bea")  # for whom the Hub has no token that still lives
    first = kernel.run(sign_in(oidc)).split()[-1]
    oidc.set_access_token_ttl(3600)
    kernel.run(ENDS_BEFORE_IT_SAYS)

    name, status, second = kernel.run(AGAIN.format(api=oidc.api)).split()

    assert (name, status) == ("lent-bea", "200")
    assert first != second
    assert set(refreshes(oidc)) == {("hub", 200)}


def signed_in_by_hand(kernel: Kernel, oidc: OidcProvider) -> tuple[str, str]:
    """Run the cell, and sign in where it says; returns what it printed, and its warnings."""
    cell = kernel.execute(sign_in(oidc, "nb_oauth.Client('public')"))
    shown = kernel.wait_for(cell, lambda one: bool(link_in(one["content"])), "a link")
    with Visitor("bob") as visitor:
        assert "You can close" in visitor.come_back(visitor.answer(link_in(shown)))
    return kernel.finish(cell), kernel.printed(cell, "stderr")


def link_in(content: dict[str, Any]) -> str:
    found = LINK.search(str(content.get("data", {}).get("text/html", "")))
    return unescape(found[1]) if found else ""


def test_without_the_setting_somebody_signs_in(kernel_of: KernelOf, oidc: OidcProvider) -> None:
    kernel = kernel_of("lent-ada")
    kernel.run(WITHOUT)

    said, warned = signed_in_by_hand(kernel, oidc)

    assert said.split()[:2] == ["bob", "public"]
    assert warned == ""
    assert "comm_open" in kinds_of(kernel)
    assert_nothing_leaks(kernel, oidc)


@pytest.mark.sweep
def test_on_a_server_that_was_started_without_it(kernel_of: KernelOf, oidc: OidcProvider) -> None:
    said, warned = signed_in_by_hand(kernel_of("plain-cid"), oidc)
    assert said.split()[:2] == ["bob", "public"]
    assert warned == ""


@pytest.mark.sweep
def test_a_server_that_may_not_see_it_says_which_scope_is_missing(
    kernel_of: KernelOf, oidc: OidcProvider
) -> None:
    said, warned = signed_in_by_hand(kernel_of("shy-dan"), oidc)
    assert said.split()[:2] == ["bob", "public"]
    assert (
        "gives the scope admin:auth_state!user to both of the roles 'user' and 'server'" in warned
    )


@pytest.mark.sweep
def test_whom_the_provider_has_signed_out_signs_in_again(
    kernel_of: KernelOf, oidc: OidcProvider
) -> None:
    """The Hub's refresh token is good no more, so it has no newer token, and never will."""
    oidc.set_access_token_ttl(SHORT)
    kernel = kernel_of("lent-eve")
    kernel.run(sign_in(oidc))
    endpoint, secret = oidc.revocation_endpoint, oidc.client_secrets["hub"]
    kernel.run(IS_SIGNED_OUT.format(endpoint=endpoint, secret=secret))
    kernel.run(AT_ITS_END)  # until then the Hub takes it for a good one
    failed = kernel.reply(kernel.execute(AGAIN.format(api=oidc.api)))
    assert failed["ename"] == "TokenError", failed

    said, warned = signed_in_by_hand(kernel, oidc)

    assert said.split()[:2] == ["bob", "public"]
    assert "JupyterHub" in warned
    assert_nothing_leaks(kernel, oidc)
