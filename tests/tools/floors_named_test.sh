#!/bin/bash
# floors_test.sh names the file that includes a floor above its own, and a folder that is no floor.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp "$tools/../../CMakeLists.txt" "$tree"
mkdir -p "$tree"/src/{core,replica,attic}
echo '#include "core/key.hpp"' >"$tree/src/core/fine.cpp"
touch "$tree/src/attic/any.cpp"
"$tools/floors_test.sh" "$tree" >"$tree/said" && echo "a folder that is no floor passes" && exit 1
grep -qx 'src/attic is no floor of CMakeLists.txt' "$tree/said"
rm -r "$tree/src/attic"
"$tools/floors_test.sh" "$tree"
echo '#include "engine/lane.hpp"' >"$tree/src/replica/upwards.cpp"
"$tools/floors_test.sh" "$tree" >"$tree/said" && echo "an include upwards passes" && exit 1
grep -qx 'src/replica/upwards.cpp includes engine/, which replica does not stand on' "$tree/said"
