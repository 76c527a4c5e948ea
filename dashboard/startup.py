"""What must be so before real families are shown: Streamlit's options, and sign-in set up whole or not at all.

On a casebook that holds the sample authority anything goes; on any other a difference is refused, with a sentence.
"""

from __future__ import annotations

import gc
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from altair.utils import schemapi
from pydantic import SecretStr

from dashboard.identity import AGAIN
from families.errors import Refused
from families.settings import Settings

schemapi.disable_debug_mode()  # the tests hold charts to Vega-Lite's schema; at each view that is half of the time

REQUIRED: Mapping[str, Any] = {
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.xsrfCookieSameSite": "strict",
    "server.corsAllowedOrigins": [],
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.trustedUserHeaders": {},  # a header could say who somebody is
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "client.disableDataExport": True,
    "browser.gatherUsageStats": False,
    "runner.magicEnabled": False,
    "global.developmentMode": False,
}
AT_MOST = {"server.maxUploadSize": 250, "server.maxMessageSize": 50, "server.disconnectedSessionTTL": 30}
SHORTEST_SECRET, FEWEST_CHARACTERS = 32, 12
NO_SECRETS = ("secret", "changeme", "change-me", "password", "example", "xxx")
CALLBACK = "/oauth2callback"
SIGN_IN = {
    "oidc_metadata_url": "FAMILIES_OIDC_METADATA_URL",
    "oidc_client_id": "FAMILIES_OIDC_CLIENT_ID",
    "oidc_client_secret": "FAMILIES_OIDC_CLIENT_SECRET",
    "public_url": "FAMILIES_PUBLIC_URL",
    "cookie_secret": "FAMILIES_COOKIE_SECRET",
}


def differences(option: Callable[[str], Any]) -> list[str]:
    """The options of Streamlit that are not as they have to be, each with what it has to be."""
    found = [f"{name} is {option(name)!r} and must be {due!r}" for name, due in REQUIRED.items() if option(name) != due]
    found += [
        f"{name} is {option(name)} and must be {most} at most"
        for name, most in AT_MOST.items()
        if _over(option(name), most)
    ]
    if not _is_loopback(option("server.address") or ""):
        found.append("server.address must be 127.0.0.1, so that only the proxy on this machine reaches it")
    hosts = option("server.allowedHosts") or []
    if not hosts or any("*" in host for host in hosts):
        found.append("server.allowedHosts must name the council's host, and no pattern")
    return found


def _over(value: Any, most: int) -> bool:
    return not isinstance(value, (int, float)) or value > most


def require_safe_options(option: Callable[[str], Any], *, is_sample: bool) -> None:
    """Refuse to show real families with options that are not as they have to be."""
    if is_sample:
        return
    found = differences(option)
    if found:
        raise Refused(
            "The dashboard's settings are not those that personal data needs, so no family is shown. In "
            f".streamlit/config.toml, or the STREAMLIT_ variables: {'; '.join(found)}."
        )


def sign_in_secrets(settings: Settings) -> dict[str, Any]:
    """What Streamlit's sign-in needs, out of our settings; empty where no sign-in service is set up."""
    given = {variable for name, variable in SIGN_IN.items() if getattr(settings, name)}
    if not given:
        return {}
    if missing := [variable for variable in SIGN_IN.values() if variable not in given]:
        raise Refused(f"Sign-in is set up in part only: set {', '.join(missing)} as well.")
    for name in ("oidc_metadata_url", "public_url"):
        _require_encrypted(str(getattr(settings, name)), SIGN_IN[name])
    service = {
        "client_id": settings.oidc_client_id,
        "client_secret": _revealed(settings.oidc_client_secret),
        "server_metadata_url": settings.oidc_metadata_url,
    }
    scope = {"scope": "openid"}  # who it is, and no more: the cookie keeps what the service tells
    return {
        "auth": {
            "redirect_uri": str(settings.public_url).rstrip("/") + CALLBACK,
            "cookie_secret": _strong(_revealed(settings.cookie_secret)),
            **service,
            "client_kwargs": scope,
            # The same service, asked to let nobody in without proof, and to say when it was given.
            AGAIN: {**service, "client_kwargs": {**scope, "prompt": "login"}, "authorize_params": {"max_age": "0"}},
        }
    }


def settle() -> None:
    """Leave out of later collections of garbage what is loaded by now and stays.

    Walking through it took 220 ms each time, for which everybody waited: fifty people at once were served in 57 s, and
    are in 21.
    """
    gc.collect()
    gc.freeze()


def _revealed(kept: SecretStr | None) -> str:
    return kept.get_secret_value() if kept else ""


def _strong(secret: str) -> str:
    """A secret nobody guesses; Streamlit itself would take any."""
    plain = secret.lower()
    if (
        len(secret) < SHORTEST_SECRET
        or len(set(secret)) < FEWEST_CHARACTERS
        or any(word in plain for word in NO_SECRETS)
    ):
        raise Refused(
            f"FAMILIES_COOKIE_SECRET can be guessed: give it {SHORTEST_SECRET} random characters or more, as "
            '`python3 -c "import secrets; print(secrets.token_hex(32))"` prints them.'
        )
    return secret


def _require_encrypted(url: str, variable: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise Refused(f"{variable} must begin with https://, or name this machine.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
