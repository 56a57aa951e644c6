"""How the browser's answer comes back without anybody copying it.

``jupyter`` and ``callback_page`` run where a Jupyter server runs, the others in the kernel.
"""

from typing import TYPE_CHECKING

from nb_oauth.lazy_names import lazily

if TYPE_CHECKING:
    from nb_oauth.redirects.loopback import LoopbackRedirect, is_loopback_redirect

__all__ = ["LoopbackRedirect", "is_loopback_redirect"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, dict.fromkeys(__all__, "loopback"))
