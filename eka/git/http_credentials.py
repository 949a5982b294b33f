"""The person's user names and passwords, from where git and curl look for them.

Source: git-credential(1); atom-spec/push.md [push-credentials].
"""

from __future__ import annotations

from base64 import b64encode

from eka.checking import TYPE_CHECKING
from eka.git.failures import source_failure
from eka.git.http_rules import OnlyGitKnows
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import SourceUrl
    from eka.git.runner import GitRunner

_MAX_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Credential:
    """Who the person is to one server."""

    user: str
    password: str = field(repr=False)
    description: bytes = field(default=b"", repr=False)
    """What git's helpers said of it; empty when it did not come from them."""

    @property
    def header(self) -> str:
        """The header of basic authentication."""
        return f"Basic {b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


class Credentials:
    """Finds credentials for a server, each place asked once."""

    def __init__(self, runner: GitRunner, url: SourceUrl) -> None:
        self._runner = runner
        self._url = url
        self._places = [self._of_url, self._of_netrc]
        self._is_filled = False

    def next(self, challenges: Sequence[str]) -> Credential | None:
        """Return the credentials to try next; None when there are no others.

        Args:
            challenges: What the server wants, as in its ``WWW-Authenticate`` headers.

        Raises:
            AccessDenied: nobody knows a password.
            OnlyGitKnows: the server wants what git may know how to give.
        """
        if not any(each.lower().startswith("basic") for each in challenges):
            raise OnlyGitKnows
        while self._places:
            if found := self._places.pop(0)():
                return found
        if self._is_filled:
            return None
        self._is_filled = True
        return self._fill(challenges)

    def judge(self, credential: Credential, *, is_good: bool) -> None:
        """Tell git's helpers whether a server took what they gave."""
        if credential.description:
            verb = "approve" if is_good else "reject"
            # A helper that cannot keep it is no reason to stop.
            self._runner.execute(["credential", verb], stdin=credential.description, network=True)

    def _of_url(self) -> Credential | None:
        url = self._url
        return None if not url.user or url.password is None else Credential(url.user, url.password)

    def _of_netrc(self) -> Credential | None:
        """Return what curl would find for git in ``~/.netrc``."""
        from netrc import NetrcParseError, netrc  # noqa: PLC0415 - only for servers that ask
        from pathlib import Path  # noqa: PLC0415 - as above

        try:
            entries = netrc(Path(self._runner.env["HOME"]) / ".netrc")
        except (KeyError, OSError, ValueError, NetrcParseError):
            return None
        user, _, password = entries.authenticators(self._url.host or "") or ("", "", "")
        if not user or self._url.user not in (None, user):
            return None
        return Credential(user, password or "")

    def _fill(self, challenges: Sequence[str]) -> Credential:
        finished = self._runner.execute(
            ["credential", "fill"],
            stdin=self._question(challenges),
            network=True,
            max_output=_MAX_ANSWER_BYTES,
        )
        if finished.status != 0:
            raise source_failure(self._url, finished.stderr or b"Authentication failed")
        pairs = (line.partition("=") for line in finished.stdout.decode().split("\n"))
        values = {name: value for name, _, value in pairs}
        if "username" not in values or "password" not in values:
            raise OnlyGitKnows  # another kind of proof than a password
        return Credential(values["username"], values["password"], finished.stdout)

    def _question(self, challenges: Sequence[str]) -> bytes:
        url = self._url
        port = "" if url.port is None else f":{url.port}"
        lines = [f"protocol={url.scheme}", f"host={url.host}{port}"]
        lines.append(f"path={url.path.strip('/')}")
        if url.user:
            lines.append(f"username={url.user}")
        lines += [f"wwwauth[]={each}" for each in challenges]
        if any("\n" in line or "\0" in line for line in lines):
            raise OnlyGitKnows
        return "".join(f"{line}\n" for line in [*lines, ""]).encode()
