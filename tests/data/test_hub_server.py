"""The local Hub behaves as huggingface_hub expects of the real one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from .hub_server import READ_TOKEN, WRITE_TOKEN, Fault, Hub, local_hub
from .hub_sets import point_at

NAME = "org/thing"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with local_hub() as running:
        point_at(running, monkeypatch, tmp_path)
        yield running


@pytest.fixture
def api(hub: Hub) -> HfApi:
    return HfApi(endpoint=hub.url, token=WRITE_TOKEN)


def add(path: str, content: bytes) -> CommitOperationAdd:
    return CommitOperationAdd(path, content)


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_what_is_committed_comes_back_small_and_large(
    hub: Hub, api: HfApi, kind: str, tmp_path: Path
) -> None:
    api.create_repo(NAME, repo_type=kind, private=True)
    files = {"a/small.txt": b"small\n", "a/large.safetensors": bytes(range(256)) * 40}
    operations = [add(path, content) for path, content in files.items()]
    made = api.create_commit(NAME, operations, commit_message="both", repo_type=kind)
    assert hub.repo(NAME, f"{kind}s").heads["main"] == made.oid
    folder = Path(api.snapshot_download(NAME, repo_type=kind, cache_dir=tmp_path / "snapshot"))
    assert {path: (folder / path).read_bytes() for path in files} == files
    assert any(line.startswith("PUT /lfs/") for line in hub.log)
    entries = {entry.path: entry for entry in api.list_repo_tree(NAME, "a", repo_type=kind)}
    assert set(entries) == set(files)
    [info] = api.get_paths_info(NAME, "a/large.safetensors", repo_type=kind)
    assert isinstance(info, RepoFile)
    assert info.size == 10_240


def test_a_large_file_that_is_there_is_not_sent_again_and_a_file_can_be_deleted(
    hub: Hub, api: HfApi
) -> None:
    api.create_repo(NAME)
    api.create_commit(NAME, [add("a.bin", b"1" * 99)], commit_message="one")
    rename = (add("b.bin", b"1" * 99), CommitOperationDelete("a.bin"))
    api.create_commit(NAME, rename, commit_message="two")
    assert sum(line.startswith("PUT") for line in hub.log) == 1
    assert set(hub.files(NAME, kind="models")) == {".gitattributes", "b.bin"}


def test_a_stale_parent_is_412_and_a_pull_request_leaves_main_alone(hub: Hub, api: HfApi) -> None:
    api.create_repo(NAME)
    first = api.model_info(NAME).sha
    second = api.create_commit(NAME, [add("a.txt", b"1")], commit_message="one").oid
    late = [add("a.txt", b"2")]
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_commit(NAME, late, commit_message="late", parent_commit=first)
    assert refused.value.response.status_code == 412
    pull = api.create_commit(NAME, [add("a.txt", b"3")], commit_message="pull", create_pr=True)
    assert (pull.pr_num, pull.pr_revision) == (1, "refs/pr/1")
    assert api.model_info(NAME).sha == second
    assert hub.files(NAME, "refs/pr/1", "models")["a.txt"] == b"3"


def test_tags_pin_a_commit(api: HfApi, tmp_path: Path) -> None:
    api.create_repo(NAME)
    api.create_commit(NAME, [add("a.txt", b"old")], commit_message="one")
    api.create_tag(NAME, tag="v1")
    api.create_commit(NAME, [add("a.txt", b"new")], commit_message="two")
    old = api.hf_hub_download(NAME, "a.txt", revision="v1", cache_dir=tmp_path)
    assert Path(old).read_bytes() == b"old"
    with pytest.raises(HfHubHTTPError, match="already exists"):
        api.create_tag(NAME, tag="v1")
    assert [tag.name for tag in api.list_repo_refs(NAME).tags] == ["v1"]


def test_who_may_see_and_do_what(hub: Hub, api: HfApi) -> None:
    api.create_repo(NAME, private=True)
    for token, status in ((False, 404), ("hf_wrong", 401)):
        with pytest.raises(HfHubHTTPError) as refused:
            HfApi(endpoint=hub.url, token=token).model_info(NAME)
        assert refused.value.response.status_code == status
    assert HfApi(endpoint=hub.url, token=READ_TOKEN).model_info(NAME).private
    with pytest.raises(HfHubHTTPError, match="may only read"):
        HfApi(endpoint=hub.url, token=READ_TOKEN).create_repo("org/other")
    assert api.whoami()["name"] == "tester"


def test_what_is_missing_has_the_code_that_says_what(api: HfApi) -> None:
    api.create_repo(NAME)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("org/nothing")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(NAME, revision="v9")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(NAME, "nothing.txt")


def test_ranges_and_faults(hub: Hub, api: HfApi) -> None:
    api.create_repo(NAME)
    api.create_commit(NAME, [add("a.bin", b"0123456789")], commit_message="one")
    page = f"{hub.url}/{NAME}/resolve/main/a.bin"
    part = httpx.get(page, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    hub.faults = [
        Fault("GET .*a.bin", status=429, headers={"Retry-After": "7"}),
        Fault("GET .*a.bin", drop="body"),
        Fault("GET .*a.bin", drop="before"),
    ]
    assert httpx.get(page).headers["Retry-After"] == "7"
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(page)
    assert httpx.get(page).content == b"0123456789"


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.data.hub_server"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/api/whoami-v2").status_code == 401
        process.communicate()
    assert process.returncode == 0
