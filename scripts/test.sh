#!/usr/bin/env bash
# test.sh all|quick: runs every check, keeps going after a failure, and ends with one line each. 0 only if all passed.
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
target_dir=${CARGO_TARGET_DIR:-target}
results=()
failed=0

# step NAME COMMAND…: runs it in the open, notes how it ended and how long it took.
step() {
    local name=$1 started=$SECONDS status=0 mark=✓
    shift
    printf '\n── %s: %s\n' "$name" "$*"
    "$@" || status=$?
    case $status in
        0) ;;
        "$NOT_DONE") mark=– ;;
        *) mark=✗; failed=1 ;;
    esac
    results+=("$(printf '%s %-16s %4d s' "$mark" "$name" $((SECONDS - started)))")
}

# One build of everything first: `cargo test` by itself would not put libgstvision.so where GStreamer finds it, and
# building it apart would compile its dependencies again with other features.
build() { cargo build --workspace --locked --lib --bins --tests; }

rustdoc() { RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked; }

page() { (cd console && npm run --silent check && npm run --silent build); }

# The tests' Postgres runs as user postgres when they run as root. In a root folder that a bare chroot keeps to root
# alone, no other user can start anything.
open_root() {
    [ "$(id -u)" = 0 ] || return 0
    setpriv --reuid=postgres --clear-groups true 2>/dev/null && return
    say "/ is closed to all users but root, and Postgres needs it: chmod o+x /"
    chmod o+x /
}

# The elements as other programs see them, and the line of the README, run as it stands there.
plugin() {
    local line assets work status=0
    work=$(mktemp -d)
    export GST_PLUGIN_PATH GST_REGISTRY=$work/registry
    GST_PLUGIN_PATH=$(realpath "$target_dir")/debug
    gst-inspect-1.0 vision || return 1
    for element in visiondetect visiontrack visionoverlay visionblur visionmask; do
        gst-inspect-1.0 "$element" >/dev/null || { say "no element $element"; return 1; }
    done
    line=$(grep -m1 '^gst-launch-1.0 ' README.md) || { say "README.md has no gst-launch-1.0 line"; return 1; }
    assets=${ATALAYA_ASSETS_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/atalaya}
    line=${line//'$HOME/.local/share/atalaya'/$assets}
    say "$line"
    (cd "$work" && timeout 300 bash -c "$line" && [ -s boxed.mp4 ]) || status=1
    rm -rf "$work"
    return "$status"
}

case ${1:-} in
    quick)
        step format cargo fmt --all --check
        step clippy cargo clippy --workspace --all-targets --locked -- -D warnings
        step unit cargo test --workspace --locked --lib
        ;;
    all)
        open_root
        step format cargo fmt --all --check
        step licences scripts/deny.sh check
        step advisories scripts/deny.sh advisories
        step page page
        step clippy cargo clippy --workspace --all-targets --locked -- -D warnings
        step rustdoc rustdoc
        step build build
        step plugin plugin
        step tests timeout --kill-after=10 45m cargo test --workspace --locked --no-fail-fast
        step contract scripts/contract.sh
        step asyncapi scripts/asyncapi.sh
        # A unit test, as a server of this feature would have locks that work in this test only.
        step interleavings cargo test --locked --lib --features interleavings gateway::interleavings
        ;;
    *) fail "usage: test.sh all|quick" ;;
esac

printf '\n'
printf '%s\n' "${results[@]}"
if [ "$failed" = 1 ]; then fail "not everything passed"; fi
say "everything passed"
