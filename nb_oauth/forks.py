"""What a process begins anew when it is forked: only the thread that forks goes along."""

import os
from collections.abc import Callable


def in_child(begin_anew: Callable[[], object]) -> None:
    """Have ``begin_anew`` called in every process that is forked from this one.

    A lock that another thread holds at that moment is held for ever there: it is to be made anew.
    """
    if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows does not fork
        os.register_at_fork(after_in_child=begin_anew)
