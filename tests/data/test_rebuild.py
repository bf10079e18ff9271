"""Push, then rebuild from the Hub and one's own sources: the very set comes back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wa_data.build import BENCHMARK, MIX, BuildOptions, build
from wa_data.demo import write_sources
from wa_data.errors import WaDataError
from wa_data.licence import write_published
from wa_data.rebuild import rebuild
from wa_data.recipe import load_recipe
from wa_data.registry import load_sources
from wa_data.resolve import Access
from wa_data.verify import verify

from . import hub_sets
from .hub_server import Fault, Hub, local_hub
from .hub_sets import client_environment, point_at

SETS = (MIX, BENCHMARK)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    write_sources(folder, 60)
    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    with local_hub() as running:
        yield running


def wa_data(hub: Hub, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a client of the local Hub, with a cache of its own."""
    environment = client_environment(hub, home / "hf") | {"WA_CACHE": str(home / "cache")}
    environment.pop("HF_HUB_OFFLINE", None)
    return subprocess.run(
        [sys.executable, "-c", "from wa_data.cli import main; main()", *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )


def built(hub: Hub, home: Path, sources: Path, *words: str) -> Path:
    """Build the paper's recipe from small made-up sources."""
    out = home / "out"
    done = wa_data(
        hub, home, "build", "paper", "--mirror", str(sources), "--offline", "--allow-unverified",
        "--allow-missing", "-o", str(out), *words,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def manifest(folder: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((folder / "manifest.json").read_text())
    return loaded


def test_build_push_publishes_both_sets_and_build_from_gives_them_back(
    hub: Hub, tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = built(hub, tmp_path, sources, "--push", "org/study", "--tag", "v1.0.0")
    point_at(hub, monkeypatch, tmp_path / "home")
    for name, kind in zip(SETS, ("mix", "benchmark"), strict=True):
        assert verify(f"org/study-{kind}@v1.0.0").whole
        again = tmp_path / "again"
        done = wa_data(
            hub, tmp_path, "build", "--from", f"hf://org/study-{kind}@v1.0.0", "--mirror",
            str(sources), "--offline", "--allow-unverified", "-o", str(again),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert manifest(again / name) == manifest(out / name)
        assert tree(again / name) == tree(out / name)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_no_text_of_a_source_that_may_not_go_is_on_the_hub(
    hub: Hub, tmp_path: Path, sources: Path
) -> None:
    import polars as pl

    out = built(hub, tmp_path, sources, "--push", "org")
    rows = pl.read_parquet(out / "writing-mix/data/writing/*.parquet")
    withheld = rows.filter(pl.col("source") == "wi_locness")
    assert len(withheld) == 60
    published = b"".join(
        content for path, content in hub.files("org/writing-mix").items() if "plots" not in path
    )
    sent = pl.read_parquet(
        hub.files("org/writing-mix")["data/writing/train-00000-of-00001.parquet"]
    )
    assert set(sent["source"]) == {"turkcorpus"}
    for text in withheld["input"]:
        assert text.encode() not in published


def test_a_source_that_is_missing_is_named_with_how_to_get_it(
    hub: Hub, tmp_path: Path, sources: Path
) -> None:
    built(hub, tmp_path, sources, "--push", "org")
    done = wa_data(
        hub, tmp_path / "elsewhere", "build", "--from", "hf://org/writing-mix", "--offline",
        "-o", str(tmp_path / "again"),
    )  # fmt: skip
    assert done.returncode == 2
    assert "iterater_v2/sent-level.train.intents.json" in done.stderr
    assert "Newsela" in done.stderr
    assert not (tmp_path / "again" / "writing-mix").exists()


def test_a_changed_copy_is_refused_with_the_rows_that_differ(
    hub: Hub, tmp_path: Path, sources: Path
) -> None:
    built(hub, tmp_path, sources, "--push", "org")
    other = tmp_path / "other"
    write_sources(other, 60)
    path = other / "wi_locness/wi+locness/m2/ABC.train.gold.bea19.m2"
    first, rest = path.read_text().split("\n", 1)
    path.write_text(f"{first} indeed\n{rest}")
    done = wa_data(
        hub, tmp_path, "build", "--from", "hf://org/writing-mix", "--mirror", str(other),
        "--offline", "--allow-unverified", "-o", str(tmp_path / "again"),
    )  # fmt: skip
    assert done.returncode == 2
    assert "1 of the published rows" in done.stderr
    assert "wi_locness row 0" in done.stderr
    assert list((tmp_path / "again").iterdir()) == []


def test_a_set_that_is_not_there_is_one_clear_error(hub: Hub, tmp_path: Path) -> None:
    done = wa_data(hub, tmp_path, "build", "--from", "hf://org/nothing", "-o", str(tmp_path / "o"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "org/nothing" in done.stderr


def test_from_does_not_go_with_a_recipe(hub: Hub, tmp_path: Path) -> None:
    done = wa_data(hub, tmp_path, "build", "paper", "--from", "hf://org/writing-mix")
    assert done.returncode == 2
    assert "--from" in done.stderr


def test_a_server_that_hangs_up_is_an_error_in_words_not_a_signal(
    tmp_path: Path, sources: Path
) -> None:
    with local_hub() as hub:
        hub.faults.append(Fault("POST .*/commit/", drop="body", times=99))
        done = wa_data(
            hub, tmp_path, "build", "demo", "-o", str(tmp_path / "out"), "--push", "org",
        )  # fmt: skip
    assert done.returncode == 2
    assert "error: " in done.stderr.splitlines()[-1]


def test_json_of_a_pushed_build_is_one_object(hub: Hub, tmp_path: Path) -> None:
    done = wa_data(
        hub, tmp_path, "build", "demo", "-o", str(tmp_path / "out"), "--push", "org", "--json"
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert [item["repo"] for item in printed["pushed"]] == [
        "org/writing-mix",
        "org/writing-benchmark",
    ]
    assert len(printed["sets"]) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--push", "a/b/c"], "--push is 'a/b/c', expected ORG or ORG/PREFIX"),
        (["--push", "a b"], "--push is 'a b', expected ORG or ORG/PREFIX"),
        (["--push", "org/set@v1"], "--push is 'org/set@v1', expected ORG or ORG/PREFIX"),
        (["--tag", "v1"], "--tag and --public go with --push"),
        (["--public"], "--tag and --public go with --push"),
    ],
)
def test_push_options_that_do_not_fit_are_refused_before_the_build(
    hub: Hub, tmp_path: Path, words: list[str], message: str
) -> None:
    done = wa_data(hub, tmp_path, "build", "demo", "-o", str(tmp_path / "out"), *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_push_without_a_token_is_refused_before_the_build(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_sets, "WRITE_TOKEN", "")
    done = wa_data(hub, tmp_path, "build", "demo", "-o", str(tmp_path / "out"), "--push", "org")
    assert done.returncode == 2
    assert "found none; set HF_TOKEN" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Path:
    """Give both sets of the paper in their published form, as a download has them."""
    home = tmp_path_factory.mktemp("published")
    access = Access(cache=home / "cache", mirrors=(sources,), offline=True, allow_unverified=True)
    build(load_recipe("paper"), home, load_sources(), access, BuildOptions(allow_missing=True))
    for name in SETS:
        (home / "hub" / name).mkdir(parents=True)
        write_published(home / name, home / "hub" / name, repo=f"org/{name}")
    return home


def harm_recipe(folder: Path, **fields: object) -> None:
    path = folder / "recipe.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def harm_rows(folder: Path, glob: str, column: str, value: str | int | None) -> None:
    """Give the first row of a file another value; `drop` leaves the column out."""
    file = min(folder.glob(glob))
    table = pq.read_table(file)
    if value == "drop":
        table = table.drop_columns([column])
    else:
        place, kind = table.schema.get_field_index(column), table.schema.field(column)
        values = [value, *table.column(column).to_pylist()[1:]]
        table = table.set_column(place, kind, pa.array(values, kind.type))
    pq.write_table(table, file)


KEPT, WITHHELD = "data/writing/*.parquet", "recipe/writing/*.parquet"


@pytest.mark.parametrize(
    ("name", "harm", "message"),
    [
        (MIX, lambda at: (at / "recipe.json").write_text("[1]"), "recipe.json: expected a table"),
        (MIX, lambda at: harm_recipe(at, mix=[]), "recipe.json has no line of simplification"),
        (BENCHMARK, lambda at: harm_recipe(at, benchmark={"sets": ["x"]}), "test set 'x' is not"),
        (BENCHMARK, lambda at: harm_recipe(at, benchmark={}), "recipe.json builds no such split"),
        (MIX, lambda at: harm_rows(at, WITHHELD, "id", None), "null in id"),
        (MIX, lambda at: harm_rows(at, WITHHELD, "source_row", None), "null in source_row"),
        (MIX, lambda at: harm_rows(at, WITHHELD, "row_sha256", "drop"), "expected the columns"),
        (MIX, lambda at: harm_rows(at, KEPT, "task", "x"), "recipe.json has no line of x"),
        (MIX, lambda at: harm_rows(at, KEPT, "input", "drop"), "expected the columns"),
        (
            BENCHMARK,
            lambda at: harm_rows(at, "data/jfleg/test*", "input", "drop"),
            "expected the columns",
        ),
    ],
)
def test_a_published_set_that_is_not_of_the_contracts_is_one_error(
    published: Path,
    sources: Path,
    tmp_path: Path,
    name: str,
    harm: Callable[[Path], object],
    message: str,
) -> None:
    folder = tmp_path / name
    shutil.copytree(published / "hub" / name, folder)
    harm(folder)
    access = Access(
        cache=published / "cache", mirrors=(sources,), offline=True, allow_unverified=True
    )
    with pytest.raises(WaDataError, match=message):
        rebuild(folder, tmp_path / "again", load_sources(), access)
    assert not any(tmp_path.glob("again/*"))
