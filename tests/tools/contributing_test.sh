#!/bin/bash
# Every file and folder that CONTRIBUTING.md names is there, and every folder of src is named in it.
# $1: a folder to look at in the project's place.
set -euo pipefail
project=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
document=$project/CONTRIBUTING.md
named=$(grep -oE '\b(src|tests|docs|tools|bench)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' "$document" | sort -u)
wrong=0
for path in $named; do
  [ -e "$project/$path" ] || { echo "CONTRIBUTING.md names $path, which is not there" && wrong=1; }
done
while read -r folder; do
  grep -qE "^src/$folder/ " "$document" || {
    echo "CONTRIBUTING.md does not tell what is in src/$folder"
    wrong=1
  }
done < <(cd "$project/src" && find . -name '*.[ch]pp' -printf '%P\n' | sed 's,/[^/]*$,,' |
  sort -u | grep -vx app) # of app itself: main.cpp
[ "$(wc -w <<<"$named")" -gt 40 ] || { echo "CONTRIBUTING.md names too few files" && wrong=1; }
exit "$wrong"
