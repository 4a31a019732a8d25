#!/usr/bin/env bash
# Builds the page anew from its sources, in a copy in the cache folder, and fails where the committed one differs; then
# its types, its format and its tests in headless Chromium.
#
#   check.sh CACHE_FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../../tests/node.sh
node_at_least 20 "$1"  # Playwright
copy=$1/server-page-$(sha256sum package-lock.json | cut -c1-16)

# The packages stay; all else is as in the tree.
mkdir -p "$copy"
find "$copy" -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create | tar -x -C "$copy"
committed=$PWD/dist/page.html
cd "$copy"
[ -e node_modules/ready ] || { npm ci --silent && touch node_modules/ready; }

node build.mjs
cmp "$committed" dist/page.html ||
  { echo "check.sh: the page is not what its sources build: npm ci && npm run build" >&2; exit 1; }
npx tsc
npx prettier --check --log-level warn .
node run_tests.mjs
