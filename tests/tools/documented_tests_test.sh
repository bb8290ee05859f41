#!/bin/bash
# Every test that the documents name is there. $1: the build folder.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tests=$(ctest --test-dir "$1" -N | sed -n 's/^ *Test *#[0-9]*: //p')
missing=0
for name in $(grep -ohE '`[A-Z][A-Za-z0-9]+\.[A-Z][A-Za-z0-9]+(\*|`)' \
  "$project"/docs/{cases,protocol}.md | tr -d '`*' | sort -u); do
  grep -qE "(^|/)${name//./\\.}" <<<"$tests" || {
    echo "no test is named $name"
    missing=1
  }
done
[ "$(wc -l <<<"$tests")" -gt 100 ] || { echo "ctest lists too few tests: $tests" && missing=1; }
exit "$missing"
