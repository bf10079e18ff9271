from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.errors import ConfigError, UsageError
from wa_data.readers import find_reader
from wa_data.registry import Source, load_sources, parse_sources

HEAD = """
[meadow]
title = "The Meadow pairs"
homepage = "https://example.org/meadow"
citation = "A. Author (2020). Meadows."

[meadow.licence]
id = "cc0-1.0"
name = "CC0 1.0"
republish = "yes"
clause = "No rights reserved."
"""
FILES = """
[[meadow.files]]
path = "a/pairs.tsv"
url = "https://example.org/pairs.tsv"
"""
SPLIT = """
[meadow.splits.train]
reader = "tsv"
files = ["a/pairs.tsv"]
rows = 3
options = { columns = ["x", "y"], input = "x", references = ["y"] }
"""
WHOLE = HEAD + FILES + SPLIT


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_sources(text, "mine.toml")
    assert str(caught.value).startswith("mine.toml: ")
    return str(caught.value)


def test_a_source_is_read_whole() -> None:
    source = parse_sources(WHOLE, "mine.toml")["meadow"]
    assert source.key == "meadow"
    assert source.licence.republish == "yes"
    assert source.files["a/pairs.tsv"].url == "https://example.org/pairs.tsv"
    split = source.split("train")
    assert (split.reader, split.files, split.rows) == ("tsv", ("a/pairs.tsv",), 3)
    assert split.options["columns"] == ["x", "y"]


def test_an_unknown_split_is_named_with_the_nearest() -> None:
    source = parse_sources(WHOLE, "mine.toml")["meadow"]
    with pytest.raises(UsageError, match=r"no split 'trian' \(did you mean 'train'\?\)"):
        source.split("trian")


def test_a_source_answers_to_its_key_first_and_to_each_name_once() -> None:
    text = WHOLE.replace("[meadow.licence]", 'mirror = ["old", "meadow"]\n[meadow.licence]')
    assert parse_sources(text, "mine.toml")["meadow"].mirror_names == ("meadow", "old")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("homepage", "hompage", "[meadow]: unknown key 'hompage' (did you mean 'homepage'?)"),
        ('"The Meadow pairs"', "3", "[meadow]: title: expected str, got 3"),
        ('citation = "A. Author (2020). Meadows."', "", "key 'citation' is missing"),
        ('"yes"', '"maybe"', "republish: expected one of yes, no, unclear; got 'maybe'"),
        ('clause = "No rights reserved."', "", "licence: key 'clause' is missing"),
        ("[[meadow.files]]", "[meadow.files]", "expected [[meadow.files]] tables"),
        ("url =", "ulr =", "file 0: unknown key 'ulr' (did you mean 'url'?)"),
        ("url =", 'sha256 = "ABC"\nurl =', "sha256 of a/pairs.tsv is 'ABC'; expected 64"),
        ("url =", 'git_blob = "abc"\nurl =', "git_blob of a/pairs.tsv is 'abc'; expected 40"),
        ("url =", 'archive = "relase"\nurl =', "names archive 'relase'; it is not listed"),
        ("url =", "bytes = 1.5\nurl =", "file 0: bytes: expected int, got 1.5"),
        ('files = ["a/pairs.tsv"]', 'files = ["a/pair.tsv"]', "did you mean 'a/pairs.tsv'?"),
        ('files = ["a/pairs.tsv"]', "files = []", "split train reads no files"),
        ('files = ["a/pairs.tsv"]', 'files = "a/pairs.tsv"', "files: expected a list"),
        ('title = "', 'key = "other"\ntitle = "', "unknown key 'key'"),
        ('title = "', 'mirror = [".."]\ntitle = "', "'..' must be the name of one folder"),
        ('title = "', 'mirror = ["a/b"]\ntitle = "', "'a/b' must be the name of one folder"),
        (
            "[[meadow.files]]",
            '[[meadow.files]]\npath="b"\n[[meadow.files]]\npath="b"\n[[x]]',
            "'b'",
        ),
        ("[meadow]\n", "top = 1\n[meadow]\n", "[top]: expected a table, got 1"),
        ("[meadow]\n", "[meadow\n", "not valid TOML"),
        ("rows = 3", f"rows = {'9' * 5000}", "not valid TOML"),
        ("rows = 3", f"rows = {'[' * 20000}", "not valid TOML"),
    ],
)
def test_a_wrong_sources_file_is_refused_with_file_key_and_reason(
    old: str, new: str, words: str
) -> None:
    assert old in WHOLE
    assert words in refusal(WHOLE.replace(old, new, 1))


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", "", ".", "a\\b", "..", "a/.."])
def test_a_file_path_must_stay_in_the_source(path: str) -> None:
    text = WHOLE.replace("a/pairs.tsv", path.replace("\\", "\\\\"))
    assert "must stay inside the source's folder" in refusal(text)


@pytest.mark.parametrize("key", ["..", "a/b", "", "a\\\\b"])
def test_a_source_cannot_be_called_what_is_no_folder(key: str) -> None:
    text = WHOLE.replace("[meadow", f'["{key}"').replace('["' + key + '"]]', f'["{key}"]]')
    assert "must be the name of one folder" in refusal(text)


def test_the_same_file_listed_twice_is_refused() -> None:
    assert "'a/pairs.tsv' is listed twice" in refusal(HEAD + FILES + FILES + SPLIT)


@pytest.mark.parametrize("form", ["tar", "tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_an_archive_has_a_known_format_and_a_near_name_is_suggested(form: str) -> None:
    archive = '[meadow.archives.release]\nurl = "https://example.org/r"\nformat = "FORM"\n'
    text = WHOLE.replace("url =", 'archive = "release"\nurl =') + archive
    source = parse_sources(text.replace("FORM", form), "mine.toml")["meadow"]
    assert source.archives["release"].format == form
    assert "format: expected one of tar, tar.gz" in refusal(text.replace("FORM", "rar"))
    pinned = text.replace("FORM", f'{form}"\nsha256 = "abc')
    assert "sha256 of release is 'abc'" in refusal(pinned)
    near = text.replace("FORM", form).replace('archive = "release"', 'archive = "relase"')
    assert "(did you mean 'release'?)" in refusal(near)


def test_a_users_source_replaces_the_packages_and_adds_its_own(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(WHOLE.replace("meadow", "jfleg"))
    (tmp_path / "two.toml").write_text(WHOLE)
    own = load_sources([tmp_path / "one.toml", tmp_path / "two.toml"])
    package = load_sources()
    assert own["jfleg"].title == "The Meadow pairs"
    assert set(own["jfleg"].splits) == {"train"}
    assert "meadow" in own
    assert "meadow" not in package
    assert package["jfleg"].title.startswith("JFLEG")
    assert own["asset"] == package["asset"]


def test_a_sources_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'[x]\ntitle = "\xe9"\n')
    for name in ("absent.toml", "latin.toml", ""):
        with pytest.raises(ConfigError, match="cannot read the sources file") as caught:
            load_sources([tmp_path / name])
        assert str(tmp_path / name) in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(WHOLE)), junk=st.text(max_size=6), cut=st.integers(0, 12))
def test_a_damaged_sources_file_is_a_registry_or_a_config_error(
    at: int, junk: str, cut: int
) -> None:
    try:
        registry = parse_sources(WHOLE[:at] + junk + WHOLE[at + cut :], "mine.toml")
    except ConfigError as error:
        assert str(error).startswith("mine.toml")
    else:
        assert all(isinstance(source, Source) for source in registry.values())


PACKAGE = load_sources()


@pytest.mark.parametrize("key", PACKAGE)
def test_a_source_of_the_package_says_what_it_is_and_what_may_be_done_with_it(key: str) -> None:
    source = PACKAGE[key]
    for text in (source.title, source.citation, source.attribution, source.licence.clause):
        assert text.strip()
    assert source.licence.name
    assert re.fullmatch(r"https?://\S+", source.homepage)
    assert re.fullmatch(r"https?://\S+", source.licence.url)
    assert source.splits


@pytest.mark.parametrize("key", PACKAGE)
def test_every_file_of_the_package_can_be_got_and_known(key: str) -> None:
    source = PACKAGE[key]
    read = {path for split in source.splits.values() for path in split.files}
    assert read == set(source.files)
    for item in source.files.values():
        assert item.url or item.archive or source.obtain.strip()
        assert re.fullmatch(r"(https://\S+|package:\S+)?", item.url)
        if not item.archive and not item.url.startswith("package:") and item.url:
            revision = re.search(r"/[0-9a-f]{12,40}/", item.url)
            assert revision, f"{item.url} names no commit"
    used = {item.archive for item in source.files.values() if item.archive}
    assert used == set(source.archives)


def test_digests_of_the_package_are_well_formed_and_differ() -> None:
    seen: dict[str, str] = {}
    for source in PACKAGE.values():
        for item in source.files.values():
            if item.sha256:
                assert re.fullmatch("[0-9a-f]{64}", item.sha256)
                other = seen.setdefault(item.sha256, f"{source.key}/{item.path}")
                assert other == f"{source.key}/{item.path}"
    assert len(seen) > 60


def test_every_split_of_the_package_has_a_reader_that_exists() -> None:
    for source in PACKAGE.values():
        for split in source.splits.values():
            assert callable(find_reader(split.reader))
