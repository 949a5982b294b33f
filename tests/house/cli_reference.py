"""Writes docs/cli.md from the commands themselves: ``python -m tests.house.cli_reference``."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

from eka.cli.arguments import help_text
from eka.cli.defaults import VARIABLES
from eka.cli.dispatch import load_command
from eka.cli.settings import DEB, LARGEST, MEMORY, NPM_REGISTRY, PYPI_INDEX, SMALLEST
from eka.cli.table import COMMANDS, GLOBAL_OPTIONS
from eka.errors import Exit
from eka.store_cli.words import COMMANDS as STORE_COMMANDS
from eka.store_cli.words import parser

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUSES = {
    Exit.OK: "Done.",
    Exit.FAILED: "Failed for a reason of its own, or something would change that may not.",
    Exit.USAGE: "The words, a setting, or a name are wrong.",
    Exit.NOT_FOUND: "What was asked for does not exist.",
    Exit.NETWORK: "The network or a server failed; trying again may help.",
    Exit.INTEGRITY: "Something is not what it claims to be; trying again cannot help.",
    Exit.CONFLICT: "It is there already, and different.",
    Exit.BUG: "A bug in eka.",
    Exit.BUILD_FAILED: "A recipe failed.",
    Exit.BUILD_TIMEOUT: "A recipe took too long.",
    Exit.HASH_MISMATCH: "A download has another hash than its pin.",
    Exit.NONDETERMINISTIC: "Built twice, an action gave different outputs.",
    Exit.INTERRUPTED: "Stopped by the user.",
}
MEANINGS = {
    "cache.dir": "objects and listings of remotes, plans that were composed; may be deleted at "
    "any time",
    "store.dir": "the physical directory of the store",
    "state.dir": "what eka saw first, and when; not to be deleted",
    "listing.max_age_s": "seconds for which a listing answers again without asking the source",
    "lock.cooldown": "versions seen first less than this ago are not chosen; such as `7d`, `2w`",
    "network.timeout_s": "seconds without an answer after which a server counts as down",
    "build.jobs": "actions built at one time; default: the number of processors",
    "build.max_memory": "what a build may use, such as `4G`; refused where nothing limits it",
    "build.caches": "binary caches asked before a build: a list; parted by spaces in the variable",
    "sign.key": "key to sign with: a path, `SHA256:…` or a public key",
    "publish.sign": "whether every publish signs, as with `--sign`",
    "trust.allowed_signers": "file that says whose signatures count",
    "trust.revoked": "file of keys whose signatures count no more",
    "deb.mirror": "Debian archive that `deb` sources are pinned from",
    "deb.security_mirror": "its security archive; nothing leaves it out",
    "deb.keyring": "keys that sign the archive",
    "deb.suite": "suite for sources that name none",
    "npm.registry": "where npm packages are listed",
    "pypi.index": "where Python packages are listed whose lock file does not say it",
}
SIGNED = {  # what each must look like
    "sign.key": "; paths from / or ~/",
    "publish.sign": "; true or false",
    "trust.allowed_signers": "; from / or ~/; default: `allowed_signers` beside config.toml",
    "trust.revoked": "; from / or ~/; default: `revoked_keys` beside config.toml",
}

HEAD = """\
# Commands

Written by `./run docs` from the commands themselves; do not edit.

Data goes to standard output, talk to standard error. `--json` prints one document
`{"schema": "eka.COMMAND/1", ...}`, for errors `{"schema": "eka.error/1", ...}`; the schemas lie in
[atom-spec/schemas/cli](../atom-spec/schemas/cli). Colours follow `--color`, then `NO_COLOR`,
`FORCE_COLOR` and `CLICOLOR_FORCE`, then whether the output is a terminal.
"""

STATUS_HEAD = """\
## Exit statuses

| status | meaning |
|---|---|
"""
STATUS_TAIL = """\
| 141 | The reader of standard output went away. |

`eka run` passes the status of the program it starts. Every error has a page in
[errors](errors/README.md).
"""
SETTINGS_HEAD = """\
## Settings

Read from `/etc/eka/config.toml`, then `$XDG_CONFIG_HOME/eka/config.toml` (by default
`~/.config/eka/config.toml`), then the environment; the later wins. `[aliases]` gives hosts short
names: `work = "git.example.org/team"`. The `.eka.toml` of a project may hold `[aliases]` alone,
with names that are not known yet. `[[trust.source]]` tables say which signatures sources must
show: see [signatures](signatures.md#demand-signatures). `eka doctor` shows what holds and where it
comes from.

| key | variable | meaning |
|---|---|---|
"""


STORE_HEAD = """\
## eka-store

The store core alone: it takes paths and plans and knows nothing of atoms or git.
"""


def reference() -> str:
    """Return the text of docs/cli.md."""
    parts = [HEAD, _options(), _statuses(), _settings()]
    parts += [
        f"## eka {name}\n\n```text\n{help_text(name, load_command(name))}```\n"
        for name in COMMANDS
    ]
    return "\n".join([*parts, STORE_HEAD, *_store_commands()])


def _store_commands() -> Iterator[str]:
    """Yield the help of ``eka-store`` and of each of its commands."""
    os.environ["COLUMNS"] = "100"  # argparse wraps to the terminal it finds
    yield f"```text\n{_store_help([])}```\n"
    for name in STORE_COMMANDS:
        yield f"### eka-store {name}\n\n```text\n{_store_help([name])}```\n"


def _store_help(words: list[str]) -> str:
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        parser().parse_args([*words, "--help"])
    return told.getvalue()


def _options() -> str:
    rows = "".join(f"| `{option}` | {meaning} |\n" for option, meaning in GLOBAL_OPTIONS)
    return f"## Options of every command\n\n| option | meaning |\n|---|---|\n{rows}"


def _statuses() -> str:
    rows = "".join(f"| {int(status)} | {meaning} |\n" for status, meaning in STATUSES.items())
    return f"{STATUS_HEAD}{rows}{STATUS_TAIL}"


def _settings() -> str:
    rows = "".join(
        f"| `{key}` | `{variable}` | {MEANINGS[key]}{_range(key)} |\n"
        for key, variable in VARIABLES.items()
    )
    return f"{SETTINGS_HEAD}{rows}"


def _range(key: str) -> str:
    if key in LARGEST:
        return f"; {SMALLEST.get(key, 1)} to {LARGEST[key]}"
    if key in SIGNED:
        return SIGNED[key]
    if key == "lock.cooldown":
        return ""
    forms = {
        **DEB,
        "build.max_memory": MEMORY,
        "npm.registry": NPM_REGISTRY,
        "pypi.index": PYPI_INDEX,
    }
    return f"; {forms[key][0]}" if key in forms else "; an absolute path"


if __name__ == "__main__":
    sys.stdout.write(reference())
