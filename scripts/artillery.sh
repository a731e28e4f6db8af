#!/usr/bin/env bash
# artillery.sh: the gateway under a load tool that everybody knows (https://www.artillery.io), on a server of its own. Where
# it is not installed nothing is measured.
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."

if ! have artillery; then
    say "  – artillery is not installed: its load is not measured (npm install -g artillery)"
    exit 0
fi
program=$(realpath "${CARGO_TARGET_DIR:-target}")/release/atalaya
[ -x "$program" ] || fail "there is no $program" "make build"
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

flags=(--data-dir "$work/data")
ATALAYA_WEBRTC__LISTEN=127.0.0.1:0 ATALAYA_GATEWAY__MAX_PER_USER=0 ATALAYA_SERVER__REQUESTS_PER_SECOND=0 \
    "$program" serve "${flags[@]}" --listen 127.0.0.1:0 >"$work/said" 2>"$work/log" &
server=$!
end=$((SECONDS + 30))
until ATALAYA_HTTP=$(grep -m1 -o 'http://127\.0\.0\.1:[0-9]*' "$work/said"); do
    [ "$SECONDS" -lt "$end" ] && kill -0 "$server" || { cat "$work/log" >&2; fail "the server does not start"; }
    sleep 0.1
done
ATALAYA_TOKEN=$("$program" token issue --role admin "${flags[@]}")
export ATALAYA_HTTP ATALAYA_TOKEN ATALAYA_WS=${ATALAYA_HTTP/http/ws} ARTILLERY_DISABLE_TELEMETRY=true
artillery run --quiet --output "$work/report.json" scripts/artillery.yml >"$work/artillery" 2>&1 ||
    { tail -n 40 "$work/artillery" >&2; fail "artillery found errors, or could not run"; }
node -e '
const { counters: c, summaries: s } = JSON.parse(require("fs").readFileSync(process.argv[1])).aggregate;
const failed = c["vusers.failed"] ?? 0;
console.log(`artillery: ${c["vusers.created"]} clients, ${failed} failed (target 0); publishing p99 ${s["http.response_time"]?.p99} ms`);
process.exit(failed ? 1 : 0);
' "$work/report.json"
