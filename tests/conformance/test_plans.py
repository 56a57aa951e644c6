"""Every module that a plan names is replicated."""

from __future__ import annotations

from tests.conformance import test_basic_rp, test_config_rp, test_fapi2_client, test_refresh_rp
from tests.conformance.plans import (
    BASIC,
    CONFIG,
    FAPI,
    PLANS,
    REFRESH,
    as_table,
    replicated,
)

TESTS = (test_basic_rp, test_config_rp, test_refresh_rp, test_fapi2_client)


def test_every_module_is_replicated() -> None:
    assert replicated == {(plan, name) for plan, names in PLANS.items() for name in names}


def test_the_plans_have_the_size_that_the_suite_gives_them() -> None:
    assert {plan: len(PLANS[plan]) for plan in (BASIC, CONFIG, REFRESH, FAPI)} == {
        BASIC: 14,
        CONFIG: 6,
        REFRESH: 3,
        FAPI: 8,
    }


def test_the_table_tells_what_passed() -> None:
    lines = as_table({(REFRESH, "oidcc-client-test-refresh-token"): "passed"})
    assert "Refresh Token RP: 1 of 3 passed" in lines
    assert sum(line.endswith(" passed") for line in lines if line.startswith("  ")) == 1
