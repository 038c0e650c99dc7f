#!/usr/bin/env bash
# Everything that must hold before a change is taken: build, types, lint, unit and end-to-end tests. Every step runs, also
# after a failed one; the last line is `N passed, N failed`, alone. WHYSTALE_THOROUGH=1 adds what says the same once more.
set -uo pipefail
cd "$(dirname "$0")/.."

scripts/node-modules.sh || exit 1
scripts/tools.sh test || exit 1

results="$(mktemp -d)"
trap 'rm -rf "$results"' EXIT

# Longest time for one step; a hanging test must not hang the run.
limit="${WHYSTALE_STEP_LIMIT:-40m}"
bounded() {
  if command -v timeout >/dev/null 2>&1; then timeout --kill-after=30s "$limit" "$@"; else "$@"; fi
}

step() {
  local name="$1"
  shift
  echo "== $name"
  if bounded "$@" </dev/null; then echo passed >"$results/$name.step"; else echo failed >"$results/$name.step"; fi
}

tests() {
  local project="$1" reporter="$2"
  echo "== $project tests"
  bounded npx vitest run --project "$project" --reporter="$reporter" --reporter=json \
    --outputFile.json="$results/$project.json" </dev/null
  echo "$?" >"$results/$project.exit"
}

step build npm run --silent build
step typecheck npm run --silent typecheck
step lint npm run --silent lint
tests unit default
# Names every test, and why one was skipped.
tests e2e verbose

node scripts/summary.mjs "$results"
