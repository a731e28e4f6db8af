#!/usr/bin/env bash
# asyncapi.sh [install]: holds the server's AsyncAPI document against the official schema of AsyncAPI 3.0, and what a real
# server says on real sockets against the document. `install` only makes sure that the npm packages are there.
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."

PACKAGES=(@asyncapi/specs@6.11.1 ajv@8.20.0 ajv-formats@3.0.1 ws@8.23.0)
# It takes some seconds; this is for one that hangs.
SECONDS_AT_MOST=120
stamp=$(printf '%s ' "${PACKAGES[@]}" | sha256sum | cut -c1-12)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/atalaya/asyncapi-$stamp

install() {
    [ ! -e "$tools/.installed" ] || return 0
    doing "installing the schemas of AsyncAPI and what checks them"
    mkdir -p "$tools"
    (cd "$tools" && npm init --yes >/dev/null &&
        npm install --no-audit --no-fund --loglevel=error --save-exact "${PACKAGES[@]}" >/dev/null) ||
        fail "npm could not install ${PACKAGES[*]}" "check the network (and proxy), then try again"
    touch "$tools/.installed"
}

# The server says where it listens.
address() {
    local line end=$((SECONDS + 30))
    while ! line=$(grep -m1 -o 'http://127\.0\.0\.1:[0-9]*' "$work/said"); do
        [ "$SECONDS" -lt "$end" ] && kill -0 "$server" || { cat "$work/log" >&2; fail "the server does not start"; }
        sleep 0.1
    done
    printf '%s' "$line"
}

install
[ "${1:-}" != install ] || exit 0
program=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/atalaya
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
flags=(--data-dir "$work/data" --listen 127.0.0.1:0)
ATALAYA_WEBRTC__LISTEN=127.0.0.1:0 "$program" serve "${flags[@]}" >"$work/said" 2>"$work/log" &
server=$!
url=$(address)
TOKEN=$("$program" token issue --role admin "${flags[@]}" 2>/dev/null)
TABLE_TOKEN=$("$program" token issue --table T-12 --session 77 --branch 1 "${flags[@]}" 2>/dev/null)
# One that ends while it is listened to.
SHORT_TOKEN=$("$program" token issue --role admin --subject short --ttl 20s "${flags[@]}" 2>/dev/null)
export TOKEN TABLE_TOKEN SHORT_TOKEN
# Packages are looked for beside the script.
cp scripts/asyncapi.mjs "$tools/asyncapi.mjs"
timeout "$SECONDS_AT_MOST" node "$tools/asyncapi.mjs" "$url"
