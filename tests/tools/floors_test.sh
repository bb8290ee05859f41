#!/bin/bash
# No file of a floor includes a floor above it. The floors, and what each stands on, are the
# dynamite_floor() lines of CMakeLists.txt; a floor may include what those stand on as well.
# $1: a folder to look at in the project's place.
set -euo pipefail
project=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
declare -A below
while read -r floor standing_on; do
  below[$floor]=" $floor "
  for other in $standing_on; do below[$floor]+=${below[$other]:-}; done
done < <(sed -n 's/^dynamite_floor(\(.*\))$/\1/p' "$project/CMakeLists.txt")
[ ${#below[@]} -gt 5 ] || { echo "CMakeLists.txt names too few floors: ${!below[*]}" && exit 1; }

wrong=0
for folder in "$project"/src/*/; do
  floor=$(basename "$folder")
  [ -n "${below[$floor]:-}" ] || { echo "src/$floor is no floor of CMakeLists.txt" && wrong=1; }
  while IFS=: read -r file included; do
    [[ ${below[$floor]:-} == *" $included "* ]] || {
      echo "${file#"$project"/} includes $included/, which $floor does not stand on"
      wrong=1
    }
  done < <(grep -rHoE '^#include "[a-z_]+/' "$folder" | sed 's/:#include "/:/; s,/$,,')
done
exit "$wrong"
