"""Which characters are text, and no more than that.

An error's description, a scope, a name may come from a provider, and what a terminal or a front end
is sent can do more than show: move the cursor, change a title, or turn around the order in which
the rest is read.
"""

import unicodedata

_NOT_SHOWN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}  # Unicode: control, format, … separators


def clean(text: str) -> str:
    """Return ``text`` on one line, without any character that is not itself shown."""
    return shown(" ".join(text.split()))


def shown(text: str) -> str:
    """Return ``text`` without any character that is not itself shown; its spaces stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one for one in text if unicodedata.category(one) not in _NOT_SHOWN)
