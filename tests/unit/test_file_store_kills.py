"""A process that is killed while it writes leaves the old token or the new one, whole."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nb_oauth.stores import FileTokenStore
from nb_oauth.tokens import TokenKey

KEY = TokenKey("https://as.example", "app", "authorization_code")


def token(number: int) -> dict[str, object]:
    """A token of another size than the one before and after, and larger than a block."""
    return {"access_token": f"a{number}", "refresh_token": f"r{number}" * (1000 + number % 7 * 900)}


@pytest.mark.parametrize(
    "times",
    [50, pytest.param(1000, marks=[pytest.mark.sweep, pytest.mark.timeout(600)])],
)
def test_a_writer_killed_at_any_moment_leaves_the_old_token_or_the_new(
    tmp_path: Path, times: int
) -> None:
    command = [sys.executable, __file__, str(tmp_path / "tokens"), str(times)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=500)  # noqa: S603 - this very file
    killed_in_the_middle = int(said.stdout)
    assert killed_in_the_middle >= times / 10  # else this would prove nothing


def kill_writers(folder: Path, times: int) -> int:
    """Kill so many writers or more, look at the file after each; count those that were writing."""
    FileTokenStore(folder).save(KEY, token(0))
    number = in_the_middle = 0
    for tried in itertools.count():
        if tried >= times and (in_the_middle >= times / 10 or tried >= 20 * times):
            break  # on a slow machine fewer of them have come so far
        number = _kill_one(folder, number)
        left = list(folder.glob("*.new"))
        in_the_middle += bool(left)
        for path in left:  # a minute would have to pass before a store removes them
            path.unlink()
    return in_the_middle


def _kill_one(folder: Path, number: int) -> int:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _save_for_ever(folder, number, writing)
        finally:
            os._exit(1)
    os.close(writing)
    try:
        done = int(os.read(reading, 12))  # it has begun
        time.sleep(random.uniform(0, 0.01))  # noqa: S311 - the moment is what is tried
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    while line := os.read(reading, 12):
        done = int(line)
    os.close(reading)
    found = FileTokenStore(folder).load(KEY)
    assert found in (token(done), token(done + 1)), (done, found and found["access_token"])
    return int(str(found["access_token"])[1:])


def _save_for_ever(folder: Path, number: int, writing: int) -> None:
    store = FileTokenStore(folder)
    while True:
        os.write(writing, b"%11d\n" % number)
        number += 1
        store.save(KEY, token(number))


if __name__ == "__main__":
    print(kill_writers(Path(sys.argv[1]), int(sys.argv[2])))
