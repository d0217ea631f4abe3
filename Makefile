# make run: the app. make test: everything that is checked, in a few minutes. make test-all: the slow tests too.

PYTHON ?= python3
PORT ?= 8501
ADDRESS ?= localhost
BIN := .venv/bin

.PHONY: run test test-all lint format benchmarks
.DELETE_ON_ERROR:

run: .venv/installed
	$(BIN)/streamlit run app.py --server.port=$(PORT) --server.address=$(ADDRESS)

test: lint
	$(BIN)/python -m pytest

test-all: lint
	$(BIN)/python -m pytest -m ""

lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Stamps: pip runs only when a list of requirements has changed.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

.venv/installed-dev: requirements-dev.txt requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch .venv/installed $@
