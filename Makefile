# Two commands set everything up on a fresh machine with Python 3.11+: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# uv is taken from the PATH, else put into .uv/ (nothing is installed outside this folder).
UV := $(shell command -v uv || echo .uv/bin/uv)
RUN := UV_NO_SYNC=1 $(UV) run
SYNC := .venv/.synced
# Tests never use the network; those that need a Hub start one on the loopback interface.
# Small models gain nothing from a second thread, and processes side by side lose much.
OFFLINE := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 TOKENIZERS_PARALLELISM=false

# What `make bench` reads: official files in their official layout, and systems' outputs for BEA-dev.
CORPORA := ../shared/sources
JFLEG = $(CORPORA)/jfleg/test
BEA_DEV = $(CORPORA)/bea19/wi+locness/m2/ABCN.dev.gold.bea19.m2
SYSTEMS = $(wildcard ../shared/outputs/bea19-dev/*.txt)

.PHONY: help demo study test lint docs docs-check bench soak audit release-check clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.uv/bin/uv:
	@for python in python3.13 python3.12 python3.11 python3; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			$$python -m venv .uv && .uv/bin/pip install --quiet uv && exit 0; \
		fi; \
	done; echo "make: Python 3.11 or newer is needed (python3 --version says: $$(python3 --version))" >&2; exit 2

$(SYNC): uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml) $(filter .uv/bin/uv,$(UV))
	$(UV) sync --quiet --locked --all-packages --all-extras
	@touch $@

# The demo touches neither the network nor the user's cache.
DEMO = WA_CACHE=demo/cache $(OFFLINE) $(RUN) python studies/run.py demo
ON = $(if $(REAL),--configfile studies/demo/real.yaml --config mirror=$(REAL))

demo: $(SYNC)  ## train, predict, score and report three small systems on made-up data (REAL=DIR: on the real sets)
	@$(DEMO) data $(ON) && $(RUN) wa-data show $(if $(REAL),demo/real/data/paper-small,demo/data/demo) -n 3 && $(DEMO) $(ON)

study: $(SYNC)  ## run studies/NAME (NAME=small); ARGS=-n shows jobs, hardware and cost, ARGS="--cores 8" uses more
	@$(RUN) python studies/run.py $(or $(NAME),small) $(ARGS)

lint: $(SYNC)  ## ruff, mypy, and what else must hold of the tree
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	@# every package names what it imports, and nothing else
	@$(RUN) bash -c 'for each in packages/*/; do (cd $$each && deptry --no-ansi src 2>&1 | grep -v "^Scanning\|^$$" | sed "s|^|$$each: |"; exit $${PIPESTATUS[0]}) || exit 1; done'
	@! grep -nE 'file:|registry = "/' uv.lock

docs: $(SYNC)  ## write the command-line reference from --help and build the site into site/
	$(RUN) python docs/cli_reference.py
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build

docs-check: $(SYNC)  ## is the command-line reference what --help says now, and does the site build without a warning?
	$(RUN) python docs/cli_reference.py --check
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict

test: lint docs-check  ## all checks and all tests
	$(OFFLINE) $(RUN) pytest -n 2 --dist loadfile

bench: $(SYNC)  ## measure everything against its peers (over an hour; see the benchmarks' READMEs)
	$(RUN) python packages/wa-data/benchmarks/build_speed.py
	$(RUN) python packages/wa-data/benchmarks/import_time.py
	$(RUN) python packages/wa-metrics/benchmarks/wheel_alone.py
	$(RUN) python packages/wa-metrics/benchmarks/significance_speed.py
	$(RUN) python packages/wa-metrics/benchmarks/sari_speed.py --corpora $(CORPORA)
	$(RUN) python packages/wa-metrics/benchmarks/maxmatch_speed.py --corpora $(CORPORA)
	$(RUN) python packages/wa-metrics/benchmarks/gleu_speed.py $(JFLEG)/test.src $(JFLEG)/test.spellchecked.src $(JFLEG)/test.ref?
	$(RUN) python packages/wa-metrics/benchmarks/errant_speed.py $(BEA_DEV) $(SYSTEMS)
	$(RUN) python packages/wa-metrics/benchmarks/m2_speed.py $(BEA_DEV)
	$(RUN) python packages/wa-train/benchmarks/training_speed.py --micro-tokens 1024
	$(RUN) python packages/wa-train/benchmarks/smollm2_folder.py out/smollm2
	$(RUN) wa-data build demo -o out/demo
	$(RUN) python packages/wa-train/benchmarks/prediction_speed.py --model out/smollm2 --data out/demo --benchmark bea19_dev --rows 48
	$(RUN) python packages/wa-train/benchmarks/same_size.py --data out/demo --benchmark bea19_dev
	$(RUN) python packages/wa-analysis/benchmarks/annotation_speed.py $(BEA_DEV) $(firstword $(SYSTEMS))
	$(RUN) wa-data build wi-gec --mirror $(CORPORA) -o out/gec
	@mkdir -p out/systems && for text in $(SYSTEMS); do name=$$(basename $$text .txt); \
		$(RUN) wa-train import-predictions $$text --data out/gec --benchmark bea19_dev --model $$name \
			-o out/systems/$$name.jsonl --restart; done
	$(RUN) python packages/wa-analysis/benchmarks/report_speed.py $(SYSTEMS:../shared/outputs/bea19-dev/%.txt=out/systems/%.jsonl)

soak: $(SYNC)  ## kill, starve and crowd every package, and fill its disk (at most 15 minutes)
	@mkdir -p out
	set -o pipefail; $(OFFLINE) $(RUN) python tests/soak/soak.py | tee out/soak.md

audit: $(SYNC)  ## look for known weaknesses in what uv.lock names (needs the network)
	@mkdir -p out
	$(UV) export --quiet --locked --all-packages --all-extras --all-groups --no-emit-workspace -o out/locked.txt
	$(UV) run --quiet --isolated --locked --only-group release \
		pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r out/locked.txt

release-check: $(SYNC)  ## prove that each package can be released; tags nothing (needs the network)
	$(OFFLINE) $(RUN) python -m release.check

clean:  ## remove what the commands above made
	rm -rf demo out .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis
