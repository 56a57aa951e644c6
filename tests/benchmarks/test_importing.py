"""How long the package takes to import, beside what it is built on."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.figures import Figures
    from tests.kernel.harness import KernelProcess

KERNELS = 7
LIMITS = {"nb_oauth": "2 ms", "requests_oauthlib": "", "ipywidgets": ""}
IMPORT = """
import time
began = time.perf_counter()
import {module}
print((time.perf_counter() - began) * 1000)
"""


@pytest.mark.parametrize("module", LIMITS)
def test_import(module: str, new_kernel: Callable[[], KernelProcess], figures: Figures) -> None:
    took = [float(new_kernel().run(IMPORT.format(module=module))) for _ in range(KERNELS)]
    section = f"import in a running kernel (median of {KERNELS} fresh kernels)"
    remark = f"{min(took):.2f} to {max(took):.2f}"
    figures.add(section, f"import {module}", f"{median(took):.2f} ms", LIMITS[module], remark)
