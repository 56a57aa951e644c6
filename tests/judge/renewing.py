"""What becomes of a token in time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nb_oauth import OAuth2Session


def let_end(session: OAuth2Session) -> None:
    """Let the session's token be one that has ended."""
    session.token = {**session.token, "expires_at": time.time() - 1}
