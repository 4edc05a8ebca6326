# Bucketlist: `make demo` and `make test` do all the set-up on a fresh machine.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo $$p; break; }; done)
ARGS ?=
CRM ?= synthetic:accounts=500,seed=7
PART ?= all
# Results that ARGS sends elsewhere take those of the synthetic world with them.
GRID_ARGS ?= $(if $(findstring --results,$(ARGS)),--results reports/worlds)
REFERENCE_ARGS ?= $(if $(findstring --results,$(ARGS)),--results reports/results --page reports/evaluation.md)

.PHONY: help setup lock demo test check verify evaluate evaluate-full train score serve docs clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: $(READY)  ## the virtual environment, from the hashed lock

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "expected Python 3.11 to 3.13 on the PATH, found none" >&2; exit 1; }
	@echo "setting up $(VENV) with $(PYTHON)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ { keep = 1 } keep { print } keep && !/\\$$/ { exit }' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

lock: $(READY)  ## the lock made anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --all-extras pyproject.toml -o requirements.lock

demo: $(READY)  ## a synthetic CRM, models, a served list; flags go in ARGS
	@$(BIN)/bucketlist demo $(ARGS)

test: $(READY)  ## format, lint, types, import contracts, tests and doctests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

check: test  ## the same, before a commit

verify: $(READY)  ## slower proofs; PART=NAME for one of them
	@$(BIN)/python -m benchmarks.verify --part $(PART)

evaluate: $(READY)  ## real data sets under DATA=DIR, then one synthetic world
	@if [ -n "$(DATA)" ]; then $(BIN)/python -m benchmarks.evaluate --data $(DATA) $(ARGS) && \
	  { $(BIN)/python -m benchmarks.reference_labels --data $(DATA) $(REFERENCE_ARGS) || test $$? -eq 3; }; \
	else echo "the real data sets were not evaluated: DATA=DIR, their folder, is not set" >&2; fi
	@$(BIN)/python -m benchmarks.grid.run --part small --again $(GRID_ARGS)

evaluate-full: $(READY)  ## every synthetic world of the grid; goes on where it was
	@$(BIN)/python -m benchmarks.grid.run --part full $(ARGS)

train: $(READY)  ## train on CRM=URL
	@$(BIN)/bucketlist train --crm $(CRM) $(ARGS)

score: $(READY)  ## score CRM=URL and publish a snapshot
	@$(BIN)/bucketlist score --crm $(CRM) $(ARGS)

serve: $(READY)  ## API and pages
	@$(BIN)/bucketlist serve $(ARGS)

docs: $(READY)  ## generated documents
	@$(BIN)/python -m features.catalogue

clean:  ## caches and builds; the home directory stays
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis reports
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
