# Two commands: `make demo` runs the gateway on this machine, `make test` proves it.
# Both make their own environment from locked, hashed dependencies.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=
PIP    := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test lint bench docs lock vendor install test-install clean

demo: install
	@$(BIN)/gatewright demo $(ARGS)

install: $(VENV)/.installed
test-install: $(VENV)/.test-installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Gatewright needs Python 3.11 or later: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python requirements/build.txt pyproject.toml hatch_build.py package-lock.json
	$(PIP) install --quiet --require-hashes -r requirements/build.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test-installed: $(VENV)/.installed requirements/all.txt
	$(PIP) install --quiet --require-hashes -r requirements/all.txt
	@touch $@

test: test-install
	@scripts/install-debian.sh
	@BIN=$(BIN) scripts/test.sh $(ARGS)

lint: test-install
	@BIN=$(BIN) scripts/lint.sh

bench: test-install
	@scripts/install-debian.sh
	$(BIN)/python -m bench $(ARGS)

docs: test-install
	$(BIN)/python -m mkdocs build --strict

lock: test-install
	UV=$(BIN)/uv scripts/lock.sh

clean:
	rm -rf $(VENV) build dist site node_modules src/gatewright/kit/vendor
