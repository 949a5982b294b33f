"""Carries a push to a repository on this machine, or over ssh.

Source: atom-spec/push.md.
"""

from __future__ import annotations

from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.git.failures import source_failure
from eka.git.pktline import MalformedAnswer
from eka.git.process import ChildProcess
from eka.git.protocol import ServerRefused
from eka.git.receive_pack import SERVICE, Advertisement
from eka.git.receive_pack_report import MAX_ANSWER_BYTES
from eka.git.settings import ask_settings, read_settings
from eka.git.spawn import Spawn
from eka.git.ssh_command import ssh_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import SourceUrl
    from eka.errors import EkaError
    from eka.git.parcel import Parcel
    from eka.git.push_report import PushReport
    from eka.git.receive_pack import PushFeatures
    from eka.git.runner import GitRunner

# A remote's own namespaces: many refs, which say nothing about where trees are.
_NAMESPACES = ("refs/atoms", "refs/eka", "refs/ekala/sigs", "refs/ekala/status")
_MAX_NAMED = 64  # git compares every ref with every name
_NO_MATCH = 1  # exit status of `git config --get-regexp`
# A setting of our own git commands, not one of a server.
_NO_REPLACEMENTS = "GIT_NO_REPLACE_OBJECTS"


def push_to_directory(url: SourceUrl, runner: GitRunner, parcel: Parcel) -> PushReport | None:
    """Push to a repository on this machine; None when only git itself knows how.

    The server program runs with the repository's own hooks and settings, as for ``git push``. It
    is asked for its capabilities first, then takes the request without advertising any ref.
    """
    with _receive_pack(url, runner, ["--advertise-refs"]) as child:
        features = _read_features(url, child, is_whole=False)
    request = parcel.request(features, url.public)
    if request is None:
        return None
    settings = _short_check(url, runner, parcel.refs)
    with _receive_pack(url, runner, ["--stateless-rpc"], settings) as child:
        return _deliver(url, child, request, parcel, features)


def push_over_ssh(url: SourceUrl, runner: GitRunner, parcel: Parcel) -> PushReport | None:
    """Push over the person's ssh; None when only git itself knows how."""
    argv = ssh_words(url, SERVICE, runner, read_settings(ask_settings(runner)))
    if argv is None:
        return None
    spawn = Spawn(
        argv=argv,
        env=runner.env,
        cwd=runner.home,
        title="ssh",
        max_output_bytes=2 * MAX_ANSWER_BYTES,
        own_session=not runner.prompt,
    )
    with ChildProcess(spawn) as child:
        # Only when all of it was read does the server listen.
        features = _read_features(url, child, is_whole=True)
        request = parcel.request(features, url.public)
        return None if request is None else _deliver(url, child, request, parcel, features)


def _receive_pack(
    url: SourceUrl, runner: GitRunner, options: Sequence[str], settings: Sequence[str] = ()
) -> ChildProcess:
    given = [part for setting in settings for part in ("-c", setting)]
    return ChildProcess(
        Spawn(
            argv=[runner.git, *given, "receive-pack", *options, url.path],
            env={name: text for name, text in runner.env.items() if name != _NO_REPLACEMENTS},
            cwd=runner.home,
            title="git receive-pack",
            max_output_bytes=MAX_ANSWER_BYTES,
        )
    )


def _read_features(url: SourceUrl, child: ChildProcess, *, is_whole: bool) -> PushFeatures:
    """Return what the server says of itself, having read all it advertises or the beginning."""
    advertisement = Advertisement()
    try:
        while not advertisement.has_enough(is_whole=is_whole) and (data := child.read()):
            advertisement.feed(data)
        return advertisement.end(is_whole=is_whole)
    except (MalformedAnswer, ServerRefused) as error:
        raise _explained(url, child, error) from error


def _deliver(
    url: SourceUrl, child: ChildProcess, request: bytes, parcel: Parcel, features: PushFeatures
) -> PushReport:
    reader = parcel.answer(features)
    total = len(request)
    answer = child.exchange(request, lambda sent_bytes: parcel.on_sent(sent_bytes, total))
    try:
        reader.feed(answer)
        return reader.end()
    except (MalformedAnswer, ServerRefused) as error:
        raise _explained(url, child, error) from error


def _explained(
    url: SourceUrl, child: ChildProcess, error: MalformedAnswer | ServerRefused
) -> EkaError:
    """Return what a broken conversation means, from what the child said on its way out."""
    if isinstance(error, ServerRefused):
        return source_failure(url, error.message.encode())
    if complaint := child.complaint().strip():
        return source_failure(url, complaint)
    error.where = url.public
    return error


def _short_check(url: SourceUrl, runner: GitRunner, refs: Mapping[str, object]) -> list[str]:
    """Return settings by which the server's check of a few refs does not read all refs there.

    Before it takes refs, git walks from their objects to what other refs hold. The trees of atoms
    are held by branches and tags; to walk from every published version as well takes time for
    nothing. Fewer starting points make the check stricter, never looser. Where the repository
    hides refs by settings of its own, these stand.
    """
    if len(refs) > _MAX_NAMED:
        return []
    git_dir = _git_dir(Path(url.path))
    asked = ["config", "--get-regexp", r"^(receive|transfer)\.hiderefs$"]
    if git_dir is None or runner.execute(asked, git_dir=git_dir).status != _NO_MATCH:
        return []
    hidden = [f"receive.hideRefs={name}" for name in _NAMESPACES]
    # The objects a push brings lie beside those of the repository, which git takes for borrowed
    # ones and lists the refs of: once more all of them.
    return ["core.alternateRefsCommand=true", *hidden, *(f"receive.hideRefs=!{n}" for n in refs)]


def _git_dir(path: Path) -> Path | None:
    """Return the git directory a server finds at ``path``; None where it is elsewhere."""
    names = (path / ".git", path, Path(f"{path}.git") / ".git", Path(f"{path}.git"))
    found = next((each for each in names if each.is_file() or (each / "HEAD").is_file()), None)
    return found if found is not None and found.is_dir() else None
