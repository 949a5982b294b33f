"""The server hook that keeps published refs as they are, for servers of one's own.

Source: atom-spec/refs.md [ref-hook].
"""

from __future__ import annotations

import os
import stat
from enum import StrEnum

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.repository_errors import RepositoryNotWritable
from eka.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from eka.git.work_repository import WorkRepository

HOOK_NAME = "update"
NEXT_NAME = "update.before-eka"
_MARK = "# eka hook"
_MAX_HOOK_BYTES = 1024 * 1024
# What a client claims to be the old value is not what the ref has: one that claims "absent" and
# asks for a deletion would pass a hook that looked at the old value alone.
HOOK = f"""\
#!/bin/sh
{_MARK} 1: what is published never changes. `eka hook install` wrote this file.
# git runs it for each ref of a push, with its name, its old value and its new one.
case $1 in
refs/atoms/* | refs/eka/atoms/* | refs/eka/meta/* | refs/tags/ekala/root/* | \\
refs/ekala/init | refs/ekala/origins/* | refs/ekala/sigs/*)
	case $3 in
	*[!0]*) ;;
	*) echo "eka: $1 is published and is never deleted" >&2; exit 1 ;;
	esac
	case $2 in
	*[!0]*) echo "eka: $1 is published and never changes; publish a new version" >&2; exit 1 ;;
	esac
	;;
esac
next=${{0%/*}}/{NEXT_NAME}
if [ -x "$next" ]; then exec "$next" "$@"; fi
exit 0
"""


class HookState(StrEnum):
    """What stands where the hook belongs."""

    ABSENT = "absent"
    CURRENT = "current"
    OUTDATED = "outdated"
    """Ours, but another version of it, or not executable."""
    FOREIGN = "foreign"
    """Somebody else's."""


class ForeignHook(EkaError):
    """The repository has an update hook that is not eka's."""

    code = "foreign-hook"
    exit_status = Exit.CONFLICT

    def __init__(self, path: str, why: str = "") -> None:
        super().__init__(
            what="the repository has an update hook of its own",
            where=path,
            why=why or "eka never overwrites what it did not write",
            fix=f"`--chain` keeps it as {NEXT_NAME}, and runs it after eka's own checks",
        )


class HooksElsewhere(EkaError):
    """The hooks of a repository lie outside of it, where other repositories may use them."""

    code = "hooks-elsewhere"

    def __init__(self, path: str, repository: str) -> None:
        super().__init__(
            what="the hooks of this repository lie outside of it",
            where=path,
            why=f"core.hooksPath says so for {repository}, and others may use them too",
            fix="give the repository hooks of its own: "
            f"`git -C {repository} config core.hooksPath hooks`",
        )


@dataclass(frozen=True, slots=True)
class HookReport:
    """What stands where the hook belongs, before and after."""

    path: Path
    before: HookState
    after: HookState
    chained: bool
    """Whether a hook of somebody else's runs after ours."""


class RefHook:
    """The update hook of one repository."""

    def __init__(self, repository: WorkRepository) -> None:
        self._repository = repository
        self._directory = _hooks_directory(repository).resolve()
        self.path = self._directory / HOOK_NAME
        self._next = self._directory / NEXT_NAME

    def look(self) -> HookReport:
        """Return what is there."""
        found = self._state()
        return HookReport(self.path, found, found, self._is_chained)

    def install(self, *, chain: bool = False, dry_run: bool = False) -> HookReport:
        """Put the hook in place.

        Args:
            chain: Keep a hook of somebody else's and run it after ours.
            dry_run: Change nothing.

        Raises:
            ForeignHook: there is one, and it is not to be kept.
            HooksElsewhere: the repository's hooks may be those of others too.
        """
        self._require_own_place()
        before = self._state()
        if before is HookState.FOREIGN:
            if not chain:
                raise ForeignHook(str(self.path))
            if self._is_chained and not self._is_half_kept:
                raise ForeignHook(str(self._next), "another one is kept there already")
        if before is not HookState.CURRENT and not dry_run:
            self._write(keeps=before is HookState.FOREIGN)
        is_chained = self._is_chained or before is HookState.FOREIGN
        return HookReport(self.path, before, HookState.CURRENT, is_chained)

    def uninstall(self, *, dry_run: bool = False) -> HookReport:
        """Remove the hook; one that it runs comes back into its place.

        Raises:
            ForeignHook: what is there is not eka's.
        """
        self._require_own_place()
        before, is_chained = self._state(), self._is_chained
        if before is HookState.FOREIGN:
            raise ForeignHook(str(self.path), "it is not eka's: there is nothing to remove")
        after = HookState.FOREIGN if is_chained else HookState.ABSENT
        if not dry_run:
            try:
                if is_chained:
                    self._next.replace(self.path)
                else:
                    self.path.unlink(missing_ok=True)
            except OSError as error:
                raise RepositoryNotWritable(str(self.path), error.strerror or "") from error
        return HookReport(self.path, before, after, chained=False)

    @property
    def _is_chained(self) -> bool:
        return os.path.lexists(self._next)

    @property
    def _is_half_kept(self) -> bool:
        """Whether an install was killed between its two steps."""
        return self._is_chained and os.path.samestat(self.path.lstat(), self._next.lstat())

    def _require_own_place(self) -> None:
        common = self._repository.common_dir.resolve()
        if not self._directory.is_relative_to(common):
            raise HooksElsewhere(str(self._directory), str(common))

    def _state(self) -> HookState:
        if not os.path.lexists(self.path):
            return HookState.ABSENT
        if self.path.is_symlink() or not self.path.is_file():
            return HookState.FOREIGN
        try:
            with self.path.open("rb") as stream:
                data = stream.read(_MAX_HOOK_BYTES)
        except OSError as error:
            raise RepositoryNotWritable(str(self.path), error.strerror or "") from error
        if data == HOOK.encode() and self.path.stat().st_mode & stat.S_IXUSR:
            return HookState.CURRENT
        lines = data.split(b"\n", 2)
        is_ours = len(lines) > 1 and lines[1].startswith(f"{_MARK} ".encode())
        return HookState.OUTDATED if is_ours else HookState.FOREIGN

    def _write(self, *, keeps: bool) -> None:
        """Write the hook beside its place, then let it take it: no push meets half of one."""
        temporary = self._directory / f"{HOOK_NAME}.{os.getpid()}.tmp"
        try:
            self._directory.mkdir(exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            handle = os.open(temporary, flags, 0o755)
            with os.fdopen(handle, "wb") as stream:
                stream.write(HOOK.encode())
                os.fchmod(stream.fileno(), 0o755)
            if keeps and not self._is_half_kept:
                # A link first, so that one of the two runs at every moment.
                os.link(self.path, self._next, follow_symlinks=False)
            temporary.replace(self.path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise RepositoryNotWritable(str(self.path), error.strerror or "") from error


def _hooks_directory(repository: WorkRepository) -> Path:
    """Return where git looks for the hooks of a push: it runs them in the git directory."""
    found, top = repository.hooks_dir, repository.work_tree
    if top is None or not found.is_relative_to(top):
        return found
    if found.is_relative_to(repository.common_dir):
        return found
    setting = repository.git(["config", "--type=path", "-z", "--get-all", "core.hooksPath"])
    values = [value for value in os.fsdecode(setting).split("\0") if value not in {"", os.devnull}]
    return repository.git_dir / values[-1]
