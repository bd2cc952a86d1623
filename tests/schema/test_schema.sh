#!/bin/sh
# Proves that schema/ says the same to SQLite and to PostgreSQL, and that it is what tests/schema/expected.tsv lists.
# Starts a private PostgreSQL (temporary folder, unix socket only) and removes it again. Run it from the project's top;
# -v prints each check. Exit code: 0 all passed, 1 something failed, 77 a tool is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
schema=$(cd "$here/../../schema" && pwd)
unset PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGSERVICE PGOPTIONS PGDATA || true

skip() { echo "skipped: $1"; exit 77; }
command -v sqlite3 >/dev/null || skip "no sqlite3"
command -v psql >/dev/null || skip "no psql"
command -v python3 >/dev/null || skip "no python3"
bin=/usr/lib/postgresql/15/bin
[ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] && [ -x "$bin/initdb" ] || skip "no PostgreSQL server"

# The server refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
    command -v runuser >/dev/null || skip "no runuser"
    id postgres >/dev/null 2>&1 || skip "no user postgres"
    as_server() { runuser -u postgres -- "$@"; }
else
    as_server() { "$@"; }
fi

work=$(mktemp -d /tmp/bbots-schema.XXXXXX)
started=
clean_up() {
    if [ -n "$started" ]; then as_server "$bin/pg_ctl" -D "$work/data" -m immediate -w stop >/dev/null 2>&1 || true; fi
    cd /
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
if [ "$(id -u)" -eq 0 ]; then chown postgres "$work"; fi
cd "$work"

failed_to() { echo "FAILED $1"; sed 's/^/    /' "$2"; echo "0 passed, 1 failed"; exit 1; }

as_server "$bin/initdb" -D "$work/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 ||
    failed_to "initdb" initdb.log
started=yes
as_server "$bin/pg_ctl" -D "$work/data" -l "$work/data/server.log" -w \
    -o "-c listen_addresses='' -c unix_socket_directories='$work' -c fsync=off -c autovacuum=off" start >start.log 2>&1 ||
    failed_to "start of PostgreSQL" data/server.log

cat "$schema"/[0-9]*.sql >all.sql
psql -X -q -v ON_ERROR_STOP=1 -h "$work" -U postgres -d postgres <all.sql >load.log 2>&1 ||
    failed_to "load into PostgreSQL" load.log
sqlite3 -bail schema.db <all.sql >load.log 2>&1 || failed_to "load into SQLite" load.log

python3 "$here/compare.py" "$here/expected.tsv" "$schema/vectors.sql" "$work/schema.db" "$work" "$@"
