"""Imports point one way: from higher rooms to lower ones, never sideways, never up."""

import ast
import shutil
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "nb_oauth"

# Lowest first. Rooms on one line are strangers to one another.
LAYERS = [
    {"characters"},
    {"callers", "exceptions", "forks", "lazy_names"},
    {
        "allowed_hosts",
        "certificates",
        "client_keys",
        "connections",
        "environment",
        "masking",
        "prepared_requests",
        "transport",
    },
    {"clients", "prompts", "place", "quirks"},
    {"waiting"},
    {"providers"},
    {"client_authentication", "retrying", "tokens", "variables"},
    {"grants", "redirects", "setbacks", "stores"},
    {
        "app_registrations",
        "fragment_tokens",
        "live_sessions",
        "log_masking",
        "oauthlib_clients",
        "openid",
        "renewal",
        "session_account",
        "token_responses",
        "without_secrets",
    },
    {"attachment", "authorization_requests", "grant_choice", "stored_tokens"},
    {"authenticated_requests"},
    {"token_requests"},
    {"device_authorization"},
    {"session_destinations"},
    {"session_token"},
    {"session_openid"},
    {"session_store"},
    {"session_renewal"},
    {"session_refusals"},
    {"session_copies"},
    {"session_forks"},
    {"session"},
    {"sign_out", "surfaces"},
    {"asking"},
    {"attempt"},
    {"logins"},
    {"sign_in_request"},
    {"kernel_memory"},
    {"hub_token", "unattended"},
    {"sign_in"},
    {"bridges"},
    {"data"},
    {"demo", "diagnosis"},
    {"commands"},
    {"__main__"},
]
LEVEL = {room: level for level, layer in enumerate(LAYERS) for room in layer}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rooms_imported_by(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "nb_oauth":
            names |= {f"nb_oauth.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[1] for name in names if name.startswith("nb_oauth.")}


def test_every_room_has_its_layer() -> None:
    rooms = {room_of(path) for path in SOURCES} - {"__init__"}
    assert rooms == set(LEVEL)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":  # names its exports for type checkers only
        return
    for imported in rooms_imported_by(path) - {room, "__version__"}:
        assert LEVEL[imported] < LEVEL[room], f"{room} imports {imported}"


def test_no_file_is_needed_by_what_it_needs() -> None:
    """Within a room as well; and by an import that waits, or is for types alone."""
    modules = {module_of(path): path for path in SOURCES}
    needs = {name: modules_imported_by(path, set(modules)) for name, path in modules.items()}
    with pytest.raises(CycleError):
        TopologicalSorter({**needs, "a": {"b"}, "b": {"a"}}).prepare()
    TopologicalSorter(needs).prepare()


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_imported_by(path: Path, modules: set[str]) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= members if members <= modules else members | {node.module}
    return names & modules - {module_of(path)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_wants_a_seam(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_contributing_names_every_room() -> None:
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for room in LEVEL:
        assert f"`{room}" in text, room


def test_no_environment_variable_is_ever_set() -> None:
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        assert "os.environ[" not in source, path
        assert "putenv" not in source, path
        assert "environ.setdefault" not in source, path
        assert "environ.update" not in source, path


def test_the_wheel_holds_all_that_is_needed(tmp_path: Path) -> None:
    import sys
    import zipfile

    copy = tmp_path / "source"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, copy / "nb_oauth", ignore=ignore)
    shutil.copytree(PACKAGE.parent / "jupyter-config", copy / "jupyter-config")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PACKAGE.parent / name, copy)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=copy, check=True, capture_output=True)  # noqa: S603 - our own
    [wheel] = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(PACKAGE.parent))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= held
    enabled = "data/etc/jupyter/jupyter_server_config.d/nb_oauth.json"  # by installing it
    assert any(name.endswith(enabled) for name in held)
