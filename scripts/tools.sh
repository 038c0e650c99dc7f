#!/usr/bin/env bash
# Sees to it that the programs and Python modules that tests, demo or benchmarks use are there.
#
#   scripts/tools.sh demo | test | bench
#
# On Debian and its kin as root, what is missing is installed by apt. Elsewhere it is named with the command that
# installs it, and the script ends with exit code 1. Nothing is installed that is already there.
set -euo pipefail

purpose="${1:?usage: scripts/tools.sh demo|test|bench}"

# name of what is needed : Debian package : how to find it
needs=()
case "$purpose" in
  demo) needs=(redis) ;;
  test) needs=(redis chromium fastapi uvicorn python-redis psycopg psycopg2 asyncpg sqlalchemy pytest httpx openssl psql postgres-server pgbouncer wrk) ;;
  bench) needs=(redis haproxy) ;;
  *) echo "scripts/tools.sh: unknown purpose $purpose (demo, test, bench)" >&2; exit 2 ;;
esac

has_program() {
  local name folder
  for name in "$@"; do
    command -v "$name" >/dev/null 2>&1 && return 0
    for folder in /usr/bin /usr/sbin /usr/local/bin /opt/homebrew/bin; do
      [ -x "$folder/$name" ] && return 0
    done
  done
  return 1
}

# Modules of the distribution are seen by the distribution's Python, which need not be the first on PATH.
has_module() {
  local python
  for python in python3 /usr/bin/python3 /usr/local/bin/python3; do
    command -v "$python" >/dev/null 2>&1 || continue
    "$python" -c "import $1" >/dev/null 2>&1 && return 0
  done
  return 1
}

# Debian keeps the server's programs off PATH, one folder a version.
has_postgres_server() {
  local bin
  for bin in /usr/lib/postgresql/*/bin; do
    [ -x "$bin/postgres" ] && [ -x "$bin/initdb" ] && [ -x "$bin/pg_basebackup" ] && return 0
  done
  return 1
}

is_there() {
  case "$1" in
    redis) has_program redis-server valkey-server ;;
    chromium | haproxy | openssl | psql | pgbouncer | wrk) has_program "$1" ;;
    postgres-server) has_postgres_server ;;
    python-redis) has_module redis ;;
    *) has_module "$1" ;;
  esac
}

debian_package() {
  case "$1" in
    redis) echo redis-server ;;
    chromium | haproxy | openssl | pgbouncer | wrk) echo "$1" ;;
    postgres-server) echo postgresql ;;
    psql) echo postgresql-client ;;
    python-redis) echo python3-redis ;;
    *) echo "python3-$1" ;;
  esac
}

brew_or_pip() {
  case "$1" in
    chromium) echo 'brew install --cask chromium' ;;
    redis | haproxy | openssl | pgbouncer | wrk) echo "brew install $1" ;;
    postgres-server) echo 'a Debian system: its tests look below /usr/lib/postgresql' ;;
    psql) echo 'brew install libpq' ;;
    python-redis) echo 'python3 -m pip install redis' ;;
    *) echo "python3 -m pip install $1" ;;
  esac
}

missing=()
for need in "${needs[@]}"; do
  is_there "$need" || missing+=("$need")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

packages=()
for need in "${missing[@]}"; do packages+=("$(debian_package "$need")"); done

if command -v apt-get >/dev/null 2>&1; then
  if [ "$(id -u)" -eq 0 ]; then
    echo "Installing: ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends ca-certificates "${packages[@]}" </dev/null
    for need in "${missing[@]}"; do
      is_there "$need" || { echo "scripts/tools.sh: $need is still missing after the installation" >&2; exit 1; }
    done
    exit 0
  fi
  echo "Missing: ${missing[*]}. Install with:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages[*]}" >&2
  exit 1
fi

echo "Missing: ${missing[*]}. Install, for example, with:" >&2
for need in "${missing[@]}"; do echo "  $(brew_or_pip "$need")" >&2; done
exit 1
