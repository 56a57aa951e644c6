"""What showing the widget costs; ``tests/kernel/test_showing.py`` asserts the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks import showing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.figures import Figures
    from tests.kernel.harness import KernelProcess


def test_showing(new_kernel: Callable[[], KernelProcess], figures: Figures) -> None:
    cost = showing.show_login(new_kernel())
    section = "showing the widget (all frames of the cell's iopub messages, as on the wire)"
    figures.add(section, "comm_open", str(cost.counts["comm_open"]), str(showing.COMM_OPENS))
    figures.add(section, "display_data", str(cost.counts["display_data"]), str(showing.DISPLAYS))
    total, of_any_cell = (
        cost.by_kind.total(),
        cost.by_kind["status"] + cost.by_kind["execute_input"],
    )
    remark = f"{of_any_cell:,} of them in status and execute_input, as for any cell"
    figures.add(section, "all of its messages", f"{total:,} B", f"{showing.BYTES:,} B", remark)
    hello = sum(one.size for one in cost.hello)
    figures.add(section, "and when the browser has said hello", f"{hello:,} B")
