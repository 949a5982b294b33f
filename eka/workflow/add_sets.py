"""Under which names the sets of added atoms stand in a manifest."""

from __future__ import annotations

from eka.atom import InvalidTag, Tag
from eka.checking import TYPE_CHECKING
from eka.values import dataclass
from eka.workflow.errors import SetNameTaken

if TYPE_CHECKING:
    from eka.atom import Manifest, SourceUrl

OWN_SET_NAME = "here"
DEFAULT_SET_NAME = "set"


@dataclass(frozen=True, slots=True)
class DeclaredSets:
    """The sets that a manifest declares, seen from its directory."""

    manifest: Manifest
    directory: str

    def name_for(self, source: SourceUrl | None, wish: str | None) -> str:
        """Return the name of a source: the wish, or the one it has, or a new one.

        Args:
            source: What lists the set's versions; None is the own set.
            wish: What the person wants to call it.

        Raises:
            SetNameTaken: the wish names another set.

        Source: atom-spec/workflow.md [flow-set-name].
        """
        sets = self.manifest.package.sets
        if wish is not None:
            self.check(wish, source)
            return wish
        known = next((name for name in sets if self._is(name, source)), None)
        if known is not None:
            return known
        stem = OWN_SET_NAME if source is None else _stem(source)
        name, count = stem, 2
        while name in sets:
            name, count = f"{stem}-{count}", count + 1
        return name

    def check(self, wish: str, source: SourceUrl | None) -> None:
        """Raise SetNameTaken if ``wish`` names another set than that of ``source``."""
        declared = self.manifest.package.sets.get(wish)
        if declared is not None and not self._is(wish, source):
            raise SetNameTaken(wish, [url.public for url in declared.urls] or ["::"])

    def new_urls(self, name: str, source: SourceUrl | None) -> tuple[str, ...] | None:
        """Return what must be declared for a set; None means the own set."""
        if source is None:
            return None
        return () if name in self.manifest.package.sets else (source.public,)

    def _is(self, name: str, source: SourceUrl | None) -> bool:
        declared = self.manifest.package.sets[name]
        if source is None:
            return declared.own
        return any(url.absolute(self.directory).public == source.public for url in declared.urls)


def _stem(source: SourceUrl) -> str:
    last = source.path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    try:
        return Tag.typed(last).text
    except InvalidTag:
        return DEFAULT_SET_NAME
