"""What holds unless somebody set something else; directories as XDG's specification says."""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING
from eka.cli.errors import SettingInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM_FILE = "/etc/eka/config.toml"
TIMEOUT_S = 60
GIT = "git"
GIT_HOME = "git-home"  # in the cache: where git commands run that talk to servers

# key -> the variable that overrides it
VARIABLES = {
    "cache.dir": "EKA_CACHE_DIR",
    "store.dir": "EKA_STORE_DIR",
    "state.dir": "EKA_STATE_DIR",
    "listing.max_age_s": "EKA_LISTING_MAX_AGE_S",
    "lock.cooldown": "EKA_COOLDOWN",
    "network.timeout_s": "EKA_TIMEOUT_S",
    "build.jobs": "EKA_JOBS",
    "build.caches": "EKA_CACHES",
    "build.max_memory": "EKA_MAX_MEMORY",
    "sign.key": "EKA_SIGN_KEY",
    "publish.sign": "EKA_PUBLISH_SIGN",
    "trust.allowed_signers": "EKA_ALLOWED_SIGNERS",
    "trust.revoked": "EKA_REVOKED_KEYS",
    "deb.mirror": "EKA_DEB_MIRROR",
    "deb.security_mirror": "EKA_DEB_SECURITY_MIRROR",
    "deb.keyring": "EKA_DEB_KEYRING",
    "deb.suite": "EKA_DEB_SUITE",
    "npm.registry": "EKA_NPM_REGISTRY",
    "pypi.index": "EKA_PYPI_INDEX",
}


def base(environment: Mapping[str, str], variable: str, fallback: str) -> str:
    """Return a base directory: what ``variable`` says unless that is relative, else the fallback.

    Raises:
        SettingInvalid: nobody knows the person's home.
    """
    given = environment.get(variable, "")
    if given.startswith("/"):
        return given
    return f"{environment.get('HOME') or _home_of_user()}/{fallback}"


def user_file(environment: Mapping[str, str]) -> str:
    """Return where the user's settings are, there or not."""
    return f"{base(environment, 'XDG_CONFIG_HOME', '.config')}/eka/config.toml"


def default_cache(environment: Mapping[str, str]) -> str:
    """Return the cache that nobody set to be elsewhere."""
    return f"{base(environment, 'XDG_CACHE_HOME', '.cache')}/eka"


def _home_of_user() -> str:
    import pwd  # noqa: PLC0415 - HOME is hardly ever missing

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        raise SettingInvalid(
            "HOME",
            why="it is not set, and this user has no entry in the password file",
            fix="set HOME, or XDG_CONFIG_HOME, XDG_CACHE_HOME and XDG_DATA_HOME",
        ) from None
