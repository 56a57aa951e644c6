"""A process that sends a session to workers of every kind, and says what they did with it.

It is one of its own so that what pools leave behind (a fork server, a resource tracker) ends with
it: ``python -m tests.unit.copies_in_workers spawn <issuer> <folder or nothing>``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import warnings
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from nb_oauth import Client, FileTokenStore, OAuth2Session, OAuthError, Provider

if TYPE_CHECKING:
    from collections.abc import Callable

TASKS, WORKERS = 6, 3
STARTS = ("spawn", "forkserver", "fork")


def open_at(issuer: str, folder: str = "") -> OAuth2Session:
    provider = Provider("Stage", token_endpoint=f"{issuer}/token")
    client = Client("app", redirect_uri="http://127.0.0.1/callback")
    if folder:
        session = OAuth2Session.open(provider, client, store=FileTokenStore(folder))
    else:
        token = {"access_token": "access-0", "refresh_token": "refresh-0", "expires_at": 1}
        session = OAuth2Session.open(provider, client, token=token)
    session.trust_env = False
    return session


def ask(session: OAuth2Session, url: str) -> tuple[object, object]:
    """What a worker does: return the path that the API saw, and what it was asked with."""
    try:
        response = session.get(url)
        return response.json().get("path", response.status_code), session.token["access_token"]
    except OAuthError as error:
        return type(error).__name__, None


def by_executor(executor: Executor, session: OAuth2Session, urls: list[str]) -> list[Any]:
    with executor:
        return list(executor.map(ask, [session] * len(urls), urls))


def by_processes(how: str, session: OAuth2Session, urls: list[str]) -> list[Any]:
    context = multiprocessing.get_context(how)
    return by_executor(ProcessPoolExecutor(WORKERS, mp_context=context), session, urls)


def by_threads(_: str, session: OAuth2Session, urls: list[str]) -> list[Any]:
    return by_executor(ThreadPoolExecutor(WORKERS), session, urls)


def by_joblib(how: str, session: OAuth2Session, urls: list[str]) -> list[Any]:
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    results = Parallel(WORKERS, backend=how)(delayed(ask)(session, url) for url in urls)
    if how == "loky":
        get_reusable_executor().shutdown(wait=True)
    return list(results)


def in_child(function: Callable[[], object]) -> Any:
    """Return what ``function`` returns in a forked process."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: there are threads
        child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends it, should it wait for a thread that is not there
        try:
            os.write(write, json.dumps(function()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said)


def by_fork(_: str, session: OAuth2Session, urls: list[str]) -> list[Any]:
    """Fork after connections were used, with the parent's cookies locked by another thread."""
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with session.cookies._cookies_lock:  # type: ignore[attr-defined]
            inside.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    there = [in_child(partial(ask_and_tell, session, url)) for url in urls]
    done.set()
    thread.join()
    return [*there, ask_and_tell(session, urls[0])]


def ask_and_tell(session: OAuth2Session, url: str) -> list[object]:
    return [*ask(session, url), session.account.renews]


def by_shared_connection(_: str, session: OAuth2Session, urls: list[str]) -> list[Any]:
    """Say which connections parent and child asked by: the API answers with its peer's port."""
    mine = session.get(urls[0]).json()["port"]
    there = in_child(lambda: session.get(urls[0]).json()["port"])
    return [mine, there, session.get(urls[0]).json()["port"]]


HOWS: dict[str, Callable[[str, OAuth2Session, list[str]], list[Any]]] = {
    **dict.fromkeys(STARTS, by_processes),
    **dict.fromkeys(("loky", "threading"), by_joblib),
    "threads": by_threads,
    "by_fork": by_fork,
    "by_shared_connection": by_shared_connection,
}


def main(how: str, issuer: str, folder: str = "") -> None:
    urls = [f"{issuer}/api/{number}" for number in range(TASKS)]
    if folder == "-":
        session, urls = pickle.load(sys.stdin.buffer), [issuer] * TASKS  # noqa: S301 - our own
    else:
        session = open_at(issuer, folder)
    print(json.dumps(HOWS[how](how, session, urls)))


if __name__ == "__main__":
    main(*sys.argv[1:])
