#!/bin/bash
# No source file is over 400 lines, no folder of src has over 20 modules, and every floor of
# CMakeLists.txt is a folder. The length of functions is the business of clang-tidy, whose limit is
# looked at here. $1: a folder to look at in place of the project.
set -euo pipefail
project=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
lines_max=400
modules_max=20
function_lines_max=60
cd "$project"
wrong=0
say() { echo "$*" && wrong=1; }

while read -r file; do
  lines=$(wc -l <"$file")
  [ "$lines" -le $lines_max ] || say "$file has $lines lines, allowed are $lines_max"
done < <(find src bench tests -name '*.[ch]pp' -not -path '*/node_modules/*' | sort)

while read -r folder; do
  modules=$(find "$folder" -maxdepth 1 -name '*.[ch]pp' | sed 's/\.[ch]pp$//' | sort -u | wc -l)
  [ "$modules" -le $modules_max ] || say "$folder has $modules modules, allowed are $modules_max"
done < <(find src -type d | sort)

floors=$(sed -n 's/^dynamite_floor(\([^ )]*\).*$/\1/p' CMakeLists.txt)
[ "$(wc -w <<<"$floors")" -gt 5 ] || say "CMakeLists.txt names too few floors: $floors"
for floor in $floors; do
  [ -d "src/$floor" ] || say "the floor $floor of CMakeLists.txt is no folder of src"
done

grep -qE "readability-function-size.LineThreshold, value: $function_lines_max\}" .clang-tidy ||
  say ".clang-tidy does not limit functions to $function_lines_max lines"
exit "$wrong"
