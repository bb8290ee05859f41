#!/bin/bash
# contributing_test.sh names a file that is not there, and a folder that CONTRIBUTING.md passes over.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$tools/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
for name in CONTRIBUTING.md tests docs tools bench; do ln -s "$project/$name" "$tree"; done
cp -r "$project/src" "$tree"
"$tools/contributing_test.sh" "$tree"

mkdir "$tree/src/attic"
touch "$tree/src/attic/any.cpp"
"$tools/contributing_test.sh" "$tree" >"$tree/said" && echo "an unknown folder passes" && exit 1
grep -qx 'CONTRIBUTING.md does not tell what is in src/attic' "$tree/said"
rm -r "$tree/src/attic"

rm "$tree/src/engine/lane.cpp"
"$tools/contributing_test.sh" "$tree" >"$tree/said" && echo "a missing file passes" && exit 1
grep -qx 'CONTRIBUTING.md names src/engine/lane.cpp, which is not there' "$tree/said"
