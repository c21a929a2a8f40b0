# Everyday commands; CONTRIBUTING.md explains them. `make setup` makes the environment that the others use.
PYTHON ?= python3
ENVIRONMENT := .venv
BIN := $(ENVIRONMENT)/bin

.PHONY: setup check format test coverage costly slow bench docs man ci

setup: $(BIN)/pytest

$(BIN)/pytest: pyproject.toml
	$(PYTHON) -m venv $(ENVIRONMENT)
	$(BIN)/pip install --quiet --editable '.[test,check,docs]'
	touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: setup
	$(BIN)/pytest

coverage: setup
	EXAMPLES=all $(BIN)/pytest --cov --cov-report=term:skip-covered

costly: setup
	$(BIN)/pytest -m costly

slow: setup
	$(BIN)/pytest -m slow

bench: setup
	$(BIN)/python -m bench.cost 1000 10000

docs: setup
	$(BIN)/python bench/api_docs.py build/api

man: setup
	$(BIN)/python -m bench.man_pages

ci:
	bash .ci/run
