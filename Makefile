# What people run here. One profile (dev) builds the program and its tests, so they share their artefacts.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help check fix demo test prove docs conformance bench tools test-tools fmt clippy doc

# Tools that .ci/tools had to install.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

# Where the tests leave what they called, for tests/conformance.md.
CALLS := $(CURDIR)/target/conformance

# CI must not change the lock file; at a desk cargo may.
LOCKED := $(if $(CI),--locked)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

check: fmt clippy test prove docs doc ## everything that CI checks

fix: ## format, and let clippy mend what it can
	cargo fmt
	cargo clippy --all-targets --fix --allow-dirty --allow-staged

demo: tools ## run the first lab on the simulator
	cargo run $(LOCKED) -- run content/troubleshooting/missing-worker-nodes.md

test: test-tools ## run the tests
	@rm -rf $(CALLS)
	BREAKFIX_CONFORMANCE=$(CALLS) cargo test $(LOCKED)
	BREAKFIX_CONFORMANCE=$(CALLS) cargo test -q $(LOCKED) --test it -- --ignored conformance

prove: tools ## prove every scenario: its checks can fail, its repairs work, nothing is left
	cargo run $(LOCKED) -- prove --all

docs: tools ## run the documentation: what its pages show is what comes
	cargo build $(LOCKED)
	@mkdir -p target/docs
	PATH="$(CURDIR)/target/debug:$$PATH" TMPDIR="$(CURDIR)/target/docs" target/debug/breakfix run docs/ --documented fail
	@rm -rf target/docs

conformance: test-tools ## run the tests and write tests/conformance.md from the calls they made
	@rm -rf $(CALLS)
	BREAKFIX_CONFORMANCE=$(CALLS) cargo test $(LOCKED)
	BREAKFIX_CONFORMANCE=$(CALLS) BREAKFIX_BLESS=1 cargo test -q $(LOCKED) --test it -- --ignored conformance

bench: tools ## run the benchmarks, each beside its floor (builds for release first: minutes)
	cargo bench $(LOCKED)

tools: ## install what labs need and this machine lacks
	@.ci/tools

test-tools:
	@.ci/tools tests

fmt:
	cargo fmt --check

clippy:
	cargo clippy $(LOCKED) --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc $(LOCKED) --no-deps
