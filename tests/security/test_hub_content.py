"""Data sets of others: paths stay in their folder, scripts do not run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wa_train.errors import DataError
from wa_train.rows import open_rows

from ..data.hub_pages import WRITE_TOKEN  # type: ignore[import-not-found]
from ..train.command import mix_row, write_parquet, write_set  # type: ignore[import-not-found]

ROOT = Path(__file__).resolve().parents[2]
SCRIPTED = """
import sys
from huggingface_hub import HfApi
from wa_train.errors import WaTrainError
from wa_train.rows import open_rows
api = HfApi()
for name in ("org/scripted", "org/plain"):
    api.create_repo(name, repo_type="dataset")
    api.upload_folder(repo_id=name, repo_type="dataset", folder_path=sys.argv[1 + (name[4] == "p")])
for name in ("org/plain", "org/scripted"):
    try:
        source = open_rows(f"hf://{name}", config="", split="train", prompt="rows")
        print(len([row for batch in source.batches() for row in batch]))
    except WaTrainError as error:
        print(type(error).__name__, error)
"""


@pytest.mark.parametrize("path", ["../outside.parquet", "/etc/passwd", "data/../../x.parquet"])
def test_a_manifest_leads_no_trainer_out_of_its_set(tmp_path: Path, path: str) -> None:
    folder = write_set(tmp_path / "set", {"writing": {"train": [mix_row(0)]}})
    write_parquet(tmp_path / "outside.parquet", mix_row(1))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["configs"]["writing"]["train"]["files"][0]["path"] = path
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="expected files of the set, got"):
        open_rows(str(folder), config="writing", split="train", prompt="rows")


def test_the_script_of_a_data_set_does_not_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    scripted, plain = tmp_path / "scripted", tmp_path / "plain"
    for folder in (scripted, plain):
        write_parquet(folder / "data/train-00000-of-00001.parquet", mix_row(0))
    (scripted / "scripted.py").write_text(f"import os\nos.mkdir({str(canary)!r})\n")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.data.hub_server"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as hub:  # fmt: skip
        assert hub.stdout is not None and hub.stdin is not None
        url = hub.stdout.readline().strip()
        own = {name: text for name, text in os.environ.items() if not name.startswith("HF_")}
        own |= {"HF_ENDPOINT": url, "HF_TOKEN": WRITE_TOKEN, "HF_HOME": str(tmp_path / "home")}
        own |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPTED, str(scripted), str(plain)],
            env=own, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        hub.stdin.close()
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "1"
    assert second == "1" or "Error" in second
    assert not canary.exists()
