"""The licence gate: what may be published goes, and no byte of anything else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from huggingface_hub import metadata_load

from wa_data.digest import RECIPE_FIELDS, row_digest, split_digest
from wa_data.errors import SetError
from wa_data.licence import partition, recipe_digest, write_published

from .hub_sets import PLAIN, SECRETS, mix_rows, write_benchmark, write_mix

REPO = "org/writing-mix"
ZSTD = b"\x28\xb5\x2f\xfd"


def publish(folder: Path, **options: Any) -> tuple[Path, dict[str, Any]]:
    target = folder.with_name("form")
    target.mkdir()
    return target, write_published(folder, target, repo=REPO, **options)


def every_byte(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give each file as it lies there, and again each compressed page of a Parquet file."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        yield path.name, content
        if path.suffix == ".parquet":
            for match in re.finditer(re.escape(ZSTD), content):
                page = zstandard.ZstdDecompressor().decompressobj()
                yield path.name, page.decompress(content[match.start() :])


def found(folder: Path, texts: tuple[str, ...]) -> set[str]:
    return {text for text in texts for _, content in every_byte(folder) if text.encode() in content}


def read(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def data_file(folder: Path, config: str, split: str, root: str = "data") -> Path:
    return folder / root / config / f"{split}-00000-of-00001.parquet"


def test_only_a_plain_yes_is_published() -> None:
    words = {"a": "yes", "b": "no", "c": "unclear"}
    manifest = {"sources": {key: {"licence": {"republish": word}} for key, word in words.items()}}
    assert partition(manifest) == (frozenset("a"), frozenset("bc"))
    assert partition(manifest, recipe_only=True) == (frozenset(), frozenset("abc"))


def test_a_split_of_two_sources_is_divided_row_by_row(tmp_path: Path) -> None:
    rows = mix_rows()["writing"]["train"]
    free = [row for row in rows if row["source"] == "meadow"]
    held = [row for row in rows if row["source"] == "harbour"]
    form, manifest = publish(write_mix(tmp_path / "mix"))
    assert read(data_file(form, "writing", "train")) == free
    recipes = read(data_file(form, "writing", "train", "recipe"))
    assert [tuple(row) for row in recipes] == [RECIPE_FIELDS] * len(held)
    assert recipes[0] == {
        "id": "harbour-0000000000000001",
        "task": "grammaticality",
        "source": "harbour",
        "source_row": 1,
        "row_sha256": row_digest(held[0]).hex(),
    }
    assert manifest["published"]["writing"]["train"] == {
        "data_rows": 8,
        "data_digest": split_digest(map(row_digest, free)),
        "recipe_rows": 4,
        "recipe_digest": split_digest(map(recipe_digest, recipes)),
    }
    text = (form / "manifest.json").read_text()
    assert text == json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"


def test_a_split_that_may_go_is_copied_byte_for_byte_and_the_digest_stays(tmp_path: Path) -> None:
    folder = write_mix(tmp_path / "mix")
    form, manifest = publish(folder)
    copy = data_file(form, "generic", "train").read_bytes()
    assert copy == data_file(folder, "generic", "train").read_bytes()
    assert not (form / "recipe" / "generic").exists()
    built = json.loads((folder / "manifest.json").read_text())
    assert {key: manifest[key] for key in built} == built


def test_a_test_set_goes_or_stays_as_a_whole(tmp_path: Path) -> None:
    form, manifest = publish(write_benchmark(tmp_path / "benchmark"))
    assert read(data_file(form, "asset", "test"))[0]["input"] == PLAIN
    assert not (form / "data" / "conll14").exists()
    recipes = read(data_file(form, "conll14", "test", "recipe"))
    named = [(row["id"], row["source"], row["source_row"]) for row in recipes]
    assert named == [("conll14-test-0", "harbour", 0), ("conll14-test-1", "harbour", 1)]
    entry = manifest["configs"]["conll14"]["test"]
    hashes = [bytes.fromhex(row["row_sha256"]) for row in recipes]
    assert split_digest(hashes) == entry["digest"]


@pytest.mark.parametrize("write", [write_mix, write_benchmark])
def test_no_byte_of_a_withheld_text_is_published(write: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "set")
    assert found(folder, SECRETS)  # the search sees into compressed pages
    form, _ = publish(folder)
    assert found(form, SECRETS) == set()
    assert not (form / "notes.txt").exists()


def benchmark_texts_in_a_column_dictionary_do_not_slip_through(tmp_path: Path) -> None:
    folder = write_mix(tmp_path / "mix")
    path = data_file(folder, "writing", "train")
    table = pq.read_table(path)
    names = [name for name in table.schema.names if name != "source_row"]
    for name in names:
        index = table.schema.get_field_index(name)
        table = table.set_column(index, name, table.column(name).dictionary_encode())
    pq.write_table(table, path, compression="zstd")
    assert pa.types.is_dictionary(pq.read_table(path).schema.field("input").type)
    manifest = json.loads((folder / "manifest.json").read_text())
    from hashlib import sha256

    entry = manifest["configs"]["writing"]["train"]["files"][0]
    entry["sha256"] = sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    form, _ = publish(folder)
    assert found(form, SECRETS) == set()


def test_recipe_only_publishes_no_text_at_all(tmp_path: Path) -> None:
    form, manifest = publish(write_benchmark(tmp_path / "benchmark"), recipe_only=True)
    assert found(form, (*SECRETS, PLAIN)) == set()
    assert not (form / "data").exists()
    counts = manifest["published"]["asset"]["test"]
    assert (counts["data_rows"], counts["recipe_rows"]) == (0, 1)


def test_the_card_names_what_is_there_and_how_to_rebuild_the_rest(tmp_path: Path) -> None:
    form, _ = publish(write_mix(tmp_path / "mix"))
    card = (form / "README.md").read_text()
    metadata = metadata_load(form / "README.md")
    assert metadata is not None
    assert [item["config_name"] for item in metadata["configs"]] == [
        "all",
        "writing",
        "generic",
        "recipe-writing",
    ]
    sizes = {item["config_name"]: item["splits"][0] for item in metadata["dataset_info"]}
    assert sizes["writing"]["num_examples"] == 8
    assert f"wa-data build --from hf://{REPO} --mirror DIR" in card
    assert "4 of the 15 rows are here as recipe rows" in card
    assert "| harbour | The Harbour corpus | Harbour \\| terms | not to be passed on |" in card


def test_the_card_of_a_set_that_may_go_as_a_whole_is_left_alone(tmp_path: Path) -> None:
    rows = mix_rows()
    rows["writing"]["train"] = [r for r in rows["writing"]["train"] if r["source"] == "meadow"]
    folder = write_mix(tmp_path / "mix", rows)
    form, _ = publish(folder)
    assert (form / "README.md").read_bytes() == (folder / "README.md").read_bytes()
    assert not (form / "recipe").exists()


def spoil_file(folder: Path) -> None:
    path = data_file(folder, "generic", "train")
    path.write_bytes(path.read_bytes() + b" ")


def remove_file(folder: Path) -> None:
    data_file(folder, "generic", "train").unlink()


def remove_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def remove_card(folder: Path) -> None:
    (folder / "README.md").unlink()


def deny_source(folder: Path) -> None:
    """Let the manifest say that the split holds no harbour row, though it does."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["configs"]["writing"]["train"]["sources"] = {"meadow": 12}
    path.write_text(json.dumps(manifest))


def forget_source(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["sources"]["harbour"]
    path.write_text(json.dumps(manifest))


def lie_about_rows(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["configs"]["generic"]["train"]["digest"] = "sha256:" + "0" * 64
    path.write_text(json.dumps(manifest))


def add_text_to_overlaps(folder: Path) -> None:
    path = folder / "contamination.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("text", pa.array([SECRETS[0]])), path)


def break_overlaps(folder: Path) -> None:
    (folder / "contamination.parquet").write_bytes(b"PAR1")


def recode_card(folder: Path) -> None:
    (folder / "README.md").write_bytes(b"---\na: \xe9\n---\n")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (break_overlaps, r"contamination.parquet: not readable as Parquet"),
        (recode_card, r"README.md: not readable as a card .*run `wa-data card"),
        (spoil_file, r"expected sha256 .* got .*changed since the build; run `wa-data check"),
        (remove_file, r"the manifest names it, it is not there"),
        (remove_manifest, r"expected manifest.json, found none"),
        (remove_card, r"expected README.md, found none"),
        (deny_source, r"rows of writing/train are not those of its manifest"),
        (forget_source, r"is of source 'harbour', which the manifest does not list"),
        (lie_about_rows, r"rows of generic/train are not those of its manifest"),
        (add_text_to_overlaps, r"contamination.parquet: expected the columns .* got .*text"),
    ],
)
def test_a_set_that_is_not_as_it_was_built_is_refused(harm: Any, said: str, tmp_path: Path) -> None:
    folder = write_mix(tmp_path / "mix")
    harm(folder)
    with pytest.raises(SetError, match=said):
        publish(folder)


def test_a_licence_cannot_break_the_table_or_bring_html(tmp_path: Path) -> None:
    folder = write_mix(tmp_path / "mix")
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["sources"]["harbour"]["licence"]["clause"] = "<b>no</b> |\nnever"
    path.write_text(json.dumps(manifest))
    form, _ = publish(folder)
    assert "&lt;b&gt;no&lt;/b&gt; \\| never |" in (form / "README.md").read_text()


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    folder = write_mix(tmp_path / "mix")
    (tmp_path / "file").touch()
    with pytest.raises(SetError, match=r"file: cannot write it \(.*check the path"):
        write_published(folder, tmp_path / "file", repo=REPO)


def test_a_published_form_is_no_full_set(tmp_path: Path) -> None:
    form, _ = publish(write_mix(tmp_path / "mix"))
    with pytest.raises(SetError, match="got a published form with recipe rows"):
        write_published(form, tmp_path, repo=REPO)
