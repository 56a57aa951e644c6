"""A demo provider that another process serves, named by the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nb_oauth import ConfigurationError, demo
from nb_oauth.demo import elsewhere, running

if TYPE_CHECKING:
    from tests.unit.demo_visitor import Visitor


@pytest.fixture
def there(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    monkeypatch.setenv(elsewhere.ISSUER, f" {visitor.issuer}/")
    return visitor


def test_provider_api_and_journal_are_those_of_the_other_process(there: Visitor) -> None:
    token = there.signed_in()

    assert demo.provider().token_endpoint == f"{there.issuer}/token"
    assert demo.api_url() == f"{there.issuer}/api"
    assert list(demo.journal()) == list(there.server.journal())
    assert token["refresh_token"] not in repr(demo.journal())
    assert running._server is None


def test_a_server_of_this_process_s_own_can_be_started_all_the_same(there: Visitor) -> None:
    try:
        assert demo.start() != there.issuer
    finally:
        demo.stop()


@pytest.mark.parametrize("named", ["https://as.example", "http://as.example", "8765"])
def test_no_other_machine_is_asked(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(elsewhere.ISSUER, named)
    with pytest.raises(ConfigurationError, match="nb-oauth demo"):
        demo.provider()


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(elsewhere.ISSUER, "")
    assert elsewhere.issuer() is None
