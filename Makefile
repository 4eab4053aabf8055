# What one does with this repository. Further flags go in ARGS: make run ARGS='--listen 127.0.0.1:4000'

SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)
LOAD := target/release/loadtest
SERVER := target/release/tailwire

FUZZ_SECONDS := 60

.PHONY: help run test lint models crashes planted fuzz fuzz-planted audit bench load compare rivals chaos power release

help:
	@echo 'make run     build and run the server (release)'
	@echo 'make test    everything that must hold; installs what the tests need when it may'
	@echo 'make lint    formatting and clippy alone'
	@echo 'make models  the files that threads share, in every order of their threads (loom)'
	@echo 'make crashes a million simulated power cuts (docs/testing.md)'
	@echo 'make planted plant faults in a copy of the tree: the tests must find each'
	@echo 'make fuzz    every parser under mutated input, FUZZ_SECONDS=60 each (wants cargo-fuzz; docs/testing.md)'
	@echo 'make fuzz-planted  plant faults in a copy of the tree: fuzzing must find each'
	@echo 'make audit   licences, sources and known faults of dependencies; installs cargo-deny and cargo-audit'
	@echo 'make bench   micro-benchmarks (criterion)'
	@echo 'make load    fan-out load with exact accounting'
	@echo 'make compare Tailwire beside Nchan, durable-streams and Node; installs them (apt as root, npm, cargo)'
	@echo 'make chaos   kill the server again and again under load and prove that nothing was lost'
	@echo 'make power   the same with power cuts, on real ext4 and xfs (root)'

run:
	cargo run --release -- $(ARGS)

test:
	@.ci/test

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

models:
	cd models && cargo test $(ARGS)

crashes:
	TAILWIRE_CRASHES=1000000 cargo test --quiet --lib crash

planted:
	tests/planted/run $(ARGS)

# RUSTC_BOOTSTRAP lets the toolchain of this repository link a sanitizer in. One target: make fuzz FUZZ_TARGETS=jwt
FUZZ_TARGETS := $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))
fuzz:
	for target in $(FUZZ_TARGETS); do \
	  mkdir -p target/fuzzed/$$target && \
	  (cd fuzz && RUSTC_BOOTSTRAP=1 cargo fuzz run $$target ../target/fuzzed/$$target corpus/$$target seeds/$$target -- \
	    -dict=dictionaries/$$target.dict -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=10 $(ARGS)) || exit 1; \
	done

fuzz-planted:
	fuzz/planted/run $(ARGS)

# Advisories want the network: each tool fetches its database, and fails where it cannot.
audit:
	cargo deny --version > /dev/null 2>&1 || cargo install cargo-deny --locked
	cargo audit --version > /dev/null 2>&1 || cargo install cargo-audit --locked
	cargo deny check bans licenses sources
	cargo deny check advisories
	cargo audit

bench:
	cargo bench $(ARGS)

release:
	cargo build --release --workspace

load: release
	$(LOAD) fanout --spawn $(SERVER) $(ARGS)

# What is not to be had is left out; the comparison names it. A quarter of an hour; ARGS=--quick takes two minutes.
compare: release rivals
	$(LOAD) compare --tailwire $(SERVER) $(ARGS)

rivals:
	-@if [ ! -e /usr/lib/nginx/modules/ngx_nchan_module.so ] && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -y -q --no-install-recommends nginx libnginx-mod-nchan; fi
	-@if [ ! -e loadtest/rivals/node/node_modules/express ]; then \
	  cd loadtest/rivals/node && npm ci --no-audit --no-fund; fi
	-@if [ ! -e target/rivals/bin/durable-streams-server ]; then \
	  cargo install durable-streams@0.1.5 --locked --root target/rivals; fi

chaos: release
	$(LOAD) chaos --server $(SERVER) $(ARGS)

power: release
	$(LOAD) chaos --server $(SERVER) --power-cuts ext4 --kills 200 --subscribers 12 $(ARGS)
	$(LOAD) chaos --server $(SERVER) --power-cuts xfs --kills 200 --subscribers 12 $(ARGS)
