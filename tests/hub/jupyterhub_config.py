"""A JupyterHub that signs people in by the judge, and lends their tokens: as README.md has it.

Who is called ``lent-…`` has a server with ``NB_OAUTH_HUB_PROVIDER``, who is called ``shy-…`` as
well, but with a server that may not see what the Hub keeps of its owner; others have a plain one.
Who is called ``lab-…`` has nb_oauth in the environment of the server, and its log at DEBUG.
"""

import json
import os
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
c = get_config()  # noqa: F821 - traitlets gives it
said = json.loads(os.environ["HUB_OF_THE_TESTS"])
folder = Path(said["folder"])

# -- what README.md and docs tell administrators -----------------------------------------------


def _told(document: str, by: str) -> str:
    text = Path(__file__).parents[2].joinpath(document).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [told] = [one for one in blocks if by in one]
    return textwrap.dedent(told)


exec(_told("README.md", "load_roles"))  # noqa: S102 - our own
exec(_told("docs/places.md", "JupyterHub.services"))  # noqa: S102 - our own
[service] = c.JupyterHub.services
service["url"] = f"http://127.0.0.1:{said['service_port']}"
service["environment"] = {"PYTHONPATH": said["package"]}  # installed beside the Hub
services = [service] if said["service_port"] else []

c.Authenticator.auth_refresh_age = 1  # seconds: to wait for longer is no test
c.JupyterHub.load_roles.append(
    {
        "name": "tests",
        "scopes": ["admin:servers", "access:servers", "read:users"],
        "services": ["tests"],
    }
)


def _provider(spawner: Any) -> str:
    return said["issuer"] if spawner.user.name.startswith(("lent", "shy")) else ""


c.Spawner.environment.update({**said["environment"], "NB_OAUTH_HUB_PROVIDER": _provider})


def _prepare(spawner: Any) -> None:
    """Let some have nb_oauth where their server runs, and all that it writes in their home."""
    if spawner.user.name.startswith("lab"):
        home = folder / "homes" / spawner.user.name
        spawner.notebook_dir = str(home / "notebooks")
        spawner.args = [*spawner.args, "--debug"]
        spawner.environment = {
            **spawner.environment,
            "PYTHONPATH": said["package"],
            "JUPYTER_CONFIG_PATH": said["enabled"],
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "IPYTHONDIR": str(home / "ipython"),
            "TMPDIR": str(home / "tmp"),
        }


c.Spawner.pre_spawn_hook = _prepare

# -- the judge ---------------------------------------------------------------------------------

c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = "hub"
c.GenericOAuthenticator.client_secret = said["client_secret"]
c.GenericOAuthenticator.oauth_callback_url = f"{said['address']}/hub/oauth_callback"
c.GenericOAuthenticator.authorize_url = f"{said['issuer']}/auth"
c.GenericOAuthenticator.token_url = f"{said['issuer']}/token"
c.GenericOAuthenticator.userdata_url = f"{said['issuer']}/me"
c.GenericOAuthenticator.scope = ["openid", "offline_access", "api:read"]
c.GenericOAuthenticator.extra_authorize_params = {"prompt": "consent"}
c.GenericOAuthenticator.username_claim = "sub"
c.Authenticator.allow_all = True


# -- a Hub in a folder, on loopback ------------------------------------------------------------


def _scopes(spawner: Any) -> list[str]:
    """Those of a Hub that nobody has told anything; none stands for those of the role."""
    untold = ["users:activity!user", "access:servers!server"]
    return untold if spawner.user.name.startswith("shy") else []


c.Spawner.server_token_scopes = _scopes
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "homes" / "{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.LocalProcessSpawner.interrupt_timeout = c.LocalProcessSpawner.term_timeout = 1  # seconds
c.JupyterHub.services = [*services, {"name": "tests", "api_token": said["api_token"]}]
c.JupyterHub.bind_url = said["origin"] + said["base_url"]
c.JupyterHub.log_level = "DEBUG"
c.JupyterHub.hub_port = said["hub_port"]
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")
c.ConfigurableHTTPProxy.command = said["proxy"]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{said['proxy_port']}"
