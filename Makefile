# The commands of the project. `make run` and `make test` install what they need.

DATA ?= data
CARGO ?= cargo
PYTEST = .venv/bin/python -m pytest -q tests
TARGET = $(or $(CARGO_TARGET_DIR),target)
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)

.PHONY: run demo test test-rust test-clients test-postgres bench fuzz lint models

## Builds a release binary and starts the server on loopback; the first start signs up an account.
run:
	$(CARGO) build --release --package chancery
	$(TARGET)/release/chancery serve --data $(DATA)

## Walks the main job on real messages and says what it did.
demo: tools
	$(CARGO) build --release --package chancery
	.venv/bin/python tests/demo.py --binary $(TARGET)/release/chancery

## Everything: unit and property tests, then the clients against the binary.
test: test-rust test-clients

test-rust:
ifdef NEXTEST
	$(CARGO) nextest run --workspace --no-fail-fast
else
	$(CARGO) test --workspace --no-fail-fast
endif

test-clients: tools
	$(CARGO) build --package chancery
	CHANCERY_BINARY=$(TARGET)/debug/chancery $(PYTEST)

## The same on a throw-away PostgreSQL 15.
test-postgres: tools
	tests/with-postgres $(MAKE) test

## The benchmark programs; see benches/README.md.
bench:
	benches/run

## Fuzzes each parser that meets strangers' bytes for a minute; see fuzz/run.
fuzz:
	fuzz/run

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- --deny warnings

## Makes the compact models anew from the public service models.
models: tools
	.venv/bin/python models/make.py

.PHONY: tools
tools:
	tests/tools
