"""The names people import: all there, all documented, none loaded before it is used."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import nb_oauth
from tests.tools import unmeasured

ROOT = Path(__file__).parents[2]
HEAVY = ("requests", "ipywidgets", "anywidget", "oauthlib", "cryptography", "keyring")
FOR_OPENED_SESSIONS = (  # dataclasses: it compiles each class anew, and costs a tenth of requests
    *("allowed_hosts", "client_authentication", "clients", "openid.authentication", "providers"),
    *("stores.contract", "stores.locks", "stores.memory"),
)


@pytest.mark.parametrize("name", nb_oauth.__all__)
def test_is_there_with_a_docstring(name: str) -> None:
    assert getattr(nb_oauth, name).__doc__


def test_all_is_what_is_lazily_there() -> None:
    assert sorted(nb_oauth.__all__) == sorted(nb_oauth._ROOMS)
    assert set(nb_oauth.__all__) <= set(dir(nb_oauth))


def test_no_public_name_equals_a_submodule() -> None:
    package = Path(nb_oauth.__file__).parent
    submodules = {path.stem for path in package.iterdir()}
    assert submodules.isdisjoint(nb_oauth.__all__)


def test_no_public_name_of_data_equals_a_submodule() -> None:
    folder = Path(nb_oauth.data.__file__).parent
    assert {path.stem for path in folder.iterdir()}.isdisjoint(nb_oauth.data.__all__)


def test_data_is_loaded_when_it_is_used() -> None:
    heavy = {"aiohttp", "distributed", "jmespath", "pandas", "pyarrow", "requests", "tqdm"}
    code = f"import sys, nb_oauth.data; print({heavy} & set(sys.modules))"
    typed = [sys.executable, "-c", code]
    run = subprocess.run(typed, check=True, capture_output=True, text=True, env=unmeasured())  # noqa: S603 - our own
    assert run.stdout == "set()\n"


def test_every_public_name_is_in_the_readme() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for name in nb_oauth.__all__:
        assert f"`{name}" in text, name


@pytest.mark.parametrize("name", ["bridges", "data", "demo", "providers"])
def test_public_modules_are_reached_by_name(name: str) -> None:
    assert getattr(nb_oauth, name).__name__ == f"nb_oauth.{name}"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = nb_oauth.no_such_name


@pytest.mark.parametrize("package", ["data", "grants", "providers", "stores"])
def test_what_a_package_loads_late_is_listed(package: str) -> None:
    module = importlib.import_module(f"nb_oauth.{package}")
    assert set(module.__all__) <= set(dir(module))


USE = """
import sys, threading
import nb_oauth

sys.setswitchinterval(1e-6)
names = ["login", "OAuth2Session", "Client", "FileTokenStore", "TokenError", "logout"]
together, failures = threading.Barrier(len(names)), []

def use(name):
    together.wait()
    try:
        getattr(nb_oauth, name)
    except Exception as error:
        failures.append(repr(error))

threads = [threading.Thread(target=use, args=[name]) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit("\\n".join(failures) or None)
"""


def test_threads_may_first_use_different_names() -> None:
    for _ in range(3):  # without a door of one's own each of them fails nearly always
        subprocess.run([sys.executable, "-c", USE], check=True)  # noqa: S603 - our own


def test_a_type_checker_knows_the_names(tmp_path: Path) -> None:
    used = tmp_path / "used.py"
    used.write_text(
        "from nb_oauth import Client, bridges, login\n"
        "from nb_oauth.stores import FileTokenStore\n"
        "from nb_oauth import Logn\n"
        "from nb_oauth.stores import Nope\n"
    )
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", str(used)]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - our own
    assert [line.split(":")[1] for line in run.stdout.splitlines() if ": error:" in line] == [
        *("3", "4")
    ], run.stdout


def test_importing_loads_nothing_heavy() -> None:
    code = (
        f"import nb_oauth, sys, json; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    )
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    assert json.loads(out.stdout) == []


def test_a_session_of_the_constructor_loads_nothing_that_only_opened_ones_use() -> None:
    unused = ["dataclasses", *(f"nb_oauth.{name}" for name in FOR_OPENED_SESSIONS)]
    code = (
        "import nb_oauth, sys; nb_oauth.OAuth2Session('app'); "
        f"print([m for m in {unused} if m in sys.modules])"
    )
    run = [sys.executable, "-c", code]
    env = unmeasured()  # what measures lines loads some of these itself
    out = subprocess.run(run, env=env, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    assert out.stdout.strip() == "[]"


def test_importing_widgets_opens_no_window_and_no_socket() -> None:
    code = "import nb_oauth, threading; nb_oauth.login; print(threading.active_count())"
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    assert out.stdout.strip() == "1"
