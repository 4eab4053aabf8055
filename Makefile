# What one does with this repository. Further flags go in ARGS: make run ARGS='--listen 127.0.0.1:4000'

SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)
LOAD := target/release/loadtest
SERVER := target/release/tailwire

.PHONY: help run test lint models crashes planted bench load chaos power release

help:
	@echo 'make run     build and run the server (release)'
	@echo 'make test    everything that must hold; installs what the tests need when it may'
	@echo 'make lint    formatting and clippy alone'
	@echo 'make models  the files that threads share, in every order of their threads (loom)'
	@echo 'make crashes a million simulated power cuts (docs/testing.md)'
	@echo 'make planted plant faults in a copy of the tree: the tests must find each'
	@echo 'make bench   micro-benchmarks (criterion)'
	@echo 'make load    fan-out load with exact accounting'
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

bench:
	cargo bench $(ARGS)

release:
	cargo build --release --workspace

load: release
	$(LOAD) fanout --spawn $(SERVER) $(ARGS)

chaos: release
	$(LOAD) chaos --server $(SERVER) $(ARGS)

power: release
	$(LOAD) chaos --server $(SERVER) --power-cuts ext4 --kills 200 --subscribers 12 $(ARGS)
	$(LOAD) chaos --server $(SERVER) --power-cuts xfs --kills 200 --subscribers 12 $(ARGS)
