"""From the redirect to the next statement of the cell that waits."""

from __future__ import annotations

import time
from http.client import HTTPConnection
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest

from tests.benchmarks import showing
from tests.providers import visitor

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.figures import Figures
    from tests.kernel.harness import KernelProcess
    from tests.providers.oidc import OidcProvider

REPEATS = 25
WAITING = """
import time
login.wait(timeout=60)
went_on = time.time()
print(came, went_on)
"""
# The clock starts in the listener, when it has read the request line and the headers.
CLOCK = """
import time
from nb_oauth.redirects import loopback

def do_GET(self, answer=loopback._Handler.do_GET):
    global came
    came = time.time()
    answer(self)

loopback._Handler.do_GET = do_GET
"""


@pytest.mark.timeout(300)
def test_coming_back(
    new_kernel: Callable[[], KernelProcess], oidc: OidcProvider, figures: Figures
) -> None:
    kernel = new_kernel()
    kernel.run(CLOCK)
    took, provider_took = [], []
    for _ in range(REPEATS):
        took.append(_redirect_to_resumed_cell(kernel, oidc))
        provider_took.append(_bare_exchange(oidc))
    section = f"the redirect comes back (median of {REPEATS}, oidc-provider exchanges the code)"
    _add(figures, section, "listener has the GET -> the cell goes on", took, "100 ms")
    _add(figures, section, "of it the provider: a bare token POST", provider_took)


def _redirect_to_resumed_cell(kernel: KernelProcess, oidc: OidcProvider) -> float:
    cell = showing.execute(kernel, showing.LOGIN.format(issuer=oidc.issuer) + WAITING)
    widget = showing.model_id(kernel, cell)
    showing.say_hello(kernel, widget)
    link = showing.view(kernel, widget, "waiting")["link"]
    address = urlsplit(visitor.Visitor().answer(link))
    kernel.wait_until_read(cell)
    _request(address.netloc, "GET", f"{address.path}?{address.query}")
    assert kernel.outcome(cell) == "ok"
    came, went_on = map(float, kernel.printed(cell).split()[-2:])
    return (went_on - came) * 1000


def _bare_exchange(oidc: OidcProvider) -> float:
    body = urlencode(visitor.code_request(oidc))
    endpoint = urlsplit(oidc.token_endpoint)
    began = time.perf_counter()
    _request(endpoint.netloc, "POST", endpoint.path, body)
    return (time.perf_counter() - began) * 1000


def _request(netloc: str, method: str, path: str, body: str | None = None) -> None:
    connection = HTTPConnection(netloc, timeout=10)
    connection.request(
        method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200, answer.status


def _add(figures: Figures, section: str, name: str, took: list[float], limit: str = "") -> None:
    remark = f"{min(took):.1f} to {max(took):.1f}"
    figures.add(section, name, f"{median(took):.1f} ms", limit, remark)
