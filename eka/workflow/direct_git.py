"""Direct sources of kind ``git``: a name becomes a commit, that a tree with its content hash."""

from __future__ import annotations

from eka.atom import Aliases, LockedTree, content_hash, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.git import NamedCommit, named_commit, tag_version, wanted_prefixes
from eka.workflow.direct_trees import checked_tree
from eka.workflow.errors import TagMoved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import GitSource, Label, LockedDirect, Version
    from eka.workflow.direct_kinds import PinRequest

TAGS = "refs/tags/"


def systems(source: GitSource, systems: Sequence[str]) -> Sequence[str]:
    """Return one for all: a tree is the same everywhere."""
    del source, systems
    return ("",)


def pin(source: GitSource, request: PinRequest) -> LockedTree:
    """Return the tree that a source is now.

    Raises:
        RefMissing, TagsDisagree: no one commit is meant.
        TagMoved: a tag leads to another commit than in the pin before, and nobody accepted that.
        SourceTreeRefused: the tree holds what no source may hold.
        DirectoryMissing, ObjectsUnavailable, RefusedObjects: as `SourceDirectories.fetch`.

    Source: atom-spec/direct.md [git-pin].
    """
    services = request.services
    url = parse_source_url(source.url, Aliases({}))
    if source.rev is not None:
        named = NamedCommit("", source.rev)
    else:
        listed = services.transport.ls_refs(url, wanted_prefixes(source))
        named = named_commit(source, listed)
    if source.name.text not in services.accepted_moves:
        _check_still(source, named, request.previous)
    directories = services.directories()
    tree = directories.fetch(url, named.rev, source.subdir)
    reader = directories.reader()
    checked_tree(source.name.text, f"{source.url} at {named.rev.hex}", tree, reader)
    return LockedTree(
        url=source.url,
        rev=named.rev,
        tree=tree,
        content=content_hash(tree, reader),
        ref=named.ref,
        path=source.subdir,
    )


def fault(
    source: GitSource, pin: LockedDirect, versions: Mapping[Label, Version]
) -> tuple[str, str] | None:
    """Find a tree from elsewhere than the manifest says."""
    del versions
    tree = pin.tree
    if tree is None:
        return f"a tree of {source.url}", "files"
    if (tree.url, tree.path) != (source.url, source.subdir):
        return f"{source.subdir or '.'} of {source.url}", f"{tree.path or '.'} of {tree.url}"
    if source.rev is not None:
        found = (tree.ref, tree.rev) == ("", source.rev)
    elif source.version is not None:
        found = _fits(source, tree.ref)
    else:
        found = (tree.ref,) == wanted_prefixes(source)
    return None if found else (source.wanted, tree.ref or f"commit {tree.rev.hex}")


def _fits(source: GitSource, ref: str) -> bool:
    """Tell whether a ref is a tag of a version that the source accepts."""
    prefix = wanted_prefixes(source)[0]
    read = tag_version(ref.removeprefix(prefix)) if ref.startswith(prefix) else None
    return read is not None and source.version is not None and source.version.matches(read[0])


def _check_still(source: GitSource, named: NamedCommit, previous: LockedDirect | None) -> None:
    """Compare a tag with what it was when it was pinned; branches are there to move."""
    before = previous.tree if previous else None
    if before is None or before.url != source.url or before.ref != named.ref:
        return
    if named.ref.startswith(TAGS) and before.rev != named.rev:
        tag = named.ref.removeprefix(TAGS)
        raise TagMoved(source.name.text, tag, expected=before.rev.hex, found=named.rev.hex)
