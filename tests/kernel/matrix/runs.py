"""One environment, one mode: every outcome on every shell, again and again."""

from __future__ import annotations

import itertools
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.kernel.harness import KernelProcess
from tests.kernel.matrix.forks import Forking
from tests.kernel.matrix.notebook import Notebook
from tests.kernel.matrix.outcomes import OUTCOMES, Repeat
from tests.kernel.matrix.token_endpoint import TokenEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

    from tests.kernel.harness import Start
    from tests.kernel.matrix.environments import Environment

RESTART = "restart"
MAIN, SUBSHELL = "main shell", "subshell"
SHELLS = (MAIN, SUBSHELL)
PATIENCE = 30  # seconds; a machine with much to do may take some
WAKES_AFTER = 3  # seconds; a waiting cell has ipykernel look five times a second
MOST_FAILURES = 3  # of one outcome; each takes its time, and the next ones say no more


@dataclass(frozen=True)
class Plan:
    """What to run in one go."""

    environment: Environment
    shell: str
    mode: str
    outcomes: tuple[str, ...]
    repeats: int


@dataclass
class Result:
    """What came of one cell of the matrix.

    Attributes:
        ok: how many repeats were right.
        woken: how often ipykernel itself had not noticed a message and was woken by a connection.
        failures: what went wrong in the others.
    """

    ipykernel: str
    python: str
    shell: str
    mode: str
    outcome: str
    ok: int = 0
    woken: int = 0
    failures: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, plan: Plan, outcome: str) -> Self:
        """Of a cell that has not been run yet."""
        environment = plan.environment
        return cls(environment.ipykernel, environment.python, plan.shell, plan.mode, outcome)

    @property
    def name(self) -> str:
        return f"{self.ipykernel} on {self.python}, {self.shell}, {self.mode}, {self.outcome}"


class Kernels:
    """A kernel that is replaced by a new one when something went wrong in it."""

    def __init__(
        self, plan: Plan, endpoint: TokenEndpoint, folder: Path, start: Start | None = None
    ) -> None:
        self._plan = plan
        self._endpoint = endpoint
        self._folder = folder
        self._start = start
        self._notebook: Notebook | None = None

    def notebook(self) -> Notebook:
        if self._notebook is None:
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            environment = self._plan.environment
            kernel = KernelProcess(
                environment.interpreter,
                folder,
                packages=[environment.packages],
                start=self._start,
            )
            kernel.patience = PATIENCE
            kernel.wakes_after = WAKES_AFTER if environment.may_be_deaf else None
            kernel.__enter__()
            self._notebook = Notebook(kernel, folder / "journal.txt", self._endpoint, None)
            self._notebook.set_up()
        if self._plan.shell == SUBSHELL and self._notebook.subshell is None:
            self._notebook.subshell = self._notebook.kernel.create_subshell()
        return self._notebook

    def end(self, *, kill: bool = False) -> None:
        notebook, self._notebook = self._notebook, None
        if notebook is not None:
            if kill:
                notebook.kernel.kill()
            notebook.kernel.__exit__(None, None, None)


def run(plan: Plan) -> list[Result]:
    """Run what is planned; an error of the run itself is a failure as well."""
    results = [Result.of(plan, outcome) for outcome in plan.outcomes]
    numbers = itertools.count(1, 2)  # two logins take two
    with (
        tempfile.TemporaryDirectory(prefix="nb_oauth-") as name,
        TokenEndpoint() as endpoint,
    ):
        folder = Path(name)
        for result in results:
            if result.outcome == RESTART:
                _restart_often(result, plan, endpoint, folder, numbers)
        kernels = Kernels(plan, endpoint, folder)
        for result in results:
            if result.outcome != RESTART:
                _fill(result, plan, kernels, numbers)
        kernels.end()
    return results


def _restart_often(
    result: Result, plan: Plan, endpoint: TokenEndpoint, folder: Path, numbers: Iterator[int]
) -> None:
    environment = plan.environment
    with Forking(environment.interpreter, environment.path) as forking:
        kernels = Kernels(plan, endpoint, folder, forking.start)
        _fill(result, plan, kernels, numbers)
        kernels.end()


def _fill(result: Result, plan: Plan, kernels: Kernels, numbers: Iterator[int]) -> None:
    for turn in range(plan.repeats):
        number = next(numbers)
        try:
            notebook = kernels.notebook()
            notebook.begin()
            woken_before = notebook.kernel.times_woken
            repeat = Repeat(notebook, plan.mode, turn, number, plan.environment.number)
            OUTCOMES[result.outcome](repeat)
            notebook.check_order()
            notebook.tidy()
            result.ok += 1
            result.woken += notebook.kernel.times_woken - woken_before
        except Exception:  # noqa: BLE001 - whatever it is, it is a failure of this repeat
            result.failures.append(f"{result.name}, repeat {turn}:\n{traceback.format_exc()}")
            kernels.end(kill=True)
            if len(result.failures) == MOST_FAILURES:
                return
