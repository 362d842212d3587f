# `make demo` and `make test` are what a newcomer needs. Every target makes .venv first if it is missing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test soak soak-short lint docs bench constraints
.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@

demo: .venv/installed  # a whole study on drawn lesions
	$(BIN)/study run study/specs/demo.yaml

test: .venv/installed
	$(BIN)/python -m pytest

.venv/installed-soak: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[soak]"
	touch $@

soak: .venv/installed-soak  # what takes long by nature; writes docs/soak.md and docs/reliability.md
	$(BIN)/python -m tests.soak
	$(BIN)/python -m tests.soak.faults --seconds 3600 --seed $$(date +%j) --write
	$(BIN)/python -m tests.soak.outages --seed $$(date +%j) --write
	$(BIN)/python -m tests.soak.damaged_files --seed $$(date +%j) --write
	$(BIN)/python -m tests.soak.group_workers --seed $$(date +%j) --write
	$(BIN)/python -m tests.soak.leaks --write
	$(BIN)/python -m tests.soak.three_nodes --write

soak-short: .venv/installed  # kills and other faults at random moments, for three minutes
	$(BIN)/python -m tests.soak.faults --seconds 150

lint: .venv/installed  # style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/installed-docs: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	touch $@

docs: .venv/installed-docs  # renew the pages that are made from the code, and build the site: build/site/index.html
	$(BIN)/python -m tests.tools.architecture --write
	$(BIN)/python -m tests.tools.reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

bench: .venv/installed  # write docs/benchmarks.md
	$(BIN)/python -m tests.benchmarks

constraints: .venv/installed  # add to constraints.txt what pyproject.toml asks for since; UPGRADE=--upgrade takes the newest
	$(BIN)/python -m tests.tools.constraints $(UPGRADE)
