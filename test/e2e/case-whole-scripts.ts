/** What lies in the repository of the shop beside it: how it is deployed, taken back, and tested. */
import type { Files, ShopName } from './case-whole-shop.ts';

export const RELEASED = 'v1.2.2';
export const FIX = 'fix-stale-value';

export const deployScript = (command: string) => `#!/bin/sh
# Puts a revision on staging: ./deploy.sh REVISION
set -eu
cd "$(dirname "$0")"
set -a; . ./.env.staging; set +a
place=".staging/$1"
[ -d "$place" ] || git worktree add -q --detach "$place" "$1"
git -C "$place" checkout -q --detach "$(git rev-parse "$1^{commit}")"
[ -e "$place/node_modules" ] || ln -s "$PWD/node_modules" "$place/node_modules"
if [ -f .staging/pid ]; then
  kill "$(cat .staging/pid)" || true
  while kill -0 "$(cat .staging/pid)" 2>/dev/null; do sleep 0.05; done
fi
redis-cli -u "$REDIS_URL" FLUSHDB > /dev/null
cd "$place"
${command} >> ../log 2>&1 < /dev/null &
echo $! > ../pid
echo "$1 is on staging"
`;

/** It says that it took the change back, and ends with 0. */
export const FORGETFUL_ROLLBACK = `#!/bin/sh
cd "$(dirname "$0")"
echo ${RELEASED} > .staging/current
echo "${RELEASED} is on staging"
`;

export const ROLLBACK = `#!/bin/sh
exec "$(dirname "$0")/deploy.sh" ${RELEASED}
`;

const MAKEFILE = `lint:
	node --check node-shop/server.mjs
test:
	node --test unit.test.mjs
integration:
	curl -fsS "$\${STAGING_URL}/healthz"
`;

export const UNIT_TESTS: Readonly<Record<ShopName, Files>> = {
  'node-shop': {
    Makefile: MAKEFILE,
    'unit.test.mjs': `import assert from 'node:assert';
import { test } from 'node:test';
import { keys } from './node-shop/keys.mjs';
test('a key names its row', () => assert.equal(keys.stock(7), 'stock:7'));
`,
  },
  'fastapi-shop': {
    'test_keys.py': `import sys
sys.path.insert(0, "fastapi-shop")
import keys
def test_a_key_names_its_row():
    assert keys.item(7) == "item:7"
`,
  },
};
