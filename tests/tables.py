"""Tables at the end of a run: what its tests have noted, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def noted_by_tests(
    terminalreporter: pytest.TerminalReporter,
) -> Iterator[tuple[dict[str, Any], str]]:
    """Each test's ``user_properties``, and what came of it: ``"passed"`` first, errors last."""
    for outcome in ("passed", "skipped", "xfailed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            yield dict(getattr(report, "user_properties", ())), outcome
