"""The translations of the widget: of what it says, all of that, and nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import nb_oauth
from nb_oauth.surfaces import static_files

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(nb_oauth.__file__).parent
STATIC = PACKAGE / "surfaces" / "static"
# What these say is shown in the widget: progress, remarks, notices, what was wrong with an answer.
SPEAKING = [
    "asking.py",
    "attempt.py",
    "grants/authorization_code.py",
    "grants/authorization_messages.py",
    "grants/authorization_response.py",
    "grants/device_code.py",
    "grants/implicit.py",
    "grants/password.py",
    "logins/account_actions.py",
    "logins/client_question.py",
    "logins/code.py",
    "redirects/catching.py",
    "redirects/ways.py",
    "sign_out.py",
]
LABELLED = ["login.js", "code.js", "password.js", "registration.js", "beside.js", "bearer.js"]
# Put together of several; tests/browser/test_languages.py says each of them.
COMPOSED = {
    "en",
    "{} answered: {}. {}",
    "Not a link: neither https nor on this computer: {}",
    "Enter this code on the sign-in page: {}. {}",
    "The code is good for {}",
    "{} minutes.",
    "The kernel does not answer. It may be busy or restarted.",
    "The kernel does not answer. It may be busy or restarted; your answer is still in the box.",
    "Signed out of {}: the tokens are forgotten here. {}",
    "refresh token",
    "access token",
    "refresh token and access token",
    'By a device code. {} To paste the address instead: grant="authorization_code".',
}
SILENCES = {"${SILENT}.", "${SILENT}; your answer is still in the box."}
PARTS = {  # of the composed
    "The code is good for",
    "Not a link: neither https nor on this computer: ",
    "{} answered: {}{}",
    "{}. {}",
    " – {}",
    " ({})",
    " and ",
    "By a device code. {} {}",
    'To paste the address instead: grant="authorization_code".',
    "The {} could not be revoked: {}",  # the rest of it is an error
}
TO_OTHERS = {  # said by exceptions, in a session's own words, or at a terminal
    "Signing in was cancelled. Run {} again to sign in.",
    "the cell",
    "No live sessions.",
}
_TYPES = {"Future[str | None]"}
_KEY = re.compile(r'^  (?:"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|(\w+)):', re.MULTILINE)
_LABELS = re.compile(r"const \w*LABELS = \{(.*?)\};", re.DOTALL)
_STRING = re.compile(r'"([^"\n]*)"|`([^`\n]*)`')


def template(node: ast.AST) -> str:
    """A text as its translation is found by: {} for all that is no word."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_for_the_program(node: ast.AST) -> bool:
    """An error, a log record, a thread's name, a docstring, a type."""
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        return called.startswith("_logger.") or called.endswith(("Error", "Thread"))
    return isinstance(node, ast.Raise | ast.Expr | ast.Subscript)


def texts(node: ast.AST, *, all_of_them: bool) -> Iterator[str]:
    """Each text in ``node``; or each that is for people."""
    if (text := template(node)) or isinstance(node, ast.JoinedStr):
        yield text
        return
    for child in ast.iter_child_nodes(node):
        if all_of_them or not _is_for_the_program(child) or isinstance(child, ast.Expr):
            is_docstring = isinstance(child, ast.Expr) and bool(template(child.value))
            if not is_docstring or all_of_them:
                yield from texts(child, all_of_them=all_of_them)


def spoken(file: str) -> set[str]:
    tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
    found = texts(tree, all_of_them=False)
    return {text for text in found if re.search(r"[A-Za-z]{2}.* |\w \w", text)} - _TYPES


def labels(file: str) -> set[str]:
    (block,) = _LABELS.findall(script_texts(file))
    return {"".join(found) for found in _STRING.findall(block)} - SILENCES


def script_texts(file: str) -> str:
    """The source, with each text in one piece."""
    return re.sub(r"` \+\s+`", "", (STATIC / file).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def words() -> set[str]:
    source = (STATIC / "zh.js").read_text(encoding="utf-8")
    return {"".join(found) for found in _KEY.findall(source)}


def test_the_words_are_read_here_as_they_are_written(words: set[str]) -> None:
    assert len(words) > 80
    assert {
        "en",
        "Cancel",
        "Sign in to {}",
        ('By a device code. {} To paste the address instead: grant="authorization_code".'),
    } <= words


@pytest.mark.parametrize("file", SPEAKING)
def test_all_that_the_kernel_says_in_the_widget_has_words(file: str, words: set[str]) -> None:
    assert spoken(file) - words - PARTS - TO_OTHERS == set()


@pytest.mark.parametrize("file", LABELLED)
def test_every_label_has_words(file: str, words: set[str]) -> None:
    assert labels(file)
    assert labels(file) - words - PARTS == set()


def test_there_are_no_words_for_what_is_said_no_more(words: set[str]) -> None:
    said: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        said.update(texts(ast.parse(file.read_text(encoding="utf-8")), all_of_them=True))
    for file in STATIC.glob("*.js"):
        if file.name != "zh.js":
            said.update("".join(found) for found in _STRING.findall(script_texts(file.name)))
    assert words - said - COMPOSED == set()


@pytest.mark.parametrize("language", ["zh", "zh-CN", "zh-TW", "ZH-hant"])
def test_any_chinese_is_said_in_the_one_there_is(language: str) -> None:
    assert static_files.words(language) == static_files.words("zh")
    assert "正在等待内核响应" in (static_files.words(language) or "")


@pytest.mark.parametrize("language", ["", "en", "en-US", "de", "../../etc", "zhx"])
def test_no_other_language_is_sent_words(language: str) -> None:
    assert static_files.words(language) is None
