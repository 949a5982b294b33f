"""Pushes new refs in a receive-pack request of our own, where the way to the server allows it.

Stock git compares each ref with each refspec: ten thousand refs take it minutes. What only git
knows how to do (proxies that want a handshake, cookies, other programs than OpenSSH) is left to
git: then there is no answer here.

Source: atom-spec/push.md; docs/adr/0024-own-receive-pack-request.md.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.pack import build_pack
from eka.git.parcel import Parcel
from eka.git.push_settings import read_push_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eka.atom import ObjectId, SourceUrl
    from eka.git.push_report import PushReport
    from eka.git.runner import GitRunner

# The server's own words where a pack leaves out what the server lacks.
_INCOMPLETE = "missing necessary objects"


class ReceivePackClient:
    """Pushes to one remote."""

    def __init__(
        self,
        runner: GitRunner,
        url: SourceUrl,
        algorithm: str,
        on_sent: Callable[[int, int], None],
    ) -> None:
        """Prepare a client.

        Args:
            runner: Runs git and ssh, with the person's settings.
            url: The remote.
            algorithm: The object format of the repository that pushes.
            on_sent: Is told how many bytes of how many went out.
        """
        self._runner = runner
        self._url = url
        self._algorithm = algorithm
        self._on_sent = on_sent
        self.is_possible = True
        """False once it turned out that only git itself knows the way."""

    def push(
        self, refs: Mapping[str, ObjectId], objects: Sequence[tuple[str, bytes]]
    ) -> PushReport | None:
        """Create refs that must not exist yet, all or none; None when git itself must push.

        Args:
            refs: What to create.
            objects: (kind, body) of all that the server may lack.

        Raises:
            AtomicPushUnsupported, and what `source_failure` makes of a broken conversation.
        """
        if not self.is_possible:
            return None
        report = self._push(
            Parcel(
                refs=refs,
                pack=build_pack(objects, self._algorithm),
                algorithm=self._algorithm,
                on_sent=self._on_sent,
            )
        )
        if report is None or _INCOMPLETE in report.reasons:
            # Git finds out what is missing: it compares with all refs of the server.
            self.is_possible = False
            return None
        return report

    def _push(self, parcel: Parcel) -> PushReport | None:
        settings = read_push_settings(self._runner)
        url = settings.rewritten(self._url)
        if url is None or not settings.allows(url.scheme):
            return None
        match url.scheme:
            case "file":
                from eka.git.receive_pack_channel import push_to_directory  # noqa: PLC0415 - lazy

                return push_to_directory(url, self._runner, parcel)
            case "ssh":
                from eka.git.receive_pack_channel import push_over_ssh  # noqa: PLC0415 - lazy

                return push_over_ssh(url, self._runner, parcel)
            case "http" | "https":
                from eka.git.receive_pack_http import push_over_http  # noqa: PLC0415 - lazy

                return push_over_http(url, self._runner, settings, parcel)
            case _:
                return None
