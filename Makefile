# make run: the app. make test: what is checked before every landing. make test-all: the slow tests
# too. make test-stress: the browser tests under load.

PYTHON ?= python3
PORT ?= 8501
ADDRESS ?= localhost
BIN := .venv/bin
TYPESCRIPT := typescript@5.9.3

# Where this is set, each process that imports torch compiles a thousand files anew: 2 s of its start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-all test-stress lint types unit pages browser format
.DELETE_ON_ERROR:

run: .venv/installed
	$(BIN)/streamlit run app.py --server.port=$(PORT) --server.address=$(ADDRESS)

# Three parts at a time, in this order: style, units (one thread each), pages as scripts, and a real
# browser against real servers. Each part's output comes when it ends.
QUICK := not slow and not gpu
test-all: QUICK := not gpu
test test-all: .venv/installed-dev
	$(MAKE) --no-print-directory --jobs=3 --output-sync=target QUICK="$(QUICK)" \
	  lint unit pages browser

# Threads of torch that wait sleep meanwhile. By default they spin, and beside other work a parallel
# loop then takes many times as long, as each of its threads keeps the others from a core.
unit pages browser test-stress: export OMP_WAIT_POLICY = passive

unit: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "$(QUICK) and not browser" \
	  --ignore tests/pages

pages: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "$(QUICK)" tests/pages

browser: .venv/installed-dev
	$(BIN)/python -m pytest -m "$(QUICK)" --rerun-show-tracebacks tests/browser

test-stress: .venv/installed-dev
	$(BIN)/python -m tests.benchmarks.stress

lint: .venv/installed-dev types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

# Of the viewer. Left out where npm is missing, except with CI=true.
ifeq ($(shell command -v npm 2>/dev/null)$(filter true,$(CI)),)
types:
	@echo "No npm on this machine: the types of the viewer are not checked."
else
types: .venv/js/$(TYPESCRIPT)
	.venv/js/node_modules/.bin/tsc --project tests/viewer
endif

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Stamps: pip runs only when a list of requirements has changed, npm when another version is named.
# Python compiles what is imported; compiling every file beforehand takes longer than installing it.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --no-compile --requirement requirements.txt
	touch $@

.venv/installed-dev: requirements-dev.txt requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --no-compile --requirement requirements-dev.txt
	touch .venv/installed $@

.venv/js/$(TYPESCRIPT): | .venv/bin/python
	npm install --prefix .venv/js --no-save --no-audit --no-fund --silent $(TYPESCRIPT)
	touch $@
