# The one door: people and CI come in here. Needs git, make and Python 3.11 or newer, nothing else.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
READY := .venv/.ready
ARGS ?=
# Half the time of one process on two cores; torch's own threads would only stand in each other's way.
JOBS ?= 2
# The first of these that is 3.11 or newer; `make PYTHON=… audit` names another one.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: help audit test check rest lint types imports docs wheel marks fix score bench scale fuzz coverage mutants matrix pip-audit clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

audit: $(READY) ## audit the reference build; ARGS="torchvision:googlenet" for another
	@$(BIN)/gnet-audit shapes $(ARGS)

test: $(READY) ## run the tests; ARGS="-k stride" for some of them
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) $(ARGS)

check: rest test ## everything that CI asks for: lint, types, imports, docs, wheel, marks, tests

rest: lint types imports docs wheel marks

lint: $(READY) ## rules and layout of the code
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { $(BIN)/ruff format --check; exit 1; }

types: $(READY) ## mypy, strict, on sources and tests
	@$(BIN)/mypy --no-error-summary

imports: $(READY) ## which module may import which
	@$(BIN)/lint-imports --no-logo >.venv/imports.txt || { cat .venv/imports.txt; exit 1; }

docs: $(READY) ## whether docs and README still say what the program does
	@$(BIN)/python -m tests.docs --check
	@$(BIN)/python -m tests.screens --check

wheel: $(READY) ## build the wheel, install it outside the checkout, use it there
	@$(BIN)/python -m pytest -q -m wheel tests/test_packaging.py

marks: $(READY) ## whether the README shows the score as it is
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.score --check README.md

fix: $(READY) ## mend what can be mended: lint, layout, generated docs
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format --quiet
	@$(BIN)/python -m tests.docs
	@$(BIN)/python -m tests.screens

score: $(READY) ## how many mistakes are found and invented; ARGS="--write README.md"; five minutes
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.score $(ARGS)
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.training_faults $(ARGS)
	@$(BIN)/python -m tests.selftest_table $(ARGS)

bench: $(READY) ## our time beside torchinfo's, fvcore's and torch's own; ARGS="--write README.md"
	@$(BIN)/python benchmarks/audit.py $(ARGS)

scale: $(READY) ## how its cost grows from 100 layers to 10,000; ARGS="--stages"; half an hour
	@$(BIN)/python benchmarks/scale.py $(ARGS)

fuzz: $(READY) ## 20,000 and more hostile inputs of every kind; ARGS="-k baseline" for some; hours, for the night
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --hypothesis-profile=nightly tests/fuzz $(ARGS)

coverage: $(READY) ## which lines and branches no test reaches, and whether too many; for the night
	@rm -f .coverage .coverage.*
	@OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest -q -n $(JOBS) $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --omit='gnet_audit/live/*' --precision=2 --fail-under=99.9
	@$(BIN)/coverage report --include='gnet_audit/live/*' --fail-under=94

mutants: $(READY) ## which changes of our own arithmetic no test notices; ARGS="gnet_audit.derive*"; for the night
	@OMP_NUM_THREADS=1 nice $(BIN)/mutmut run --max-children 1 $(ARGS)
	@$(BIN)/mutmut results

matrix: $(READY) ## the tests with the oldest and the newest torch; ARGS="-s oldest"; downloads several GB a session
	@$(BIN)/python -m venv .venv/nox && .venv/nox/bin/python -m pip install -qq nox
	@.venv/nox/bin/nox --envdir .venv/nox-sessions $(ARGS)

pip-audit: $(READY) ## known weaknesses of all that is installed; asks an advisory service, so CI does not run it
	@$(BIN)/python -m venv .venv/pip-audit && .venv/pip-audit/bin/python -m pip install -qq pip-audit
	@$(BIN)/python -m pip freeze --exclude-editable | sed 's/+[a-z0-9.]*$$//' >.venv/frozen.txt
	@.venv/pip-audit/bin/pip-audit -r .venv/frozen.txt --no-deps --disable-pip --strict

clean: ## remove what make and the tools made, .venv included
	@rm -rf .venv build dist mutants .coverage .coverage.* htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find gnet_audit tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "setting up .venv (downloads torch the first time: some minutes)" >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
