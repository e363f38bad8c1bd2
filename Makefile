# The two commands: `make run` shows the shop, `make test` proves it. Everything else is for people who change it.
PY := .venv/bin/python
.PHONY: run test test-full bench bench-vision bench-carts check lock clean

run: ## set everything up and run the bundled shop, page on 127.0.0.1:8080
	@requirements/install.sh run
	@.venv/bin/muin demo --state var/demo

test: ## set everything up and run the tests
	@requirements/install.sh run
	@requirements/install.sh test
	@requirements/test-packages.sh
	@echo "==> checks: form, types, import rule" && $(MAKE) --no-print-directory check
	@echo "==> tests" && $(PY) -m pytest -m "not full" -n 2 --dist worksteal --durations=15

test-full: ## the long tests too
	@requirements/install.sh run
	@requirements/install.sh test
	@requirements/test-packages.sh
	@EXAMPLES=new $(PY) -m pytest --timeout=5400

bench: ## speed, as ratios in one run
	@requirements/install.sh run
	@requirements/install.sh test
	@$(PY) -m tests.bench

bench-vision: ## cameras: time of each stage, overhead over a bare loop, 1 to 8 cameras, faults of the eye; ARGS=SECTION for one
	@requirements/install.sh run
	@requirements/install.sh test
	@$(PY) -m tests.bench.vision $(ARGS)

bench-carts: ## who took what: every scenario, 25 seeds, beside a baseline; ARGS=--ablation or --long for the other tables
	@requirements/install.sh run
	@requirements/install.sh test
	@$(PY) -m tests.bench.carts --final --jobs $$(nproc) --json var/bench-carts.json $(ARGS)

check: ## ruff, mypy, import-linter
	@$(PY) -m ruff format --check -q . || { echo "run: $(PY) -m ruff format ."; exit 1; }
	@$(PY) -m ruff check -q .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-cache | tail -n 12

lock: ## make the pinned requirement files again (needs uv)
	cd requirements && for set in run test; do uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --override overrides.txt -q $$set.in -o $$set.txt; done

clean: ## remove what was built here
	rm -rf .venv var build *.egg-info
