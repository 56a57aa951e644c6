"""The widget's files as they are sent: joined into one text, and lean.

They travel with every widget that is shown, and are saved with the notebook where widget state
is. So a widget carries only the parts that it needs, and nothing that only readers need.
"""

import re
from pathlib import Path

_STATIC = Path(__file__).parent / "static"
_LANGUAGES = frozenset({"zh"})  # besides English; each has a file
_COMMENT = re.compile(r"^\s*(/\*(?s:.*?)\*/\s*|//.*)$|[ ]//[ ][^\"'`\n]*$", re.MULTILINE)
_JOINT = re.compile(r"^(?:import|export) \{[^}]*\}[^;]*;$", re.MULTILINE)  # one text, one scope
_NEEDLESS_BREAK = {  # no statement ends there
    ".js": re.compile(r"(?<=[;{,(=>])\n|\n(?=\.)"),
    ".css": re.compile(r"(?<=[;{}(,])\n|\n(?=\))"),
}
_STRING = r"\"(?P<plain>[^\"'\\\n]*)\"|(?P<string>\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`)"
_LAST = re.compile(r"[,;](?=[ ]?\})|[ ]")  # nothing comes after it; nothing needs the space
_SIGN = {
    ".js": r"[ ]?(?P<sign>!==|[=<>{}()\[\],;:?&|](?:[ ]?[=<>{}()\[\],;:?&|])*|(?<!\+)\+(?!\+))[ ]?",
    ".css": r"[ ]?(?P<sign>[{},;>~](?:[ ]?[{},;])*)[ ]?|(?P<colon>:)[ ]",
}


def words(language: str) -> str | None:
    """Return the module that has the widget speak ``language`` (BCP 47); None where it need not.

    Any Chinese comes to the one that there is.
    """
    name = language.partition("-")[0].lower()
    return script(name, "tongue") if name in _LANGUAGES else None


def script(*names: str) -> str:
    """Return one ES module made of these files, each named without its ending."""
    return "\n".join(_lean(_STATIC / f"{name}.js") for name in names)


def style(*names: str) -> str:
    """Return one style sheet made of these files; a name may have none."""
    files = [_STATIC / f"{name}.css" for name in names]
    return "\n".join(_lean(file) for file in files if file.exists())


def _lean(file: Path) -> str:
    """Return a file without what no browser needs: comments, indentation, joints, some spaces.

    JSON needs two bytes for a double quote and for a line break, so these are spared, too.
    """
    text = _JOINT.sub("", _COMMENT.sub("", file.read_text(encoding="utf-8")))
    lines = (line.strip() for line in text.splitlines())
    text = _NEEDLESS_BREAK[file.suffix].sub("", "\n".join(line for line in lines if line))
    return re.sub(f"{_STRING}|{_SIGN[file.suffix]}", _shorten, text)


def _shorten(match: re.Match[str]) -> str:
    plain = match["plain"]
    if plain is not None:
        return f"'{plain}'"
    kept: str = match[match.lastgroup or 0]
    return _LAST.sub("", kept) if match.lastgroup == "sign" else kept
