# Everything starts here. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
UV_SYNC = $(BIN)/uv pip sync --quiet --require-hashes
# uv and pip must work in this environment whatever another one the caller has activated.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME

# Make is for trials and CI, often as root in a container; a city's services are started by 'citylake up', as a user.
export CITYLAKE_ALLOW_ROOT ?= 1

.PHONY: help install night stop status score lint test fuzz engines kill bench lock

help: ## Say what each target does.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.product ## Install everything the lake needs into .venv, without test tools; does nothing when up to date.

night: install ## Start what is not running, run the next business date of the made-up city, print a summary.
	@CITYLAKE_SPARK_SHORT_LIVED=$${CITYLAKE_SPARK_SHORT_LIVED:-1} $(BIN)/citylake night

stop: ## Stop the services that were started here.
	@if [ -x $(BIN)/citylake ]; then $(BIN)/citylake stop; fi

status: install ## Say what is published, how fresh it is and what is missing.
	@$(BIN)/citylake status

score: install ## Make a city of its own (SEED=2026 PEOPLE=100000), resolve it, hold it against its truth, write docs/resolution.md.
	@$(BIN)/citylake assess $(if $(SEED),--seed $(SEED)) $(if $(PEOPLE),--people $(PEOPLE))

lint: $(VENV)/.test ## Check style, types and which package may import which.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## Run everything that CI checks.
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

fuzz: $(VENV)/.test ## Look for minutes for files that two readers take differently (EXAMPLES=5000).
	@CITYLAKE_FUZZ_EXAMPLES=$(or $(EXAMPLES),5000) $(BIN)/pytest tests/sources -k 'two_csv_readers or second_readers' --timeout 0 -q

engines: $(VENV)/.test ## Compare Spark and Sail construct by construct, write docs/engines.md.
	@$(BIN)/python -m tests.engines.page

kill: install ## Kill a night at 70 moments, run it once more each time, compare (CELLS=pattern, FRESH=1).
	@$(BIN)/python -m tests.kill --cells '$(or $(CELLS),*)' $(if $(FRESH),--fresh)

BENCH = fixed_cost again growth full_load contest nothing_moved airflow_cost resolution
bench: $(VENV)/.test ## Measure speed and cost against the targets and four other ways (SCALE=0.01 to try it), write bench/RESULTS.md.
	@$(BIN)/python -m bench.fixed_cost --nights 66 --keep
	@for measure in $(filter-out fixed_cost,$(BENCH)); do $(BIN)/python -m bench.$$measure || exit 1; done
	@$(BIN)/python -m bench.report
	@echo "written: bench/RESULTS.md"

lock: $(VENV)/.test ## Compile the lists of pinned packages again from what pyproject.toml wants.
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
		pyproject.toml --group build --group test -o requirements/test.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
		pyproject.toml --group build -c requirements/test.txt -o requirements/product.txt

$(BIN)/uv:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13) and "Python 3.11 or 3.12 is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	@# The very uv that the list pins, by its hashes: it installs everything else.
	awk '/^uv==/ {wanted = 1} wanted {print} wanted && !/\\$$/ {exit}' requirements/product.txt \
		| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r /dev/stdin

# The test tools stay when they are there: the two lists agree on all that they share.
$(VENV)/.product: requirements/product.txt pyproject.toml | $(BIN)/uv
	@echo "installing the pinned packages …"
	@$(UV_SYNC) $(if $(wildcard $(VENV)/.test),requirements/test.txt,requirements/product.txt)
	@$(MAKE) --no-print-directory .finish
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.product
	@echo "installing the test tools …"
	@$(UV_SYNC) requirements/test.txt
	@$(MAKE) --no-print-directory .finish
	@touch $(VENV)/.product $@

.PHONY: .finish
.finish:
	@$(BIN)/uv pip install --quiet --no-build-isolation --no-deps --editable .
	@$(BIN)/python -m citylake.spark.jars
# Without bytecode every Airflow command takes twice as long. Some packages carry files of another Python: those may fail.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib/python*/site-packages >/dev/null 2>&1 || true
