# make run     set up what is missing, then serve http://127.0.0.1:8080 (PORT=… for another port)
# make test    set up what is missing, then run every test (PYTEST="tests/test_config.py -k port" for some)
# make check   formatting, lint, types, import rules, templates, JavaScript
# make bench   measured ratios
# make clean   remove what was installed and built here; the data folder stays

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run test check bench clean setup setup-dev assets

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
# One setting that the person has not made: pip's and npm's notices about themselves are not ours to show.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE :=

JOBS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n > 4 ? 4 : n)))

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

setup:
	@tools/set-up run

setup-dev:
	@tools/set-up dev

run: setup
	@exec $(PYTHON) run.py

test: setup-dev
	@CHROMIUM="$$(tools/find-chromium)" $(PYTHON) -m pytest -n $(JOBS) $(PYTEST)
	@tools/node --test tests/js/

check: setup-dev
	@echo "· ruff" && $(BIN)/ruff format --check . && $(BIN)/ruff check .
	@echo "· mypy" && $(BIN)/mypy
	@echo "· import-linter" && $(BIN)/lint-imports
	@echo "· djlint" && $(BIN)/djlint app/templates --lint --quiet
	@echo "· JavaScript" && tools/node --test tests/js/

bench: setup-dev
	@$(PYTHON) -m bench

clean:
	@rm -rf $(VENV) node_modules app/static/.compressed .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed what was installed and built. The data folder (instance/, as root /var/lib/frontdesk) is kept."
