#!/bin/bash
# house_test.sh names what is too large, a floor without a folder, and a limit that is gone.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp "$tools"/../../{CMakeLists.txt,.clang-tidy} "$tree"
mkdir -p "$tree"/{bench,tests}
sed -n 's/^dynamite_floor(\([^ )]*\).*$/\1/p' "$tree/CMakeLists.txt" |
  while read -r floor; do mkdir -p "$tree/src/$floor"; done
seq 400 >"$tree/src/core/long.cpp"
touch "$tree"/src/core/module{1..19}.{hpp,cpp}
"$tools/house_test.sh" "$tree"

refused() {
  "$tools/house_test.sh" "$tree" >"$tree/said" && echo "passes, though $1" && exit 1
  grep -qx "$1" "$tree/said"
}
echo >>"$tree/src/core/long.cpp"
refused 'src/core/long.cpp has 401 lines, allowed are 400'
touch "$tree/src/core/module20.hpp"
refused 'src/core has 21 modules, allowed are 20'
rmdir "$tree/src/ingest"
refused 'the floor ingest of CMakeLists.txt is no folder of src'
sed -i '/function-size.LineThreshold/d' "$tree/.clang-tidy"
refused '.clang-tidy does not limit functions to 60 lines'
