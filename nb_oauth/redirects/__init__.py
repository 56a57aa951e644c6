"""How the browser's answer comes back without anybody copying it."""

from nb_oauth.redirects.loopback import LoopbackRedirect, is_loopback_redirect

__all__ = ["LoopbackRedirect", "is_loopback_redirect"]
