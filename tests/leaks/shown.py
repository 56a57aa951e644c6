"""What is shown of an object or of an error, whoever asks: cells, debuggers, logs, pickles."""

from __future__ import annotations

import pickle
import pprint
import traceback
from typing import TYPE_CHECKING, Any

import cloudpickle
from IPython.core.ultratb import VerboseTB
from IPython.lib.pretty import pretty

from nb_oauth import OAuthError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS = "nb_oauth"  # a folder
_RICH = ("_repr_html_", "_repr_mimebundle_", "_repr_json_", "_repr_markdown_")


def text_of(thing: object) -> str:
    """All that text makes of an object, in cells as well."""
    rich = [getattr(thing, name)() for name in _RICH if callable(getattr(thing, name, None))]
    ways = (repr, str, format, pretty, pprint.pformat, ascii)
    return "\n".join([*(way(thing) for way in ways), *map(str, rich)])  # type: ignore[operator]


def ways_to_tell(error: BaseException) -> Iterator[tuple[str, str]]:
    """All that an error tells, and the variables of the frames of ours on its way.

    What the test itself holds in its variables is not of ours, nor what a library below does that
    was called by nobody of ours.
    """
    yield "as text", f"{text_of(error)} {error.args!r}"
    yield "among its attributes", str(_attributes_of(error))
    for number, text in enumerate(_with_locals(error)):
        yield f"in part {number} of its traceback", text
    yield "with %xmode Verbose", _as_ipython_shows(error)


def _attributes_of(error: BaseException) -> dict[str, object]:
    """Those of an error of ours; a token that is handed over by it is no leak."""
    of_ours = vars(error) if isinstance(error, OAuthError) else {}
    return {name: value for name, value in of_ours.items() if name != "token"}


def _with_locals(error: BaseException) -> Iterator[str]:
    """As services that collect errors, and debuggers, have it; whatever led to it included."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    for one in _chain(shown):
        yield "".join(one.format_exception_only())
        for frame in _ours_on(one.stack):
            yield f"{frame.filename}:{frame.lineno} {frame.name} {frame.locals}"


def _ours_on(stack: traceback.StackSummary) -> list[traceback.FrameSummary]:
    """The frames from the first of ours on: what is below is in our hands."""
    places = [f"/{OURS}/" in frame.filename for frame in stack]
    return list(stack)[places.index(True) :] if True in places else []


def _chain(shown: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    left: list[traceback.TracebackException | None] = [shown]
    while left:
        one = left.pop()
        if one is not None:
            yield one
            left += [one.__cause__, one.__context__]


def _as_ipython_shows(error: BaseException) -> str:
    """As ``%xmode Verbose`` does, from our first frame on."""
    first = error.__traceback__
    while first is not None and f"/{OURS}/" not in first.tb_frame.f_code.co_filename:
        first = first.tb_next
    verbose: Any = VerboseTB()
    return str(verbose.text(type(error), error, first))


def pickles_of(thing: object) -> str:
    """What ``pickle`` and ``cloudpickle`` make of it; nothing where it is none to be sent."""
    return "\n".join(_pickled(thing, dumps) for dumps in (pickle.dumps, cloudpickle.dumps))


def _pickled(thing: object, dumps: Callable[[object], bytes]) -> str:
    try:
        return dumps(thing).decode("latin-1")
    except Exception:  # noqa: BLE001 - whatever it says, nothing is sent
        return ""
