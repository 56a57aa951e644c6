"""The browser of whoever reads a page: ``python browser.py ADDRESS`` signs in, and comes back."""

from __future__ import annotations

import sys
from urllib.parse import parse_qs, urlencode, urlsplit

from nb_oauth.transport import is_loopback
from tests.documents.internet import TOKEN
from tests.providers.visitor import Visitor
from tests.unit.demo_visitor import ticket

_PATIENCE = 30  # seconds


def main(address: str) -> None:
    """Open ``address``, sign in there and allow what is asked for, and be sent back."""
    with Visitor() as visitor:
        ends_on = _at_the_demo if is_loopback(urlsplit(address).hostname) else _elsewhere
        visitor.come_back(ends_on(visitor, address))


def _at_the_demo(visitor: Visitor, address: str) -> str:
    parts = urlsplit(address)
    issuer = f"{parts.scheme}://{parts.netloc}"
    sign_in = visitor.http.get(address, timeout=_PATIENCE)
    typed = {"ticket": ticket(sign_in), "username": "ada", "password": "lovelace"}
    consent = visitor.http.post(f"{issuer}/sign-in", typed, timeout=_PATIENCE)
    decision = {"ticket": ticket(consent), "decision": "allow"}
    sent_back = visitor.http.post(
        f"{issuer}/decision", decision, timeout=_PATIENCE, allow_redirects=False
    )
    return str(sent_back.headers["Location"])


def _elsewhere(_: Visitor, address: str) -> str:
    """Where a provider would send people back to that believes everybody."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    own = {"state": asked["state"]}
    if asked["response_type"] == "token":
        own |= {"access_token": TOKEN, "token_type": "Bearer", "expires_in": "3600"}
        return f"{asked['redirect_uri']}#{urlencode(own)}"
    return f"{asked['redirect_uri']}?{urlencode({**own, 'code': 'made-up-code'})}"


if __name__ == "__main__":
    main(sys.argv[1])
