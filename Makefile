# Everything a person or CI runs. Each target works on a fresh machine; re-running is quick when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := $(VENV)/bench/.installed
MUTMUT := $(VENV)/mutants/.installed
DEMO ?= demo
COUNT ?= 2000
MINUTES ?= 60
MUTANTS ?= *[147]

# Where Python is told to keep no bytecode, as in many containers, each of the tests' thousands of processes would compile all
# that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo test coverage lint dist man fuzz soak bench mutants pictures clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "modeltender needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev]'
	@# pip compiles on one core, and other people's tests, which nobody runs here. What is written for a newer Python does not
	@# compile, which is no mistake of ours.
	@$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib || true
	@touch $@

demo: install
	@$(BIN)/python -P -m sample_models.demo $(DEMO)

# Model processes may write nothing, so what only they import is compiled before.
test: install
	$(BIN)/python -m compileall -q -j 0 storage engine tui sample_models
	$(BIN)/python -P -m pytest -n auto

# The same, counted: which branches of the store and of the engine's core it goes through; fails where a package falls short.
coverage: install
	$(BIN)/python -m coverage erase
	$(BIN)/python -P -m coverage run -m pytest -n auto $(TESTS)
	$(BIN)/python -m tests.covered

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The source distribution and the wheel in dist/, after a wheel like it was installed elsewhere and tried.
dist: install
	$(BIN)/python -P -m pytest tests/dist
	$(BIN)/python -m tests.dist.make

# The manual's pages, for man -l build/man/modeltender.1; the wheel brings them along.
man: install
	$(BIN)/python -P -m tui.commands.manual build/man

# Damaged models of every format, in model processes; ends with a table of what became of them.
fuzz: install
	FUZZ_COUNT=$(COUNT) $(BIN)/python -m tests.fuzz.campaign

# A real engine and a console under people, mishaps and kill -9; docs/benchmarks.md says what is looked at.
soak: install
	SOAK_MINUTES=$(MINUTES) $(BIN)/python -m tests.soak.soak

bench: install $(PEERS)
	$(BIN)/python -m tests.benchmarks.run --write

# Formulas and decisions changed one at a time, to see whether a test notices: docs/mutation.md. A third of the changes unless
# others are named.
mutants: install $(MUTMUT)
	PYTHONPATH=$(CURDIR)/$(VENV)/mutants OPENBLAS_NUM_THREADS=1 nice $(BIN)/python -P -m mutmut run --max-children 2 '$(MUTANTS)'
	PYTHONPATH=$(CURDIR)/$(VENV)/mutants $(BIN)/python -P -m mutmut results

# The pictures of docs/console.md, of a real engine at work on the sample models.
pictures: install
	$(BIN)/python -m tests.console.picture docs

# Tools to compare with, where only the benchmark sees them.
$(PEERS): tests/benchmarks/peers.txt
	$(BIN)/python -m pip install --quiet --upgrade --target $(VENV)/bench --requirement tests/benchmarks/peers.txt
	@touch $@

$(MUTMUT): tests/mutants.txt
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $(VENV)/mutants --requirement tests/mutants.txt
	@touch $@

clean:
	rm -rf $(VENV) demo build dist mutants snapshot_report.html *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
