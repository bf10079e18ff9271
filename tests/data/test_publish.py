"""Pushing for real: huggingface_hub and datasets against the local Hub."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from huggingface_hub import CommitOperationAdd, HfApi

from wa_data import hub as client
from wa_data.errors import HubError, SetError, UsageError
from wa_data.publish import PushResult, push
from wa_data.verify import SplitChange, verify

from .built_sets import mix_row
from .hub_server import READ_TOKEN, WRITE_TOKEN, Fault, Hub, local_hub
from .hub_sets import (
    client_environment,
    mix_rows,
    point_at,
    write_benchmark,
    write_mix,
)

REPO = "org/writing-mix"
COMMIT = f"POST .*/{REPO}/commit/"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with local_hub() as running:
        point_at(running, monkeypatch, tmp_path / "home")
        yield running


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    return write_mix(tmp_path / "out" / "writing-mix")


def changed_mix(folder: Path) -> Path:
    """Change one row, drop one, add one, and one that may not be published changes, too."""
    rows = mix_rows()
    train = rows["writing"]["train"]
    train[0] |= {"output": "The swallow sang .", "completion": "The swallow sang ."}
    train[1] |= {"output": "Nothing is left of it ."}
    del train[2]
    train.append(mix_row("new", "It rain .", "It rains ."))
    return write_mix(folder, rows)


def commits(hub: Hub) -> list[str]:
    return hub.repo(REPO).messages[1:]


def load(hub: Hub, home: Path, *wanted: tuple[str, str, str, str]) -> list[list[dict[str, Any]]]:
    """Load (name, config, split, revision) with datasets in a process of its own, as a user."""
    script = (
        "import json, sys; from datasets import load_dataset\n"
        "wanted = json.loads(sys.argv[1])\n"
        "sets = [load_dataset(n, c, split=s, revision=r) for n, c, s, r in wanted]\n"
        "print(json.dumps([list(rows) for rows in sets]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(wanted)],
        env=client_environment(hub, home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sets: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return sets


# --- what a push does ---------------------------------------------------------------------------


def test_a_pushed_set_loads_back_row_by_row_and_verifies(
    hub: Hub, mix: Path, tmp_path: Path
) -> None:
    result = push(mix, REPO, tag="v1.0.0")
    assert result == PushResult(
        repo=REPO,
        commit=hub.repo(REPO).heads["main"],
        url=f"{hub.url}/datasets/{REPO}",
        tag="v1.0.0",
        changed=True,
        private=True,
        data_rows=11,
        recipe_rows=4,
    )
    assert hub.repo(REPO).private
    assert len(commits(hub)) == 1
    rows = mix_rows()
    free = [row for row in rows["writing"]["train"] if row["source"] == "meadow"]
    loaded, everything, recipes = load(
        hub,
        tmp_path,
        (REPO, "writing", "train", "main"),
        (REPO, "all", "train", "main"),
        (REPO, "recipe-writing", "train", "v1.0.0"),
    )
    assert loaded == free
    assert everything == [*free, *rows["generic"]["train"]]
    assert [row["source_row"] for row in recipes] == [1, 4, 7, 10]
    report = verify(f"hf://{REPO}@v1.0.0")
    assert (report.whole, report.data_rows, report.recipe_rows) == (True, 11, 4)


def test_a_benchmark_loads_back_with_its_edits(hub: Hub, tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "writing-benchmark")
    push(folder, "org/writing-benchmark", private=False)
    assert not hub.repo("org/writing-benchmark").private
    [[row]] = load(hub, tmp_path, ("org/writing-benchmark", "asset", "test", "main"))
    assert (row["references"], row["edits"]) == (["The hill is green ."], [])
    assert verify("org/writing-benchmark").whole


def test_a_pinned_revision_stays_what_it_was(hub: Hub, mix: Path, tmp_path: Path) -> None:
    push(mix, REPO, tag="v1")
    second = push(changed_mix(tmp_path / "new"), REPO, tag="v2")
    assert second.changed
    assert verify(f"{REPO}@v1").digest == json.loads((mix / "manifest.json").read_text())["digest"]
    assert verify(f"{REPO}@v2").commit == verify(REPO).commit == second.commit
    old = client.download_set(f"{REPO}@v1", tmp_path / "cache")
    assert (old / "data" / "writing" / "train-00000-of-00001.parquet").is_file()


def test_an_unchanged_set_makes_no_commit_but_may_gain_a_tag(hub: Hub, mix: Path) -> None:
    first = push(mix, REPO)
    again = push(mix, REPO, tag="v1")
    assert (again.changed, again.commit) == (False, first.commit)
    assert push(mix, REPO, tag="v1").changed is False
    assert len(commits(hub)) == 1
    assert hub.repo(REPO).tags == {"v1": first.commit}


def test_a_card_of_its_own_is_a_change(hub: Hub, mix: Path) -> None:
    push(mix, REPO)
    card = mix / "README.md"
    card.write_text(card.read_text().replace("## Limitations", "## Limits"))
    assert push(mix, REPO).changed
    assert b"## Limits\n" in hub.files(REPO)["README.md"]


def test_files_that_a_set_lost_go_and_files_of_others_stay(hub: Hub, mix: Path) -> None:
    push(mix, REPO)
    api = HfApi(endpoint=hub.url)
    theirs = [CommitOperationAdd("LICENSE", b"words"), CommitOperationAdd("data/x.csv", b"1")]
    api.create_commit(REPO, theirs, commit_message="by hand", repo_type="dataset")
    push(mix, REPO, recipe_only=True)
    files = set(hub.files(REPO))
    assert not any(path.startswith("data/") for path in files)
    assert {"LICENSE", ".gitattributes", "recipe/generic/train-00000-of-00001.parquet"} <= files


def test_pushing_never_changes_who_may_see_a_repository(hub: Hub, mix: Path) -> None:
    HfApi(endpoint=hub.url).create_repo(REPO, repo_type="dataset", private=True)
    assert push(mix, REPO, private=False).private is True
    assert hub.repo(REPO).private


def test_a_pull_request_leaves_main_as_it_was(hub: Hub, mix: Path, tmp_path: Path) -> None:
    with pytest.raises(HubError, match="push without --create-pr first"):
        push(mix, REPO, create_pr=True)
    first = push(mix, REPO)
    pull = push(changed_mix(tmp_path / "new"), REPO, create_pr=True)
    assert pull.url == f"{hub.url}/datasets/{REPO}/discussions/1"
    assert hub.repo(REPO).heads == {"main": first.commit, "refs/pr/1": pull.commit}
    assert verify(f"{REPO}@refs/pr/1").whole
    with pytest.raises(UsageError, match="do not go together"):
        push(mix, REPO, create_pr=True, tag="v1")


def test_a_dry_run_names_the_rows_and_uploads_nothing(hub: Hub, mix: Path, tmp_path: Path) -> None:
    new = push(mix, REPO, dry_run=True)
    assert (new.changed, new.commit) == (True, "")
    assert [len(item.added) for item in new.difference] == [12, 3]
    assert hub.repos == {}
    push(mix, REPO)
    assert push(mix, REPO, dry_run=True).changed is False
    before = len(hub.log)
    result = push(changed_mix(tmp_path / "new"), REPO, dry_run=True)
    assert result.difference == (
        SplitChange(
            "writing",
            "train",
            added=("meadow-new",),
            removed=("meadow-0000000000000002",),
            changed=("meadow-0000000000000000", "harbour-0000000000000001"),
        ),
    )
    assert not any(line.startswith(("POST", "PUT")) for line in hub.log[before:])


def test_a_row_that_becomes_a_recipe_row_is_a_changed_one(hub: Hub, mix: Path) -> None:
    push(mix, REPO)
    [writing, generic] = push(mix, REPO, recipe_only=True, dry_run=True).difference
    assert (len(writing.changed), len(generic.changed)) == (8, 3)
    assert not writing.added + writing.removed + generic.added + generic.removed


# --- what goes wrong ----------------------------------------------------------------------------


def test_a_wrong_token_is_named_and_not_shown(
    hub: Hub, mix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(mix, REPO)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_and_secret")
    for action in (lambda: push(mix, REPO), lambda: verify(REPO)):
        with pytest.raises(HubError, match=r"refuses the token .*hf auth login.* HF_TOKEN") as told:
            action()
        assert "hf_wrong_and_secret" not in str(told.value)
    monkeypatch.setenv("HF_TOKEN", READ_TOKEN)
    with pytest.raises(HubError, match=r"may not do this .*write access"):
        push(mix, REPO, recipe_only=True)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match=r"found none; set HF_TOKEN or run `hf auth login`"):
        push(mix, REPO)
    with pytest.raises(HubError, match="not there, or private"):
        verify(REPO)


def test_a_set_or_revision_that_is_not_there_is_named(hub: Hub, mix: Path) -> None:
    with pytest.raises(HubError, match=r"hf://org/nothing: not there, or private"):
        client.download_set("org/nothing")
    push(mix, REPO)
    with pytest.raises(HubError, match=r"hf://org/writing-mix@v9: no revision 'v9'"):
        client.download_set(f"hf://{REPO}@v9")
    hub.faults = [Fault("GET /api", status=403, headers={"X-Error-Code": "GatedRepo"})]
    with pytest.raises(HubError, match="gated: ask for access"):
        client.download_set(REPO)
    HfApi(endpoint=hub.url).create_repo("org/empty", repo_type="dataset")
    with pytest.raises(HubError, match="not a set that `wa-data push` published"):
        client.download_set("org/empty")


def test_an_older_copy_in_the_cache_does_not_stand_in_for_a_hub_that_fails(
    hub: Hub, mix: Path, tmp_path: Path
) -> None:
    push(mix, REPO)
    client.download_set(REPO, tmp_path / "cache")
    hub.faults = [Fault("/api/datasets", status=503, times=99)]
    with pytest.raises(HubError, match="the Hub answers 503"):
        client.download_set(REPO, tmp_path / "cache")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(COMMIT, status=412),
        Fault(COMMIT, status=500),
        Fault(COMMIT, status=429, headers={"Retry-After": "1"}),
        Fault(COMMIT, drop="before"),
        Fault(COMMIT, drop="after"),
        Fault(COMMIT, drop="body"),
        Fault("PUT /lfs/", drop="before"),
        Fault("POST .*/preupload/", status=503),
        Fault("POST /api/repos/create", status=500, times=2),
        Fault(f"GET /api/datasets/{REPO}/refs", drop="body"),
    ],
    ids=lambda fault: f"{fault.pattern.split()[0]}-{fault.status or fault.drop}",
)
def test_what_passes_by_itself_is_tried_again_and_gives_one_commit(
    hub: Hub, mix: Path, fault: Fault
) -> None:
    hub.faults = [fault]
    started = time.monotonic()
    result = push(mix, REPO, tag="v1")
    assert fault.times == 0
    assert (result.changed, len(commits(hub))) == (True, 1)
    assert hub.repo(REPO).tags == {"v1": result.commit}
    assert time.monotonic() - started >= float(fault.headers.get("Retry-After", 0))
    assert verify(REPO).whole


def test_a_commit_that_another_push_overtook_is_made_on_its_head(hub: Hub, mix: Path) -> None:
    push(mix, REPO, recipe_only=True)

    def overtake() -> None:
        api = HfApi(endpoint=hub.url, token=WRITE_TOKEN)
        late = [CommitOperationAdd("data/late/train-00000-of-00001.parquet", b"theirs")]
        api.create_commit(REPO, late, commit_message="overtaken", repo_type="dataset")

    hub.faults = [Fault(COMMIT, action=overtake)]
    push(mix, REPO, message="ours")
    assert commits(hub)[1:] == ["overtaken", "ours"]
    assert not any(path.startswith("data/late/") for path in hub.files(REPO))
    assert verify(REPO).whole


def test_a_hub_that_stays_broken_is_given_up_on(
    hub: Hub, mix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.faults = [Fault(COMMIT, status=500, times=99)]
    with pytest.raises(HubError, match=r"the Hub answers 500; run the same command later"):
        push(mix, REPO)
    assert 99 - hub.faults[0].times == client.ATTEMPTS
    hub.faults = [Fault(COMMIT, status=429, headers={"Retry-After": "4000"}, times=99)]
    with pytest.raises(HubError, match=r"answers 429; .*in 4000 s"):
        push(mix, REPO)
    assert hub.faults[0].times == 98
    hub.faults = [Fault(COMMIT, status=412, times=99)]
    with pytest.raises(HubError, match="another push came between 5 times"):
        push(mix, REPO)
    assert commits(hub) == []


def test_a_pull_request_is_not_opened_twice_when_its_answer_is_lost(
    hub: Hub, mix: Path, tmp_path: Path
) -> None:
    push(mix, REPO)
    hub.faults = [Fault(COMMIT, drop="after")]
    with pytest.raises(HubError, match=r"look at http.*/discussions before"):
        push(changed_mix(tmp_path / "new"), REPO, create_pr=True)
    assert [ref for ref in hub.repo(REPO).heads if ref.startswith("refs/pr/")] == ["refs/pr/1"]


def test_a_tag_at_another_commit_stops_the_push_before_anything_is_uploaded(
    hub: Hub, mix: Path, tmp_path: Path
) -> None:
    first = push(mix, REPO, tag="v1")
    new, before = changed_mix(tmp_path / "new"), len(hub.log)
    for dry_run in (True, False):
        with pytest.raises(HubError, match=rf"tag v1 is at commit {first.commit[:12]} already"):
            push(new, REPO, tag="v1", dry_run=dry_run)
    assert not any(line.startswith(("POST", "PUT")) for line in hub.log[before:])


def test_a_set_that_is_not_whole_reaches_no_hub(hub: Hub, mix: Path) -> None:
    with pytest.raises(UsageError, match="expected ORG/NAME"):
        push(mix, f"{REPO}@main")
    (mix / "data" / "generic" / "train-00000-of-00001.parquet").write_bytes(b"no")
    with pytest.raises(SetError, match="run `wa-data check"):
        push(mix, REPO)
    (mix / "manifest.json").unlink()
    with pytest.raises(SetError, match=r"expected manifest\.json"):
        push(mix, REPO)
    assert hub.repos == {}


def test_two_pushes_of_one_folder_do_not_share_their_staging(hub: Hub, mix: Path) -> None:
    running = FileLock(f"{mix.parent}/.{mix.name}.push.lock")
    with running, pytest.raises(SetError, match="another push of it is running"):
        push(mix, REPO)
    assert push(mix, REPO).changed


def test_offline_mode_is_named(hub: Hub, mix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="unset HF_HUB_OFFLINE"):
        push(mix, REPO)


def test_verify_names_what_was_changed_by_hand(hub: Hub, mix: Path) -> None:
    import pyarrow.parquet as pq

    push(mix, REPO)
    api = HfApi(endpoint=hub.url)
    data = "data/generic/train-00000-of-00001.parquet"
    table = pq.read_table(client.download_set(REPO) / data)
    rows = table.to_pylist()
    rows[0]["output"] = "Another bird."
    changed = mix.with_name("changed.parquet")
    pq.write_table(table.from_pylist(rows[:2], table.schema), changed)
    recipe = "recipe/writing/train-00000-of-00001.parquet"
    manifest = json.loads(hub.files(REPO)["manifest.json"])
    manifest["digest"] = "sha256:0"
    by_hand = [
        CommitOperationAdd("manifest.json", json.dumps(manifest).encode()),
        CommitOperationAdd(data, changed),
        CommitOperationAdd(recipe, b"no"),
        CommitOperationAdd("data/more/train-00000-of-00001.parquet", changed),
    ]
    api.create_commit(REPO, by_hand, commit_message="by hand", repo_type="dataset")
    report = verify(REPO)
    assert not report.whole
    kinds = [text.split(": expected")[0].split(" (")[0] for text in report.differences]
    assert kinds[0] == "data/more/train-00000-of-00001.parquet: not a file of any split"
    assert kinds[1].startswith("writing/train: ")
    assert "not readable as Parquet" in kinds[1]
    assert kinds[2:] == [
        "generic/train: data_rows",
        "generic/train: data_digest",
        "generic/train: rows",
        "generic/train: digest",
        "manifest.json: digest",
    ]


# --- killed at any moment -----------------------------------------------------------------------


def test_a_push_that_is_killed_leaves_the_published_set_and_can_be_run_again(
    hub: Hub, mix: Path, tmp_path: Path
) -> None:
    first = push(mix, REPO)
    new = changed_mix(tmp_path / "kill" / "writing-mix")
    script = (
        "import sys; from pathlib import Path; from wa_data.publish import push\n"
        "push(Path(sys.argv[1]), sys.argv[2], tag='v2')"
    )
    command = [sys.executable, "-c", script, str(new), REPO]
    environment = client_environment(hub, tmp_path)
    digests = {
        folder: json.loads((folder / "manifest.json").read_text())["digest"]
        for folder in (mix, new)
    }
    moments = random.Random(11)
    for early in (0, 3, 6, 9, 12):  # a push is about 13 requests; the last three commit and tag
        hub.faults = [Fault(".", delay=0.02, times=999)]
        stop = len(hub.log) + early + moments.randrange(3)
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            while len(hub.log) < stop and process.poll() is None:
                time.sleep(0.002)
            time.sleep(moments.uniform(0, 0.03))
            process.kill()
        hub.faults = []
        report = verify(REPO)
        assert report.whole
        assert report.digest == digests[mix if report.commit == first.commit else new]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert verify(f"{REPO}@v2").digest == digests[new]
    assert len(commits(hub)) == 2
    assert [path.name for path in new.parent.iterdir()] == ["writing-mix"]
