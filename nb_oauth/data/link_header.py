"""The header that says where the next page is: web linking (RFC 8288).

``requests`` reads it as well, and takes a comma in a title for the end of a link, ``REL`` for
another parameter than ``rel``, and two relations in one ``rel`` for one that is called so.
"""

import re
from collections.abc import Iterator

__all__ = ["links_by_relation"]

_TARGET = re.compile(r"[\s,]*<([^>]*)>")
# ;name, ;name=token or ;name="text", in which a backslash takes what follows as it is.
_PARAMETER = re.compile(r'\s*;\s*([^\s=;,"]*)\s*(?:=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;,"]*)))?')


def links_by_relation(header: str) -> dict[str, str]:
    """Return the target of each relation, such as ``{"next": "/stars?page=2"}``.

    Of several links with one relation the first counts. Those that are about another document
    than the one that came (``anchor``) are left out, and those that lead to nothing, as a
    parameter ``results="false"`` says at Sentry, which always has a next page.

    Args:
        header: the value of ``Link``; several headers may stand in it, with commas between.

    Returns:
        Relations in lower case, and targets as they were written: they may be relative.
    """
    found: dict[str, str] = {}
    for target, parameters in _links(header):
        if "anchor" not in parameters and parameters.get("results") != "false":
            for relation in parameters.get("rel", "").lower().split():
                found.setdefault(relation, target)
    return found


def _links(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    at = 0
    while target := _TARGET.match(header, at):
        at = target.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, at):
            at = parameter.end()
            name, quoted, token = parameter.groups()
            # Of several rel in one link the first counts (RFC 8288 §3.3).
            text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else token or ""
            parameters.setdefault(name.lower(), text)
        yield target[1].strip(), parameters
        at = _end_of_link(header, at)


def _end_of_link(header: str, at: int) -> int:
    """Pass over what nobody can read, up to the next comma."""
    comma = header.find(",", at)
    return len(header) if comma < 0 else comma
