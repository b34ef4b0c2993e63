# Every target sets up what it needs from a clean checkout; Python 3.11 or newer is enough.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
SIZE := full
SCHEDULES := 100000
SEED := 1
PIP := $(PY) -m pip --disable-pip-version-check --quiet

export NO_MKDOCS_2_WARNING := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check docs audit bench prove coverage format clean

help: ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile

# $(PY) is made anew only where it is missing; a stamp spares the network on the second run.
$(PY):
	@set -e; found=; \
	for candidate in $(PYTHONS); do \
	  if "$$candidate" -c '$(NEW_ENOUGH)' 2>/dev/null; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "xorca needs Python 3.11 or newer, and none of these is: $(PYTHONS)." \
	    "Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found has no venv module. Install it (on Debian and Ubuntu the package" \
	    "python3-venv), or name another: make PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	echo "setting up $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.core: pyproject.toml | $(PY)
	@$(PIP) install -e .
	@$(PY) -m compileall -q xorca contrib
	@touch $@

$(VENV)/.dev: pyproject.toml | $(PY)
	@echo "installing xorca and its development tools"
	@$(PIP) install -e '.[dev]'
	@$(PY) -m compileall -q xorca contrib
	@touch $(VENV)/.core $@

# The servers that tests talk to come from npm; where it is missing, those tests say so.
build/emulators/.done: tests/emulators/node/package-lock.json
	@mkdir -p $(@D) && cp tests/emulators/node/package*.json $(@D)
	@if command -v npm >/dev/null; then \
	  echo "installing the emulators"; \
	  cd $(@D) && npm ci --silent --ignore-scripts --no-audit --no-fund && touch .done; \
	else echo "npm is not here: tests of Azure and of dynalite will not run" >&2; fi

setup: $(VENV)/.dev build/emulators/.done ## Make .venv with everything that development needs

demo: $(VENV)/.core ## Run the example
	@$(PY) -m examples.book_summary.demo

test: check ## Check everything, then run the tests
	@$(PY) -m pytest -n 2

check: setup ## Format, lint, types, floors, docs; changes nothing
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pyright --pythonpath $(PY)
	$(PY) -m pytest -q tests/unit/test_floors.py
	$(PY) -m mkdocs --quiet build --strict --clean --site-dir build/mkdocs
	$(PY) -m zensical build --strict

docs: setup ## Build the documentation into site/
	$(PY) -m zensical build --strict --clean

audit: setup ## Ask for known vulnerabilities of what is installed; needs a network
	@$(PY) -m tests.security.audit

bench: setup ## Measure; nothing here passes or fails by time (a look: make bench SIZE=quick)
	@$(PY) -m tests.benchmarks.everything --$(SIZE)

prove: setup ## Simulate faults for a long while: SCHEDULES=100000 SEED=1
	@$(PY) -m tests.simulation.prove --schedules $(SCHEDULES) --seed $(SEED)

coverage: setup ## Run the tests and show which lines and branches they miss
	@$(PY) -m pytest -q --cov --cov-report=term-missing

format: setup ## Rewrite the code as ruff would have it
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

clean: ## Remove everything that these targets made
	rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache \
	  build dist site htmlcov .coverage .coverage.*
	find . -type d \( -name __pycache__ -o -name '*.egg-info' \) -prune -exec rm -rf {} +
