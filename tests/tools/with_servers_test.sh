#!/bin/bash
# tools/with-servers passes on its command's status, and leaves nothing behind, however it ends.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tools" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

# Prints the processes that were started for the servers' folder $1.
processes_of() {
  grep -lzsE "^DYNAMITE_SERVERS=(.*:)?$1(:|\$)" /proc/[0-9]*/environ || true
}

expect_nothing_left_of() {
  for _ in {1..200}; do
    [ -e "$1" ] || [ -n "$(processes_of "$1")" ] || return 0
    sleep 0.1
  done
  fail "after $2: \"$1\" or its processes are still there: $(processes_of "$1")"
}

# Starts the servers with a command that has a child of its own in another session; then sends
# signal $1 to with-servers.
interrupt_with() {
  local folder servers
  rm -f "$scratch/ready"
  "$tools/with-servers" bash -c '
    setsid sleep 1000 &
    echo "${DYNAMITE_SERVERS##*:}" >"$1.new" && mv "$1.new" "$1"
    sleep 1000' bash "$scratch/ready" &
  servers=$!
  until [ -e "$scratch/ready" ]; do
    kill -0 "$servers" 2>/dev/null || fail "the servers did not start"
    sleep 0.1
  done
  folder=$(cat "$scratch/ready")
  [ -n "$(processes_of "$folder")" ] || fail "no process carries the mark of \"$folder\""

  kill "-$1" "$servers"

  wait "$servers" 2>/dev/null || true
  expect_nothing_left_of "$folder" "SIG$1"
}

status=0
"$tools/with-servers" --no-dynamodb bash -c 'echo "${DYNAMITE_SERVERS##*:}" >"$1"; exit 7' bash \
  "$scratch/folder" || status=$?
[ "$status" = 7 ] || fail "exit status $status, wanted the command's 7"
[ ! -e "$(cat "$scratch/folder")" ] || fail "the folder is still there after the command's end"

interrupt_with TERM
interrupt_with KILL

"$tools/with-servers" --no-dynamodb bash -euc '
  psql "$DYNAMITE_TEST_PG_URL" -Xqc "CREATE TABLE kept AS SELECT 42 AS value"
  psql "$DYNAMITE_TEST_PG_URL" -Xqc "SELECT pg_sleep(100)" 2>/dev/null &
  "$DYNAMITE_TEST_PG_CTL" crash
  [ "$(psql "$DYNAMITE_TEST_PG_URL" -XAtc "SELECT value FROM kept")" = 42 ]
  ! wait $!' || fail "a crash lost a committed row, or left a session alive"
