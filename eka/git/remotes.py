"""Which remote a publish goes to, and what of the repository's configuration it may use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from eka.atom import Aliases, SourceUrl, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.runner import GitRunner, RunOptions
from eka.git.safe import safe_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from eka.git.process import ChildProcess
    from eka.git.work_repository import WorkRepository

THIS_REPOSITORY = "."
_SCP_FORM = re.compile(r"((?:[^/:@]+@)?(?:\[[^\]/]+\]|[^/:]+)):(?!:)/?(.*)")

# Who the person is towards a server. Nothing that says where to connect, whom to trust or what to
# run: a repository unpacked from an archive carries a configuration its user never wrote.
_IDENTITY_SETTING = re.compile(
    r"http\.(?:.+\.)?(?:extraheader|sslcert|sslkey)|credential\.(?:.+\.)?(?:username|usehttppath)",
    re.DOTALL,
)


class NoRemote(EkaError):
    """Nothing says where to publish to."""

    code = "no-remote"
    exit_status = Exit.USAGE

    def __init__(self) -> None:
        super().__init__(
            what="there is no remote to publish to",
            why="expected `--remote`, `[set] remote` in ekala.toml, or a remote named origin",
            fix="`git remote add origin <url>`; `--remote .` publishes in this repository alone",
        )


class UnknownRemote(EkaError):
    """A name that is no remote of this repository."""

    code = "unknown-remote"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = get_close_matches(name, known, n=1)
        self.name, self.suggestion = name, near[0] if near else None
        super().__init__(
            what=f"there is no remote named {safe_line(name)!r}",
            why=f"the remotes are {', '.join(map(safe_line, known))}"
            if known
            else "there are none",
            fix=f"did you mean `{safe_line(near[0])}`?" if near else "`git remote -v` lists them",
        )


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository to publish to."""

    url: SourceUrl
    name: str | None = None
    """What git calls it here; None when it was given as a URL."""


def choose_remote(
    repository: WorkRepository, *, argument: str | None, configured: str | None, aliases: Aliases
) -> Remote | None:
    """Return where to publish to; None is this repository itself.

    Args:
        repository: Where the atoms are.
        argument: What the person asked for: a remote's name, a URL, or ``.``.
        configured: ``[set] remote`` of ``ekala.toml``.
        aliases: For URLs that are typed.

    Raises:
        NoRemote, UnknownRemote, and what `parse_source_url` raises.

    Source: atom-spec/publishing.md [publish-remote].
    """
    known = _remote_names(repository)
    wanted = argument or configured
    if wanted is None:
        wanted = _push_remote(repository) or _default_remote(known)
        if wanted is None:
            raise NoRemote
        if wanted not in known:  # `branch.<name>.remote` may hold a URL
            return Remote(parse_git_url(wanted, _base_directory(repository)))
    if wanted == THIS_REPOSITORY:
        return None
    if wanted in known:
        return Remote(_url_of(repository, wanted), wanted)
    if not re.search(r"[/:.]", wanted):
        raise UnknownRemote(wanted, known)
    url = parse_source_url(wanted, aliases)
    return Remote(url.absolute(_base_directory(repository)))


def upstream_branch(repository: WorkRepository, branch: str, remote: Remote) -> str:
    """Return the ref of ``remote`` that a local branch follows; the same name by default."""
    name = branch.removeprefix("refs/heads/")
    settings = _settings(repository)
    followed = settings.get(f"branch.{name}.merge")
    is_followed_there = settings.get(f"branch.{name}.remote") == remote.name
    return followed if followed and remote.name and is_followed_there else branch


class IdentifiedRunner(GitRunner):
    """Runs git with those settings of a repository that say who the person is to a server."""

    def __init__(self, repository: WorkRepository) -> None:
        """Take over the repository's runner and settings.

        Source: atom-spec/publishing.md [publish-configuration].
        """
        base = repository.runner
        super().__init__(base.git, base.env, base.home, prompt=base.prompt)
        settings = _identity_settings(repository)
        self._settings = {
            "GIT_CONFIG_COUNT": str(len(settings)),
            **{f"GIT_CONFIG_KEY_{n}": key for n, (key, _) in enumerate(settings)},
            **{f"GIT_CONFIG_VALUE_{n}": value for n, (_, value) in enumerate(settings)},
        }

    def popen(self, args: Sequence[str], **options: Unpack[RunOptions]) -> ChildProcess:
        """Start git; see `GitRunner.popen`."""
        options["env"] = {**self._settings, **options.get("env", {})}
        return super().popen(args, **options)


def _identity_settings(repository: WorkRepository) -> list[tuple[str, str]]:
    output = repository.git(["config", "--list", "-z", "--show-scope"])
    fields = output.decode(errors="surrogateescape").split("\0")
    found: list[tuple[str, str]] = []
    for scope, setting in zip(fields[::2], fields[1::2], strict=False):
        key, _, value = setting.partition("\n")
        if scope in {"local", "worktree"} and _IDENTITY_SETTING.fullmatch(key):
            found.append((key, value))
    return found


def parse_git_url(text: str, base_dir: str) -> SourceUrl:
    """Return the repository that a URL in git's own configuration names."""
    if "://" not in text and "::" not in text:
        if match := _SCP_FORM.fullmatch(text):
            text = f"ssh://{match[1]}/{match[2]}"
        else:
            return SourceUrl("file", None, text).absolute(base_dir)
    return parse_source_url(text, Aliases({}))


def _remote_names(repository: WorkRepository) -> list[str]:
    return repository.git(["remote"]).decode(errors="surrogateescape").split()


def _url_of(repository: WorkRepository, name: str) -> SourceUrl:
    # Through git, so that `pushurl` and `insteadOf` mean what they mean for `git push`.
    output = repository.git(["remote", "get-url", "--push", name])
    text = output.decode(errors="surrogateescape").rstrip("\n")
    return parse_git_url(text, _base_directory(repository))


def _push_remote(repository: WorkRepository) -> str | None:
    settings = _settings(repository)
    name = (repository.branch or "").removeprefix("refs/heads/")
    keys = (f"branch.{name}.pushremote", "remote.pushdefault", f"branch.{name}.remote")
    values = (settings.get(key) for key in keys)
    # `.` here means that a branch follows another one of this repository: it says nothing of where
    # to publish to.
    return next((value for value in values if value and value != THIS_REPOSITORY), None)


def _default_remote(known: Sequence[str]) -> str | None:
    if "origin" in known:
        return "origin"
    return known[0] if len(known) == 1 else None


def _settings(repository: WorkRepository) -> dict[str, str]:
    args = [
        "config",
        "-z",
        "--get-regexp",
        r"^(branch\..*|remote)\.(pushremote|pushdefault|remote|merge)$",
    ]
    output = repository.git(args, ok=(0, 1)).decode(errors="surrogateescape")
    pairs = (entry.partition("\n") for entry in output.split("\0") if entry)
    return {key: value for key, _, value in pairs}


def _base_directory(repository: WorkRepository) -> str:
    return str(repository.work_tree or repository.git_dir)
