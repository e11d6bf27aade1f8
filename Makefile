# Heirloom. Every target says what it does: make help

PORT ?= 8000
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PINS := requirements/constraints.txt
# uv and not pip: several files at a time, and what lies on this machine already is not copied but linked.
INSTALL := $(BIN)/uv pip install --python $(BIN)/python -c $(PINS)
# What Python has compiled is kept, whatever the environment says: else each process compiles it anew.
export PYTHONDONTWRITEBYTECODE :=
OURS := webapp colorizer worker ml tests manage.py

.DEFAULT_GOAL := help
.PHONY: help install up test drill bench lint format messages

help: ## Show this help
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: install ## Install what is missing, then start the site on PORT (8000), its state in HEIRLOOM_DATA (data/)
	@TIED_TO=$$PPID exec $(BIN)/python -m webapp.tied TERM $(BIN)/python manage.py up --port $(PORT)

install: .venv/.web .venv/.worker ## Make .venv with everything that the site needs

.venv/.made: requirements/install.txt
	@test -n "$(PYTHON)" || { echo "Heirloom needs Python 3.11 or newer; none was found."; exit 1; }
	@echo "Heirloom · making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing. On Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --quiet -r requirements/install.txt
	@touch $@

.venv/.web: .venv/.made requirements/web.txt $(PINS)
	@echo "Heirloom · step 1 of 2: the web site, about 60 MB, some seconds"
	@$(INSTALL) --quiet -r requirements/web.txt
	@touch $@

.venv/.worker: .venv/.web requirements/worker.txt $(PINS)
	@echo "Heirloom · step 2 of 2: PyTorch for the worker, about 3 GB once, a few minutes"
	@$(INSTALL) -r requirements/worker.txt
	@touch $@

.venv/.dev: .venv/.worker requirements/dev.txt $(PINS)
	@echo "Heirloom · what lint and tests need, about 100 MB"
	@$(INSTALL) --quiet -r requirements/dev.txt
	@touch $@

# What keeps files or rows, or works on them, is tried a second time where both are kept by servers.
ON_SERVERS := tests/stores tests/worker tests/services tests/selectors $(addprefix tests/views/test_, \
	connections.py download.py events.py files.py files_from_s3.py upload.py)

# Two processes, a file each at a time and in their order: tests wait more than they compute.
SIDE_BY_SIDE := -n 2 --dist loadgroup --no-loadscope-reorder

test: .venv/.dev ## Run all tests: unit, a real worker on a real broker, a real browser; then on PostgreSQL and S3
	@.ci/chromium
	@.ci/gettext
	@$(BIN)/python -m pytest $(or $(ARGS),-m "not long" $(SIDE_BY_SIDE))
	@test -n "$(ARGS)" || HEIRLOOM_TESTS_ON=servers $(BIN)/python -m pytest -m "not long" $(SIDE_BY_SIDE) $(ON_SERVERS)

bench: .venv/.dev ## Measure speed and memory, side by side on both kinds of database and storage; into build/bench.json
	@$(BIN)/python -m tests.bench $(ARGS)

# All other tests would be read in vain.
LONG = $(sort $(shell grep -rl 'mark\.long' tests --include='test_*.py'))

drill: .venv/.dev ## Break everything that can break, for real and under load, after the long tests; FAULTS="store clock" tries some
	@.ci/faketime
	@test -n "$(FAULTS)" || $(BIN)/python -m pytest -m long $(SIDE_BY_SIDE) $(LONG)
	@$(BIN)/python -m tests.drill $(FAULTS)

lint: .venv/.dev ## Check style, types, who imports whom, and migrations
	$(BIN)/ruff check $(OURS)
	$(BIN)/ruff format --check $(OURS)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

format: .venv/.dev ## Put the code into its form
	$(BIN)/ruff check --fix $(OURS)
	$(BIN)/ruff format $(OURS)

messages: .venv/.web ## Gather the words of all pages for translation, and compile what is translated (needs gettext)
	$(BIN)/python -m django makemessages --locale de --add-location file --no-obsolete --ignore data --ignore tests
	$(BIN)/python -m django compilemessages --locale de --ignore .venv --ignore data
