"""Somebody who does what a page says: ``python -m tests.documents.reader PAGE``.

Blocks of Python run one after the other with the same names, ``nb-oauth …`` in a shell's block is
the real command, and TOML is put into the reader's own ``clients.toml``.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import tomlkit
from traitlets.config import Config

from nb_oauth import Provider, commands, demo, sign_in
from nb_oauth.app_registrations import ClientsFile
from nb_oauth.demo import elsewhere
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.providers import KnownProvider
from nb_oauth.providers import known_provider as known
from tests.documents import internet
from tests.documents.blocks import Block, blocks_of, lines_of

OVER = "The page was read to its end."
AT_HAND = {"c": Config(), "show": print}
"""What a page supposes one has: what configures a JupyterHub, and a function of one's own."""


def main(page: str) -> None:
    internet.connect()
    names: dict[str, Any] = {"__name__": "__main__", **AT_HAND}
    for block in blocks_of(Path(page)):
        print(f"{page}:{block.line} {block.language}", flush=True)
        if block.language == "python":
            _run(block, page, names)
        elif block.language == "sh":
            for line in lines_of(block):
                _type(line)
        elif block.language == "toml":
            _keep(block.code)
    print(OVER)


def _run(block: Block, page: str, names: dict[str, Any]) -> None:
    """Run a block, so that a traceback has the lines of the page."""
    code = "\n" * (block.line - 1) + block.code
    exec(compile(code, page, "exec"), names)  # noqa: S102 - what is tested


def _type(line: str) -> None:
    program, *words = shlex.split(line.rstrip("& "))
    if words[:1] == ["demo"] and program == "nb-oauth":
        demo.start()  # it never ends as a command; and the port of the page may be taken
    elif program == "nb-oauth":
        assert _run_command(words) == 0, line
    elif program == "export":
        os.environ.update(dict([words[0].split("=", 1)]) | {elsewhere.ISSUER: demo.start()})


def _run_command(words: list[str]) -> int:
    """Run a command as the process of its own that it is: it remembers no session."""
    memory, sign_in._memory = sign_in._memory, KernelMemory()
    try:
        return commands.main(words)
    finally:
        sign_in._memory = memory


def _keep(text: str) -> None:
    """Write it down as the page says; every app in it is found then."""
    file = ClientsFile().path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(0o600)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(text)
    for name, table in tomlkit.parse(text).items():
        assert ClientsFile().find(_provider(name, table)), name


def _provider(name: str, table: Any) -> KnownProvider:
    endpoint = table.get("token_endpoint")
    return KnownProvider(Provider(name, token_endpoint=endpoint)) if endpoint else known(name)


if __name__ == "__main__":
    main(sys.argv[1])
