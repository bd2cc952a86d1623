#!/bin/bash
# test_postgres.sh - rows come from a real PostgreSQL and go back to one, and none is lost.
#
#   BBOTS_INSPECT   the tool (default build/release/bbots-inspect)
#   N               rows a table (30); SEED of their values (1)
#
# tests/support/rows.py fills every table of a store (by CSV) and of a PostgreSQL (by INSERT) with the
# same rows. Then every form of dump has to give a store with the same digests. Every store ends with
# the whole-file check. Skipped (77) without PostgreSQL.
set -u
. "$(dirname "$0")/../support/shell.sh"
shopt -s lastpipe # what counts failures may stand at the end of a pipe
here=$(cd "$(dirname "$0")/../.." && pwd)
. "$here/tests/support/postgres.sh"
tool=$(realpath "${BBOTS_INSPECT:-$here/build/release/bbots-inspect}")
rows=${N:-30}
seed=${SEED:-1}
postgres_find
work=$(mktemp -d "$(postgres_place)/bbots-postgres.XXXXXX") || exit 1
trap 'postgres_stop; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work"
cd "$work" || exit 1
echo "seed $seed, $rows rows a table"

# ---------------------------------------------------------------- helpers

same() { [ "$1" = "$2" ] || { diff <(echo "$1") <(echo "$2") | head -5; return 1; }; }
fresh() { rm -f "$1" "$1-lock"; "$tool" "$1" create >/dev/null || fail "create $1"; }
state() { "$tool" "$1" tables --json; }
# Rows are made up, so what accounts say of each other does not hold in them.
sound() { expect "check of $1" "$tool" "$1" check --no-accounts >check.out || cat check.out; }

# take STORE WORDS...: an import that has to succeed.
take() {
    local store=$1
    shift
    "$tool" "$store" import "$@" >out 2>err || { fail "import $* into $store"; cat err; }
}

# refused WHAT STORE PATTERN... < SCRIPT: the script on standard input is refused with exit code 3,
# each pattern is in the message, and the store is as it was.
refused() {
    local what=$1 store=$2 before code pattern
    shift 2
    before=$(state "$store")
    cat >refused.sql
    "$tool" "$store" import refused.sql >out 2>err
    code=$?
    expect "$what: exit code $code" [ "$code" -eq 3 ]
    for pattern in "$@"; do
        expect "$what: message has $pattern" grep -q -e "$pattern" err || cat err
    done
    expect "$what: nothing changed" same "$(state "$store")" "$before"
}

# ---------------------------------------------------------------- the same rows on both sides

postgres_start "$work/pg" || exit 1
sql postgres -c 'CREATE DATABASE app' || exit 1
cat "$here"/schema/[0-9]*.sql | sql app || exit 1
fresh filled
"$tool" filled schema --json >schema.json
mkdir csv
python3 "$here/tests/support/rows.py" schema.json --rows "$rows" --seed "$seed" --csv csv --sql rows.sql \
    --skip documentation_chunks.embedding || exit 1
sql app -f rows.sql >/dev/null || exit 1
take filled --all csv
sound filled
filled=$(state filled)
expect "every table has rows" same "$(echo "$filled" | grep -c '"rows": *0')" 0

# What PostgreSQL holds, table by table in the order of the key.
python3 - >contents.sql <<'END'
import json
for table in json.load(open("schema.json")):
    names = ", ".join('"%s"' % c["name"] for c in table["columns"] if c["name"] != "embedding")
    print('COPY (SELECT %s FROM "%s" ORDER BY 1) TO STDOUT;' % (names, table["table"]))
    if table["columns"][0]["type"] == "serial":
        print('SELECT last_value + is_called::int FROM "%s_id_seq";' % table["table"])
END
contents() { sql "$1" -f contents.sql; }

contents app >app.rows

# ---------------------------------------------------------------- every form of dump

# form NAME OPTIONS...: a dump of PostgreSQL with these options gives the same store.
form() {
    local name=$1
    shift
    pg_dump_of app "$@" >"$name.sql" 2>/dev/null || fail "pg_dump $*"
    fresh "$name"
    take "$name" "$name.sql"
    expect "digests of $name" same "$(state "$name")" "$filled"
    sound "$name"
}

form copy
form data --data-only
form inserts --inserts
form inserts-data --inserts --data-only
form columns --column-inserts
form several --column-inserts --rows-per-insert=7 --data-only
form database --create --clean --if-exists
form clean --clean --if-exists
form plain --no-owner --no-privileges --no-comments --quote-all-identifiers
form triggers --data-only --disable-triggers

fresh piped
take piped - --format pg <copy.sql
expect "through a pipe" same "$(state piped)" "$filled"
expect "result line" grep -q "^$((rows * 92)) rows in .* rows/s\$" out

# A dump into a store that has rows: ids clash, nothing changes.
refused "the same dump twice" copy '23505' 'nothing was written' <copy.sql
refused "--clean over rows" copy 'has rows in the store' <clean.sql

# The serials go on where PostgreSQL would.
next=$(sql app -c "SELECT nextval('users_id_seq')")
echo '{"op":"insert","table":"users","row":{"email":"next@example.org"}}' | "$tool" copy apply >out
expect "the next number of users" grep -q "\"id\":$next," out || cat out

# ---------------------------------------------------------------- a new store, all or nothing

rm -f new*
take new copy.sql --create
expect "--create: digests" same "$(state new)" "$filled"
sound new
before=$(state new)
"$tool" new import copy.sql --create >out 2>err
expect "--create: a store that is there" same $? 3
expect "--create: is left alone" same "$(state new)" "$before"
rm -f new*
head -n -6 copy.sql >cut.sql
"$tool" new import cut.sql --create >out 2>err
expect "--create: a script that was cut" same $? 3
expect "--create: nothing stays of it" same "$(ls new* 2>/dev/null)" ""
sed 's/^COPY public.users .*/COPY public.sessions (id, "userId", "expiresAt") FROM stdin;\nlost\t4711\t2026-01-01\n\\.\n&/' copy.sql >lost.sql
"$tool" new import lost.sql --create >out 2>err
expect "--create: a reference of an early batch" grep -q 'row (id)=(lost).*(userId)=(4711)' err || cat err
expect "--create: nothing stays of that" same "$(ls new* 2>/dev/null)" ""

# A store that is made with keys seals its secrets.
rm -f new* key.file
"$tool" new keys new key.file >out
echo "INSERT INTO users (id, email) VALUES (1, 'a');
INSERT INTO user_profiles (\"userId\", \"ghlApiKey\") VALUES (1, 'hidden-in-the-file');" >secret.sql
take new secret.sql --create --keys key.file
expect "--create --keys: secrets are sealed" same "$(grep -c hidden-in-the-file new)" 0
expect "and open with the key" grep -q hidden-in-the-file \
    <("$tool" --keys key.file new get user_profiles 1 --show-secrets)

# Children first, and memory stays flat: beside the file's own pages, which the system maps, and what a
# load of any size may hold, nothing grows with the rows.
children_first() {
    awk -v n="$1" 'BEGIN {
        print "COPY sessions (id, \"userId\", \"expiresAt\") FROM stdin;"
        for (i = 1; i <= n; i++) printf "%032d\t%d\t2026-01-01 00:00:00+00\n", i * 7919 % 1000003, i
        print "\\.\nCOPY users (id, email) FROM stdin;"
        for (i = 1; i <= n; i++) printf "%d\tuser%d@example.org\n", i, i
        print "\\."
    }'
}
peak() {
    python3 -c '
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if code == 0 else 10 ** 9)' "$@"
}
children_first 1000 >few.sql
children_first 100000 >many.sql
few=$(peak "$tool" few import few.sql --create)
many=$(peak "$tool" many import many.sql --create)
mapped=$(($(stat -c %s many) / 1024))
echo "memory: 2,000 rows $few KiB, 200,000 rows $many KiB, the file has $mapped KiB"
# A sanitizer's own memory is not ours to judge.
flat() { grep -q __asan_init "$tool" || [ "$many" -lt $((few + mapped + 40960)) ]; }
expect "memory is flat" flat
sound many

# ---------------------------------------------------------------- columns and tables that differ

# Columns in another order than the store's, a column and two tables that the store has not.
sql postgres -c 'CREATE DATABASE other'
sql other -c 'CREATE TABLE users (name text, extra integer, email varchar(320), id serial PRIMARY KEY);
    CREATE TABLE notes (id serial PRIMARY KEY, body text);
    CREATE SCHEMA drizzle; CREATE TABLE drizzle.users (id integer, hash text);
    INSERT INTO users (name, extra, email) VALUES ($$a	b$$, 1, $$one@x$$), (NULL, 2, $$two@x$$);
    INSERT INTO notes (body) VALUES ($$n$$); INSERT INTO drizzle.users VALUES (1, $$h$$), (2, $$i$$);'
for options in "" "--inserts"; do
    # shellcheck disable=SC2086
    pg_dump_of other $options >other.sql
    fresh other
    refused "a table that the store has not$options" other 'no table "drizzle.users"' '42P01' <other.sql
    refused "a column that the store has not$options" other 'no column "extra"' '42703' \
        < <(pg_dump_of other -t public.users $options)
    fresh other
    take other other.sql --ignore-unknown
    expect "what was left out is named$options" same "$(grep -c 'left out: ' err)" 4 || cat err
    expect "rows left out are counted$options" grep -q 'left out: table drizzle.users, 2 rows' err || cat err
    expect "rows of other columns$options" same \
        "$("$tool" other export users --csv --columns id,email,name | tail -2 | tr '\n' ';')" "1,one@x,a	b;2,two@x,;"
    fresh other
    take other other.sql --ignore users.extra --ignore notes --ignore drizzle.users --ignore notes_id_seq
    sound other
done
fresh other
"$tool" other import other.sql --schema drizzle --ignore-unknown >out 2>err
expect "--schema: another schema's table counts" grep -q 'column "email"' err || cat err

# ---------------------------------------------------------------- CSV from COPY

fresh csv.bb
sql app -c "COPY users TO STDOUT CSV HEADER" >users.csv
sql app -c "COPY login_attempts TO STDOUT CSV" >attempts.csv
take csv.bb users users.csv
columns=$(python3 -c "
import json
print(','.join(c['name'] for t in json.load(open('schema.json')) if t['table'] == 'login_attempts' for c in t['columns']))")
take csv.bb login_attempts attempts.csv --header "$columns"
for table in users login_attempts; do
    expect "COPY ... CSV of $table" same "$("$tool" csv.bb tables --json | grep -o "\"$table\".*digest[^,]*")" \
        "$("$tool" filled tables --json | grep -o "\"$table\".*digest[^,]*")"
done
sql app -c "COPY users TO STDOUT (FORMAT csv, HEADER, DELIMITER E'\t', NULL 'NIL', FORCE_QUOTE *)" >users.tsv
fresh csv.bb
take csv.bb users users.tsv --format csv --delimiter '\t' --null NIL
expect "COPY ... CSV with options" same "$("$tool" csv.bb tables --json | grep -o '"users".*digest[^,]*')" \
    "$("$tool" filled tables --json | grep -o '"users".*digest[^,]*')"
sound csv.bb

# ---------------------------------------------------------------- dumps that are broken

fresh empty
head='COPY public.login_attempts (id, email, "ipAddress", success, "attemptedAt") FROM stdin;'
script() { printf '%s\n' "$head"; printf "$@"; }
cut=$(($(stat -c %s copy.sql) / 2))
head -c "$cut" copy.sql | refused "cut in the middle" empty 'line [0-9]' 'file ends within' 'nothing was written'
script '1\ta\tb\tt\t2026-01-01\n2\ta\tb' | refused "cut in a row" empty 'line 3' login_attempts ipAddress
script '1\ta\tb\tt\t2026-01-01\n' | refused "cut behind a row" empty 'line 3' login_attempts 'behind 1 rows'
head -n -6 copy.sql | refused "cut near the end" empty 'cut off'
printf 'BEGIN;\n' | refused "no commit" empty 'COMMIT'
printf "INSERT INTO users (email) VALUES ('a" | refused "cut in a text" empty 'line 1' 'file ends'
printf "INSERT INTO users (email) VALUES ('a')" | refused "cut in a statement" empty 'file ends'
script '1\ta\tb\tt\n\\.\n' | refused "too few columns" empty 'line 2' 'login_attempts' 'attemptedAt'
script '1\ta\tb\tt\t2026-01-01\tx\n\\.\n' | refused "too many columns" empty 'line 2' 'login_attempts' 'attemptedAt'
script '1\ta\tb\tt\t2026-01-01\r\n\\.\n' | refused "a carriage return" empty 'line 2' 'carriage return'
{
    echo "$head"
    awk 'BEGIN { for (i = 1; i <= 80000; i++) printf "%d\tu%d@x\t1.1.1.1\t%s\t2026-01-01 00:00:00\n", i, i, i == 77777 ? "maybe" : "t" }'
    echo '\.'
} | refused "a bad value in row 77,777" empty 'line 77778' 'table "login_attempts"' 'column "success" = "maybe"' 22P02
printf "INSERT INTO users VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40);\n" |
    refused "too many values" empty 'line 1' users 'extra data'
printf "INSERT INTO users (email, name) VALUES ('a');\n" | refused "too few values" empty 'line 1' users 'name'
printf "INSERT INTO users (email, nom) VALUES ('a', 'b');\n" | refused "an unknown column" empty nom 42703
printf "INSERT INTO users (email, email) VALUES ('a', 'b');\n" | refused "a column twice" empty twice 42701
printf "INSERT INTO user_profiles (\"userId\", \"ghlApiKey\") VALUES (1, 'hidden' 'hidden');\n" | refused "a secret in a wrong place" empty 'quoted text'
expect "a secret is not told" sh -c '! grep -q hidden err'
printf "INSERT INTO users (email) VALUES (lower('A'));\n" | refused "an expression" empty literal
printf "INSERT INTO users (email) VALUES ('a') ON CONFLICT DO NOTHING;\n" | refused "on conflict" empty CONFLICT
printf "INSERT INTO users (email) VALUES ('x');\n\nINSERT INTO users (email, \"createdAt\") VALUES\n ('y', '2026-01-01'),\n ('z', '2026-02-30');\n" |
    refused "a bad value of an INSERT" empty 'line 5' 'table "users"' createdAt 2026-02-30 22008
for statement in "UPDATE users SET name = 'x'" "DELETE FROM users" "TRUNCATE users" "COPY users FROM '/etc/passwd'" \
    "COPY users FROM PROGRAM 'true'" "COPY users (email) FROM stdin WITH (FORMAT csv)" "COPY users TO stdout" \
    "SELECT lo_create('1')" "SELECT 1" "DO \$\$ BEGIN END \$\$" "WITH a AS (SELECT 1) SELECT 2" "ROLLBACK" \
    "CREATE TABLE users AS SELECT 1" "SET client_encoding = 'LATIN1'" "SET standard_conforming_strings = off" \
    "CALL f()" "SELECT setval('nowhere_id_seq', 1)" "nonsense" "\\copy users from x" "\\! ls"; do
    printf '%s;\n' "$statement" | refused "$statement" empty 'line 1'
done
printf 'PGDMP\001' | refused "a custom dump" empty pg_restore
gzip -c copy.sql | refused "a compressed dump" empty gzip
printf '' | refused "an empty file" empty empty
printf '\\connect a\nINSERT INTO users (email) VALUES (%sx%s);\n\\connect b\n' "'" "'" | refused "two databases" empty 'line 3' second

# References that lead nowhere: all of them are counted, the first ten are listed.
{
    echo 'COPY sessions (id, "userId", "expiresAt") FROM stdin;'
    for i in $(seq 1 25); do printf 's%d\t%d\t2026-01-01 00:00:00+00\n' "$i" "$i"; done
    printf '\\.\n\nCOPY users (id, email) FROM stdin;\n1\ta\n2\tb\n\\.\n'
} | refused "children without parents" empty 'table "sessions", row (id)=(s3)' sessions_userId_fkey '(userId)=(3)' \
    '23 references lead nowhere' 23503
expect "ten are listed" same "$(grep -c 'row (id)' err)" 10
sound empty

# What is no data, and what quotes can hide, is skipped whole.
cat >odd.sql <<'END'
/* a comment; /* nested; */ still */ SET statement_timeout = 0; -- UPDATE users;
CREATE FUNCTION public.f() RETURNS integer LANGUAGE plpgsql AS $_$ BEGIN UPDATE users SET a = ';'; END; $_$;
CREATE FUNCTION g() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;
CREATE RULE r AS ON INSERT TO users DO ALSO (SELECT 1; SELECT 2);
COMMENT ON TABLE users IS 'it''s; "UPDATE users"';
CREATE TABLE public.users ("name" text DEFAULT 'a,b)'::text, email varchar(320) CHECK ((email)::text <> ')'), CONSTRAINT c CHECK (true));
INSERT INTO public.users VALUES ('it''s \n', E'a\tb\'\\\x41\101'), (NULL, '$$;--/*');
INSERT INTO users (email, name, "createdAt", id) OVERRIDING SYSTEM VALUE VALUES ('c', DEFAULT, 'infinity', -5);
COPY public.users (email, name) FROM stdin;
\\x41 \x41\101\t\b\f\n\r\v\q	\N
\\N	\\.
\.
SELECT pg_catalog.setval('public.users_id_seq', 41, true);
SELECT setval('"users_id_seq"', 50, false);
END
fresh odd
take odd odd.sql
printf '%s\n' 'id,email,name' '-5,c,' "1,a	b'\\AA,it's \\n" '2,$$;--/*,' \
    "3,\"\\x41 AA	$(printf '\b\f\n\r\v')q\"," '4,\N,\.' >want
"$tool" odd export users --csv --columns id,email,name >got
expect "odd spellings" cmp got want || diff got want
echo '{"op":"insert","table":"users","row":{"email":"n"}}' | "$tool" odd apply >out
expect "setval moved the serial" grep -q '"id":50,' out || cat out
sound odd

# ---------------------------------------------------------------- to PostgreSQL and back

# load DATABASE SCRIPT...: scripts that have to load into a new database.
load() {
    local database=$1 script
    shift
    sql postgres -c "CREATE DATABASE $database" || fail "create $database"
    for script in "$@"; do
        expect "psql loads $script" sql "$database" -o load.out -f "$script"
    done
}

expect "export" "$tool" filled export --format pg --secrets -o filled.sql
expect "mode of the script" same "$(stat -c %a filled.sql)" 600
load back filled.sql
contents back >back.rows
expect "PostgreSQL holds the same as when it was filled directly" cmp app.rows back.rows || diff app.rows back.rows | head -4
definitions() { pg_dump_of "$1" --schema-only --no-owner | grep -v -e '^--' -e '^$' -e 'restrict ' -e embedding; }
# The column before embedding ends without a comma where that is not.
definitions app | tr -d , >app.definitions
definitions back | tr -d , >back.definitions
expect "and has the same definitions" cmp app.definitions back.definitions || diff app.definitions back.definitions | head -9

# A store with vectors too, and numbers of its own.
python3 "$here/tests/support/rows.py" schema.json --rows "$rows" --seed $((seed + 1)) --csv csv --sql rows.sql
fresh whole
take whole --all csv
echo '{"op":"insert","table":"users","row":{"id":1000,"email":"far@example.org"}}
{"op":"delete","table":"users","key":{"id":1000}}' | "$tool" whole apply >out
whole=$(state whole)
"$tool" whole export --secrets -o whole.sql || fail "export whole"
load round whole.sql
pg_dump_of round >round.sql
fresh round
take round round.sql
expect "store, PostgreSQL, pg_dump, store: the same digests" same "$(state round)" "$whole"
sound round
fresh direct
take direct whole.sql
expect "a script of ours comes in as well" same "$(state direct)" "$whole"
for store in whole round direct; do
    echo '{"op":"insert","table":"users","row":{"email":"next@example.org"}}' | "$tool" "$store" apply >out
    expect "next number of $store" grep -q '"id":1001,' out || cat out
done

"$tool" filled export --format pg --schema-only >schema.sql || fail "schema only"
"$tool" filled export --format pg --data-only --secrets >data-only.sql || fail "data only"
load apart schema.sql data-only.sql
contents apart >apart.rows
expect "definitions and rows apart" cmp app.rows apart.rows

sql postgres -c 'CREATE DATABASE vectors'
"$tool" whole export -o vectors.sql --vectors pgvector
if sql vectors -o load.out -f vectors.sql 2>err; then # a machine that has pgvector
    pg_dump_of vectors >vectors-back.sql
    fresh vectors
    take vectors vectors-back.sql
    expect "through pgvector" same "$(state vectors)" "$(state whole)"
else
    expect "without pgvector PostgreSQL says so" grep -q 'extension "vector" is not available' err || cat err
    expect "and has nothing" same "$(sql vectors -c "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")" 0
fi

# A cut script leaves PostgreSQL as it was.
sql postgres -c 'CREATE DATABASE cut'
head -c $(($(stat -c %s whole.sql) * 9 / 10)) whole.sql >cut.sql
sql cut -f cut.sql >out 2>err
expect "a cut script loads nothing" same "$(sql cut -c "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")" 0

# The moment at which the export began is what it shows. The pipe is full long before the end, so the
# writer's commits come while it is under way.
mkfifo pipe
fresh busy
take busy --all csv
awk 'BEGIN { print "email,ipAddress,success"; for (i = 0; i < 5000; i++) printf "%d@x,1,t\n", i }' >attempts.csv
take busy login_attempts attempts.csv
busy=$(state busy)
"$tool" busy export --format pg --secrets >pipe &
{
    read -r first
    for i in 1 2 3; do
        echo '{"op":"insert","table":"login_attempts","row":{"email":"later","ipAddress":"1","success":true}}
{"op":"delete","table":"login_attempts","key":{"id":'"$((40 + i))"'}}' | "$tool" busy apply >out || cat out >&2
    done
    printf '%s\n' "$first"
    cat
} <pipe >busy.sql
wait $!
expect "the writers wrote" [ "$(state busy)" != "$busy" ]
fresh seen
take seen busy.sql
expect "an export is of one moment" same "$(state seen)" "$busy"
sound busy

# ---------------------------------------------------------------- types that the platform has not

# A store of tests/format/shapes.sql, which has a column of every type: smallint, bigint, double
# precision, bytea, composite keys.
build=${BUILD:-build/release}
case $build in /*) ;; *) build=$here/$build ;; esac
sanitizers= # a library that was built with them wants a program with them
grep -q __asan_init "$build/libbbots.so" && sanitizers=-fsanitize=address,undefined
# shellcheck disable=SC2086
if "$build/bbots-schema" --name shapes --out shapes.gen "$here/tests/format/shapes.sql" >shapes.log 2>&1 &&
    ${CC:-gcc} $sanitizers -std=c11 -D_GNU_SOURCE -I"$here/include" -I"$build/gen" -Ishapes.gen "$here/tests/format/store_tool.c" \
        shapes.gen/shapes_schema.c "$build/libbbots.so" -Wl,-rpath,"$build" -o store_tool >shapes.log 2>&1; then
    shape_fresh() { rm -f "$1" "$1-lock"; ./store_tool "$1" create || fail "create $1"; }
    shape_fresh shapes
    "$tool" shapes schema --json >all.json
    python3 -c '
import json
keep = [t for t in json.load(open("all.json")) if t["table"] in ("shapes", "names", "links")]
json.dump(keep, open("shapes.json", "w"))'
    mkdir shapes.csv
    python3 "$here/tests/support/rows.py" shapes.json --rows 40 --seed 1 --csv shapes.csv --sql shapes.sql \
        --skip shapes.point
    take shapes --all shapes.csv
    expect "shapes has rows" same "$(state shapes | grep -c '"rows": *40')" 3
    "$tool" shapes export --format pg --schema-only -o shapes.schema.sql
    load shapes shapes.schema.sql shapes.sql
    for options in "" --inserts; do
        # shellcheck disable=SC2086
        pg_dump_of shapes $options >shapes.dump.sql
        shape_fresh shapes.back
        take shapes.back shapes.dump.sql
        expect "every type comes in$options" same "$(state shapes.back)" "$(state shapes)"
        sound shapes.back
    done
    "$tool" shapes export -o shapes.out.sql 2>/dev/null
    load shapes_round shapes.out.sql
    pg_dump_of shapes_round >shapes.dump.sql
    shape_fresh shapes.back
    take shapes.back shapes.dump.sql
    expect "every type goes there and back" same "$(state shapes.back)" "$(state shapes)"
else
    fail "cannot build a store of shapes.sql"
    cat shapes.log
fi

for words in "users --format pg" "--format pg --all" "--format pg --columns id" "--format pg --vectors x" \
    "--format pg --schema-only --data-only" "users --schema-only" "users --vectors array"; do
    # shellcheck disable=SC2086
    "$tool" whole export $words >out 2>err
    expect "export $words" same $? 2
done
for words in "users" "users x.sql" "x.sql --map a=b" "x.sql --header a" "users x.csv --schema s" "x.sql --null x" \
    "a.jsonl b.jsonl --header a"; do
    # shellcheck disable=SC2086
    "$tool" whole import $words >out 2>err
    expect "import $words" same $? 2
done

finish
