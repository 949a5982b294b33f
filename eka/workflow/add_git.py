"""What ``git:…`` means to ``eka add``: ``URL@REQUIREMENT``, or ``URL#tag=v1.2&subdir=lib``."""

from __future__ import annotations

from eka.atom import Aliases, CredentialsInUrl, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.workflow.add_kinds import InvalidDirectSource, Typed, label_in

if TYPE_CHECKING:
    from eka.atom import TomlValue

_KEYS = ("tag", "branch", "rev", "version", "tag_prefix", "subdir")
_FIX = "write git:https://example.org/x.git@^1.2, or with #tag=v1.2.3, #branch=main or #rev=ID"


def typed_git(rest: str) -> Typed:
    """Return a directory of a commit; see the first line of this module for the forms."""
    place, _, fragment = rest.partition("#")
    place, requirement = _split(place)
    spec: dict[str, TomlValue] = {}
    if requirement:
        spec["version"] = requirement
    for pair in fragment.split("&") if fragment else ():
        key, equals, value = pair.partition("=")
        if key not in _KEYS or not equals or key in spec:
            known = ", ".join(_KEYS)
            raise InvalidDirectSource(f"git:{rest}", f"after # stand KEY=VALUE of {known}", _FIX)
        spec[key] = value
    if spec.keys().isdisjoint(("tag", "branch", "rev", "version")):
        raise InvalidDirectSource(f"git:{rest}", "nothing says which commit is meant", _FIX)
    url = parse_source_url(place, Aliases())
    if url.has_credentials:
        raise CredentialsInUrl(place)
    return Typed({"url": url.public, **spec}, label_in(_last(url.path)))


def _split(place: str) -> tuple[str, str]:
    """Return an address and the requirement behind it; a user stands before the last slash."""
    head, slash, tail = place.rpartition("/")
    name, _, requirement = tail.partition("@")
    return head + slash + name, requirement


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].removesuffix(".git")
