# Everything a newcomer needs: `make run` and `make test`. Each target sets up what it needs by itself.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
ARGS   ?=

.PHONY: run test lint bench docs screenshots lock clean

run: $(VENV)/.run
	$(BIN)/stagedoor serve $(ARGS)

test: $(VENV)/.dev tests/clients/node_modules/.installed
	$(BIN)/python tools/find_chromium.py --install
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.dev
	$(BIN)/python -m tools.reference --check
	$(BIN)/zensical build --clean --strict

screenshots: $(VENV)/.dev
	$(BIN)/python tools/find_chromium.py --install
	$(BIN)/python -m tools.screenshots

# The lock files: exact versions with hashes, for every supported Python and platform. Needs uv.
lock:
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
		pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
		pyproject.toml --group dev --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) site dist build tests/clients/node_modules .mypy_cache .pytest_cache .ruff_cache

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
	cd tests/clients && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@
