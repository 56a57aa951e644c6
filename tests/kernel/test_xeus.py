"""xeus-python, a kernel that is not ipykernel: what it lets a cell do, and what it says else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.showing import execute
from tests.kernel import environments
from tests.kernel.conftest import Place
from tests.kernel.harness import LAUNCH_XEUS, KernelProcess
from tests.kernel.test_grants import CODE, DEVICE, PATIENCE, Flow, Front, assert_goes_on
from tests.providers.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.oidc import OidcProvider

pytestmark = [pytest.mark.kernel, pytest.mark.sweep]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelProcess]:
    python, folder = environments.xeus_python(), tmp_path_factory.mktemp("xeus")
    with KernelProcess(python, folder, LAUNCH_XEUS) as kernel:
        yield kernel


@pytest.fixture
def front(kernel: KernelProcess, oidc: OidcProvider) -> Front:
    oidc.set_device_codes(interval=0.2)
    return Front(Place("xeus", "main", kernel), oidc)


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as visitor:
        yield visitor


@pytest.mark.parametrize("flow", [CODE, DEVICE], ids=["code", "device"])
def test_a_cell_that_awaits_goes_on_and_later_cells_wait_for_it(
    front: Front, visitor: Visitor, flow: Flow
) -> None:
    cell = front.begin(flow, "await")
    queued = [execute(front.kernel, f"print({number})") for number in range(3)]
    front.say("hello")
    flow.sign_in(front, visitor)
    assert_goes_on(front, cell, flow)
    assert [front.kernel.outcome(one) for one in queued] == ["ok"] * 3
    printing = [
        one["parent_header"]["msg_id"]
        for one in front.kernel.said
        if one["msg_type"] == "stream" and one["parent_header"]
    ]
    order = list(dict.fromkeys(printing))
    assert order[order.index(cell) :] == [cell, *queued]


def test_a_cell_that_cannot_wait_says_what_to_do_and_finds_what_came_meanwhile(
    front: Front, visitor: Visitor
) -> None:
    cell = front.begin(CODE, "blocking")
    assert "LoginPending" in front.kernel.outcome(cell)
    (shown,) = front.kernel.published(cell, "error")[0]["traceback"]
    assert shown == (
        "LoginPending: Sign in above, then use this login's .session in another cell. Or let this "
        "cell wait, as `session = await nb_oauth.login(…, wait=False)` does here."
    )
    front.say("hello")
    CODE.sign_in(front, visitor)
    front.kernel.wait_for(lambda: "Signed in" in front.output()["text/plain"], "somebody signs in")
    again = execute(front.kernel, 'print(login.session.get(api).json()["sub"])')
    assert front.kernel.outcome(again) == "ok"
    assert "alice" in front.kernel.printed(again)


def test_cancel_ends_a_cell_that_awaits(front: Front) -> None:
    cell = front.begin(CODE, "await")
    front.say("hello")
    front.view()
    front.say("cancel")
    assert "LoginCancelled" in front.kernel.outcome(cell, seconds=PATIENCE)


def test_it_is_told_where_nobody_is_there_and_which_cell_runs(kernel: KernelProcess) -> None:
    where = "from nb_oauth import place; print(place.here(), place.running_cell().identifier)"
    assert kernel.run(where).split("\n")[0] == f"Place.UNATTENDED {where}"
    cell = execute(kernel, where)
    assert kernel.outcome(cell) == "ok"
    assert kernel.printed(cell).split("\n")[0] == f"Place.NOTEBOOK {where}"
