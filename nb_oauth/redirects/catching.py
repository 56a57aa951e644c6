"""What catches the answer of one sign-in as the browser brings it."""

import errno
import os
from collections.abc import Callable
from urllib.parse import urlsplit

from nb_oauth.prompts import Page
from nb_oauth.redirects.loopback import Deliver, LoopbackRedirect, is_loopback_redirect
from nb_oauth.redirects.ways import is_callback_page, remark_on
from nb_oauth.transport import is_loopback

_NOTICE = (
    "If the page won't load after you have signed in, copy its address here, all of it to the end."
)
TAKEN_OVER = (
    "A newer sign-in of this notebook waits for the answer at the same address. Use that one; or "
    'press "New link" here to go on with this one.'
)


class Catcher:
    """Listens where that is possible, as long as one sign-in is under way.

    Args:
        deliver: takes each address that the browser was sent to.
        taken_over: is called when a newer sign-in of this process listens in its place.

    Attributes:
        notice: what to know beside the callback box.
        comes_back: whether what the browser brings comes here by itself, without any page.
        asks_page: whether the person's page decides what the redirect URI is.
    """

    def __init__(self, deliver: Deliver, taken_over: Callable[[], None]) -> None:
        self.notice = _NOTICE
        self._deliver = deliver
        self._taken_over = taken_over
        self.comes_back = self.asks_page = self._goes_to_page = self._is_taken = False
        self._listener: LoopbackRedirect | None = None
        self._redirect_uri = ""

    @property
    def probe(self) -> str | None:
        """What a browser reaches on this machine only; None where no page has to say anything."""
        if self._listener is not None:
            return self._listener.probe
        return "" if self.asks_page or self._goes_to_page else None

    def catch(self, redirect_uri: str | None) -> str | None:
        """Listen at ``redirect_uri`` if it is here; return the URI to be sent back to."""
        if redirect_uri is None:
            return None
        self._goes_to_page = is_callback_page(redirect_uri)
        self._redirect_uri = redirect_uri
        is_here = is_loopback_redirect(redirect_uri) and not self._goes_to_page
        if is_here and self._listener is None:
            self._listen(redirect_uri)
        elif not is_here:
            self.notice = _NOTICE
        self.comes_back = is_here and self._listener is not None
        if not is_here or self._listener is None:
            return redirect_uri
        return self._listener.redirect_uri

    def to_go_by(self, page: Page | None) -> Page | None:
        """Return ``page``, or None where it had better not decide.

        That is where it seems to be on this machine and does not reach this kernel because another
        program listens at the one port that the provider takes: that address is what is registered.
        """
        callback = urlsplit(page.callback or "") if page else None
        is_near = callback is not None and is_loopback(callback.hostname)
        return None if self._is_taken and is_near else page

    def remark_on(self, page: Page) -> str | None:
        """Say what ``page`` means for a redirect URI that it did not decide; None for nothing.

        Where all goes well no line comes late, and moves a button from under somebody's pointer.
        """
        is_missed = self._listener is not None and not page.reaches_kernel
        is_set = (self._goes_to_page or is_missed) and not self.asks_page
        return remark_on(self._redirect_uri, page) if is_set else None

    def _listen(self, redirect_uri: str) -> None:
        try:
            self._listener = LoopbackRedirect(redirect_uri, self._deliver, self._taken_over)
        except OSError as error:
            self._is_taken = error.errno == errno.EADDRINUSE
            self.notice = cannot_listen(redirect_uri, error)
        else:
            self.notice = _NOTICE

    def lose(self) -> None:
        """Take notice that a newer sign-in listens instead."""
        self._listener, self.comes_back, self.notice = None, False, TAKEN_OVER

    def close(self) -> None:
        """Listen no more."""
        if self._listener is not None:
            self._listener.close()


def cannot_listen(redirect_uri: str, error: OSError) -> str:
    """Say why the answer cannot come back by itself, and what to do."""
    why = "another program listens there"
    if error.errno != errno.EADDRINUSE:
        why = os.strerror(error.errno or 0)
    return (
        f"The answer cannot come back to {redirect_uri} by itself ({why}): after you have signed "
        "in, copy the address of the page here."
    )
