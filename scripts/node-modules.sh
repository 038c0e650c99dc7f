#!/usr/bin/env bash
# Checks Node and brings node_modules in line with package-lock.json; does nothing when it already is.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted='20.19'
if ! command -v node >/dev/null 2>&1; then
  echo "Node.js is missing; whystale needs $wanted or newer: https://nodejs.org/en/download" >&2
  exit 1
fi
if ! node -e "const [a, b] = process.versions.node.split('.').map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)"; then
  echo "Node.js $(node --version) is too old; whystale needs $wanted or newer: https://nodejs.org/en/download" >&2
  exit 1
fi

node scripts/node-modules-fresh.mjs || npm ci
