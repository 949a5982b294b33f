"""Carries a push over HTTP.

Of the advertisement only the first packets are read: the refs behind them are many, and of no use.

Source: atom-spec/push.md; gitprotocol-http(5).
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.failures import source_failure
from eka.git.http_rules import OnlyGitKnows
from eka.git.http_session import HttpSession
from eka.git.pktline import MalformedAnswer
from eka.git.protocol import ServerRefused
from eka.git.receive_pack import SERVICE, Advertisement, PushFeatures

if TYPE_CHECKING:
    from eka.atom import SourceUrl
    from eka.errors import EkaError
    from eka.git.http_client import Answer
    from eka.git.parcel import Parcel
    from eka.git.push_report import PushReport
    from eka.git.push_settings import PushSettings
    from eka.git.runner import GitRunner

_ADVERTISEMENT = f"application/x-{SERVICE}-advertisement"
_REQUEST = f"application/x-{SERVICE}-request"
_RESULT = f"application/x-{SERVICE}-result"


def push_over_http(
    url: SourceUrl, runner: GitRunner, settings: PushSettings, parcel: Parcel
) -> PushReport | None:
    """Push over HTTP; None when only git itself knows how."""
    try:
        with HttpSession(url, runner, settings) as session:
            features = _features(session)
            request = parcel.request(features, url.public)
            if request is None:
                return None
            answer = session.post(f"/{SERVICE}", _REQUEST, request, parcel.on_sent)
            return _report(answer, parcel, features)
    except OnlyGitKnows:
        return None
    except (MalformedAnswer, ServerRefused) as error:
        raise _explained(url, error) from error


def _features(session: HttpSession) -> PushFeatures:
    answer = session.get(f"/info/refs?service={SERVICE}")
    _require(answer, _ADVERTISEMENT)
    advertisement = Advertisement()
    while not advertisement.has_enough(is_whole=False) and (data := answer.read()):
        advertisement.feed(data)
    features = advertisement.end()
    answer.leave()
    return features


def _report(answer: Answer, parcel: Parcel, features: PushFeatures) -> PushReport:
    _require(answer, _RESULT)
    reader = parcel.answer(features)
    while not reader.is_done and (data := answer.read()):
        reader.feed(data)
    report = reader.end()
    answer.leave()
    return report


def _require(answer: Answer, kind: str) -> None:
    """Leave servers that do not speak the smart protocol to git."""
    if answer.header("Content-Type").partition(";")[0].strip() != kind:
        answer.leave()
        raise OnlyGitKnows


def _explained(url: SourceUrl, error: MalformedAnswer | ServerRefused) -> EkaError:
    if isinstance(error, ServerRefused):
        return source_failure(url, error.message.encode())
    error.where = url.public
    return error
