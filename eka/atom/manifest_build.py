"""Reads the ``[build]`` table: the static recipe."""

from __future__ import annotations

import posixpath
import re

from eka.atom.manifest_model import Build
from eka.atom.source_url import UNSAFE
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.hashing import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Mapping

    from eka.atom.label import Label
    from eka.atom.manifest_inputs import Inputs
    from eka.atom.reading import Table

MAX_TIMEOUT_S = 7 * 24 * 3600
_SHOWN_INPUTS = 20
RESERVED_VARIABLES = frozenset(
    {
        "HOME",
        "IFS",
        "JOBS",
        "OLDPWD",
        "PATH",
        "PWD",
        "SHELL",
        "SOURCE_DATE_EPOCH",
        "TMPDIR",
        "atom",
        "out",
    }
)
"""Variables that the builder itself sets for every script."""

DEFAULT_VARIABLES = frozenset({"LC_ALL", "TEMP", "TEMPDIR", "TMP", "TZ"})
"""Set for every script as well; ``[build.env]`` may replace them, an input may not."""

_SET_VARIABLES = RESERVED_VARIABLES | DEFAULT_VARIABLES

MAX_SPELLED_BYTES = 63
"""A longer label that is not ASCII is not spelled out in its variable but hashed."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class UnknownInput(EkaError):
    """A recipe names an input that the manifest does not declare."""

    code = "unknown-input"

    def __init__(self, name: str, where: str, known: Collection[str]) -> None:
        shown = sorted(known)[:_SHOWN_INPUTS]
        listed = ", ".join(f"`{each}`" for each in shown) or "none"
        super().__init__(
            what=f"there is no input `{name}`",
            where=where,
            why=f"what may stand here: {listed}",
            fix="declare it in [deps.from.<set>] or [deps.direct.<kind>], or correct the name",
        )
        self.name = name


class VariableClash(EkaError):
    """Two inputs of a recipe would be one environment variable."""

    code = "variable-clash"

    def __init__(self, variable: str, where: str, first: str, second: str) -> None:
        super().__init__(
            what=f"two things of this recipe are the variable `{variable}`",
            where=where,
            why=f"{first}, and {second}",
            fix="rename a direct source or a variable, or take only one of the inputs",
        )
        self.variable = variable


def input_name(label: Label) -> str:
    """Return the name of an input in a plan, in ASCII: the label itself or ``u_`` and hex digits.

    Source: atom-spec/manifest.md [manifest-variables].
    """
    if label.text.isascii():
        return label.text
    raw = label.text.encode()
    return f"u_{(raw if len(raw) <= MAX_SPELLED_BYTES else digest(raw)).hex()}"


def variable_name(label: Label) -> str:
    """Return the environment variable in which a recipe finds the input ``label``."""
    return input_name(label).replace("-", "_")


def read_build(root: Table, inputs: Inputs) -> Build | None:
    """Return the ``[build]`` table, or None; problems are recorded."""
    table = root.table("build")
    if table is None:
        return None
    script, unpack = table.text("script"), table.texts("unpack")
    rootfs, timeout_s = table.text("rootfs"), table.number("timeout_s")
    env, links = _text_table(table, "env"), _text_table(table, "links")
    _check_form(table)
    if timeout_s is not None and not 1 <= timeout_s <= MAX_TIMEOUT_S:
        table.invalid("timeout_s", f"it is not within 1..{MAX_TIMEOUT_S}", "write seconds")
    _check_texts(table, script, env)
    direct = {source.name.text for source in inputs.direct}
    dependencies = {dependency.label.text for dependency in inputs.dependencies}
    if rootfs is not None:
        _check_input(table, "rootfs", rootfs, dependencies | direct)
    for index, name in enumerate(unpack):
        _check_input(table, "unpack", name, direct, index)
    _check_links(table, links)
    if script is not None:
        _check_variables(table, env, inputs)
    table.finish()
    return Build(
        rootfs=rootfs, script=script, env=env, unpack=unpack, links=links, timeout_s=timeout_s
    )


def _text_table(table: Table, key: str) -> Mapping[str, str]:
    inner = table.table(key)
    if inner is None:
        return {}
    texts = {name: inner.text(name) for name in inner.data}
    return {name: text for name, text in texts.items() if text is not None}


def _check_form(table: Table) -> None:
    has_script, has_unpack = table.has("script"), table.has("unpack")
    if has_script and has_unpack:
        why = "a recipe is either a script or a list of sources to unpack"
        table.invalid("unpack", why, "remove `unpack` or `script`")
    elif not has_script and not has_unpack:
        table.missing("script", 'script = "make install"')
    foreign = ("links",) if has_script else ("rootfs", "env", "timeout_s")
    for key in foreign:
        if has_script != has_unpack and table.has(key):
            form = "script" if has_script else "unpack"
            table.invalid(key, f"it has no meaning beside `{form}`", f"remove `{key}`")


def _check_texts(table: Table, script: str | None, env: Mapping[str, str]) -> None:
    if script is not None and not script.strip():
        table.invalid("script", "it is empty", "write the commands of a POSIX shell")
    if script is not None and "\0" in script:
        table.invalid("script", "it holds a NUL character", "remove it")
    for name, text in env.items():
        if "\0" in text:
            table.invalid("env", "it holds a NUL character", "remove it", name)


def _check_input(table: Table, key: str, name: str, known: Collection[str], *place: int) -> None:
    if name not in known and not table.reader.is_full:
        span = table.reader.document.value_span(*table.path, key, *place)
        where = f"{span.file}:{span.line}:{span.column}"
        table.add(UnknownInput(name, where, known), key, *place)


def _check_variables(table: Table, env: Mapping[str, str], inputs: Inputs) -> None:
    fixed = {name: f"`{name}` is set for every recipe" for name in _SET_VARIABLES}
    taken = {name: fixed[name] for name in RESERVED_VARIABLES}
    labels = [
        *((each.label, "dependency") for each in inputs.dependencies),
        *((each.name, "direct source") for each in inputs.direct),
    ]
    named: list[tuple[str, str, tuple[str, ...]]] = [
        (variable_name(label), f"the {kind} `{label.text}`", ("script",)) for label, kind in labels
    ]
    named += [(name, f"`{name}` of [build.env]", ("env", name)) for name in env]
    for variable, what, place in named:
        span = table.reader.document.span(*table.path, *place)
        where = f"{span.file}:{span.line}:{span.column}"
        if place[0] == "env" and _VARIABLE.fullmatch(variable) is None:
            fix = "use letters, digits and `_`, and start with no digit"
            table.invalid("env", f"{variable!r} is not the name of a variable", fix, variable)
        elif first := taken.get(variable) or (fixed.get(variable) if place[0] != "env" else None):
            table.add(VariableClash(variable, where, first, what), *place)
        taken[variable] = what


def _check_links(table: Table, links: Mapping[str, str]) -> None:
    for path, target in links.items():
        if why := _link_fault(path, target, links):
            table.invalid("links", why, 'write for example `"usr/bin/awk" = "mawk"`', path)


def _link_fault(path: str, target: str, others: Container[str]) -> str:
    if _path_fault(path):
        return f"the place of a link {_path_fault(path)}"
    if not target or target.startswith("/") or UNSAFE.search(target):
        return "the target of a link must be a relative path"
    resolved = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if resolved == ".." or resolved.startswith("../"):
        return "the target of the link lies outside the tree"
    parts = path.split("/")
    if any("/".join(parts[:length]) in others for length in range(1, len(parts))):
        return "the link would stand below another link"
    return ""


def _path_fault(path: str) -> str:
    if UNSAFE.search(path):
        return "holds control or invisible characters"
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return "must be a relative path without `.`, `..` and doubled slashes"
    return ""
