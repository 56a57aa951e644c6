"""Waiting where no kernel is, and where there is one that is not ipykernel."""

from __future__ import annotations

import asyncio
import concurrent.futures
import subprocess
import sys
import threading
import types
from typing import TYPE_CHECKING

import IPython.core.getipython
import pytest
from ipykernel.kernelbase import Kernel

from nb_oauth import waiting
from nb_oauth.exceptions import LoginPending, LoginTimeout
from nb_oauth.waiting import kernels, nested
from tests.unit.fake_marimo import FakeMarimo

if TYPE_CHECKING:
    from collections.abc import Callable

Future = concurrent.futures.Future


def done(result: object) -> Future[object]:
    future: Future[object] = Future()
    future.set_result(result)
    return future


def failed(error: Exception) -> Future[object]:
    future: Future[object] = Future()
    future.set_exception(error)
    return future


def later(action: Callable[[], object]) -> threading.Thread:
    thread = threading.Timer(0.05, action)
    thread.start()
    return thread


def wait_with_await(
    future: Future[object], timeout: float | None = None, **options: bool
) -> object:
    return asyncio.run(waiting.wait_async(future, timeout, **options))


EITHER = pytest.mark.parametrize("wait", [waiting.wait, wait_with_await], ids=["wait", "await"])


@EITHER
def test_a_future_that_is_done_needs_no_wait(wait: Callable[..., object]) -> None:
    assert wait(done("token"), 0) == "token"


@EITHER
def test_a_thread_resolves_it(wait: Callable[..., object]) -> None:
    future: Future[object] = Future()
    thread = later(lambda: future.set_result("token"))
    assert wait(future) == "token"
    thread.join()


@EITHER
def test_its_own_timeout_error_is_not_taken_for_the_waits(wait: Callable[..., object]) -> None:
    with pytest.raises(TimeoutError, match="its own"):
        wait(failed(TimeoutError("its own")), 20)


@EITHER
def test_time_is_up(wait: Callable[..., object]) -> None:
    future: Future[object] = Future()
    with pytest.raises(LoginTimeout, match=r"Nobody answered in 0\.05 s\. .* run this cell again"):
        wait(future, 0.05)
    assert not future.done()


@EITHER
def test_a_future_that_somebody_cancels(wait: Callable[..., object]) -> None:
    future: Future[object] = Future()
    thread = later(future.cancel)
    with pytest.raises((concurrent.futures.CancelledError, asyncio.CancelledError)):
        wait(future, 20)
    thread.join()


def test_cancelling_the_awaiting_task_does_not_cancel_the_future() -> None:
    future: Future[object] = Future()

    async def cancel() -> None:
        task = asyncio.ensure_future(waiting.wait_async(future))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert not future.cancelled()
    future.set_result("after the loop was closed")


def test_a_future_done_after_the_await_gave_up_disturbs_nobody() -> None:
    future: Future[object] = Future()

    async def give_up() -> None:
        task = asyncio.ensure_future(waiting.wait_async(future, 0.01))
        await asyncio.wait({task})
        assert isinstance(task.exception(), LoginTimeout)
        future.set_result("late")
        await asyncio.sleep(0)

    asyncio.run(give_up())


def test_a_terminal_can_wait() -> None:
    waiting.prepare()
    assert waiting.can_wait()
    assert waiting.can_wait_async()


@pytest.fixture
def foreign_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython in a kernel that is not ipykernel, such as xeus-python."""
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: shell)


@pytest.mark.usefixtures("foreign_kernel")
@EITHER
def test_the_gate_in_a_kernel_that_is_not_ipykernel(wait: Callable[..., object]) -> None:
    waiting.prepare()
    assert not waiting.can_wait()
    assert not waiting.can_wait_async()
    with pytest.raises(
        LoginPending,
        match=r"^Sign in above, then run this cell again\.$",
    ):
        wait(Future(), 20)
    assert wait(done("token")) == "token"


@pytest.mark.usefixtures("foreign_kernel")
def test_a_kernel_that_runs_cells_as_tasks_lets_them_await(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = types.SimpleNamespace(run_cell_lock=asyncio.Lock())  # as xeus-python has
    shell = types.SimpleNamespace(kernel=object(), loop_runner=runner)
    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: shell)
    assert not waiting.can_wait()
    assert waiting.can_wait_async()
    with pytest.raises(
        LoginPending, match=r"run this cell again\. Or let this cell wait, as `sess"
    ):
        waiting.wait(Future(), 20)
    future: Future[str] = Future()

    async def wait() -> str:
        asyncio.get_running_loop().call_later(0.01, future.set_result, "token")
        return await waiting.wait_async(future)

    assert asyncio.run(wait()) == "token"


@pytest.mark.usefixtures("foreign_kernel")
def test_a_thread_of_the_persons_own_can_wait_in_any_kernel() -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(waiting.can_wait).result()


def test_the_gate_in_marimo(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeMarimo(monkeypatch)
    assert not waiting.can_wait()
    with pytest.raises(
        LoginPending, match=r"^Nobody has signed in yet\. No cell .* run this cell "
    ):
        waiting.wait(Future(), 20)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(waiting.can_wait).result()


@pytest.fixture
def voila(monkeypatch: pytest.MonkeyPatch) -> None:
    """This thread is the main shell of an ipykernel that Voilà started."""
    shell = types.SimpleNamespace(kernel=Kernel.__new__(Kernel))
    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: shell)
    main = threading.main_thread()
    monkeypatch.setattr(
        kernels, "shell_thread", lambda _: (threading.current_thread() is main, None)
    )
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")


@pytest.mark.usefixtures("voila")
@EITHER
def test_the_gate_in_voila(wait: Callable[..., object]) -> None:
    with pytest.raises(
        LoginPending,
        match=r"^Nobody has signed in yet\. No cell can wait here: nb_oauth\.login\(…, "
        r"wait=False\)\.on_signed_in\(function\) calls .* as soon as somebody has signed in\.$",
    ):
        wait(Future(), 20)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(waiting.can_wait).result()


def soon(result: object) -> Future[object]:
    future: Future[object] = Future()
    threading.Timer(0.05, future.set_result, (result,)).start()
    return future


@pytest.mark.parametrize("there", ["voila", "foreign_kernel"])
@EITHER
def test_what_needs_no_click_can_be_waited_for_anywhere(
    request: pytest.FixtureRequest, there: str, wait: Callable[..., object]
) -> None:
    request.getfixturevalue(there)
    assert wait(soon("token"), 20, needs_messages=False) == "token"


def test_the_loop_of_marimos_kernel_is_not_run_nested(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeMarimo(monkeypatch)
    monkeypatch.setattr(nested, "can_nest", lambda _: pytest.fail("other cells would begin"))

    async def cell() -> object:
        return waiting.wait(soon("token"), 20, needs_messages=False)

    assert asyncio.run(cell()) == "token"


def run_python(code: str) -> str:
    """In a process of its own: nest_asyncio2 changes asyncio for good."""
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own code
    assert result.returncode == 0, result.stderr
    return result.stdout


ASYNC_PROGRAM = """
import asyncio, concurrent.futures, sys, threading, warnings
from nb_oauth import waiting

async def tick(future):
    global ticks
    while True:
        ticks += 1
        if ticks == 6:
            future.set_result("token")
        await asyncio.sleep(0.01)

async def main():
    global ticks
    ticks = 0
    future = concurrent.futures.Future()
    ticking = asyncio.ensure_future(tick(future))
    timer = threading.Timer(AT_THE_LATEST, future.set_result, ["token"])
    timer.start()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        print(waiting.wait(future, 20))
    warnings.simplefilter("ignore")
    print(ticks > 5)
    print(*[f"{warning.filename} {warning.message}" for warning in warned])
    print(hasattr(asyncio, "_nest_patched"))
    timer.cancel()
    ticking.cancel()
    try:
        waiting.wait(concurrent.futures.Future(), 0.05)
    except TimeoutError as error:
        print(type(error).__name__)

RUN(main())
"""


def async_program(run: str, seconds: float) -> str:
    """Wait until tasks have gone on in between, or so long."""
    return ASYNC_PROGRAM.replace("RUN", run).replace("AT_THE_LATEST", str(seconds))


def test_in_an_async_program_tasks_go_on() -> None:
    said = run_python(async_program("asyncio.run", 20)).splitlines()
    assert said == ["token", "True", "", "True", "LoginTimeout"]


INTERRUPTED_TWICE = """
import asyncio, concurrent.futures, signal
from nb_oauth import waiting

def interrupt_twice():
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)

class Interrupting(concurrent.futures.Future):
    "Interrupts the wait's own task, which is what asks the second time."
    asked = 0
    def done(self):
        self.asked += 1
        if self.asked == 2:
            interrupt_twice()
        return super().done()

async def main():
    loop = asyncio.get_running_loop()
    plain = concurrent.futures.Future()
    for future in (plain, Interrupting()):
        if future is plain:
            loop.call_soon(interrupt_twice)
        try:
            waiting.wait(future, 20)
        except KeyboardInterrupt:
            print("interrupted", len(asyncio.all_tasks()), future.cancelled())

asyncio.run(main())
"""


def test_an_async_program_interrupted_twice_leaves_no_task_behind() -> None:
    assert run_python(INTERRUPTED_TWICE).splitlines() == ["interrupted 1 False"] * 2


def test_a_loop_that_cannot_run_nested_is_left_alone() -> None:
    pytest.importorskip("uvloop", reason="uvloop is not made for this system")
    said = run_python("import uvloop\n" + async_program("uvloop.run", 0.3)).splitlines()
    assert said[:2] == ["token", "False"]
    assert said[2] == (
        "<string> asyncio tasks stand still during this wait: uvloop cannot run a nested loop. "
        "Use `await` instead."
    )
    assert said[3:] == ["False", "LoginTimeout"]


def test_importing_is_cheap() -> None:
    heavy = {"zmq", "ipykernel", "IPython", "asyncio", "requests", "oauthlib", "nest_asyncio2"}
    code = f"import sys, nb_oauth.waiting\nprint(sorted({heavy} & set(sys.modules)))"
    assert run_python(code).strip() == "[]"


def test_marimo_runs_no_cells_as_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "marimo_here", lambda: sys)
    assert not kernels.runs_cells_as_tasks()
