"""A JupyterHub that signs people in by the judge, and lends their tokens: as README.md has it.

Who is called ``lent-…`` has a server with ``NB_OAUTH_HUB_PROVIDER``, who is called ``shy-…`` as
well, but with a server that may not see what the Hub keeps of its owner; others have a plain one.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
c = get_config()  # noqa: F821 - traitlets gives it
said = json.loads(os.environ["HUB_OF_THE_TESTS"])
folder = Path(said["folder"])

# -- what README.md tells administrators -------------------------------------------------------

readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
[told] = [
    one for one in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "load_roles" in one
]
exec(told)  # noqa: S102 - our own

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
c.JupyterHub.services = [{"name": "tests", "api_token": said["api_token"]}]
c.JupyterHub.bind_url = said["address"]
c.JupyterHub.hub_port = said["hub_port"]
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")
c.ConfigurableHTTPProxy.command = said["proxy"]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{said['proxy_port']}"
