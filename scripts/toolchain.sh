#!/usr/bin/env bash
# toolchain.sh [test]: checks that a Rust toolchain of the age that Cargo.toml asks for is there, for tests with its
# formatter and linter. Rust is not installed from here: where and how it is kept is the user's affair.
. "$(dirname "$0")/say.sh"

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml")
how="install it: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . \"\$HOME/.cargo/env\""

have cargo || fail "no cargo: Atalaya needs Rust $wanted or newer; $how"
# The second word of `rustc 1.95.0 (…)`; asked of rustc, because that is what compiles.
found=$(rustc --version 2>/dev/null | cut -d' ' -f2) || true
[ -n "$found" ] || fail "cargo is there but rustc does not answer; $how"
at_least "$wanted" "${found%%-*}" ||
    fail "Rust $found is too old: Atalaya needs $wanted or newer; run: rustup update stable (without rustup, $how)"
if [ "${1:-}" = test ]; then
    for part in fmt clippy; do
        cargo "$part" --version >/dev/null 2>&1 || fail "no cargo $part; run: rustup component add rustfmt clippy"
    done
fi
done_line "Rust $found"
