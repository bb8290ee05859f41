# The front door. `make help` lists what is behind it.
.PHONY: all release test sim test-asan test-tsan demo package bench bench-lambda lint fuzz clean help

JOBS ?= $(shell nproc)
KEEP ?=
SOURCE ?= local
SEEDS ?= 2000
FIRST_SEED ?= 1
CRASHES ?= 1
INSTALL ?=
ARCH ?=
SECONDS ?= 60

all: release

release: ## build the programs into bin/
	@tools/install --build
	@cmake --preset release -DDYNAMITE_TESTS=OFF -DDYNAMITE_BENCH=OFF >/dev/null
	@cmake --build --preset release -j $(JOBS)
	@mkdir -p bin
	@install build/release/dynamite bin/dynamite
	@ln -sf dynamite bin/bootstrapdb
	@ln -sf dynamite bin/verifydb
	@echo "bin/dynamite, bin/bootstrapdb, bin/verifydb"

test: build/dynamite-lambda.zip ## build and run every test, on real servers
	@cmake --preset ci >/dev/null
	@cmake --build --preset ci -j $(JOBS)
	@tools/with-servers ctest --test-dir build/ci --output-on-failure -j $(JOBS)

test-asan: ## make test, under the address and undefined behaviour sanitizers
test-tsan: ## make test, under the thread sanitizer
# But for tests of the program's memory, which is not its own under a sanitizer.
test-asan test-tsan: test-%: build/dynamite-lambda.zip
	@cmake --preset $* -DDYNAMITE_BENCH=OFF >/dev/null
	@cmake --build --preset $* -j $(JOBS)
	@tools/with-servers ctest --test-dir build/$* --output-on-failure -j $(JOBS) \
	  -E 'TheLargestEventFitsIntoTheSmallestFunction|CostsBoundedMemory'

ZIP = build/dynamite-lambda$(ARCH:%=-%).zip
package: INSTALL = --build
package: $(ZIP) ## the zip of the Lambda function: build/dynamite-lambda.zip (ARCH=arm64)
	@ls -l $(ZIP)

# Built anew whenever something it may be made of has changed; the builds below know what.
.PHONY: build/dynamite-lambda.zip build/dynamite-lambda-arm64.zip
build/dynamite-lambda.zip:
	@tools/install $(INSTALL)
	@tools/lambda-libs
	@cmake --preset lambda >/dev/null
	@cmake --build --preset lambda -j $(JOBS)
	@mkdir -p bin
	@install build/lambda/dynamite bin/dynamite-lambda
	@cat .cache/lambda-libs/licences/* >bin/dynamite-lambda.licences
	@bin/dynamite-lambda package --output build/dynamite-lambda.zip

# By Debian's cross compiler; the program that packs it is the other one.
build/dynamite-lambda-arm64.zip: build/dynamite-lambda.zip
	@tools/install --arm64
	@tools/lambda-libs arm64
	@cmake --preset lambda-arm64 >/dev/null
	@cmake --build --preset lambda-arm64 -j $(JOBS)
	@install build/lambda-arm64/dynamite bin/dynamite-lambda-arm64
	@cat .cache/lambda-libs-arm64/licences/* >bin/dynamite-lambda-arm64.licences
	@bin/dynamite-lambda package --architecture arm64 --output build/dynamite-lambda-arm64.zip

sim: ## simulated histories against a real PostgreSQL (SEEDS=2000 FIRST_SEED=1)
	@tools/install --sim
	@cmake --preset ci >/dev/null
	@cmake --build --preset ci -j $(JOBS) --target sim_pg_test
	@DYNAMITE_SIM_SEEDS=$(SEEDS) DYNAMITE_SIM_FIRST_SEED=$(FIRST_SEED) DYNAMITE_SIM_CRASHES=$(CRASHES) tools/with-servers \
	  --no-dynamodb build/ci/tests/sim_pg_test --gtest_filter='WorldTest.*' --gtest_brief=1

SIM = $(filter sim,$(SOURCE))
# Shards roll and split while the demo runs, and pages are as odd as AWS's may be.
DEMO_SOURCE = $(if $(SIM),--no-dynamodb tools/with-simulator bin/dynamite-sim --oddities 10 --roll 3 --)
demo: ## watch tables being replicated, live (KEEP=1 leaves the servers up, SOURCE=sim needs no Java)
	$(if $(filter local sim,$(SOURCE)),,$(error SOURCE is "$(SOURCE)", wanted: local or sim))
	@tools/install $(SIM:sim=--sim)
	@$(MAKE) --no-print-directory release $(SIM:sim=bin/dynamite-sim)
	@tools/with-servers $(DEMO_SOURCE) tools/demo $(if $(KEEP),--keep)

.PHONY: bin/dynamite-sim
bin/dynamite-sim:
	@cmake --preset dev -DDYNAMITE_BENCH=OFF >/dev/null
	@cmake --build --preset dev -j $(JOBS) --target dynamite-sim
	@mkdir -p bin
	@install build/dev/tests/dynamite-sim bin/dynamite-sim

bench: ## measure, beside bare libpq programs and a handler in Node (half an hour; docs/performance.md)
	@tools/install --bench
	@cmake --preset release -DDYNAMITE_TESTS=OFF -DDYNAMITE_BENCH=ON >/dev/null
	@cmake --build --preset release -j $(JOBS)
	@for program in build/release/bench/*_bench; do \
	  tools/with-servers --no-dynamodb --measure $$program || exit; done
	@tools/with-servers --no-dynamodb --measure bench/side_by_side/side_by_side \
	  --json build/release/bench/side_by_side.json
	@for cores in '' --apart; do \
	  tools/with-servers --no-dynamodb --measure bench/side_by_side/side_by_side \
	    $$cores --runs 9 --connections 1 2 || exit; done
	@tools/with-servers --no-dynamodb --measure bench/side_by_side/side_by_side \
	  --runs 9 --writes upd --batches 1 --programs dynamite same plain
	@for targets in dynamite_by_key dynamite_by_attribute; do \
	  tools/with-servers --no-dynamodb --measure bench/side_by_side/side_by_side \
	    --sizes entities --writes ins upd mix --programs $$targets dynamite_columns || exit; done
	@tools/with-servers --no-dynamodb --measure bench/protocol_cost/protocol_cost
	@tools/with-servers --no-dynamodb --measure bench/removes/removes
	@tools/with-servers --no-dynamodb --measure bench/profile/profile
	@tools/with-servers --no-dynamodb --measure bench/growth/growth --json build/release/bench/growth.json
	@$(MAKE) --no-print-directory release bin/dynamite-sim
	@tools/with-servers bench/whole/whole --json build/release/bench/whole.json
	@bench/side_by_side/chart build/release/bench/side_by_side.json >build/release/bench/performance.svg
	@bench/growth/chart build/release/bench/growth.json build/release/bench/whole.json >build/release/bench/growth.svg
	@echo "build/release/bench/performance.svg, build/release/bench/growth.svg"

bench-lambda: build/dynamite-lambda.zip ## measure a cold start, beside handlers in Python and Node
	@tools/install --bench
	@tools/with-servers --no-dynamodb bench/cold_start/cold_start

lint: ## clang-format and clang-tidy; warnings are errors
	@tools/install --lint
	@clang-format --dry-run -Werror $$(git ls-files '*.cpp' '*.hpp')
	@cmake --preset ci -DDYNAMITE_TESTS=OFF -DDYNAMITE_BENCH=OFF -B build/lint >/dev/null
	@git ls-files 'src/*.cpp' | xargs -P $(JOBS) -n 4 clang-tidy --quiet -p build/lint

fuzz: ## made-up bytes against every decoder, for SECONDS=60 each
	@tools/install --fuzz
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@tools/fuzz build/fuzz $(SECONDS)

clean: ## remove what was built
	@rm -rf build bin

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 \t/p' Makefile
