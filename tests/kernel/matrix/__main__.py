"""``python -m tests.kernel.matrix``: how cells wait, on every ipykernel and every Python.

Words choose a part of the matrix: ``python -m tests.kernel.matrix 7.0 3.12 await reload`` (an
ipykernel, a Python, "main shell", "subshell", a mode, an outcome; of what no word is of, all).
``NB_OAUTH_REPEATS`` says how often each cell of the matrix is run: 50 times, if it does not.
``NB_OAUTH_PYTHONS`` names further interpreters, separated as ``PATH`` is.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.kernel.matrix import environments, table
from tests.kernel.matrix.environments import IPYKERNELS, NEWEST, PRE_RELEASE, PYTHONS, chosen
from tests.kernel.matrix.outcomes import MODES, OUTCOMES
from tests.kernel.matrix.runs import SHELLS, SUBSHELL, Plan, Result, run
from tests.kernel.matrix.table import Key

AT_ONCE = 3  # each is a kernel and who talks to it; they take turns, and sometimes wait for a time
NO_SUBSHELLS = "ipykernel 6 has no subshells: there is one way for a message to come"


class Matrix:
    """All that was asked for: what is run, and what is not, and why."""

    def __init__(self, words: list[str], repeats: int) -> None:
        self._ipykernels = chosen(words, (*IPYKERNELS, NEWEST, PRE_RELEASE))
        self._pythons = chosen(words, PYTHONS)
        self._shells = chosen(words, SHELLS)
        self._modes = chosen(words, MODES)
        self._outcomes = tuple(chosen(words, tuple(OUTCOMES)))
        self._repeats = repeats
        self.results: dict[Key, Result | str] = {}
        self.plans: list[tuple[Plan, tuple[str, str]]] = []

    def prepare(self) -> None:
        """Build the environments, and plan what to run in each."""
        interpreters = environments.pythons()
        kept = self._kept = {
            python: environments.built(python, interpreters[python])
            for python in self._pythons
            if python in interpreters
        }
        for wanted in self._ipykernels:
            for python in self._pythons:
                if python in kept:
                    self._plan(wanted, python, kept[python])
                else:
                    self._leave_out((wanted, python), self._shells, f"no Python {python} here")

    def _plan(self, wanted: str, python: str, interpreter: str) -> None:
        first = next(iter(self._kept.values()))
        asked = interpreter if wanted in {NEWEST, PRE_RELEASE} else first
        version = environments.resolved(asked, wanted)
        row = (wanted if version.startswith(wanted) else f"{wanted} ({version})", python)
        environment = environments.environment(version, python, interpreter)
        if any(plan.environment == environment for plan, _ in self.plans):
            self._leave_out(row, self._shells, "there is none but one that has a row already")
            return
        for shell in self._shells:
            if shell == SUBSHELL and not environment.has_subshells:
                self._leave_out(row, [shell], NO_SUBSHELLS)
                continue
            for mode in self._modes:
                plan = Plan(environment, shell, mode, self._outcomes, self._repeats)
                self.plans.append((plan, row))
                for outcome in self._outcomes:
                    self.results[_key(row, shell, mode, outcome)] = Result.of(plan, outcome)

    def _leave_out(self, row: tuple[str, str], shells: list[str], reason: str) -> None:
        for shell in shells:
            for mode in self._modes:
                for outcome in self._outcomes:
                    self.results[_key(row, shell, mode, outcome)] = reason

    def run(self) -> None:
        """Run all, the newest first, some at once; tell how far it is."""
        began = time.monotonic()
        with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn")) as pool:
            running = {pool.submit(run, plan): (plan, row) for plan, row in reversed(self.plans)}
            for number, future in enumerate(as_completed(running), 1):
                plan, row = running[future]
                results = future.result()
                for one in results:
                    self.results[_key(row, plan.shell, plan.mode, one.outcome)] = one
                ok = sum(one.ok for one in results)
                woken = sum(one.woken for one in results)
                minutes = (time.monotonic() - began) / 60
                print(
                    f"{number}/{len(running)} after {minutes:.1f} min: "
                    f"{plan.environment.name}, {plan.shell}, {plan.mode}: {ok} right"
                    + (f", {woken} times deaf" if woken else ""),
                    *(f"\n{failure}" for one in results for failure in one.failures),
                    flush=True,
                )


def _key(row: tuple[str, str], shell: str, mode: str, outcome: str) -> Key:
    return (*row, shell, mode, outcome)


def main(words: list[str]) -> int:
    repeats = int(os.environ.get("NB_OAUTH_REPEATS", "50"))
    began = time.monotonic()
    matrix = Matrix(words, repeats)
    matrix.prepare()
    matrix.run()
    lines, wrong = table.as_table(matrix.results, repeats)
    print(f" {repeats} times each ".center(table.WIDTH, "="), *lines, sep="\n")
    print(f"{(time.monotonic() - began) / 60:.1f} min")
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
