"""Which modules of the OpenID Foundation's conformance suite are replicated here.

The names are those of the suite's sources in August 2026 (the plans
``oidcc-client-basic-certification-test-plan``, ``oidcc-client-config-certification-test-plan``,
``oidcc-client-refreshtoken-test-plan`` and ``fapi2-security-profile-final-client-test-plan``). Of
the last only what it asks about ``iss`` and ``state``: PAR, DPoP and the like are not ours.

What a module asks is asked here anew, of a provider of our own. It certifies nothing.
"""

from __future__ import annotations

from typing import Any

import pytest

BASIC, CONFIG, REFRESH, FAPI = "Basic RP", "Config RP", "Refresh Token RP", "FAPI 2 iss and state"
MORE = "RP, in no plan for certification"

_RP = "oidcc-client-test"
_FAPI = "fapi2-security-profile-final-client-test"

PLANS: dict[str, tuple[str, ...]] = {
    BASIC: (
        _RP,
        f"{_RP}-invalid-iss",
        f"{_RP}-missing-sub",
        f"{_RP}-invalid-aud",
        f"{_RP}-missing-iat",
        f"{_RP}-kid-absent-single-jwks",
        f"{_RP}-kid-absent-multiple-jwks",
        f"{_RP}-idtoken-sig-rs256",
        f"{_RP}-idtoken-sig-none",
        f"{_RP}-invalid-sig-rs256",
        f"{_RP}-userinfo-invalid-sub",
        f"{_RP}-nonce-invalid",
        f"{_RP}-scope-userinfo-claims",
        f"{_RP}-client-secret-basic",
    ),
    CONFIG: (
        f"{_RP}-discovery-openid-config",
        f"{_RP}-discovery-jwks-uri-keys",
        f"{_RP}-discovery-issuer-mismatch",
        f"{_RP}-idtoken-sig-none",
        f"{_RP}-signing-key-rotation-just-before-signing",
        f"{_RP}-signing-key-rotation",
    ),
    REFRESH: (
        f"{_RP}-refresh-token",
        f"{_RP}-refresh-token-invalid-issuer",
        f"{_RP}-refresh-token-invalid-sub",
    ),
    FAPI: (
        f"{_FAPI}-happy-path",
        f"{_FAPI}-discovery-issuer-mismatch",
        f"{_FAPI}-invalid-authorization-response-iss",
        f"{_FAPI}-remove-authorization-response-iss",
        f"{_FAPI}-ensure-authorization-response-with-invalid-state-fails",
        f"{_FAPI}-ensure-authorization-response-with-invalid-missing-state-fails",
        f"{_FAPI}-invalid-iss",
        f"{_FAPI}-invalid-missing-iss",
    ),
    MORE: (f"{_RP}-missing-aud",),
}

replicated: set[tuple[str, str]] = set()
"""Plan and module of every test that was made with :func:`module` or :func:`modules`."""


def module(plan: str, name: str) -> pytest.MarkDecorator:
    """The test is that of one module. It takes ``plan`` and ``module``."""
    return modules(plan, {name: ()}, "")


def modules(plan: str, cases: dict[str, tuple[Any, ...]], arguments: str) -> pytest.MarkDecorator:
    """The test is that of several modules, each with ``arguments`` of its own."""
    assert set(cases) <= set(PLANS[plan])
    replicated.update((plan, name) for name in cases)
    names = ["plan", "module", *(name.strip() for name in arguments.split(",") if name)]
    rows = [pytest.param(plan, name, *values, id=name) for name, values in cases.items()]
    return pytest.mark.parametrize(names, rows)


def as_table(outcomes: dict[tuple[str, str], str]) -> list[str]:
    """Every module and what came of it."""
    lines = []
    width = max(len(name) for names in PLANS.values() for name in names)
    for plan, names in PLANS.items():
        passed = sum(outcomes.get((plan, name)) == "passed" for name in names)
        lines.append(f"{plan}: {passed} of {len(names)} passed")
        lines += [f"  {name:{width}} {outcomes.get((plan, name), 'not run')}" for name in names]
    return lines
