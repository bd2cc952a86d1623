#!/bin/bash
# test_secret_schemas.sh - schema/user_keys.sql goes with the platform's tables, in the generator and
# in SQLite; and the generator refuses secret columns that could not be sealed, and data keys of nobody.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.."
generator=${BBOTS_SCHEMA:-build/release/bbots-schema}
make_work

# check WHAT: the command before it succeeded
check() {
    if [ "$1" = 0 ]; then pass; else fail "$2"; fi
}

"$generator" --name platform --out "$work" schema/[0-9]*.sql schema/vectors.sql schema/user_keys.sql
check $? "the platform with data keys"
grep -q 'BBOTS_COLUMN_SECRET | BBOTS_COLUMN_DATA_KEY\|DATA_KEY' "$work/platform_schema.c"
check $? "the column is a data key"
cat schema/[0-9]*.sql schema/user_keys.sql | sqlite3 -bail "$work/store.sqlite"
check $? "SQLite loads it"

# refuse WORDS SQL: the generator says no, with these words
refuse() {
    echo "$2" >"$work/bad.sql"
    if "$generator" --name bad --out "$work" "$work/bad.sql" >"$work/out" 2>&1; then
        check 1 "taken: $2"
    else
        grep -q -- "$1" "$work/out"
        check $? "$2: $(cat "$work/out")"
    fi
}

for type in integer boolean timestamp uuid bytea "decimal(10,2)" "double precision"; do
    refuse "is secret and of type" "CREATE TABLE t (id serial PRIMARY KEY, s $type -- [secret]
);"
done
refuse "cannot be in a key or index" "CREATE TABLE t (id serial PRIMARY KEY, s text UNIQUE -- [secret]
);"
refuse "cannot be in a key or index" "CREATE TABLE t (s text PRIMARY KEY -- [secret]
);"
refuse "cannot be in a key or index" "CREATE TABLE t (id serial PRIMARY KEY, s text -- [secret]
); CREATE INDEX t_s ON t (s);"
refuse "belong to nobody" "CREATE TABLE t (id serial PRIMARY KEY, k text -- [datakey]
);"
refuse "belong to nobody" "CREATE TABLE u (id serial PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY
REFERENCES u (id), k text -- [datakey]
);"
refuse "not text and secret\|secret" "CREATE TABLE u (id serial PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY
REFERENCES u (id) ON DELETE CASCADE, k jsonb -- [datakey]
);"
refuse "second column holds data keys" "CREATE TABLE u (id serial PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY
REFERENCES u (id) ON DELETE CASCADE, k text, -- [datakey]
l text -- [datakey]
);"
finish
