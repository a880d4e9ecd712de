# Everything a person or CI runs. Each target works on a fresh machine; re-running is quick when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := $(VENV)/bench/.installed
DEMO ?= demo

.PHONY: install demo test lint bench clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "modeltender needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: install
	@$(BIN)/python -P -m sample_models.demo $(DEMO)

test: install
	$(BIN)/python -P -m pytest -n auto

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install $(PEERS)
	$(BIN)/python -m tests.benchmarks.run --write

# Tools to compare with, where only the benchmark sees them.
$(PEERS): tests/benchmarks/peers.txt
	$(BIN)/python -m pip install --quiet --upgrade --target $(VENV)/bench --requirement tests/benchmarks/peers.txt
	@touch $@

clean:
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache
