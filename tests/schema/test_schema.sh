#!/bin/sh
# Proves that schema/ says the same to SQLite and to PostgreSQL, and that it is what tests/schema/expected.tsv lists.
# Starts a private PostgreSQL (temporary folder, unix socket only) and removes it again. Run it from the project's top;
# -v prints each check. Exit code: 0 all passed, 1 something failed, 77 a tool is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
schema=$(cd "$here/../../schema" && pwd)
. "$here/../support/postgres.sh"

command -v sqlite3 >/dev/null || postgres_skip "no sqlite3"
command -v psql >/dev/null || postgres_skip "no psql"
command -v python3 >/dev/null || postgres_skip "no python3"
postgres_find

work=$(mktemp -d "$(postgres_place)/bbots-schema.XXXXXX")
trap 'postgres_stop; cd /; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work"
cd "$work"

failed_to() { echo "FAILED $1"; sed 's/^/    /' "$2"; echo "0 passed, 1 failed"; exit 1; }

postgres_start "$work/server" || { echo "0 passed, 1 failed"; exit 1; }

cat "$schema"/[0-9]*.sql >all.sql
sql postgres <all.sql >load.log 2>&1 ||
    failed_to "load into PostgreSQL" load.log
sqlite3 -bail schema.db <all.sql >load.log 2>&1 || failed_to "load into SQLite" load.log

python3 "$here/compare.py" "$here/expected.tsv" "$schema/vectors.sql" "$work/schema.db" "$work/server" "$@"
