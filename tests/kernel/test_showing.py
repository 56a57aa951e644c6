"""What the widget costs a notebook, in messages, bytes and modules. `make bench` has the times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks import showing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernel.harness import KernelProcess

HEAVY = {"requests", "ipywidgets", "anywidget", "oauthlib", "cryptography", "keyring"}
IMPORTING = """
import sys
before = set(sys.modules)
import nb_oauth
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def test_importing_the_package_loads_nothing_heavy(
    start_kernel: Callable[..., KernelProcess],
) -> None:
    loaded = set(start_kernel().run(IMPORTING).split())
    assert "nb_oauth" in loaded
    assert not loaded & HEAVY


def test_showing_the_widget_takes_few_messages(start_kernel: Callable[..., KernelProcess]) -> None:
    kernel = start_kernel()
    for _ in ("the first widget of a kernel", "another"):
        cost = showing.show_login(kernel)
        assert cost.counts["comm_open"] <= showing.COMM_OPENS, cost.counts
        assert cost.counts["display_data"] == showing.DISPLAYS, cost.counts


def test_showing_the_widget_takes_little_room(start_kernel: Callable[..., KernelProcess]) -> None:
    by_kind = showing.show_login(start_kernel()).by_kind
    assert by_kind.total() <= showing.BYTES, by_kind
