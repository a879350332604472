# Everything a newcomer needs: `make run` and `make test`. Each target sets up what it needs by itself.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
ARGS   ?=
NPM_CI := npm ci --silent --ignore-scripts --no-audit --no-fund

# The console's page, built from web/ into the package; without Node the server runs and says how to build it.
CONSOLE     := src/stagedoor/web/index.html
WEB_SOURCES := $(shell find web/src web/public web/index.html -type f) web/vite.config.ts web/svelte.config.js

.PHONY: run web test lint bench docs screenshots lock clean

run: $(VENV)/.run $(if $(shell command -v npm),$(CONSOLE))
	$(BIN)/stagedoor serve $(ARGS)

web: $(CONSOLE)

test: $(VENV)/.dev $(CONSOLE) tests/clients/node_modules/.installed
	$(BIN)/python tools/find_chromium.py --install
	$(BIN)/python -m tools.run_tests $(ARGS)

lint: $(VENV)/.dev web/node_modules/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	cd web && npm run --silent check && npm run --silent test

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.dev
	$(BIN)/python -m tools.reference --check
	$(BIN)/zensical build --clean --strict

screenshots: $(VENV)/.dev $(CONSOLE) tests/clients/node_modules/.installed
	$(BIN)/python tools/find_chromium.py --install
	$(BIN)/python -m tools.screenshots

# The lock files: exact versions with hashes, for every supported Python and platform. Needs uv.
lock:
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
		pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
		pyproject.toml --group dev --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) site dist build src/stagedoor/web web/node_modules tests/clients/node_modules .mypy_cache .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "stagedoor needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes --requirement requirements-dev.lock
	$(PIP) --no-deps --editable .
	@touch $@ $(VENV)/.run

# Only what running needs: no test tools.
$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --editable .
	@touch $@

tests/clients/node_modules/.installed: tests/clients/package-lock.json
	cd tests/clients && $(NPM_CI)
	@touch $@

web/node_modules/.installed: web/package-lock.json
	cd web && $(NPM_CI)
	@touch $@

$(CONSOLE): $(WEB_SOURCES) web/node_modules/.installed
	cd web && npm run --silent build -- --logLevel warn
	@touch $@
