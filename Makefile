# Two commands: `make demo` runs the gateway on this machine, `make test` proves it.
# Both make their own environment from locked, hashed dependencies.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=

.PHONY: demo test soak check lint bench wheel docs lock vendor install test-install clean

demo: install
	@$(BIN)/gatewright demo $(ARGS)

install: $(VENV)/.installed
test-install: $(VENV)/.test-installed

# The script heals an environment that was left half made, so the stamps decide alone.
$(VENV)/.installed: requirements/build.txt pyproject.toml hatch_build.py package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Gatewright needs Python 3.11 or later: make PYTHON=python3.12 demo")'
	@$(PYTHON) scripts/install.py build $(VENV)
	@touch $@

$(VENV)/.test-installed: $(VENV)/.installed requirements/all.txt
	@$(PYTHON) scripts/install.py all $(VENV)
	@touch $@

test: test-install
	@scripts/install-debian.sh
	@BIN=$(BIN) scripts/test.sh $(ARGS)

soak: test-install
	@scripts/install-debian.sh
	@BIN=$(BIN) scripts/soak.sh $(ARGS)

check: test-install
	@BIN=$(BIN) $(BIN)/python scripts/check.py $(ARGS)

lint: test-install
	@BIN=$(BIN) scripts/lint.sh

bench: test-install
	@scripts/install-debian.sh
	$(BIN)/python -m bench $(ARGS)

wheel: install
	@$(BIN)/python scripts/wheel.py dist

docs: test-install
	$(BIN)/python -m mkdocs build --strict

lock: test-install
	UV=$(BIN)/uv scripts/lock.sh $(ARGS)

clean:
	rm -rf $(VENV) build dist site node_modules src/gatewright/kit/vendor
