# Each verb makes the environment it needs. Python 3.11, 3.12 or 3.13: PYTHON=python3.13

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
TORCH_INDEX ?=
PORT ?= 8000

BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST = $(BIN)/python -m pytest
BENCHMARKS = $(wildcard benchmarks/$(or $(B),*).py)
UNIT_TESTS = tests --ignore=tests/book --numprocesses=$(WORKERS) --dist=loadfile -q
export TF_CPP_MIN_LOG_LEVEL ?= 3
export JUPYTER_PREFER_ENV_PATH = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help book test notebooks lint format links test-matrix test-jax test-torch \
	test-colab test-onednn test-grader bench serve requirements clean

help: ## List the verbs
	@echo "Verbs (each makes the environment it needs):"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

# An environment: $(call environment,FOLDER,PIP ARGUMENTS)
define environment
@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	echo "Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is another:" \
		"make PYTHON=/path/to/python3.13 ..."; exit 1; }
@echo "==> Installing into $(1) (some minutes at the first time)"
@$(1)/bin/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(1)
@$(1)/bin/python -m pip install -qq $(2)
endef

$(READY): requirements.txt pyproject.toml
	$(call environment,$(VENV),-r requirements.txt)
	@touch $@

.venv-matrix/.ready: requirements.txt requirements-matrix.txt pyproject.toml
	$(call environment,.venv-matrix,-r requirements.txt)
	@.venv-matrix/bin/python -m pip install -qq -r requirements-matrix.txt \
		$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
	@touch $@

.venv-colab/.ready: requirements-colab.txt pyproject.toml
	$(call environment,.venv-colab,-r requirements-colab.txt)
	@touch $@

book: $(READY) ## Build the book from the committed outputs, and say what to open
	@echo "==> Building the book"
	@$(BIN)/python -m tools.build_book

test: $(READY) ## Run all tests, every notebook among them
	@echo "==> Testing"
	@$(PYTEST) --numprocesses=$(WORKERS) --dist=loadfile $(ARGS)

notebooks: $(READY) ## Run stale chapters and keep their outputs [N=04] [FORCE=1] [PROFILE=smoke]
	@$(BIN)/python -m tools.build_notebooks $(N) $(if $(FORCE),--force) \
		$(if $(PROFILE),--profile $(PROFILE))
	@$(if $(PROFILE),true,$(BIN)/python -m tools.timings)

lint: $(READY) ## Check style, types, imports and the rules of the chapters
	@echo "==> Style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m tools.style
	@echo "==> Types"
	@$(BIN)/mypy
	@echo "==> Imports"
	@$(BIN)/lint-imports
	@echo "==> Chapters"
	@$(PYTEST) -q tests/book/test_notebooks.py

format: $(READY) ## Format all code, that of the chapters too
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@$(BIN)/python -m tools.style --fix

links: $(READY) ## Write the repository's address of _config.yml wherever it stands
	@$(BIN)/python -m tools.links
	@$(BIN)/python -m tools.build_notebooks

test-matrix: test-jax test-torch test-colab ## Unit tests on JAX, on Torch, and on Colab's versions

test-jax: $(READY)
	@echo "==> Unit tests on JAX"
	@KERAS_BACKEND=jax $(PYTEST) $(UNIT_TESTS)

test-torch: .venv-matrix/.ready
	@echo "==> Unit tests on Torch"
	@KERAS_BACKEND=torch .venv-matrix/bin/python -m pytest $(UNIT_TESTS)

test-colab: .venv-colab/.ready
	@echo "==> Unit tests and notebooks on Colab's versions"
	@.venv-colab/bin/python -m pytest $(UNIT_TESTS) book/notebooks

test-onednn: $(READY)
	@echo "==> Notebooks without oneDNN, whose rounding differs"
	@TF_ENABLE_ONEDNN_OPTS=0 $(PYTEST) -q book/notebooks

test-grader: $(READY) ## Mark submissions of all kinds: good, faulty, hostile (15 minutes)
	@echo "==> Marking submissions"
	@$(PYTEST) -m grader tests/assignment --durations=20 $(ARGS)

bench: .venv-matrix/.ready ## Run the benchmarks, one file a claim [B=name]
	$(if $(BENCHMARKS),,@echo "There is no such benchmark in benchmarks/.")
	@for file in $(BENCHMARKS); do \
		echo "==> $$file"; \
		.venv-matrix/bin/python -m benchmarks.$$(basename $$file .py) $(ARGS) || exit 1; \
	done

serve: ## Show the built book on 127.0.0.1 [PORT=8000]
	@test -f _build/html/index.html || { echo "First: make book"; exit 1; }
	@echo "The book is at http://127.0.0.1:$(PORT)/ (Ctrl-C ends)"
	@$(PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

requirements: $(READY) ## Choose new versions for requirements.txt
	@$(BIN)/python -m pip install -qq uv
	@{ sed -n '/^#/p' requirements.txt; \
		$(BIN)/uv pip compile pyproject.toml --extra tf --extra dev --quiet \
			--universal --fork-strategy fewest --python-version 3.11 --upgrade \
			--no-emit-index-url --no-header --no-annotate; \
		echo "-e ."; } > requirements.new
	@mv requirements.new requirements.txt

clean: ## Remove the built book and all caches (the environments stay)
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
