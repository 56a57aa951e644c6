"""What stands in README.md and docs/ is done, and not believed: every block, every link."""

from __future__ import annotations

import os
import re
import shlex
import sys
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from nb_oauth import commands
from nb_oauth.providers import known_providers
from nb_oauth.variables import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, variable
from tests.documents.blocks import PAGES, ROOT, Block, blocks_of, lines_of
from tests.documents.reader import OVER
from tests.polling import wait_until
from tests.terminal import PseudoTerminal

LANGUAGES = {"python", "sh", "toml", "yaml", "text"}
BROWSER = Path(__file__).with_name("browser.py")
APPS = ("GITHUB", "GOOGLE", "SPOTIFY")
TYPED = {r"Name: $": "ada\n", r"Password \(it does not show\): $": "lovelace\n"}
ELSEWHERES = {"cd", "git", "jupyter", "papermill", "python", "set", "."}  # no programs of ours

by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.fixture
def reader(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody with a browser, and an app at the providers that are named."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "gh").write_text("#!/bin/sh\ncat >/dev/null\n", encoding="utf-8")
    (programs / "gh").chmod(0o700)
    ids = {f"NB_OAUTH_{name}_CLIENT_ID": "my-client-id" for name in APPS}
    secrets = {f"NB_OAUTH_{name}_CLIENT_SECRET": "my-client-secret" for name in APPS}
    folders = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("STATE", "CONFIG", "CACHE")}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {"BROWSER": f"{sys.executable} {BROWSER} %s", "PATH": path, **ids, **secrets, **folders}


@by_name
def test_a_page_can_be_followed_to_the_letter(
    page: Path, reader: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-W", "error::DeprecationWarning", "-m", "tests.documents.reader"]
    with PseudoTerminal([*command, str(page)], tmp_path, reader) as terminal:
        _type_whatever_is_asked(terminal)
        said = terminal.end()
        assert said.endswith(f"{OVER}\n"), f"{said}\n{terminal.text}"
        assert terminal.process.returncode == 0
        _assert_shows(blocks_of(page), " ".join(f"{said}\n{terminal.text}".split()))


def _assert_shows(blocks: list[Block], shown: str) -> None:
    """Whatever a page says that one sees was seen."""
    promised = [line for one in blocks if one.language == "text" for line in one.code.splitlines()]
    assert [line for line in promised if line not in shown] == []


def _type_whatever_is_asked(terminal: PseudoTerminal) -> None:
    while terminal.process.poll() is None:
        terminal._look(0.1)
        for prompt, keys in TYPED.items():
            if re.search(prompt, terminal.text):
                terminal.type(keys)
                wait_until(partial(_is_past, terminal, prompt), f"that {prompt} was answered")


def _is_past(terminal: PseudoTerminal, prompt: str) -> bool:
    terminal._look(0.05)
    is_over = terminal.process.poll() is not None
    return is_over or re.search(prompt, terminal.text) is None


@by_name
def test_every_block_says_what_it_is(page: Path) -> None:
    fences = re.findall(r"^[ \t]*```", page.read_text(encoding="utf-8"), re.MULTILINE)
    blocks = blocks_of(page)
    assert {block.language for block in blocks} <= LANGUAGES
    assert len(fences) == 2 * len(blocks), "a block that is not found is not tested"


@by_name
def test_every_command_is_there(page: Path) -> None:
    for block in blocks_of(page):
        if block.language == "sh":
            _check_commands(lines_of(block))
        elif block.language == "yaml":
            _check_job(block)


def _check_commands(lines: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+)(?:\s[a-z-]+)*:", _text("Makefile"), re.MULTILINE)
    for line in lines:
        program, *words = shlex.split(line.rstrip("& "))
        if program == "nb-oauth":
            commands._parser().parse_args(words)
        elif program == "make":
            assert words[0] in targets, line
        elif program == "pip":
            _check_install(words)
        elif program == "export":
            assert words[0].startswith("NB_OAUTH_"), line
        else:
            assert program in ELSEWHERES, f"{line}: nobody knows whether that works"


def _check_install(words: list[str]) -> None:
    """What a page has installed is the project itself, or something it has to do with."""
    assert words[0] == "install"
    for package in (word for word in words[1:] if not word.startswith((".", "-"))):
        assert re.search(rf'"{re.escape(package)}\b', _text("pyproject.toml")), package


def _check_job(block: Block) -> None:
    """A job for a runner is read as one, and every variable that it sets is one of ours."""
    for job in yaml.safe_load(block.code)["jobs"].values():
        for step in job["steps"]:
            _check_commands(step.get("run", "").splitlines())
            assert set(step.get("env", {})) <= _variables()


def _variables() -> set[str]:
    members = (ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN)
    return {variable(name, member) for name in known_providers() for member in members}


@by_name
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / unquote(path) if path else page
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


def _anchors(file: Path) -> set[str]:
    """The anchors of its headings, as GitHub and JupyterLab's Markdown make them."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def test_the_readme_leads_to_every_page() -> None:
    readme = _text("README.md")
    for page in PAGES:
        path = page.relative_to(ROOT).as_posix()
        assert path == "README.md" or f"({path})" in readme, path


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
