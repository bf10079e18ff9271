"""Publishing for real: huggingface_hub, transformers and peft against the local Hub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from wa_train.errors import DataError, HubError, RunError, UsageError
from wa_train.push import PushRequest, PushResult, push, rehearse
from wa_train.record import read_record

from ..data.hub_server import (  # type: ignore[import-not-found]  # mypy starts at tests/
    READ_TOKEN,
    WRITE_TOKEN,
    Fault,
    Hub,
)
from .hub_user import use_hub, user
from .test_card import SCORE
from .tiny_runs import write_base, write_run

BASE, REPO = "org/tiny-base", "org/tiny-writer"
RECORD = {"run/run.json", "run/recipe.json", "run/metrics.jsonl"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base") / "tiny-base")


@pytest.fixture(scope="module")
def run(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a run whose base model is named as the Hub names it."""
    return write_run(tmp_path_factory.mktemp("runs") / "tiny-run", base, name=BASE)


@pytest.fixture(scope="module")
def local_run(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a run that took its base model from a folder."""
    return write_run(tmp_path_factory.mktemp("runs") / "tiny-run", base)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with use_hub(monkeypatch, tmp_path / "home") as running:
        yield running


def files(hub: Hub, revision: str = "main") -> dict[str, bytes]:
    found: dict[str, bytes] = hub.files(REPO, revision, "models")
    return found


def commits(hub: Hub) -> list[str]:
    messages: list[str] = hub.repo(REPO, "models").messages
    return messages[1:]


def publish_base(hub: Hub, base: Path) -> None:
    """Put the base model on the Hub, with a card that names its licence."""
    api = HfApi(endpoint=hub.url, token=WRITE_TOKEN)
    api.create_repo(BASE)
    api.upload_folder(repo_id=BASE, folder_path=base)
    api.upload_file(
        repo_id=BASE, path_in_repo="README.md", path_or_fileobj=b"---\nlicense: mit\n---\nBase\n"
    )


def test_an_adapter_is_published_by_the_command_and_its_card_runs_as_it_stands(
    hub: Hub, run: Path, base: Path, tmp_path: Path
) -> None:
    publish_base(hub, base)
    scores = tmp_path / "scores.jsonl"
    scores.write_text(json.dumps(SCORE))
    command = "from wa_train.cli import main; main()"
    done = user(
        hub, tmp_path / "home", "-c", command,
        "push", str(run), REPO, "--tag", "v1.0.0", "--scores", str(scores),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert WRITE_TOKEN not in done.stdout + done.stderr
    found = files(hub)
    head = hub.repo(REPO, "models").heads["main"]
    assert done.stdout == f"{REPO}\tpushed\t{head}\tv1.0.0\t{hub.url}/{REPO}\n"
    assert set(found) - {".gitattributes"} == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "chat_template.jinja",
        "tokenizer.json", "tokenizer_config.json", "run/scores.jsonl", *RECORD,
    }  # fmt: skip
    assert commits(hub) == ["tiny-run: lora, 7 steps"]
    assert hub.repo(REPO, "models").tags == {"v1.0.0": head}
    assert hub.repo(REPO, "models").private
    card = found["README.md"].decode()
    assert "license: mit" in card
    assert "| jfleg | test |" in card
    code = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(code) == 1
    ran = user(hub, tmp_path / "other", "-c", code[0])
    assert ran.returncode == 0, ran.stderr


def test_a_merged_model_is_published_and_loads_as_any_model(
    hub: Hub, local_run: Path, tmp_path: Path
) -> None:
    result = push(PushRequest(run=local_run, repo=REPO, merged=True, precision="bf16", base=BASE))
    found = files(hub)
    assert {"model.safetensors", "config.json", "merge.json", "tokenizer.json"} <= set(found)
    assert not any(name.startswith("adapter") for name in found)
    assert "library_name: transformers" in found["README.md"].decode()
    assert f"base_model: {BASE}\n" in result.card
    assert {path.name for path in local_run.parent.iterdir()} == {"tiny-run"}
    code = re.findall(r"```python\n(.*?)```", result.card, re.DOTALL)[0]
    ran = user(
        hub, tmp_path / "other", "-c", f"{code}\nassert str(model.dtype) == 'torch.bfloat16'"
    )
    assert ran.returncode == 0, ran.stderr


def test_the_record_is_published_whole_without_paths_of_this_machine(
    hub: Hub, base: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mix"
    folder.mkdir()
    run = write_run(tmp_path / "tiny-run", base, data_digest={f"{folder}:writing": "sha256:00"})
    push(PushRequest(run=run, repo=REPO, base=BASE))
    found = files(hub)
    assert not any(str(tmp_path).encode() in content for content in found.values())
    assert not any(str(base).encode() in content for content in found.values())
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/run.json").write_bytes(found["run/run.json"])
    record = read_record(tmp_path / "copy")
    assert (record.base_model, dict(record.data_digest)) == (BASE, {"mix:writing": "sha256:00"})
    assert json.loads(found["adapter_config.json"])["base_model_name_or_path"] == BASE
    assert json.loads(found["run/recipe.json"])["base"]["model"] == BASE


def test_the_same_run_again_makes_no_commit_and_a_tag_may_follow(hub: Hub, run: Path) -> None:
    first = push(PushRequest(run=run, repo=REPO))
    again = push(PushRequest(run=run, repo=REPO, tag="v1"))
    assert (first.changed, again.changed) == (True, False)
    assert again.commit == first.commit
    assert len(commits(hub)) == 1
    assert hub.repo(REPO, "models").tags == {"v1": first.commit}
    push(PushRequest(run=run, repo=REPO, tag="v1"))


def test_files_of_another_form_go_in_the_same_commit_and_others_stay(
    hub: Hub, local_run: Path
) -> None:
    push(PushRequest(run=local_run, repo=REPO, base=BASE))
    HfApi(endpoint=hub.url).upload_file(
        repo_id=REPO, path_in_repo="notes.md", path_or_fileobj=b"mine", token=WRITE_TOKEN
    )
    push(PushRequest(run=local_run, repo=REPO, merged=True))
    found = files(hub)
    assert "model.safetensors" in found
    assert not any(name.startswith("adapter_") for name in found)
    assert found["notes.md"] == b"mine"
    assert len(commits(hub)) == 3


def test_a_published_tag_does_not_move(hub: Hub, run: Path, base: Path, tmp_path: Path) -> None:
    first = push(PushRequest(run=run, repo=REPO, tag="v1"))
    other = write_run(tmp_path / "other-run", base, name=BASE, loss=0.5)
    with pytest.raises(HubError, match=r"tag v1 is at commit .* choose another --tag"):
        push(PushRequest(run=other, repo=REPO, tag="v1"))
    assert len(commits(hub)) == 1
    assert hub.repo(REPO, "models").tags == {"v1": first.commit}


def test_a_dry_run_prints_the_card_lists_the_files_and_asks_nobody(
    hub: Hub, run: Path, tmp_path: Path
) -> None:
    before = sorted(path for path in run.parent.rglob("*"))
    command = "from wa_train.cli import main; main()"
    done = user(hub, tmp_path / "home", "-c", command, "push", str(run), REPO, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("---\nbase_model: org/tiny-base\n")
    size = (run / "adapter/adapter_model.safetensors").stat().st_size
    assert f"{size:,}  adapter_model.safetensors\n" in done.stderr
    assert not any(name in done.stderr for name in ("training_args", "optimizer", "notes.txt"))
    assert hub.log == []
    assert sorted(path for path in run.parent.rglob("*")) == before


def test_a_dry_run_of_a_merged_model_computes_its_size(run: Path) -> None:
    result = rehearse(PushRequest(run=run, repo=REPO, merged=True, precision="bf16"))
    sizes = dict(result.files)
    assert sizes["model.safetensors"] == 2 * (30_000 - 1_024)
    assert not any(name.startswith("adapter_") for name in sizes)
    assert "library_name: transformers" in result.card


def test_another_push_in_between_is_not_overwritten(hub: Hub, run: Path) -> None:
    api = HfApi(endpoint=hub.url, token=WRITE_TOKEN)
    api.create_repo(REPO)

    def meanwhile() -> None:
        api.upload_file(repo_id=REPO, path_in_repo="theirs.md", path_or_fileobj=b"theirs")

    hub.faults.append(Fault(f"POST .*/{REPO}/commit/", action=meanwhile))
    with pytest.raises(HubError, match="another push came between"):
        push(PushRequest(run=run, repo=REPO))
    assert set(files(hub)) == {".gitattributes", "theirs.md"}
    push(PushRequest(run=run, repo=REPO))
    assert files(hub)["theirs.md"] == b"theirs"


@pytest.mark.parametrize("fault", [{"status": 503}, {"drop": "before"}])
def test_what_passes_by_itself_is_tried_again(hub: Hub, run: Path, fault: dict[str, Any]) -> None:
    hub.faults.append(Fault(f"POST .*/{REPO}/commit/", times=2, **fault))
    assert push(PushRequest(run=run, repo=REPO)).changed
    assert len(commits(hub)) == 1


def test_a_commit_whose_answer_got_lost_is_found_the_next_time(hub: Hub, run: Path) -> None:
    hub.faults.append(Fault(f"POST .*/{REPO}/commit/", drop="after"))
    with pytest.raises(HubError, match="run the same command again"):
        push(PushRequest(run=run, repo=REPO))
    result = push(PushRequest(run=run, repo=REPO))
    assert not result.changed
    assert len(commits(hub)) == 1


def test_without_a_token_that_may_write_nothing_is_made(
    hub: Hub, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token, said in (
        ("", "expected a token with write access"),
        (READ_TOKEN, r"may not do this \(403\)"),
        ("hf_wrong", r"refuses the token \(401\)"),
    ):
        monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(HubError, match=said) as caught:
            push(PushRequest(run=run, repo=REPO))
        assert not token or token not in str(caught.value)
        assert "\n" not in str(caught.value)
    assert hub.repos == {}


def refused(request: PushRequest, error: type[Exception], said: str) -> None:
    for action in (push, rehearse):
        with pytest.raises(error, match=said):
            act: PushResult = action(request)
            assert not act


def test_what_cannot_be_published_is_refused_before_the_hub_is_asked(
    hub: Hub, run: Path, base: Path, tmp_path: Path
) -> None:
    local = write_run(tmp_path / "local", base)
    half = write_run(tmp_path / "half", base, exit="running", name=BASE)
    scores = tmp_path / "scores.jsonl"
    scores.write_text("{}")
    fresh = write_run(tmp_path / "fresh", base, name="scratch")
    (fresh / "scratch").mkdir()
    refused(PushRequest(run=fresh, repo=REPO), UsageError, "belongs on scratch/.*--merged")
    refused(PushRequest(run=local, repo=REPO), UsageError, r"--base ORG/NAME.*--merged")
    refused(PushRequest(run=half, repo=REPO), RunError, "not finished")
    refused(PushRequest(run=tmp_path, repo=REPO), RunError, "expected a run folder")
    refused(PushRequest(run=run, repo="name"), UsageError, "expected ORG/NAME")
    refused(PushRequest(run=run, repo=REPO, scores=scores), DataError, "is missing")
    assert hub.log == []
    assert rehearse(PushRequest(run=local, repo=REPO, merged=True)).card.count("base_model:") == 0
