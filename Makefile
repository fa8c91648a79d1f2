# Bare `make` lists what one can do here.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

.PHONY: help dev test servers rust-tests sdk-tests client-tests contract check format lints generated clients-fresh compatible arrows alerts dependencies generate clients release-openapi faults bench bench-against soak real-model

help: ## List these targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

dev: ## Run UPLION in one process on http://127.0.0.1:8484, with its data in ./uplion-data.
	cargo run --release -- dev

test: servers rust-tests sdk-tests client-tests ## Run every test: Rust, real servers, official SDKs, generated clients.

servers: ## Put the pinned servers that the tests use beside the build.
	scripts/servers

# With --all-targets the binary and the tests are built with the same features, so nothing is built twice.
# The large crowd by itself: others' tests would be timed with it.
rust-tests: servers ## Run the Rust tests alone.
	cargo build --workspace --all-targets
	cargo test --workspace
	CROWD=1000 cargo test --workspace --test e2e crowd

sdk-tests: ## Run the official Python and Node SDKs against `uplion dev`, and against separate processes.
	cargo build --workspace --all-targets
	tests/sdk/run
	tests/sdk/run --replicas 1
	tests/sdk/run --replicas 3

client-tests: servers ## Compile the generated clients, and walk the life of a key by each, by curl and by the command line.
	cargo build --workspace --all-targets
	tests/clients/run

contract: servers ## Ask the control API what its description allows, and what it does not: two minutes of schemathesis.
	cargo build --workspace --all-targets
	tests/contract/run

check: format lints generated clients-fresh compatible arrows alerts dependencies ## Check format, lints, generated files, the tree's rules, alert rules and dependencies.

format: ## Check the format.
	cargo fmt --all --check

lints: ## Check the lints; a warning fails.
	cargo clippy --workspace --all-targets -- --deny warnings

# The tests that compare a committed file with a fresh one, and write it when UPLION_GENERATE is set: `generated` is
# in the name of each.
GENERATORS := --test wire --test crd --test control generated

# With --workspace everything is built with the features of `make test`, and so not again.
generated: ## Check that the generated files are fresh.
	cargo test --workspace $(GENERATORS)

clients-fresh: ## Check that the generated clients are those of openapi/control.json.
	scripts/clients --check

compatible: ## Check that the control API breaks no client of the last release.
	scripts/compatible
	tests/contract/breaking

arrows: ## Check which crate uses which.
	cargo test --workspace --test arrows

alerts: ## Check the alert rules: that each rings where it should, and all are quiet where all is well.
	scripts/alerts

dependencies: ## Check the licences, sources and versions of what is built in.
	scripts/cargo-deny check bans licenses sources

generate: ## Write the generated files anew.
	UPLION_GENERATE=1 cargo test --workspace $(GENERATORS)
	scripts/clients

clients: ## Write the clients for TypeScript, Python and Go anew from openapi/control.json: seconds.
	scripts/clients

release-openapi: ## Keep openapi/control.json as the document of its version.
	scripts/compatible --release

faults: servers ## Fill disks under load, and kill and stop processes, 200 times; the result goes to docs/faults.md.
	cargo build --workspace --all-targets
	cargo test --workspace --test disk_full -- --nocapture
	FAULTS=200 FAULTS_REPORT="$(CURDIR)/docs/faults.md" cargo test --workspace --test faults -- --nocapture

bench: servers ## Measure throughput, latency and CPU; the result goes to docs/performance.md.
	cargo build --release --package uplion --package uplion-bench --package uplion-tests
	bench/run --write

AGAINST ?= target/before
bench-against: servers ## Measure this build beside the release in a folder (AGAINST=…); the result goes to docs/performance.md.
	cargo build --release --package uplion --package uplion-bench --package uplion-tests
	bench/run --against $(AGAINST) --write

MINUTES ?= 10
soak: servers ## Load an installation for ten minutes (MINUTES=…) and say what of it grows; the result goes to docs/performance.md.
	cargo build --release --package uplion --package uplion-bench --package uplion-tests
	python3 -m doctest bench/growth.py
	bench/soak --minutes $(MINUTES) --write

real-model: ## Run the SDKs against a real model, SmolLM2, behind `uplion dev` and behind separate processes.
	cargo build --workspace --all-targets
	tests/sdk/run --real-model
	tests/sdk/run --real-model --replicas 1
