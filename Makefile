# Every target works on a fresh Debian 12 with nothing but this repository, a Rust toolchain and make.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.ONESHELL:
.NOTPARALLEL:
.DEFAULT_GOAL := help

# What `make run` starts: ARGS="serve --config my.toml" for your own cameras.
ARGS ?= demo

# What `make fuzz` runs, and for how many seconds each: TIME=600 for a proper hunt.
TARGETS ?= picture sound boxes manifest description discovery
TIME ?= 60

# How often `make bench` kills a server.
KILLS ?= 50

.PHONY: help run setup packages assets console toolchain build plugin test test-tools check bench fuzz accuracy

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

# A camera's threads come and go with its connections. What they leave behind in glibc's many heaps grows for days; in
# few heaps it is used again.
run: export MALLOC_ARENA_MAX ?= 2
run: setup build ## installs what is missing, builds, and starts the demo (or ARGS="serve --config my.toml")
	@exec cargo run --quiet --release --locked -- $(ARGS)

setup: toolchain packages assets console ## installs what is missing to build and run

toolchain:
	@scripts/toolchain.sh

packages:
	@scripts/packages.sh run

assets: ## fetches ONNX Runtime, model weights and demo footage (ATALAYA_ASSETS_DIR, default ~/.local/share/atalaya)
	@scripts/assets.py

console:
	@scripts/console.sh run

build: ## builds the server in release
	@[ -e "$${CARGO_TARGET_DIR:-target}/release/atalaya" ] || echo "  … building: the first time takes some ten minutes on two cores"
	cargo build --release --locked

plugin: ## builds libgstvision.so, the GStreamer plugin, in release
	@cargo build --release --locked --package gst-plugin-vision
	echo "try: GST_PLUGIN_PATH=$${CARGO_TARGET_DIR:-target}/release gst-inspect-1.0 vision"

test-tools:
	@scripts/toolchain.sh test
	scripts/packages.sh run test
	scripts/assets.py
	scripts/console.sh test
	scripts/deny.sh install
	scripts/contract.sh install
	scripts/asyncapi.sh install
	scripts/websocket.sh

test: test-tools ## installs what tests need and runs everything; passes only when all passed
	@scripts/test.sh all

check: setup ## the quick part of `make test`: format, clippy, unit tests
	@scripts/test.sh quick

bench: setup ## measures the figures of docs/performance.md
	@cargo bench --locked
	KILLS=$(KILLS) cargo test --release --locked --test cli -- --nocapture killed::a_visit
	scripts/artillery.sh

fuzz: ## feeds nonsense to whatever reads what others send, TIME seconds (60) each of TARGETS; needs nightly Rust
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
	for target in $(TARGETS); do
	  # What is right to begin with: nonsense near it goes deeper.
	  case $$target in manifest) seeds=models ;; description) seeds=pipelines ;; *) seeds=fuzz/seeds/$$target ;; esac
	  mkdir -p "fuzz/corpus/$$target"
	  cargo +nightly fuzz run --sanitizer none --features app "$$target" "fuzz/corpus/$$target" $$(ls -d "$$seeds" 2>/dev/null || true) \
	    -- -max_total_time=$(TIME) -rss_limit_mb=4096 -timeout=20
	done

accuracy: setup ## measures boxes and numbers on sequences with ground truth, beside other trackers: make accuracy MOT=DIR [IMAGES=DIR]
	@[ -n "$(MOT)" ] || { echo "usage: make accuracy MOT=DIR, see docs/accuracy.md" >&2; exit 2; }
	PEERS=$$(scripts/peers.sh | tr '\n' ' ')
	export PEERS
	export MOT=$$(realpath "$(MOT)") IMAGES=$$(realpath "$(or $(IMAGES),$(MOT))")
	cargo bench --quiet --locked --bench accuracy
	cargo bench --quiet --locked --package gst-plugin-vision --bench attributes
