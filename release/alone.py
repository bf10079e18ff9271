"""A wheel in an environment of its own: it installs, imports, and its command line runs."""

from __future__ import annotations

import json
from pathlib import Path

from .command import find_uv, run
from .package import Package

# A command that reads what lies in the wheel beside the code.
READS_ITS_DATA = {
    "wa-data": ("ls", "sources"),
    "wa-metrics": ("variants",),
    "wa-train": ("ls",),
    "wa-analysis": ("table", "--layout", "paper-main"),
}
# What only an extra brings; a module that needs more than this was not declared.
OF_EXTRAS = {
    "wa-data": set[str](),
    "wa-metrics": {"errant", "spacy", "nltk", "pyarrow", "sacrebleu"},
    "wa-train": {"openai", "datasets", "bitsandbytes", "lemminflect", "symspellpy", "wa_metrics"},
    "wa-analysis": set[str](),
}
IMPORT_ALL = """
import importlib, json, pkgutil, sys
package = importlib.import_module(sys.argv[1])
missing = {}
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if found.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(found.name)
    except ModuleNotFoundError as error:
        missing[found.name] = error.name
print(json.dumps([package.__file__, missing]))
"""


def find_faults_alone(
    package: Package, members: dict[str, Package], dist: Path, versions: Path, room: Path
) -> list[str]:
    """Install one wheel with what it needs into a new environment and use it.

    Args:
        package: the one.
        members: all, by name.
        dist: the folder of wheels.
        versions: those of third parties, as pip's constraints.
        room: a folder for its environment, which is named like it.
    """
    uv, environment = find_uv(), room / package.name
    run(uv, "venv", "--quiet", environment)
    python = environment / "bin" / "python"
    # Members are handed over as files, so that no index can give another package of that name.
    needed = {each.name for each in package.bare if each.name in members} | {package.name}
    wheels = []
    for name in sorted(needed):
        extras = {extra for each in package.bare if each.name == name for extra in each.extras}
        (path,) = dist.glob(f"{members[name].module}-{members[name].version}-*.whl")
        chosen = f"[{','.join(sorted(extras))}]" if extras else ""
        wheels.append(f"{name}{chosen} @ {path.resolve().as_uri()}")
    install = (uv, "pip", "install", "--quiet", "--python", python, "--constraint", versions)
    if problem := run(*install, *wheels).problem:
        return [f"does not install: {problem}"]
    faults = []
    installed = json.loads(run(uv, "pip", "list", "--python", python, "--format", "json").out)
    ours = {each["name"] for each in installed if each["name"] in members}
    if ours != needed:
        faults.append(f"brings {sorted(ours - needed)}, expected {sorted(needed)} alone")
    imported = run(python, "-I", "-c", IMPORT_ALL, package.module)
    if imported.problem:
        return [*faults, f"does not import: {imported.problem}"]
    file, missing = json.loads(imported.out.splitlines()[-1])
    if not Path(file).is_relative_to(environment):
        faults.append(f"is imported from {file}, expected its own environment")
    for module, needs in sorted(missing.items()):
        if needs.partition(".")[0] not in OF_EXTRAS[package.name]:
            faults.append(f"{module} needs {needs}, which pyproject.toml does not declare")
    command = environment / "bin" / package.name
    for words in (("--help",), ("--version",), READS_ITS_DATA[package.name]):
        ended = run(command, *words)
        if ended.problem or not ended.out.strip():
            faults.append(f"`{package.name} {' '.join(words)}` failed: {ended.problem}")
    if (said := run(command, "--version").out.split()[-1:]) != [package.version]:
        faults.append(f"--version: expected {package.version}, got {said}")
    return faults
