"""The settings about signatures: with which key to sign, and whom to trust.

They come from the person's and the system's files and from the environment; a project's file may
say nothing of this. Loaded only where something is set.
"""

from __future__ import annotations

from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.cli.errors import SettingInvalid
from eka.git.signatures import InvalidTrustRule, TrustRule
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import Aliases, TomlDocument
    from eka.cli.setting_value import Value

KEY = "sign.key"
PUBLISH = "publish.sign"
ALLOWED = "trust.allowed_signers"
REVOKED = "trust.revoked"
RULES = ("trust", "source")
_RULE_KEYS = {"url", "require"}
_KEY_STARTS = ("/", "~/", "SHA256:", "key::", "ssh-")
_WORDS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureSettings:
    """What is set about signatures.

    Attributes:
        key: What to sign with: a path, ``SHA256:…`` or a public key.
        is_publish_signed: Whether a publish signs without being told.
        allowed_signers: The file that says whose keys count.
        revoked: The file of keys that count no more.
        rules: What sources must show, the stronger layer last.
    """

    key: str | None = None
    is_publish_signed: bool = False
    allowed_signers: Path | None = None
    revoked: Path | None = None
    rules: tuple[TrustRule, ...] = ()


def read_signature_settings(
    values: Mapping[str, Value], documents: Sequence[TomlDocument], aliases: Aliases, home: Path
) -> SignatureSettings:
    """Return what is set; raises SettingInvalid.

    Args:
        values: Of all layers.
        documents: The trusted files, weakest first.
        aliases: Short names that rules may use.
        home: What ``~/`` means.
    """
    return SignatureSettings(
        key=_key(values),
        is_publish_signed=_flag(values),
        allowed_signers=_path(ALLOWED, values, home),
        revoked=_path(REVOKED, values, home),
        rules=tuple(rule for document in documents for rule in _rules(document, aliases)),
    )


def _key(values: Mapping[str, Value]) -> str | None:
    value = values.get(KEY)
    if value is None:
        return None
    if not isinstance(value.raw, str) or not value.raw.startswith(_KEY_STARTS):
        why = f"expected a path from / or ~/, SHA256:… or a public key, found {value.raw!r}"
        raise SettingInvalid(KEY, where=value.origin, why=why, span=value.span)
    return value.raw


def _flag(values: Mapping[str, Value]) -> bool:
    value = values.get(PUBLISH)
    if value is None or isinstance(value.raw, bool):
        return bool(value and value.raw)
    if isinstance(value.raw, str) and value.raw in _WORDS:
        return _WORDS[value.raw]
    why = f"expected true or false, found {value.raw!r}"
    raise SettingInvalid(PUBLISH, where=value.origin, why=why, span=value.span)


def _path(key: str, values: Mapping[str, Value], home: Path) -> Path | None:
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value.raw, str) and "\0" not in value.raw:
        if value.raw.startswith("~/"):
            return home / value.raw[2:]
        if value.raw.startswith("/"):
            return Path(value.raw)
    why = f"expected a path from / or ~/, found {value.raw!r}"
    raise SettingInvalid(key, where=value.origin, why=why, span=value.span)


def _rules(document: TomlDocument, aliases: Aliases) -> list[TrustRule]:
    table = document.data.get(RULES[0])
    rows = table.get(RULES[1]) if isinstance(table, dict) else None
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise _invalid(document, "expected one or more tables [[trust.source]]", *RULES)
    found: list[TrustRule] = []
    for at, row in enumerate(rows):
        if not isinstance(row, dict) or set(row) != _RULE_KEYS:
            raise _invalid(document, "expected `url` and `require`, and nothing else", *RULES, at)
        url, require = row["url"], row["require"]
        if not isinstance(url, str) or not isinstance(require, str):
            raise _invalid(document, "`url` and `require` are strings", *RULES, at)
        try:
            found.append(TrustRule.parse(url, require, aliases, document.file))
        except InvalidTrustRule as error:
            raise error.at(document.value_span(*RULES, at, "url")) from error
    return found


def _invalid(document: TomlDocument, why: str, *path: str | int) -> SettingInvalid:
    span = document.span(*path)
    return SettingInvalid(".".join(RULES), where=document.file, why=why, span=span)
