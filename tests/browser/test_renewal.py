"""The session keeps itself signed in, at a provider that rotates refresh tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.harness.judged import LOGIN

if TYPE_CHECKING:
    from tests.browser.conftest import JudgedOpener

SIXTEEN = """
import time
from concurrent.futures import ThreadPoolExecutor
while session.token["expires_at"] > time.time():
    time.sleep(0.05)
with ThreadPoolExecutor(16) as threads:
    answers = list(threads.map(lambda _: session.get(api), range(16)))
print("STATUSES", sorted({answer.status_code for answer in answers}), len(answers))
"""


@pytest.mark.sweep  # tests/unit and tests/kernel let more of them meet it
def test_sixteen_threads_on_an_expired_token_renew_it_once(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, SIXTEEN)
    notebook.oidc.set_access_token_ttl(2)
    notebook.oidc.set_token_fault(delay_ms=100)
    notebook.notebook.run_all()
    notebook.sign_in(1)
    notebook.expect_signed_in(1)
    notebook.oidc.set_access_token_ttl(3600)

    notebook.notebook.expect_output(2, "STATUSES [200] 16")

    renewals = [one["status"] for one in notebook.oidc.token_requests("refresh_token")]
    assert renewals == [200]
    assert notebook.oidc.api_statuses() == [200] * 16
