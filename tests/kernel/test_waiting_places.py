"""Waiting in kernels that something was done to, each started for one test alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kernel import environments
from tests.kernel.harness import LAUNCH, LAUNCH_ON_UVLOOP
from tests.kernel.scene import AWAIT, BLOCKING, HIDE, HOLD, KEEPING_TASKS, SHOW, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.kernel.harness import KernelProcess

    StartKernel = Callable[..., KernelProcess]

pytestmark = pytest.mark.kernel

TICKING = """
ticks = 0
async def tick():
    global ticks
    while True:
        ticks += 1
        await asyncio.sleep(0.01)
ticking = asyncio.create_task(tick())
"""
NEST_ASYNCIO_BY_THE_PERSON = """
try:
    import nest_asyncio
except ImportError:
    import nest_asyncio2 as nest_asyncio
nest_asyncio.apply()
"""


def scene_in(kernel: KernelProcess, name: str, call: str) -> Scene:
    scene = Scene(kernel, name, call)
    scene.set_up()
    return scene


def assert_run_all_waits(scene: Scene) -> None:
    """Cells queued behind the wait run after it, in order and once; all clicks arrive."""
    kernel = scene.kernel
    kernel.run("ran = []")
    first = kernel.execute(scene.waiting_code(then="ran.append(0)"))
    queued = [kernel.execute(f"ran.append({number})") for number in range(1, 4)]
    kernel.wait_until_read(first)
    kernel.wait_until_idle(scene.click(move=1))
    queued.append(kernel.execute("ran.append(4)"))
    kernel.wait_until_read(first)
    assert not any(request in kernel.replies for request in queued), "a cell ran during the wait"
    scene.click(done=1)
    assert [kernel.outcome(request) for request in [first, *queued]] == ["ok"] * 5
    assert kernel.run("print(ran)").strip() == "[0, 1, 2, 3, 4]"
    assert scene.clicks() == [{"move": 1}, {"done": 1}]


def assert_interrupt_and_timeout_end_the_wait(scene: Scene) -> None:
    kernel = scene.kernel
    cell = scene.start()
    kernel.interrupt()
    assert kernel.outcome(cell) in {"KeyboardInterrupt", "CancelledError"}
    kernel.run("pass")
    cell = kernel.execute(scene.waiting_code(timeout=0.3))
    assert kernel.outcome(cell) == "LoginTimeout"
    kernel.run(f"assert not {scene.name}.answer.done()")


def test_tasks_of_the_person_go_on_during_a_blocking_wait(start_kernel: StartKernel) -> None:
    kernel = start_kernel()
    scene = scene_in(kernel, "widget", KEEPING_TASKS)
    assert kernel.run("import sys; print('nest_asyncio2' in sys.modules)").strip() == "False"
    kernel.run(TICKING)
    # The task itself is what resolves the future: only a task that goes on can.
    cell = kernel.execute(
        "async def after_some_ticks():\n"
        "    began = ticks\n"
        "    while ticks < began + 10: await asyncio.sleep(0.01)\n"
        "    print('ticked')\n"
        "waiter = asyncio.ensure_future(after_some_ticks())\n" + scene.waiting_code()
    )
    kernel.wait_until_printed("ticked", cell)
    scene.click(done=1)
    assert kernel.outcome(cell) == "ok"
    again = scene_in(kernel, "again", KEEPING_TASKS)
    assert_interrupt_and_timeout_end_the_wait(again)
    assert_run_all_waits(again)
    kernel.run("assert not ticking.done()")
    for number, call in enumerate([BLOCKING, AWAIT]):
        assert_run_all_waits(scene_in(kernel, f"afterwards_{number}", call))


def test_interrupts_while_tasks_go_on(start_kernel: StartKernel) -> None:
    """One ends a handler that hangs; a task that hangs takes two. Messages arrive afterwards."""
    kernel = start_kernel()
    scene = scene_in(kernel, "widget", KEEPING_TASKS)
    kernel.run(
        "def hang(message): print('hanging'); time.sleep(30)\n"
        "other = create_comm(target_name='nb_oauth.test', comm_id='other')\n"
        "other.on_msg(hang)"
    )
    cell = scene.start()
    kernel.comm_message("other", {})
    kernel.wait_until_printed("hanging", cell)
    kernel.interrupt()
    assert kernel.outcome(cell) == "KeyboardInterrupt"
    kernel.run("pass")
    cell = kernel.execute(
        "import signal\n"
        "async def hog():\n"
        "    await asyncio.sleep(0)\n"
        "    print('hogging')\n"
        "    while not signal.getsignal(signal.SIGINT).__self__.noted: time.sleep(0.01)\n"
        "    print('noted')\n"
        "    time.sleep(30)\n"
        "hogging = asyncio.ensure_future(hog())\n" + scene.waiting_code()
    )
    for said in ("hogging", "noted"):
        kernel.wait_until_printed(said, cell)
        kernel.interrupt()
    assert kernel.outcome(cell) == "KeyboardInterrupt"
    kernel.run("assert isinstance(hogging.exception(), KeyboardInterrupt)")
    kernel.run("assert not any('wait_with' in repr(task) for task in asyncio.all_tasks())")
    assert_run_all_waits(scene)


# Two interrupts between the steps of ZMQStream, while it reads the message with "explode".
EXPLODE = """
import signal
from nb_oauth.waiting import shell_stream
look = shell_stream.message_type_and_id
def explode(session, frames):
    if any(b"explode" in frame.bytes for frame in frames):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    return look(session, frames)
shell_stream.message_type_and_id = explode
"""


@pytest.mark.parametrize("call", [BLOCKING, KEEPING_TASKS], ids=["blocking", "keeping tasks"])
def test_an_interrupt_in_the_middle_of_reading_leaves_the_stream_reading(
    start_kernel: StartKernel, tmp_path: Path, call: str
) -> None:
    kernel = start_kernel()
    scene = scene_in(kernel, "widget", call)
    kernel.run(EXPLODE)
    path = str(tmp_path / "go on")
    cell = kernel.execute(
        f"print('running')\nwhile not os.path.exists({path!r}): time.sleep(0.01)\n"
        + scene.waiting_code()
    )
    kernel.wait_until_printed("running", cell)
    scene.click(move="explode")
    behind = scene.click(move="behind")
    (tmp_path / "go on").touch()
    assert kernel.outcome(cell) == "KeyboardInterrupt"
    kernel.wait_until_idle(behind)
    assert scene.clicks() == [{"move": "behind"}]


def test_a_wait_inside_a_wait_that_keeps_tasks_running(start_kernel: StartKernel) -> None:
    kernel = start_kernel()
    outer = scene_in(kernel, "outer", KEEPING_TASKS)
    scene_in(kernel, "inner", KEEPING_TASKS)
    cell = kernel.execute(
        "async def one_more(): print('inner', wait(inner.answer, 20, keep_tasks_running=True))\n"
        "task = asyncio.ensure_future(one_more())\n" + outer.waiting_code(then="print(task.done())")
    )
    queued = kernel.execute("print('queued')")
    kernel.wait_until_read(cell)
    kernel.comm_message("inner", {"done": "first"})
    kernel.wait_until_printed("inner first", cell)
    kernel.wait_until_read(cell)
    assert queued not in kernel.replies
    outer.click(done="second")
    assert [kernel.outcome(cell), kernel.outcome(queued)] == ["ok", "ok"]
    assert "went on with second" in kernel.printed(cell)


@pytest.mark.parametrize("launch", [LAUNCH, LAUNCH_ON_UVLOOP], ids=["asyncio", "uvloop"])
def test_a_kernel_whose_loop_the_person_has_changed(
    start_kernel: StartKernel, launch: Sequence[str]
) -> None:
    """nest_asyncio was applied by the person, or the kernel runs on uvloop."""
    kernel = start_kernel(launch)
    if launch is LAUNCH:
        kernel.run(NEST_ASYNCIO_BY_THE_PERSON)
    else:
        kernel.run("import asyncio; assert 'uvloop' in repr(asyncio.get_running_loop())")
    for number, call in enumerate([BLOCKING, AWAIT, KEEPING_TASKS]):
        scene = scene_in(kernel, f"widget_{number}", call)
        assert_interrupt_and_timeout_end_the_wait(scene)
        assert_run_all_waits(scene)


def test_on_uvloop_keeping_tasks_running_says_why_it_cannot(start_kernel: StartKernel) -> None:
    kernel = start_kernel(LAUNCH_ON_UVLOOP)
    scene = scene_in(kernel, "widget", KEEPING_TASKS)
    cell = scene.start()
    kernel.wait_until_printed("uvloop cannot run a nested loop", cell, "stderr")
    scene.click(done=1)
    assert kernel.outcome(cell) == "ok"
    kernel.run("assert not hasattr(asyncio, '_nest_patched')")


def assert_one_line_says_what_to_do(kernel: KernelProcess, cell: str) -> None:
    assert kernel.outcome(cell) == "LoginPending"
    (line,) = kernel.published(cell, "error")[0]["traceback"]
    assert "Sign in above, then run this cell again" in line


@pytest.mark.parametrize(
    "missing",
    [
        "zmq.eventloop.zmqstream ZMQStream _recv_callback",
        "ipykernel.ipkernel IPythonKernel _publish_status",
    ],
)
def test_the_gate_where_ipykernel_is_not_as_we_know_it(
    start_kernel: StartKernel, version: str, tmp_path: Path, missing: str
) -> None:
    kernel = start_kernel()
    blocking = scene_in(kernel, "a", BLOCKING)
    path = tmp_path / "go on"
    hide = HIDE.format(**dict(zip(("module", "kind", "name"), missing.split(), strict=True)))
    holding = kernel.execute(f"{HOLD.format(path=str(path))}\n{hide}")
    cell, queued = map(kernel.execute, [blocking.waiting_code(), "print('must not run')"])
    kernel.wait_until_read(holding)  # what an error aborts is what has been read by then
    path.touch()
    assert kernel.outcome(holding) == "ok"
    assert_one_line_says_what_to_do(kernel, cell)
    assert kernel.outcome(queued) == "aborted"
    awaiting = scene_in(kernel, "b", AWAIT)
    knows_await = environments.number(version) >= (7, 4)
    said = kernel.run("print(can_wait(), can_wait_async())").split()
    assert said == ["False", str(knows_await)]
    code = Scene(kernel, "a", KEEPING_TASKS).waiting_code()
    assert_one_line_says_what_to_do(kernel, kernel.execute(code))
    kernel.run("pass")
    cell = kernel.execute(awaiting.waiting_code())
    if knows_await:
        kernel.wait_for(lambda: "busy" in kernel.states(cell), "the cell runs")
        awaiting.click(done="by ipykernel itself")
        assert kernel.outcome(cell) == "ok"
    else:
        assert kernel.outcome(cell) == "LoginPending"
    kernel.run("pass")
    kernel.wait_until_idle(blocking.click(done="between cells"))
    assert "went on with between cells" in kernel.run(blocking.waiting_code())
    kernel.run(SHOW)  # it would not survive the end of the interpreter


# ipykernel's thread that reads from the front end no longer looks at its socket.
DEAF = """
kernel = get_ipython().kernel
stream, loop = kernel.shell_stream, kernel.shell_channel_thread.io_loop
{when} = threading.Event()
loop.add_callback(lambda: (loop.{how}, {when}.set()))
{when}.wait()
"""
GONE = DEAF.format(when="gone", how="remove_handler(stream.socket)")
BACK = DEAF.format(when="back", how="add_handler(stream.socket, stream._handle_events, loop.READ)")


@pytest.mark.parametrize("call", [BLOCKING, AWAIT, KEEPING_TASKS])
def test_a_click_that_ipykernel_has_not_noticed_comes_through(
    start_kernel: StartKernel, version: str, call: str
) -> None:
    if not environments.has_subshells(version):
        pytest.skip("ipykernel 6 reads and writes in the same way")
    scene = scene_in(start_kernel(), "widget", call)
    cell = scene.kernel.execute(f"{GONE}\nprint('deaf')\n{scene.waiting_code(then=BACK)}")
    scene.kernel.wait_until_printed("deaf", cell)
    scene.click(done="unnoticed")
    assert scene.kernel.outcome(cell) == "ok"
    assert "went on with unnoticed" in scene.kernel.printed(cell)


def test_a_background_task_that_waits_does_not_keep_the_kernel_busy(
    start_kernel: StartKernel,
) -> None:
    kernel = start_kernel()
    scene = scene_in(kernel, "widget", AWAIT)
    kernel.run(
        "task = asyncio.ensure_future(wait_async(widget.answer, 30))\nawait asyncio.sleep(0)"
    )
    click = scene.click(move=1)
    kernel.wait_until_idle(click)
    probe = kernel.send("kernel_info_request", {})
    kernel.reply(probe)
    kernel.wait_until_idle(probe)
    last = [said for said in kernel.said if said["msg_type"] == "status"][-1]
    assert last["content"]["execution_state"] == "idle"
    cell = kernel.execute("print('got', await task)")
    kernel.wait_until_read(cell)
    scene.click(done="later")
    assert kernel.outcome(cell) == "ok"
    assert "got later" in kernel.printed(cell)


@pytest.mark.parametrize("call", [BLOCKING, AWAIT], ids=["blocking", "await"])
def test_a_cell_that_waits_in_a_subshell(
    start_kernel: StartKernel, version: str, call: str
) -> None:
    if not environments.has_subshells(version):
        pytest.skip("ipykernel 6 has no subshells")
    kernel = start_kernel()
    scene = scene_in(kernel, "widget", call)
    scene.subshell = kernel.create_subshell()
    cell = kernel.execute(
        "create_comm(target_name='nb_oauth.test', comm_id='here').on_msg(widget.on_message)\n"
        + scene.waiting_code(),
        subshell=scene.subshell,
    )
    kernel.wait_for(lambda: kernel.published(cell, "comm_open"), "the widget is shown")
    assert "main goes on" in kernel.run("print('main goes on')")
    kernel.comm_message("here", {"done": 1}, subshell=scene.subshell)
    assert kernel.outcome(cell) == "ok"
    assert "went on with 1" in kernel.printed(cell)


def test_prepare_in_a_thread_remembers_clicks_of_the_main_shell(
    start_kernel: StartKernel, tmp_path: Path
) -> None:
    kernel = start_kernel()
    scene = Scene(kernel, "widget", BLOCKING)
    path = str(tmp_path / "go on")
    scene.set_up(prepare=False)
    kernel.run("threads = [threading.Thread(target=prepare) for _ in range(4)]")
    kernel.run("for thread in threads: thread.start()\nfor thread in threads: thread.join()")
    running = kernel.execute(
        f"print('running')\nwhile not os.path.exists({path!r}): await asyncio.sleep(0.01)"
    )
    kernel.wait_until_printed("running", running)
    cell = kernel.execute(scene.waiting_code())
    scene.click(done="early")
    (tmp_path / "go on").touch()
    assert [kernel.outcome(running), kernel.outcome(cell)] == ["ok", "ok"]
    assert scene.clicks() == [{"done": "early"}]


@pytest.mark.parametrize("call", [BLOCKING, AWAIT], ids=["blocking", "await"])
def test_a_message_with_a_wrong_signature_is_dropped_and_not_quoted(
    start_kernel: StartKernel, version: str, call: str
) -> None:
    kernel = start_kernel()
    scene = scene_in(kernel, "widget", call)
    cell = scene.start()
    content = {"comm_id": "widget", "data": {"done": "forged-text"}}
    kernel.send("comm_msg", content, key=b"not the key")
    kernel.wait_until_read(cell)
    if environments.number(version) < (7,):  # 7 drops it before it gets to the shell
        kernel.wait_until_printed("A message could not be read", cell, "stderr")
    assert "forged-text" not in kernel.printed(cell, "stderr")
    assert cell not in kernel.replies
    scene.click(done="real")
    assert kernel.outcome(cell) == "ok"
    assert "went on with real" in kernel.printed(cell)
