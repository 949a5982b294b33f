"""What can stop a publish, one class per fact."""

from __future__ import annotations

from difflib import get_close_matches

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.safe import safe_line

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from eka.atom import Label, Requirement, Version
    from eka.errors import Span

_SHOWN_PATHS = 5


class NotASet(EkaError):
    """A commit without ``ekala.toml``."""

    code = "not-a-set"
    exit_status = Exit.NOT_FOUND

    def __init__(self, commit: str) -> None:
        super().__init__(
            what="this commit is no set of atoms",
            where=commit,
            why="it has no ekala.toml at the top",
            fix="`eka init` writes one; commit it",
        )
        self.commit = commit


class PackageNotFound(EkaError):
    """A path in ``ekala.toml`` where no atom is."""

    code = "package-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, path: str, *, exists: bool) -> None:
        why = "the directory has no atom.toml" if exists else "there is no such directory"
        super().__init__(
            what=f"`[set] packages` names {safe_line(path)!r}, where no atom is",
            where="ekala.toml",
            why=f"in the commit {why}",
            fix="commit the atom, or remove the path from `[set] packages`",
        )
        self.path = path


class NestedAtom(EkaError):
    """An atom below another atom's directory."""

    code = "nested-atom"

    def __init__(self, *, inner: str, outer: str) -> None:
        super().__init__(
            what="an atom lies inside another one",
            where=safe_line(inner),
            why=f"{safe_line(outer)} has an atom.toml too: its tree would hold both",
            fix="move one of the two directories out of the other",
        )
        self.inner, self.outer = inner, outer


class PatchNotPublishable(EkaError):
    """An atom that is developed against directories, and would need them for ever."""

    code = "patch-not-publishable"

    def __init__(self, manifest_file: str, labels: Sequence[str], span: Span | None) -> None:
        super().__init__(
            what="an atom with [patch] cannot be published",
            where=safe_line(manifest_file),
            why=f"directories stand for {', '.join(labels)}, and consumers do not have them",
            fix="remove [patch], run eka lock, and publish what it was for before, if need be",
            span=span,
        )
        self.labels = tuple(labels)


class AtomPathRefused(EkaError):
    """A directory that no commit header can name."""

    code = "atom-path-refused"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            what="an atom cannot be published from this directory",
            where=safe_line(path),
            why=f"its path {why}",
            fix="rename the directory: UTF-8 in NFC form, without control characters",
        )
        self.path = path


class LabelNotInSet(EkaError):
    """A label that no atom of the set has."""

    code = "label-not-in-set"
    exit_status = Exit.NOT_FOUND

    def __init__(self, label: Label, known: Sequence[str], why: str = "") -> None:
        near = get_close_matches(label.text, known, n=3)
        listed = " or ".join(f"`{name}`" for name in near)
        super().__init__(
            what=f"the set has no atom {label.text!r}",
            where="ekala.toml",
            why=why or "no directory that `[set] packages` names has a manifest with this label",
            fix=f"did you mean {listed}?"
            if near
            else "add its path to `[set] packages`, and commit",
        )
        self.label, self.suggestions = label.text, tuple(near)


class DuplicateLabel(EkaError):
    """Two atoms of a set with one label."""

    code = "duplicate-label"

    def __init__(self, label: Label, paths: Sequence[str]) -> None:
        super().__init__(
            what=f"{len(paths)} atoms have the label {label.text!r}",
            where=", ".join(safe_line(path) for path in paths[:_SHOWN_PATHS]),
            why="a label names one atom of a set",
            fix="rename all but one in their atom.toml",
        )
        self.label, self.paths = label.text, tuple(paths)


class ConfusableLabel(EkaError):
    """A label that people or file systems take for another one of the set."""

    code = "confusable-label"

    def __init__(self, label: Label, other: Label, where: str, *, is_case: bool) -> None:
        reason = "they differ in upper and lower case only" if is_case else "they look alike"
        super().__init__(
            what=f"the label {label.text!r} is too close to {other.text!r}",
            where=where,
            why=reason,
            fix="choose another label for the newer of the two",
        )
        self.label, self.other = label.text, other.text


class ConfusableVersion(EkaError):
    """A version that differs from a published one in upper and lower case only."""

    code = "confusable-version"
    exit_status = Exit.CONFLICT

    def __init__(self, label: Label, version: Version, published: Version) -> None:
        super().__init__(
            what=f"{label.text} {version.text} is too close to the published {published.text}",
            why="they differ in upper and lower case only: on some file systems one ref",
            fix="choose another pre-release",
        )
        self.label, self.version = label.text, version.text
        self.published = published.text


class VersionBackwards(EkaError):
    """A version that comes after a higher one of its line was published."""

    code = "version-backwards"
    exit_status = Exit.CONFLICT

    def __init__(self, label: Label, version: Version, newest: Version, where: str) -> None:
        super().__init__(
            what=f"{label.text} {version.text} would go backwards",
            where=where,
            why=f"expected a version above {newest.text}, which is published already",
            fix=f"raise the version above {newest.text}, or say `--allow-backwards`",
        )
        self.label, self.version, self.newest = label.text, version.text, newest.text


class OwnDependencyCycle(EkaError):
    """Atoms of one set that need each other in a circle."""

    code = "own-dependency-cycle"

    def __init__(self, labels: Sequence[str], where: str) -> None:
        super().__init__(
            what=f"atoms need each other in a circle: {' -> '.join(labels)}",
            where=where,
            why="nobody could resolve, or build, any of them",
            fix="take out one of these dependencies, or make it one of development",
        )
        self.labels = tuple(labels)


class DirtyAtoms(EkaError):
    """Atoms with changes that are in no commit."""

    code = "dirty-atoms"

    def __init__(self, paths: Sequence[str]) -> None:
        shown = ", ".join(safe_line(path) for path in paths[:_SHOWN_PATHS])
        more = f" and {len(paths) - _SHOWN_PATHS} more" if len(paths) > _SHOWN_PATHS else ""
        super().__init__(
            what="there are changes that are not committed",
            where=shown + more,
            why="atoms are published from a commit: these changes would be left out",
            fix="commit or stash them, or leave them out with `--allow-dirty`",
        )
        self.paths = tuple(paths)


class OwnDependencyMissing(EkaError):
    """A dependency on an atom of the own set that the set does not have."""

    code = "own-dependency-missing"

    def __init__(self, label: Label, known: Sequence[str], span: Span | None) -> None:
        near = get_close_matches(label.text, known, n=1)
        super().__init__(
            what=f"the own set has no atom {label.text!r}",
            why="`::` means the set this manifest is in, at the same commit",
            fix=f"did you mean `{near[0]}`?" if near else "add the atom, or name its set by URL",
            span=span,
        )
        self.label, self.suggestion = label.text, near[0] if near else None


class OwnDependencyUnmet(EkaError):
    """A dependency on an atom of the own set whose version there does not fit."""

    code = "own-dependency-unmet"

    def __init__(
        self, label: Label, *, expected: Requirement, found: Version, span: Span | None
    ) -> None:
        super().__init__(
            what=f"the own set has no {label.text} that fits",
            why=f"expected {expected.text}, found {found.text} in the same commit",
            fix="change the requirement, or the version of the dependency",
            span=span,
        )
        self.label = label.text
        self.expected, self.found = expected.text, found.text


class LockNotCommitted(EkaError):
    """An atom with direct sources and no lock that pins them."""

    code = "lock-not-committed"

    def __init__(self, file: str) -> None:
        super().__init__(
            what="the atom has direct sources, and no lock pins them",
            where=safe_line(file),
            why="whoever depends on the atom takes the pins from its atom.lock",
            fix="`eka lock` in the atom's directory, and commit atom.lock",
        )
        self.file = file


class LockOutdated(EkaError):
    """A committed lock that does not belong to the committed manifests."""

    code = "lock-outdated"

    def __init__(self, file: str, why: str = "") -> None:
        super().__init__(
            what="atom.lock does not belong to the manifests it was made of",
            where=safe_line(file),
            why=why or "dependencies were edited since the lock was written",
            fix="`eka lock` in the atom's directory, and commit atom.lock",
        )
        self.file = file


class VersionConflict(EkaError):
    """A version that is published already, with another content."""

    code = "version-conflict"
    exit_status = Exit.CONFLICT

    def __init__(
        self, label: Label, version: Version, *, expected: str, found: str, where: str
    ) -> None:
        super().__init__(
            what=f"{label.text} {version.text} is published already, with another content",
            where=where,
            why=f"expected tree {expected}, found {found}",
            fix=f"give it a new version (`eka bump {label.text} patch`), and commit that",
        )
        self.label, self.version = label.text, version.text
        self.expected, self.found = expected, found


class SourceNotOnRemote(EkaError):
    """The remote does not hold the commit that atoms are made of."""

    code = "source-not-on-remote"

    def __init__(self, commits: Sequence[str], remote: str) -> None:
        super().__init__(
            what="the source commit is not on the remote",
            where=remote,
            why=f"no branch or tag there holds {', '.join(commits)}",
            fix="push it first (`git push`, or `--push-source`);"
            " `--no-origin` publishes where the source is not to be",
        )
        self.commits = tuple(commits)


class SourceNotPushed(EkaError):
    """The source commit could not be pushed to its branch."""

    code = "source-not-pushed"
    exit_status = Exit.CONFLICT

    def __init__(self, branch: str, why: str, fix: str = "") -> None:
        super().__init__(
            what="the source commit cannot be pushed",
            where=safe_line(branch),
            why=why,
            fix=fix or "`git pull --rebase`, then publish again",
        )
        self.branch = branch


class PushRefused(EkaError):
    """The remote did not take what was published, and it is no conflict."""

    code = "push-refused"

    def __init__(self, remote: str, why: str, published: int = 0) -> None:
        super().__init__(
            what="the remote refused the publish",
            where=remote,
            why=why or "it gave no reason",
            fix="see what its hooks and your rights there say, then publish again"
            + (f"; {published} atoms are published already and stay so" if published else ""),
        )
        self.published = published


class VersionNotPublished(EkaError):
    """A version that something is to be said of, and that the remote does not have."""

    code = "version-not-published"
    exit_status = Exit.NOT_FOUND

    def __init__(
        self, label: Label, version: Version, known: Collection[Version], remote: str
    ) -> None:
        newest = ", ".join(each.text for each in sorted(known, reverse=True)[:_SHOWN_PATHS])
        super().__init__(
            what=f"{label.text} {version.text} is not published",
            where=remote,
            why=f"the newest versions there are {newest}"
            if known
            else f"it has no version of {label.text}",
            fix=f"name one that is: `eka versions SOURCE::{label.text}` lists them",
        )
        self.label, self.version = label.text, version.text
