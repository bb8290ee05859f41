#!/bin/bash
# No file of a floor includes a floor above it. The floors, and what each stands on, are the
# dynamite_floor() lines of CMakeLists.txt; a floor may include what those stand on as well. A
# folder belongs to the floor of its own name, or to that of the folder around it.
# $1: a folder to look at in the project's place.
set -euo pipefail
project=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
declare -A below
while read -r floor standing_on; do
  below[$floor]=" $floor "
  for other in $standing_on; do below[$floor]+=${below[$other]:-}; done
done < <(sed -n 's/^dynamite_floor(\(.*\))$/\1/p' "$project/CMakeLists.txt")
[ ${#below[@]} -gt 5 ] || { echo "CMakeLists.txt names too few floors: ${!below[*]}" && exit 1; }

floor_of() {
  local folder=$1
  until [ -n "${below[$folder]:-}" ] || [[ $folder != */* ]]; do folder=${folder%/*}; done
  echo "$folder"
}

wrong=0
while read -r folder; do
  [ "$folder" != app ] || continue # main.cpp stands on all of them
  floor=$(floor_of "$folder")
  [ -n "${below[$floor]:-}" ] || { echo "src/$folder is no floor of CMakeLists.txt" && wrong=1; }
  while IFS=: read -r file included; do
    [[ ${below[$floor]:-} == *" $(floor_of "$included") "* ]] || {
      echo "${file#"$project"/} includes $included/, which $floor does not stand on"
      wrong=1
    }
  done < <(grep -HoE '^#include "[a-z_/]+/' "$project/src/$folder"/*.[ch]pp | sed 's/:#include "/:/; s,/$,,')
done < <(cd "$project/src" && find . -name '*.[ch]pp' -printf '%P\n' | sed 's,/[^/]*$,,' | sort -u)
exit "$wrong"
