#!/bin/bash
# test_differences.sh - what docs/differences.md says is not as in PostgreSQL, shown on both.
#
#   BBOTS_INSPECT   the tool (default build/release/bbots-inspect)
#
# Every heading of the third level there has a test of the same name here, and the other way round.
# A difference that is gone fails too: then the page has to change. Skipped (77) without PostgreSQL.
set -u
. "$(dirname "$0")/../support/shell.sh"
shopt -s lastpipe
here=$(cd "$(dirname "$0")/../.." && pwd)
. "$here/tests/support/postgres.sh"
tool=$(realpath "${BBOTS_INSPECT:-$here/build/release/bbots-inspect}")
postgres_find
work=$(mktemp -d "$(postgres_place)/bbots-differences.XXXXXX") || exit 1
trap 'postgres_stop; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work"
cd "$work" || exit 1
told=

# ---------------------------------------------------------------- helpers

# difference HEADING: what follows shows it, from an empty store.
difference() {
    heading=$1
    told="$told$1
"
    rm -f store store-lock
    "$tool" store create >/dev/null
}

# is WHAT GOT WANTED
is() {
    if [ "$2" = "$3" ]; then
        pass
    else
        fail "$heading: $1" "got:    ${2:0:300}" "wanted: $3"
    fi
}

# ours: operations on standard input; prints a line for each, its SQLSTATE or "ok".
ours() {
    "$tool" store apply | python3 -c '
import json, sys
for line in sys.stdin:
    answer = json.loads(line)
    print("ok" if answer["ok"] else answer["error"]["sqlstate"])'
}

# theirs: SQL on standard input, a statement a line; prints SQLSTATEs or "ok", in one session.
theirs() {
    while IFS= read -r line; do
        printf '%s\n\\echo :SQLSTATE\n' "$line"
    done | "$bin/psql" -X -q -A -t -h "$postgres_folder" -U postgres -d app 2>/dev/null |
        grep -E '^[0-9A-Z]{5}$' | sed 's/^00000$/ok/'
}

# An empty database, and one with the platform's tables.
database() { sql postgres -c 'DROP DATABASE IF EXISTS app' -c 'CREATE DATABASE app' 2>/dev/null; }
tables() { database; cat "$here"/schema/[0-9]*.sql | sql app; }
show() { "$tool" store scan "$@" --csv | tail -n +2 | tr -d '\r'; }
joined() { tr '\n' ' ' | sed 's/ $//'; }
user() { printf '{"op":"insert","table":"users","row":{"email":"%s"%s}}\n' "$1" "${2:-}"; }

# time TEXT OURS THEIRS: SQLSTATEs of a timestamp.
time_is() {
    is "$1 here" "$(user "$1" ",\"createdAt\":\"$1\"" | ours)" "$2"
    is "$1 in PostgreSQL" "$(echo "SELECT timestamp '$1';" | theirs)" "$3"
}

postgres_start "$work/pg" || exit 1
database

# ---------------------------------------------------------------- values

difference "Order of texts"
for text in a B Z z "é" f; do user "$text"; done | ours >/dev/null
is "order of an index" "$(show users --index users_email_key --columns email | joined)" "B Z a f z é"
words="(VALUES ('a'), ('B'), ('Z'), ('z'), ('é'), ('f')) AS t (c)"
is 'collation "C"' "$(sql app -c "SELECT c FROM $words ORDER BY c COLLATE \"C\"" | joined)" "B Z a f z é"
is "a language's" "$(sql app -c "SELECT c FROM $words ORDER BY c COLLATE \"und-x-icu\"" | joined)" "a B é f z Z"

difference "Long texts in an index"
tables
user a | ours >/dev/null
for last in c a b; do
    printf '{"op":"insert","table":"api_keys","row":{"userId":1,"name":"%s","keyPrefix":"p","scopes":[],"keyHash":"%0300d%s"}}\n' $last 0 $last
done | ours >/dev/null
is "all are there" "$(show api_keys --index api_keys_keyHash_key --columns name | sort | joined)" "a b c"
is "each is found" "$("$tool" store get api_keys "$(printf '%0300db' 0)" --by keyHash --json | grep -o '"name": *"b"')" '"name": "b"'
is "the same one again" "$(printf '{"op":"insert","table":"api_keys","row":{"userId":1,"name":"d","keyPrefix":"p","scopes":[],"keyHash":"%0300db"}}\n' 0 | ours)" 23505
long=$(python3 -c 'import random; r = random.Random(1); print("".join(r.choice("abcdefghijklmnopqrstuvwxyz0123456789") for i in range(9000)))')
is "9,000 bytes here" "$(printf '{"op":"insert","table":"api_keys","row":{"userId":1,"name":"e","keyPrefix":"p","scopes":[],"keyHash":"%s"}}\n' "$long" | ours)" ok
is "9,000 bytes in PostgreSQL" "$(printf "INSERT INTO users (email) VALUES ('a');\nINSERT INTO api_keys (\"userId\", name, \"keyPrefix\", scopes, \"keyHash\") VALUES (1, 'e', 'p', '[]', '%s');\n" "$long" | theirs | joined)" "ok 54000"

difference "Times in words"
for text in now today yesterday tomorrow "Jan 5 2026" "5 January 2026" "1/5/2026" "J2451187" "2026.031" \
    "2026-01-31 12:00 Europe/Berlin" "2026-01-31 12:00 EST"; do
    time_is "$text" 22007 ok
done
time_is "05-01-26" 22007 ok
for text in epoch infinity -infinity "2026-01-05 04:05 PM" "0044-03-15 BC" "20260105T040506" "2026-01-31 24:00" "2026-06-30 23:59:60"; do
    is "$text is read by both" "$(user "$text" ",\"createdAt\":\"$text\"" | ours) $(echo "SELECT timestamp '$text';" | theirs)" "ok ok"
done

difference "The end of time"
time_is "294247-01-10 04:00:54.775806" ok ok
time_is "294247-01-10 04:00:54.775807" 22008 ok
time_is "294276-12-31 23:59:59" 22008 ok
time_is "294277-01-01" 22008 22008
time_is "4714-11-24 BC" ok ok
time_is "4714-11-23 BC" 22008 22008

difference "Zone of times"
tables
user a | ours >/dev/null
echo '{"op":"insert","table":"sessions","row":{"id":"s","userId":1,"expiresAt":"2026-07-01 12:00+02"}}
{"op":"insert","table":"sessions","row":{"id":"t","userId":1,"expiresAt":"2026-07-01 12:00"}}' | ours >/dev/null
is "here" "$(show sessions --columns expiresAt | joined)" "2026-07-01 10:00:00+00 2026-07-01 12:00:00+00"
times="SELECT timestamptz '2026-07-01 12:00+02'; SELECT timestamptz '2026-07-01 12:00' AT TIME ZONE 'UTC';"
is "in UTC" "$(sql app -c "SET TimeZone = 'UTC'; $times" | joined)" "2026-07-01 10:00:00+00 2026-07-01 12:00:00"
is "in another zone" "$(sql app -c "SET TimeZone = 'Europe/Berlin'; $times" | joined)" "2026-07-01 12:00:00+02 2026-07-01 10:00:00"
is "a default in another zone" "$(sql app -c "SET TimeZone = 'Etc/GMT-12'; INSERT INTO users (email) VALUES ('a');
    SELECT \"createdAt\" > (now() AT TIME ZONE 'UTC') + interval '11 hours' FROM users")" t

difference "Decimals that are no number"
tables
call='{"op":"insert","table":"api_token_usage","row":{"userId":1,"model":"m","totalTokens":1,"inputCost":"0","outputCost":"0","totalCost":"NaN"}}'
is "here" "$({ user a; echo "$call"; } | ours | joined)" "ok 22P02"
is "in PostgreSQL" "$(printf "INSERT INTO users (email) VALUES ('a');\nINSERT INTO api_token_usage (\"userId\", model, \"totalTokens\", \"inputCost\", \"outputCost\", \"totalCost\") VALUES (1, 'm', 1, 0, 0, 'NaN');\n" | theirs | joined)" "ok ok"
printf 'CREATE TABLE wide (id serial PRIMARY KEY, amount decimal(19,2));\n' >wide.sql
if [ -x "${BBOTS_SCHEMA:-$here/build/release/bbots-schema}" ]; then
    generator=$(realpath "${BBOTS_SCHEMA:-$here/build/release/bbots-schema}" 2>/dev/null || echo "$here/$BBOTS_SCHEMA")
    "$generator" --name wide --out wide wide.sql >wide.log 2>&1
    is "19 digits" "$?$(grep -c 'amount' wide.log)" 11
fi

difference "Depth of JSON"
deep() { python3 -c "import sys; print('[' * $1 + ']' * $1)"; }
document() { printf 'userId,goals\n1,%s\n' "$(deep "$1")" >deep.csv; "$tool" store import user_profiles deep.csv 2>&1 | grep -o 'SQLSTATE .....' || echo ok; }
user a | ours >/dev/null
is "257 deep" "$(document 257)" "SQLSTATE 54000"
is "256 deep" "$(document 256)" ok
is "1,200 deep in PostgreSQL" "$(echo "SELECT '$(deep 1200)'::jsonb IS NOT NULL;" | theirs)" ok

difference "Vectors"
echo '{"op":"insert","table":"documentation_sources","row":{"platform":"p","category":"c","title":"t","content":"x"}}' | ours >/dev/null
python3 -c '
import json
row = {"sourceId": 1, "chunkIndex": 0, "content": "c", "tokenCount": 1, "embedding": [i / 7 for i in range(1536)]}
print(json.dumps({"op": "insert", "table": "documentation_chunks", "row": row}))
row["embedding"][3] = "x"
print(json.dumps({"op": "insert", "table": "documentation_chunks", "row": row}))' | ours | joined >got
is "a vector, and none" "$(cat got)" "ok 22P02"
"$tool" store export -o vectors.sql 2>/dev/null
database
sql app -o load.out -f vectors.sql
is "an array of it in PostgreSQL" "$(sql app -c 'SELECT pg_typeof(embedding), array_length(embedding, 1), embedding[3] FROM documentation_chunks')" "real[]|1536|0.2857143"
pg_dump_of app >back.sql
"$tool" back import back.sql --create >/dev/null 2>&1
is "and back" "$("$tool" back stat --json | grep -o '"digest.*')" "$("$tool" store stat --json | grep -o '"digest.*')"

# ---------------------------------------------------------------- statements

difference "After an error"
tables
is "here" "$({ echo '{"op":"begin"}'; user a; user a; user b; echo '{"op":"commit"}'; } | ours | joined)" "ok ok 23505 ok ok"
is "what is there" "$(show users --columns email | joined)" "a b"
printf "%s;\n" BEGIN "INSERT INTO users (email) VALUES ('a')" "INSERT INTO users (email) VALUES ('a')" \
    "INSERT INTO users (email) VALUES ('b')" COMMIT | theirs | joined >got
is "in PostgreSQL" "$(cat got)" "ok ok 23505 25P02 ok"
is "nothing is there" "$(sql app -c 'SELECT count(*) FROM users')" 0

difference "Numbers that were given by hand"
tables
is "here" "$({ user a ',"id":1'; user b ',"id":7'; user c; } | ours | joined) $(show users --columns id | joined)" "ok ok ok 1 7 8"
printf "INSERT INTO users (%s) VALUES (%s);\n" "email, id" "'a', 1" "email, id" "'b', 7" email "'c'" | theirs | joined >got
is "in PostgreSQL" "$(cat got)" "ok ok 23505"
echo "SELECT setval('users_id_seq', 3);" >setval.sql
"$tool" store import setval.sql >/dev/null 2>&1
user d | ours >/dev/null
is "setval does not move it back" "$(show users --columns id | joined)" "1 7 8 9"

difference "Numbers of a rolled back transaction"
tables
{ echo '{"op":"begin"}'; user a; echo '{"op":"rollback"}'; user b; } | ours >/dev/null
is "here" "$(show users --columns id)" 1
printf "%s;\n" BEGIN "INSERT INTO users (email) VALUES ('a')" ROLLBACK "INSERT INTO users (email) VALUES ('b')" | theirs >/dev/null
is "in PostgreSQL" "$(sql app -c 'SELECT id FROM users')" 2

difference "updatedAt"
tables
user a ',"updatedAt":"2020-01-01"' | ours >/dev/null
echo '{"op":"update","table":"users","key":{"id":1},"set":{"name":"n"}}' | ours >/dev/null
is "here" "$("$tool" store count users --where 'updatedAt > 2025-01-01' --json | tr -dc 0-9)" 1
sql app -c "INSERT INTO users (email, \"updatedAt\") VALUES ('a', '2020-01-01'); UPDATE users SET name = 'n'"
is "in PostgreSQL" "$(sql app -c "SELECT count(*) FROM users WHERE \"updatedAt\" > '2025-01-01'")" 0

difference "References to a row's own change"
# The store's side is tests/contract/test_own_rows.c, on the same tables.
database
sql app -f "$here/tests/contract/own_rows.sql"
rows="INSERT INTO roots VALUES (1);
INSERT INTO stems VALUES (1, 1);
INSERT INTO twigs VALUES (1, 1);
INSERT INTO leaves VALUES (1, 1, 1);"
is "in one transaction" "$(printf 'BEGIN;\n%s\nDELETE FROM roots;\nROLLBACK;\n' "$rows" | theirs | joined)" "ok ok ok ok ok 23503 ok"
is "in two" "$(printf '%s\nDELETE FROM roots;\n' "$rows" | theirs | joined)" "ok ok ok ok ok"

# ---------------------------------------------------------------- the page and this file

heading="docs/differences.md"
is "its sections are these tests" "$(sed -n 's/^### //p' "$here/docs/differences.md" | sort)" "$(printf '%s' "$told" | sort)"
"$tool" store check >check.out
is "the last store is sound" $? 0

finish
