# Everything that is done with this repository: `make` lists it. Nothing needs to be activated or installed first.
#
#   PYTHON=python3.12   the Python that makes the environment        ENV=.venv    where the environment is
#   JOBS=2              processes that run the tests                  ARGS="..."   more arguments for pytest
#   WHEEL=file.whl      test this wheel in ENV, not the working tree (this is what .ci/run does)

PYTHON ?=
ENV    ?= .venv
JOBS   ?= 2
ARGS   ?=
WHEEL  ?=

BIN    := $(ENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install -qq --constraint constraints.txt
NATIVE := pyproject.toml CMakeLists.txt $(shell find native -name '*.cpp' -o -name '*.hpp')
SOURCE := $(shell find src/textmill -type f -not -name '*.pyc')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-fast check bench leaderboard prove docs native-test fuzz races constraints clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# -- environments --------------------------------------------------------------------------------------------------
# `make demo` installs the package as a user gets it. `make test` and its like install it editable, with what testing
# needs; once that is done the demo uses it too. A stamp says what is installed, and is older than what has changed.

$(ENV)/pyvenv.cfg:
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "making $(ENV) with $$($$python --version)"; \
	  $$python -m venv "$(ENV)" && exit 0; \
	  echo "$$python cannot make an environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	done; \
	echo "textmill needs Python 3.11 or later, and $(or $(PYTHON),python3) is $$($(or $(PYTHON),python3) --version 2>&1 || true). Name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
	exit 1

.PHONY: compiler
compiler:
	@for cxx in "$$CXX" c++ g++ clang++; do \
	  [ -n "$$cxx" ] || continue; \
	  echo '#include <span>' | $$cxx -std=c++20 -x c++ -fsyntax-only - 2>/dev/null && exit 0; \
	done; \
	echo "textmill needs a C++20 compiler and found none: install g++ 10, clang 13 or later (on Debian and Ubuntu: apt install g++), or name one with CXX=..." >&2; \
	exit 1

ifneq ($(WHEEL),)

INSTALLED := $(ENV)/.installed-wheel
EDITABLE  := $(INSTALLED)
# src/ must not be imported: doctests are found in the installed package
TESTED    := tests --pyargs textmill

$(INSTALLED): $(WHEEL) constraints.txt | $(ENV)/pyvenv.cfg
	$(PIP) --force-reinstall --no-deps "$(WHEEL)"
	$(PIP) "textmill[test] @ file://$(abspath $(WHEEL))"
	@touch $@

else

INSTALLED := $(ENV)/.installed
EDITABLE  := $(ENV)/.installed-editable
TESTED    :=

# The compiler is looked for only when there is something to build
$(EDITABLE): $(NATIVE) constraints.txt | $(ENV)/pyvenv.cfg
	@$(MAKE) --no-print-directory compiler
	@echo "building textmill and installing it with what the tests need (one to three minutes the first time)"
	$(PIP) --editable '.[test,check,docs]'
	@touch $@

ifeq ($(wildcard $(EDITABLE)),)
$(INSTALLED): $(NATIVE) $(SOURCE) constraints.txt | $(ENV)/pyvenv.cfg
	@$(MAKE) --no-print-directory compiler
	@echo "building and installing textmill (about a minute the first time)"
	$(PIP) '.[serve]'
	@touch $@
else
$(INSTALLED): $(EDITABLE)
	@touch $@
endif

endif

# -- what a newcomer runs ------------------------------------------------------------------------------------------

demo: $(INSTALLED) ## install textmill in .venv and run the example
	@$(BIN)/textmill run examples/disaster
	@echo
	@echo "textmill is $(BIN)/textmill; to call it by its name: . $(BIN)/activate"

test: $(EDITABLE) ## run all tests and the examples in docstrings
	$(BIN)/python -m pytest -n $(JOBS) $(TESTED) $(ARGS)

# Files go to memory where that has room for 2 GB: a fifth of the time is waiting for disks
IN_MEMORY = $(shell test "$$(df -Pk /dev/shm 2> /dev/null | awk 'NR == 2 { print $$4 }')" -gt 2000000 2> /dev/null && echo TMPDIR=/dev/shm)

test-fast: $(EDITABLE) ## the same without what takes longer than half a second, with a twentieth of the made-up examples
	$(IN_MEMORY) TEXTMILL_EXAMPLES=0.05 $(BIN)/python -m pytest -n $(JOBS) -m "not slow" -o tmp_path_retention_count=1 $(TESTED) $(ARGS)

check: $(EDITABLE) ## lint, formatting, types and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_house.py $(ARGS)

bench: $(EDITABLE) ## measure against scikit-learn in the same run; writes benches/RESULTS.md
	$(BIN)/python -m benches $(ARGS)

prove: $(EDITABLE) ## compare every splitter with its reference on all real texts; writes benches/PROOF.md
	$(BIN)/python -m benches.prove $(ARGS)

docs: $(EDITABLE) ## reference pages from docstrings, and all of docs/ as a site in site/
	$(BIN)/python docs/build.py

# -- the compiled core alone ---------------------------------------------------------------------------------------

native-test: compiler ## build native/core without Python and run its unit tests
	cmake -S . -B build/native -DCMAKE_BUILD_TYPE=Release
	cmake --build build/native --parallel $(JOBS)
	ctest --test-dir build/native --output-on-failure

FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=

fuzz: $(EDITABLE) ## feed the core broken input for FUZZ_SECONDS=60 shared by all targets (FUZZ_TARGETS="words html ..."); needs clang
	@command -v clang++ > /dev/null || { \
	  echo "fuzzing needs clang with libFuzzer: on Debian and Ubuntu, apt install clang libclang-rt-14-dev (the number is clang's)" >&2; exit 1; }
	cmake -S . -B build/fuzz -DTEXTMILL_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo
	cmake --build build/fuzz --parallel $(JOBS) --target fuzz
	$(BIN)/python native/fuzz/fuzz.py build/fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

races: compiler ## run the core's tests and what runs in parallel under ThreadSanitizer
	cmake -S . -B build/races -DTEXTMILL_RACES=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo
	cmake --build build/races --parallel $(JOBS)
	ctest --test-dir build/races --output-on-failure

# -- upkeep --------------------------------------------------------------------------------------------------------

leaderboard: $(EDITABLE) ## run the ladder of models on real data into docs/leaderboard.md (an hour); SETS="tweets ..."
	$(BIN)/python -m benches.leaderboard $(SETS)

constraints: ## renew constraints.txt from a clean environment with the newest versions allowed
	rm -rf build/constraints && mkdir -p build
	$(or $(PYTHON),python3) -m venv build/constraints
	build/constraints/bin/python -m pip --disable-pip-version-check install --quiet '.[test,check,docs]'
	grep '^#' constraints.txt > build/constraints.txt
	build/constraints/bin/python -m pip freeze --exclude textmill >> build/constraints.txt
	mv build/constraints.txt constraints.txt
	rm -rf build/constraints

clean: ## remove what was built; keeps .venv and the models of the examples
	rm -rf build dist site docs/reference .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benches -name __pycache__ -prune -exec rm -rf {} +
