# Everything that people, pre-commit and CI run. `make demo` and `make test` need nothing but Python 3.11 or newer.
SHELL := /bin/bash
PYTHON ?= python3
UV := .uv/bin/uv
RUN := $(UV) run --frozen --no-sync
export UV_PYTHON_DOWNLOADS := never
# Compiled once: where it is forbidden to keep what was compiled, each process the tests start would do it all again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint tests system install sample reference pictures clean

demo: install ## the sample authority, loaded, refreshed, and the dashboard on port 8501
	$(RUN) families demo

test: install system lint tests ## what CI runs

lint: install
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy

# One worker more than there are cores: whoever drives a browser waits for it a third of the time.
tests: install
	$(RUN) pytest -n $$(( $$(nproc) + 1 )) --dist loadfile --no-loadscope-reorder -q

# The browser and the database server that the tests drive, where this machine lacks them and we may install them.
system:
	@if ! command -v chromium >/dev/null || ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium postgresql; \
	  else \
	    echo "The tests need Chromium and PostgreSQL: sudo apt-get install chromium postgresql"; exit 2; \
	  fi; \
	fi

install: .venv/.installed

.venv/.installed: pyproject.toml uv.lock $(UV)
	$(UV) sync --frozen --quiet
	@touch $@

$(UV):
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet "uv>=0.9,<1"

sample: install ## make data/sample again, from its seed
	rm -rf data/sample
	$(RUN) families synthesise data/sample --pupils 600 --seed 1 --format parquet

reference: install ## make families/criteria/REFERENCE.md again, from the rulesets and the worked cases
	$(RUN) python -m families.criteria.reference tests/spec

pictures: install system ## make the pictures of the dashboard's help again, by the browser tests
	FAMILIES_PICTURES=dashboard/help/pictures $(RUN) pytest -q tests/dashboard/test_dashboard_intake_browser.py

clean:
	rm -rf .venv .uv var .pytest_cache .mypy_cache .ruff_cache .hypothesis
