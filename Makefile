# The two commands a newcomer needs: `make demo` and `make test`. Each makes .venv first if it is missing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test bench
.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@

demo: .venv/installed
	$(BIN)/study run study/specs/demo.yaml

test: .venv/installed
	$(BIN)/python -m pytest

bench: .venv/installed
	$(BIN)/python -m tests.benchmarks
