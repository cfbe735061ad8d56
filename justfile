# The parts of .ci/run. `just` alone lists them.

_default:
    @just --list

# Write both Compose files, or confirm them
run:
    cargo run --release

# Format the code
fmt:
    cargo fmt

# What must hold before a commit
lint:
    cargo fmt --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps

# The tests that need no engine
test:
    cargo test

# Write the snapshots and the shown output again
update:
    INSTA_UPDATE=always cargo test

# The tests that need a Docker engine
engine-test:
    eval "$(.ci/engine)" && eval "$(.ci/current-engines)" && eval "$(tests/bases/build)" && cargo test -- --ignored

# Draw the modules again; needs graphviz
picture:
    dot -Tsvg docs/architecture.dot -o docs/architecture.svg

# Everything, as CI does
ci:
    .ci/run
