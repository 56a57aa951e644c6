"""What is known of a provider before anyone signs in."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from typing import Any

import pytest

from nb_oauth import ConfigurationError, Provider, demo
from nb_oauth.providers import known_provider

ADDRESSES = [
    field.name
    for field in dataclasses.fields(Provider)
    if field.name.endswith(("_endpoint", "_uri")) or field.name == "issuer"
]


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("address", ["http://as.example/", "as.example", "", 5])
def test_an_address_is_https_or_loopback(name: str, address: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"Provider\('Example'\): {name} must be an https"
    ):
        Provider("Example", **{name: address})


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("address", ["https://as.example/", "http://127.0.0.1:5/x", None])
def test_an_address_that_is_safe_is_taken(name: str, address: Any) -> None:
    assert getattr(Provider("Example", **{name: address}), name) == address


def test_answers_that_name_their_issuer_need_one_to_compare_with() -> None:
    promised: Any = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(ConfigurationError, match=r"Provider\('E'\): .*needs issuer=…"):
        Provider("E", **promised)
    assert Provider("E", issuer="https://as.example", **promised).issuer == "https://as.example"


def test_a_required_endpoint_is_returned() -> None:
    assert Provider("E", token_endpoint="https://as.example/t").require("token_endpoint") == (
        "https://as.example/t"
    )


def test_a_required_endpoint_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigurationError, match="has no token_endpoint: give token_endpoint=…"):
        Provider("Example").require("token_endpoint")


NAMES = [
    field.name
    for field in dataclasses.fields(Provider)
    if field.name.endswith("_supported") and field.default is None
]


@pytest.mark.parametrize("name", NAMES)
def test_several_names_are_kept_as_a_tuple(name: str) -> None:
    assert getattr(Provider("E", **{name: ["a", "b"]}), name) == ("a", "b")
    assert getattr(Provider("E"), name) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["authorization_code", b"code", 5, {"a": 1}, [1]])
def test_one_name_is_not_several(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"Provider\('E'\): {name} must be several names"):
        Provider("E", **{name: value})


@pytest.mark.parametrize(
    "member", [field.name for field in dataclasses.fields(Provider) if field.default is False]
)
def test_what_is_true_or_false_is_just_that(member: str) -> None:
    wrong: Any = {member: "true"}
    with pytest.raises(ConfigurationError, match=f"{member} must be True or False, not 'true'"):
        Provider("E", **wrong)


def test_a_name_is_text() -> None:
    name: Any = 5
    with pytest.raises(ConfigurationError, match="name must be text, not 5"):
        Provider(name)


def test_aliases_are_kept_as_a_mapping_that_never_changes() -> None:
    given = {"token_endpoint": "https://mtls.as.example/t"}
    provider = Provider("E", mtls_endpoint_aliases=given)
    same = Provider("E", mtls_endpoint_aliases=dict(given))
    assert (provider, hash(provider)) == (same, hash(same))
    given["token_endpoint"] = "https://other.example/t"
    assert provider.mtls_endpoint_aliases["token_endpoint"] == "https://mtls.as.example/t"
    assert dict(provider.mtls_endpoint_aliases) == {"token_endpoint": "https://mtls.as.example/t"}
    assert "mtls.as.example" in repr(provider)
    assert len(Provider("E").mtls_endpoint_aliases) == 0
    assert pickle.loads(pickle.dumps(provider)) == provider  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "a mapping of endpoint names"),
        ([("token_endpoint", "https://as.example")], "a mapping of endpoint names"),
        ({5: "https://as.example"}, "a mapping of endpoint names"),
        ({"token_endpoint": "http://as.example/t"}, "a mapping to https addresses"),
        ({"token_endpoint": None}, "a mapping to https addresses"),
    ],
)
def test_what_are_no_aliases_is_refused(value: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=f"mtls_endpoint_aliases must be {words}"):
        Provider("E", mtls_endpoint_aliases=value)


def test_a_provider_is_a_value() -> None:
    assert Provider("E") == Provider("E")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Provider("E").name = "F"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["demo", " Demo "])
def test_the_demo_provider_is_known_by_name(name: str) -> None:
    known = known_provider(name)
    try:
        assert (known.provider, known.client) == (demo.provider(), demo.client())
    finally:
        demo.stop()


def test_an_unknown_name_says_what_is_known_and_what_to_do() -> None:
    said = r"'nowhere'; known: auth0, .*demo, .*zenodo\. For any other"
    with pytest.raises(ConfigurationError, match=said):
        known_provider("nowhere")


def test_knowing_providers_loads_none_of_them() -> None:
    script = "import nb_oauth.providers, sys; sys.exit('nb_oauth.demo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0  # noqa: S603
