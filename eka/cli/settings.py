"""Settings in layers: system, user, project, environment; the later layer wins, options above all.

The project's file comes with a stranger's repository: it may name aliases, none that is known
already, and nothing else. No setting names a program or holds a secret.
"""

from __future__ import annotations

import os
import stat
from collections import ChainMap

from eka.atom import BUILT_IN, Aliases, AliasShadowed, InvalidAlias
from eka.checking import TYPE_CHECKING
from eka.cli.defaults import SYSTEM_FILE, TIMEOUT_S, VARIABLES, base, default_cache, user_file
from eka.cli.errors import SettingInvalid, SettingUnknown
from eka.cli.setting_value import Value
from eka.lazy import pattern
from eka.values import dataclass

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from eka.atom import TomlDocument
    from eka.cli.signature_settings import SignatureSettings

PROJECT_FILE = ".eka.toml"
DEFAULT = "default"
MAX_SECONDS = 86_400
MAX_JOBS = 1024

DEB = {  # what each must look like, in words and as a pattern
    "deb.mirror": ("an http or https URL", pattern(r"https?://[!-~]+")),
    "deb.security_mirror": ("an http or https URL, or nothing", pattern(r"(https?://[!-~]+)?")),
    "deb.keyring": ("an absolute path", pattern(r"/[ -~]+")),
    "deb.suite": ("a suite such as bookworm", pattern(r"[a-z][a-z0-9.+-]*")),
}
MEMORY = ("a size such as 4G or 512M", pattern(r"[1-9][0-9]{0,5}[MGT]"))
MEMORY_UNITS = {"M": 20, "G": 30, "T": 40}  # powers of two
PYPI_INDEX = ("an http or https URL", pattern(r"https?://[!-~]+"))
NPM_REGISTRY = ("an http or https URL without a user", pattern(r"https?://[^@\s/]+(/[!-~]*)?"))
DEFAULT_NPM_REGISTRY = "https://registry.npmjs.org"
DEFAULT_PYPI_INDEX = "https://pypi.org/simple"
LARGEST = {
    "listing.max_age_s": MAX_SECONDS,
    "network.timeout_s": MAX_SECONDS,
    "build.jobs": MAX_JOBS,
}
SMALLEST = {"listing.max_age_s": 0}  # 1 for all others
SIGNATURES = ("sign.key", "publish.sign", "trust.allowed_signers", "trust.revoked")
RULES = "trust.source"  # tables, those of all files together


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What all layers together say.

    Attributes:
        cache: Path of the directory of objects and listings of remotes; may be deleted any time.
        store: Path of the physical directory of the store.
        state: Path of what eka saw first, and when; not to be deleted.
        max_age_s: How long a remembered listing answers without the source being asked.
        cooldown_s: So long a version must be known before it is chosen.
        timeout_s: Seconds without an answer after which a server counts as down.
        jobs: Actions built at one time.
        max_memory_bytes: What each build may use; None: as much as it likes.
        caches: Binary caches that are asked before anything is built, in this order.
        deb: ``mirror``, ``security_mirror``, ``keyring`` and ``suite`` for Debian packages, those
            that somebody set.
        npm_registry: Where npm packages are listed.
        pypi_index: Where Python packages are listed whose lock file does not say it.
        config: Path of the user's directory of configuration, there or not.
        signatures: With which key to sign, and whom to trust; None where nothing is set.
        aliases: Built in, the user's and the project's.
        alias_origins: Name of an alias that is not built in -> file that defines it.
        origins: Key of a setting -> file or variable it comes from, or ``default``.
        files: The configuration files that exist, weakest first.
    """

    cache: str
    store: str
    state: str
    max_age_s: int
    cooldown_s: int
    timeout_s: int
    jobs: int
    max_memory_bytes: int | None
    caches: tuple[str, ...]
    deb: Mapping[str, str]
    npm_registry: str
    pypi_index: str
    config: str
    signatures: SignatureSettings | None
    aliases: Aliases
    alias_origins: Mapping[str, str]
    origins: Mapping[str, str]
    files: tuple[str, ...]

    @property
    def cache_dir(self) -> Path:
        """`cache`, as a path."""
        return _path(self.cache)

    @property
    def store_dir(self) -> Path:
        """`store`, as a path."""
        return _path(self.store)

    @property
    def state_dir(self) -> Path:
        """`state`, as a path."""
        return _path(self.state)

    @property
    def config_dir(self) -> Path:
        """`config`, as a path."""
        return _path(self.config)


def _path(text: str) -> Path:
    from pathlib import Path  # noqa: PLC0415 - takes a tenth of the time of the shortest command

    return Path(text)


def load_settings(
    environment: Mapping[str, str], place: str, *, system: str = SYSTEM_FILE
) -> Settings:
    """Return the settings for a command started in the directory ``place``, an absolute path.

    Raises:
        InvalidToml: a file is not TOML.
        SettingUnknown: a file or variable sets something that does not exist.
        SettingInvalid: a value has the wrong type or is out of range.
        InvalidAlias, AliasShadowed: an alias cannot be used.
    """
    user = user_file(environment)
    documents = [_read(path) for path in (system, user) if _is_file(path)]
    trusted = tuple(documents)
    values = _defaults(environment)
    for document in documents:
        values.update(_file_values(document, frozenset({"aliases", RULES, *VARIABLES})))
    values.update(_environment_values(environment))
    project = _project_file(place)
    if project is not None:
        documents.append(_read(project))
        _file_values(documents[-1], frozenset({"aliases"}))
    aliases = _aliases(documents, None if project is None else documents[-1])
    return Settings(
        cache=_directory("cache.dir", values),
        store=_directory("store.dir", values),
        state=_directory("state.dir", values),
        max_age_s=_number("listing.max_age_s", values),
        cooldown_s=_span("lock.cooldown", values),
        timeout_s=_number("network.timeout_s", values),
        jobs=_number("build.jobs", values),
        max_memory_bytes=_memory("build.max_memory", values),
        caches=_caches(values),
        deb={
            key.removeprefix("deb."): _text(key, values, form)
            for key, form in DEB.items()
            if key in values
        },
        npm_registry=_npm_registry(values),
        pypi_index=_pypi_index(values),
        config=user.rpartition("/")[0],
        signatures=_signatures(values, trusted, aliases, environment),
        aliases=aliases,
        alias_origins={
            name: document.file for document in documents for name in _alias_table(document)
        },
        origins={key: value.origin for key, value in values.items()},
        files=tuple(document.file for document in documents),
    )


def _signatures(
    values: Mapping[str, Value],
    documents: tuple[TomlDocument, ...],
    aliases: Aliases,
    environment: Mapping[str, str],
) -> SignatureSettings | None:
    if values.keys().isdisjoint((*SIGNATURES, RULES)):
        return None
    from eka.cli.signature_settings import (  # noqa: PLC0415 - few set any
        read_signature_settings,
    )

    return read_signature_settings(values, documents, aliases, _path(base(environment, "", ".")))


def _defaults(environment: Mapping[str, str]) -> dict[str, Value]:
    store = base(environment, "XDG_DATA_HOME", ".local/share")
    state = base(environment, "XDG_STATE_HOME", ".local/state")
    return {
        "cache.dir": Value(default_cache(environment), DEFAULT),
        "store.dir": Value(f"{store}/eka/store", DEFAULT),
        "state.dir": Value(f"{state}/eka", DEFAULT),
        "listing.max_age_s": Value(0, DEFAULT),
        "lock.cooldown": Value("0", DEFAULT),
        "network.timeout_s": Value(TIMEOUT_S, DEFAULT),
        "build.jobs": Value(len(os.sched_getaffinity(0)), DEFAULT),
    }


def _environment_values(environment: Mapping[str, str]) -> dict[str, Value]:
    known = {variable: key for key, variable in VARIABLES.items()}
    found: dict[str, Value] = {}
    for variable, text in environment.items():
        if variable in known and text:
            is_number = known[variable] in LARGEST and text.isascii() and text.isdecimal()
            found[known[variable]] = Value(int(text[:9]) if is_number else text, variable)
    return found


def _project_file(place: str) -> str | None:
    """Return the project's file: the nearest one up to the root of the git repository.

    Outside a repository only ``place`` itself counts: a directory above may be anybody's.
    """
    inside: list[str] = []
    for folder in _upwards(place):
        inside.append(f"{folder}/{PROJECT_FILE}")
        if os.path.exists(f"{folder}/.git"):  # noqa: PTH110
            return next(filter(_is_file, inside), None)
    return inside[0] if _is_file(inside[0]) else None


def _is_file(path: str) -> bool:
    """Whether there is a file; one that may not be looked at is an error, not absent."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return False


def _upwards(place: str) -> Iterator[str]:
    """Yield a directory and those above it, without a final slash."""
    folder = place.rstrip("/")
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _read(path: str) -> TomlDocument:
    from eka.atom import read_toml  # noqa: PLC0415 (many people have no such file)

    with open(path, "rb") as stream:  # noqa: PTH123
        return read_toml(stream.read(), path)


def _file_values(document: TomlDocument, allowed: frozenset[str]) -> dict[str, Value]:
    """Return the settings of one file, refusing the keys it may not set."""
    found: dict[str, Value] = {}
    for table, content in document.data.items():
        if table == "aliases" and table in allowed:
            continue
        if not isinstance(content, dict):
            raise SettingUnknown(table, allowed, span=document.span(table))
        for name, raw in content.items():
            key = f"{table}.{name}"
            if key not in allowed:
                raise SettingUnknown(key, allowed, span=document.span(table, name))
            found[key] = Value(raw, document.file, document.value_span(table, name))
    return found


def _alias_table(document: TomlDocument) -> dict[str, str]:
    table = document.data.get("aliases", {})
    if not isinstance(table, dict):
        raise SettingInvalid("aliases", why="it is not a table", span=document.span("aliases"))
    found: dict[str, str] = {}
    for name, value in table.items():
        if not isinstance(value, str):
            span = document.value_span("aliases", name)
            raise SettingInvalid(f"aliases.{name}", why="it is not a string", span=span)
        found[name] = value
    return found


def _aliases(documents: list[TomlDocument], project: TomlDocument | None) -> Aliases:
    trusted = [document for document in documents if document is not project]
    user = dict(ChainMap(*(_alias_table(document) for document in reversed(trusted))))
    try:
        return Aliases.layered(BUILT_IN, user, {} if project is None else _alias_table(project))
    except (AliasShadowed, InvalidAlias) as error:
        guilty = [each for each in documents if error.name in _alias_table(each)]
        raise error.at(guilty[-1].span("aliases", error.name)) from None


def _number(key: str, values: Mapping[str, Value]) -> int:
    value = values[key]
    smallest = SMALLEST.get(key, 1)
    if type(value.raw) is not int or not smallest <= value.raw <= LARGEST[key]:
        why = f"expected a whole number from {smallest} to {LARGEST[key]}, found {value.raw!r}"
        raise SettingInvalid(key, where=value.origin, why=why, span=value.span)
    return value.raw


def _caches(values: Mapping[str, Value]) -> tuple[str, ...]:
    if "build.caches" not in values:
        return ()
    from eka.cli.setting_caches import caches_setting  # noqa: PLC0415 - few name any

    return caches_setting("build.caches", values["build.caches"])


def _npm_registry(values: Mapping[str, Value]) -> str:
    is_set = "npm.registry" in values
    return _text("npm.registry", values, NPM_REGISTRY) if is_set else DEFAULT_NPM_REGISTRY


def _pypi_index(values: Mapping[str, Value]) -> str:
    is_set = "pypi.index" in values
    return _text("pypi.index", values, PYPI_INDEX) if is_set else DEFAULT_PYPI_INDEX


def _text(key: str, values: Mapping[str, Value], form: tuple[str, re.Pattern[str]]) -> str:
    value = values[key]
    expected, pattern = form
    if not isinstance(value.raw, str) or pattern.fullmatch(value.raw) is None:
        why = f"expected {expected}, found {value.raw!r}"
        raise SettingInvalid(key, where=value.origin, why=why, span=value.span)
    return value.raw


def _span(key: str, values: Mapping[str, Value]) -> int:
    value = values[key]
    if value.raw == "0":
        return 0
    from eka.cli.setting_span import span_setting  # noqa: PLC0415 - few set any

    return span_setting(key, value)


def _memory(key: str, values: Mapping[str, Value]) -> int | None:
    if key not in values:
        return None
    text = _text(key, values, MEMORY)
    return int(text[:-1]) << MEMORY_UNITS[text[-1]]


def _directory(key: str, values: Mapping[str, Value]) -> str:
    value = values[key]
    if not isinstance(value.raw, str) or not value.raw.startswith("/") or "\0" in value.raw:
        why = f"expected an absolute path, found {value.raw!r}"
        raise SettingInvalid(key, where=value.origin, why=why, span=value.span)
    return value.raw
