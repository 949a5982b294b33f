from __future__ import annotations

from eka.direct.records import (
    TableLine,
    parse_records,
    parse_table,
    parse_uris,
    pool_path,
    same_file,
)

MIRROR = "http://archive.example.org/debian"
URI = f"{MIRROR}/pool/main/x/xz/xz_1%2bb1_amd64.deb"
SHA = "ab" * 32


def test_a_uri_line_gives_address_name_and_size() -> None:
    line = parse_uris(f"'{URI}' xz_2%3a1+b1_amd64.deb 42 MD5Sum:00\n")[0]

    assert (line.url, line.file, line.size) == (URI, "xz_2%3a1+b1_amd64.deb", 42)


def test_only_a_sha256_counts_as_a_hash() -> None:
    weak, strong = parse_uris(f"'{URI}' a 1 MD5Sum:00\n'{URI}' a 1 SHA256:{SHA.upper()}\n")

    assert (weak.sha256, strong.sha256) == ("", SHA)


def test_lines_that_are_no_uri_are_passed_over() -> None:
    assert parse_uris("NOTICE: see the web page\n\n'broken\n") == []


def test_records_are_split_at_blank_lines_and_continuations_are_left_out() -> None:
    text = "Package: a\nDescription: one\n more of it\n\n\nPackage: b\nSize: 3\n"

    assert list(parse_records(text)) == [
        {"Package": "a", "Description": "one"},
        {"Package": "b", "Size": "3"},
    ]


def test_a_version_table_tells_mirror_suite_and_kind() -> None:
    text = f"  zlib1g | 1:1.2-1 | {MIRROR} bookworm/main amd64 Packages\n zlib | 1 | x\nnoise\n"

    assert parse_table(text) == [TableLine("zlib1g", "1:1.2-1", MIRROR, "bookworm", "Packages")]


def test_a_pool_path_is_relative_to_its_mirror_alone() -> None:
    assert pool_path(URI, MIRROR) == "pool/main/x/xz/xz_1%2bb1_amd64.deb"
    assert pool_path(URI, "http://archive.example.org/deb") is None


def test_escapes_in_an_address_do_not_hide_a_pool_file() -> None:
    assert same_file(URI, "pool/main/x/xz/xz_1+b1_amd64.deb")
    assert not same_file(URI, "z_1+b1_amd64.deb")
