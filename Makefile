# From a fresh clone with Python >= 3.10, git and (for the tests) Node.js: each target sets up
# what it needs, in .venv and in tests/providers/node_modules, and only when that has changed.

PYTHON ?= python3
BIN := .venv/bin
NODE_MODULES := tests/providers/node_modules
HUB_MODULES := tests/hub/node_modules
BROWSER_OUTPUT := tests/artifacts/browser.txt
NOTEBOOK := 01-web-application-flow.ipynb

.DELETE_ON_ERROR:
.PHONY: help demo test test-all test-measured test-browser bench lint setup setup-node setup-chromium clean

help:
	@echo 'make demo      open JupyterLab on notebooks/$(NOTEBOOK)'
	@echo 'make test      what has to pass: lint, types, tests, coverage'
	@echo 'make test-all  the same, the long sweeps, and every ipykernel on every Python'
	@echo 'make bench     measure, and compare with the limits'
	@echo 'make lint      ruff, mypy and tsc alone'
	@echo 'make clean     remove what the others made'

# --- what people run ---------------------------------------------------------

# Jupyter takes the next free port by itself; a terminal's text browser would hide its log.
demo: .venv/.installed-demo
	$(BIN)/jupyter lab --ServerApp.root_dir=notebooks --LabApp.default_url=/lab/tree/$(NOTEBOOK) \
	  --ServerApp.ip=127.0.0.1 --ServerApp.port=8888 --ServerApp.port_retries=100 \
	  --allow-root --log-level=WARN \
	  $(if $(or $(filter Darwin,$(shell uname -s)),$(DISPLAY),$(WAYLAND_DISPLAY)),,--no-browser)

lint: setup setup-node
	$(BIN)/ruff check .
	$(BIN)/ruff format --check nb_oauth tests
	$(BIN)/mypy
	npm --prefix tests/providers run --silent typecheck

# What JupyterLab runs is not measured: that is slow, and a line that only it reaches wants a test
# that is quicker. So it runs beside the others, which leave a core idle, into a file shown behind
# them. The judge's tests look through all memory, of which there is less without others. The
# tables of all runs come last: no flow is missing anywhere, and no secret was found.
# The kernel matrix comes last of all: it takes an hour, on every Python that is found.
test: MARKED = not sweep
test-all: MARKED =
test-all: MATRIX = $(BIN)/python -m tests.kernel.matrix
test test-all: lint setup-chromium
	$(BIN)/coverage erase
	$(BIN)/python -m tests.report erase
	$(BIN)/coverage run -m pytest -m '$(MARKED)' tests/judge
	+$(MAKE) --no-print-directory -j2 MARKED='$(MARKED)' test-measured test-browser; \
	  status=$$?; cat $(BROWSER_OUTPUT); exit $$status
	$(BIN)/python -m tests.report show
	$(MATRIX)

test-measured:
	$(BIN)/coverage run -m pytest -m '$(MARKED)' --ignore=tests/benchmarks --ignore=tests/browser \
	  --ignore=tests/judge
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=100

test-browser:
	@mkdir -p $(dir $(BROWSER_OUTPUT))
	$(BIN)/python -m pytest -m '$(MARKED)' tests/browser >$(BROWSER_OUTPUT) 2>&1

bench: setup setup-node
	$(BIN)/python -m pytest tests/benchmarks --quiet

clean:
	rm -rf .venv $(NODE_MODULES) $(HUB_MODULES) tests/artifacts .coverage .coverage.* \
	  .mypy_cache .pytest_cache .ruff_cache
	find nb_oauth tests -type d -name __pycache__ -prune -exec rm -rf {} +

# --- what they need ----------------------------------------------------------

setup: .venv/.installed-dev

setup-node: $(NODE_MODULES)/.installed $(HUB_MODULES)/.installed

setup-chromium:
	@sh tests/browser/ensure_chromium.sh

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo 'Python 3.10 or later is needed: make PYTHON=/path/to/python3 …' >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo 'No virtual environment could be made (on Debian: apt-get install python3-venv)' >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

.venv/.installed-demo: .venv/.created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@

.venv/.installed-dev: .venv/.installed-demo
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

%/node_modules/.installed: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo 'Node.js 20 or later is needed, with npm' >&2; exit 1; }
	npm ci --prefix $* --no-fund --no-audit
	@touch $@
