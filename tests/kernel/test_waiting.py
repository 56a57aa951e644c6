"""What a cell that waits for a click must do and leave alone, on real kernels.

Every test here runs on each ipykernel asked for, with the front end's comm messages on the main
shell and on a subshell, for a cell that blocks and for one that awaits.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.kernel.scene import AWAIT, BLOCKING, Scene

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernel.conftest import Place
    from tests.kernel.harness import KernelProcess

pytestmark = pytest.mark.kernel

EARLIER_CELLS = {
    "blocking": "while not os.path.exists({path!r}): time.sleep(0.01)",
    "awaiting": "while not os.path.exists({path!r}): await asyncio.sleep(0.01)",
}


@pytest.fixture(params=[BLOCKING, AWAIT], ids=["blocking", "await"])
def scene(request: pytest.FixtureRequest, place: Place) -> Scene:
    scene = Scene(
        place.kernel, f"widget_{next(place.numbers)}", request.param, subshell=place.subshell
    )
    scene.set_up()
    return scene


def test_a_click_lets_the_cell_go_on(scene: Scene) -> None:
    cell = scene.start()
    click = scene.click(done="yes")
    assert scene.kernel.outcome(cell) == "ok"
    assert "went on with yes" in scene.kernel.printed(cell)
    # ipywidgets throttles on the idle of each message
    scene.kernel.wait_until_idle(click)
    assert scene.kernel.states(click) == ["busy", "idle"]


def test_the_kernel_stays_busy_after_a_click_that_ends_nothing(scene: Scene) -> None:
    cell = scene.start()
    click = scene.click(move=1)
    scene.kernel.wait_until_idle(click)
    scene.kernel.wait_until_read(cell)
    states = [
        (message["parent_header"].get("msg_id"), message["content"]["execution_state"])
        for message in scene.kernel.said
        if message["msg_type"] == "status"
    ]
    if scene.subshell is None:
        assert states[states.index((click, "idle")) + 1] == (cell, "busy")
    scene.click(done=1)
    assert scene.kernel.outcome(cell) == "ok"


def test_what_a_handler_prints_lands_in_the_waiting_cell(scene: Scene, place: Place) -> None:
    if place.handlers_print_elsewhere:
        pytest.skip("this ipykernel runs the handler in a thread that prints nowhere")
    cell = scene.start()
    scene.click(move=1)
    scene.kernel.wait_until_printed("clicked {'move': 1}", cell)
    scene.click(done=1)
    assert scene.kernel.outcome(cell) == "ok"
    scene.kernel.wait_until_printed("clicked {'done': 1}", cell)


def test_run_all_waits_and_goes_on_in_order_once(scene: Scene) -> None:
    kernel = scene.kernel
    kernel.run("ran = []")
    first = kernel.execute(scene.waiting_code(then="ran.append(0)"))
    queued = [kernel.execute(f"ran.append({i})") for i in range(1, 7)]
    kernel.wait_until_read(first)
    for number in range(5):
        click = scene.click(move=number)
    kernel.wait_until_idle(click)
    queued += [kernel.execute(f"ran.append({i})") for i in range(7, 10)]
    kernel.wait_until_read(first)
    assert not any(request in kernel.replies for request in queued), "a cell ran during the wait"
    scene.click(done=1)
    queued += [kernel.execute(f"ran.append({i})") for i in range(10, 13)]
    assert [kernel.outcome(request) for request in [first, *queued]] == ["ok"] * 13
    assert kernel.run("print(ran)").strip() == str(list(range(13)))
    assert scene.clicks() == [*({"move": number} for number in range(5)), {"done": 1}]


def test_an_interrupt_ends_the_wait_and_leaves_everything_usable(scene: Scene) -> None:
    kernel = scene.kernel
    cell = scene.start()
    queued = [kernel.execute("print('must not run')") for _ in range(3)]
    kernel.wait_until_read(cell)
    kernel.interrupt()
    # ipykernel ends an awaiting cell by cancelling it
    assert kernel.outcome(cell) == (
        "KeyboardInterrupt" if scene.call == BLOCKING else "CancelledError"
    )
    assert [kernel.outcome(request) for request in queued] == ["aborted"] * 3
    kernel.run(f"assert not {scene.name}.answer.done()")
    _assert_usable(scene)


def test_a_timeout_ends_the_wait_and_leaves_everything_usable(scene: Scene) -> None:
    kernel = scene.kernel
    began = time.monotonic()
    cell = kernel.execute(scene.waiting_code(timeout=0.5))
    assert kernel.outcome(cell) == "LoginTimeout"
    assert time.monotonic() - began >= 0.5
    message = kernel.reply(cell)["content"]["evalue"]
    assert message.startswith("Nobody answered in 0.5 s. The sign-in goes on: finish it, then run")
    kernel.run(f"assert not {scene.name}.answer.done()")
    _assert_usable(scene)


def _assert_usable(scene: Scene) -> None:
    """A click between cells arrives, and the same future can be waited for again."""
    kernel = scene.kernel
    kernel.run("pass")
    kernel.wait_until_idle(scene.click(move="between"))
    assert scene.clicks() == [{"move": "between"}]
    cell = scene.start()
    scene.click(done="at last")
    assert kernel.outcome(cell) == "ok"
    assert "went on with at last" in kernel.printed(cell)


def test_what_a_reloaded_page_asks_is_answered_during_the_wait(scene: Scene) -> None:
    kernel = scene.kernel
    cell = scene.start()
    about_kernel = kernel.send("kernel_info_request", {})
    about_comms = kernel.send("comm_info_request", {"target_name": "nb_oauth.test"})
    assert kernel.reply(about_kernel)["content"]["status"] == "ok"
    assert scene.name in kernel.reply(about_comms)["content"]["comms"]
    kernel.wait_until_idle(about_comms)
    assert cell not in kernel.replies
    scene.click(done=1)
    assert kernel.outcome(cell) == "ok"


def replies(kernel: KernelProcess, *cells: str) -> list[str]:
    """What cells ended in, without waiting for the status "idle" of each.

    While a cell of somebody else's awaits, ipykernel 7.4 handles comm messages itself, and resets
    what it takes for the running cell when it is done: if the next cell has begun by then, its
    idle goes out in the name of the one before.
    """
    return [kernel.reply(cell)["content"]["status"] for cell in cells]


@pytest.mark.parametrize("earlier", EARLIER_CELLS)
def test_a_click_during_an_earlier_cell_is_not_missed(
    scene: Scene, earlier: str, tmp_path: Path
) -> None:
    kernel = scene.kernel
    path = tmp_path / "go on"
    running = kernel.execute("print('running')\n" + EARLIER_CELLS[earlier].format(path=str(path)))
    kernel.wait_until_printed("running", running)
    cell = kernel.execute(scene.waiting_code())
    after = kernel.execute("print('after')")
    scene.click(done="early")
    path.touch()
    assert replies(kernel, running, cell, after) == ["ok"] * 3
    kernel.wait_until_printed("went on with early", cell)
    assert scene.clicks() == [{"done": "early"}]
    assert "Duplicate Signature" not in kernel.log.read_text()


def test_early_clicks_in_random_traffic_are_handled_once_and_in_order(scene: Scene) -> None:
    """The click may be in the socket, in ipykernel's queue or in a task when the wait begins."""
    kernel = scene.kernel
    chance = random.Random(7)  # noqa: S311 - no secret
    for number in range(12):
        kernel.run(f"{scene.name}.answer = concurrent.futures.Future()")
        pause = chance.choice(["time.sleep(0.05)", "await asyncio.sleep(0.05)", "pass"])
        cells = [kernel.execute(pause)]
        cells += [kernel.execute("pass") for _ in range(chance.randint(0, 3))]
        cells.append(kernel.execute(scene.waiting_code(timeout=5)))
        cells += [kernel.execute("pass") for _ in range(chance.randint(0, 3))]
        kernel.wait_for(
            lambda first=cells[0]: "busy" in kernel.states(first) or chance.random() < 0.5,
            "the first cell runs, or not yet",
        )
        scene.click(done=number)
        assert replies(kernel, *cells) == ["ok"] * len(cells)
    assert scene.clicks() == [{"done": number} for number in range(12)]


def test_a_thread_can_resolve_the_future(scene: Scene) -> None:
    """It ends the wait's sleep: there is no other end of one here that is in time."""
    kernel = scene.kernel
    kernel.run("from nb_oauth.waiting import deadline; usual, deadline.SLICE = deadline.SLICE, 60")
    cell = kernel.execute(
        f"def listen(): {scene.name}.answer.set_result('from a thread')\n"
        "threading.Timer(0.1, listen).start()\n" + scene.waiting_code(timeout=120)
    )
    assert kernel.outcome(cell) == "ok"
    assert "went on with from a thread" in kernel.printed(cell)
    kernel.run("deadline.SLICE = usual")


def test_the_futures_own_error_is_raised(scene: Scene) -> None:
    kernel = scene.kernel
    error = "TimeoutError('its own, not of the wait')"
    cell = kernel.execute(
        f"def fail(): {scene.name}.answer.set_exception({error})\n"
        "threading.Timer(0.05, fail).start()\n" + scene.waiting_code()
    )
    assert kernel.outcome(cell) == "TimeoutError"
    assert kernel.reply(cell)["content"]["evalue"] == "its own, not of the wait"


BAD_HANDLER = """
def misbehave(message):
    data = message["content"]["data"]
    if "raise" in data:
        raise ValueError(data["raise"])
    if "hang" in data:
        print("hanging")
        time.sleep(30)
other = create_comm(target_name="nb_oauth.test", comm_id={comm_id!r})
other.on_msg(misbehave)
"""


def test_a_handler_that_fails_does_not_end_the_wait(scene: Scene) -> None:
    kernel = scene.kernel
    other = f"{scene.name}_other"
    kernel.run(BAD_HANDLER.format(comm_id=other))
    cell = scene.start()
    bad = kernel.comm_message(other, {"raise": "on purpose"}, subshell=scene.subshell)
    kernel.wait_until_idle(bad)
    assert cell not in kernel.replies
    scene.click(done=1)
    assert kernel.outcome(cell) == "ok"


def test_an_interrupt_reaches_a_handler_that_hangs(
    scene: Scene, place: Place, tmp_path: Path
) -> None:
    if scene.call == AWAIT or place.handlers_print_elsewhere:
        pytest.skip("ipykernel's own handling of the interrupt: it cannot end a handler")
    kernel = scene.kernel
    other = f"{scene.name}_other"
    kernel.run(BAD_HANDLER.format(comm_id=other))
    path = tmp_path / "go on"
    running = kernel.execute(
        "print('running')\n" + EARLIER_CELLS["blocking"].format(path=str(path))
    )
    kernel.wait_until_printed("running", running)
    cell = kernel.execute(scene.waiting_code())
    kernel.comm_message(other, {"hang": 1}, subshell=scene.subshell)
    behind = scene.click(move="behind the one that hangs")
    path.touch()
    kernel.wait_until_printed("hanging", cell)
    kernel.interrupt()
    assert kernel.outcome(cell) == "KeyboardInterrupt"
    kernel.wait_until_idle(behind)
    kernel.run("pass")
    assert scene.clicks() == [{"move": "behind the one that hangs"}]


def test_two_waits_at_once(scene: Scene) -> None:
    """One widget's wait ends inside the other's; then the other one's."""
    kernel = scene.kernel
    second = Scene(kernel, f"{scene.name}_second", scene.call, subshell=scene.subshell)
    second.set_up()
    names = f"{scene.name}.answer, {second.name}.answer"
    if scene.call == AWAIT:
        code = f"result = await asyncio.gather(*map(wait_async, [{names}]))"
    else:
        inner = f"threading.Thread(target=lambda: results.append(wait({second.name}.answer, 20)))"
        code = (
            f"results = []\nthread = {inner}\nthread.start()\n"
            f"results.append(wait({scene.name}.answer, 20))\nthread.join()\nresult = results"
        )
    cell = kernel.execute(code + "\nprint(sorted(result))")
    kernel.wait_until_read(cell)
    kernel.wait_until_idle(second.click(done="b"))
    kernel.wait_until_read(cell)
    kernel.wait_until_idle(scene.click(done="a"))
    assert kernel.outcome(cell) == "ok"
    assert "['a', 'b']" in kernel.printed(cell)


def test_a_wait_in_a_thread_of_the_persons_own(scene: Scene) -> None:
    kernel = scene.kernel
    if scene.call == AWAIT:
        target = f"lambda: results.append(asyncio.run(wait_async({scene.name}.answer, 20)))"
    else:
        target = f"lambda: results.append(wait({scene.name}.answer, 20))"
    kernel.run(f"results = []\nthread = threading.Thread(target={target})\nthread.start()")
    kernel.wait_until_idle(scene.click(done="in a thread"))
    assert kernel.run("thread.join(10)\nprint(results)").strip() == "['in a thread']"


def test_from_message_to_resumed_cell(
    scene: Scene, place: Place, latencies: dict[str, list[float]]
) -> None:
    kernel = scene.kernel
    mode = "blocking" if scene.call == BLOCKING else "await"
    name = f"{place.version} {place.channel} {mode}"
    kernel.run("import concurrent.futures")
    for _ in range(20):
        kernel.run(f"{scene.name}.answer = concurrent.futures.Future()")
        cell = scene.start(then="print('at', time.time())")
        sent = time.time()
        scene.click(done=1)
        assert kernel.outcome(cell) == "ok"
        resumed = float(kernel.printed(cell).rpartition("at ")[2])
        latencies.setdefault(name, []).append((resumed - sent) * 1000)
    assert sorted(latencies[name])[10] < 100, "the median; usually it is 2 to 6"
