"""What ``git push --porcelain`` says."""

from __future__ import annotations

from eka.git.push_report import parse_push_report

ATOMIC = b"""To file:///srv/set.git
=\trefs/outgoing/atoms/a/1.0.0:refs/atoms/a/1.0.0\t[up to date]
*\trefs/outgoing/atoms/b/1.0.0:refs/atoms/b/1.0.0\t[new reference]
!\trefs/outgoing/atoms/c/1.0.0:refs/atoms/c/1.0.0\t[rejected] (atomic push failed)
!\trefs/outgoing/atoms/d/1.0.0:refs/atoms/d/1.0.0\t[rejected] (stale info)
Done
"""


def test_each_ref_is_created_present_or_refused() -> None:
    report = parse_push_report(ATOMIC, b"error: failed to push some refs\n")

    assert report.created == ("refs/atoms/b/1.0.0",)
    assert report.present == ("refs/atoms/a/1.0.0",)
    assert report.refused == (
        ("refs/atoms/c/1.0.0", "atomic push failed"),
        ("refs/atoms/d/1.0.0", "stale info"),
    )
    assert report.messages == "error: failed to push some refs"


def test_the_telling_reason_comes_first() -> None:
    report = parse_push_report(ATOMIC, b"")

    assert report.reasons == "stale info; atomic push failed"


def test_what_a_server_says_is_made_safe() -> None:
    line = b"!\ta:refs/atoms/a/1.0.0\t[remote rejected] (\x1b]0;evil\x07 hook declined)\n"

    report = parse_push_report(line, b"remote: \x1b[31mno\n")

    assert "\x1b" not in report.reasons + report.messages
    assert report.reasons.endswith("hook declined")


def test_other_lines_are_passed_over() -> None:
    report = parse_push_report(b"To x\n\nDone\n?\ta:b\tc\nx", b"")

    assert (report.created, report.present, report.refused) == ((), (), ())


def test_a_server_that_did_not_report_may_have_taken_the_push() -> None:
    line = b"!\ta:refs/atoms/a/1.0.0\t[remote failure] (remote failed to report status)\n"

    assert parse_push_report(line, b"").is_unknown
    assert not parse_push_report(ATOMIC, b"").is_unknown
