#!/bin/bash
# test_inspect.sh - what bbots-inspect shows, and what it says when it cannot.
#
# Proves on a small store: the three formats and their validity, exit codes, conditions on columns
# and inside jsonb, orders with and without an index, secrets that stay covered, text that cannot
# give orders to a terminal, a layout for 40 columns, and one line on standard error for every
# command line that cannot be understood; that docs/inspect.md shows what really happens. Ends with
# the whole-file check on what it made.
#
# BBOTS_INSPECT is the program (build/release/bbots-inspect).
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.." || exit 1
INSPECT=$(realpath "${BBOTS_INSPECT:-build/release/bbots-inspect}")
MANUAL=$(realpath docs/inspect.md)
make_work
cd "$work" || exit 1
unset COLUMNS NO_COLOR

# expect NAME EXIT-CODE OUTPUT WORDS... - runs the program on t.bb and compares standard output.
expect() {
    local name=$1 code=$2 want=$3 got status
    shift 3
    got=$("$INSPECT" t.bb "$@" 2>stderr)
    status=$?
    if [ "$status" -ne "$code" ]; then
        fail "$name" "exit code $status, not $code" "$(cat stderr)"
    elif [ "$got" != "$want" ]; then
        fail "$name" "printed: $got" "wanted:  $want"
    else
        pass
    fi
}

# refuse NAME EXIT-CODE PATTERN WORDS... - the whole command line; one line on standard error that
# matches, nothing on standard output.
refuse() {
    local name=$1 code=$2 pattern=$3 got status
    shift 3
    got=$("$INSPECT" "$@" 2>stderr)
    status=$?
    if [ "$status" -ne "$code" ]; then
        fail "$name" "exit code $status, not $code" "$(cat stderr)"
    elif [ -n "$got" ]; then
        fail "$name" "printed on standard output: $got"
    elif [ "$(wc -l <stderr)" -ne 1 ]; then
        fail "$name" "standard error has not one line:" "$(cat stderr)"
    elif ! grep -q -- "$pattern" stderr; then
        fail "$name" "said: $(cat stderr)" "wanted: $pattern"
    else
        pass
    fi
}

# ids NAME IDS WORDS... - the ids that a scan finds, in order.
ids() {
    local name=$1 want=$2 got
    shift 2
    got=$("$INSPECT" --csv t.bb scan "$@" --columns id 2>stderr | tr -d '\r' | tail -n +2 | xargs)
    if [ "$got" = "$want" ]; then pass; else fail "$name" "found: $got" "wanted: $want" "$(cat stderr)"; fi
}

# python NAME EXPRESSION WORDS... - standard output is JSON, and the expression on `j` holds.
python() {
    local name=$1 expression=$2
    shift 2
    "$INSPECT" t.bb --json "$@" >json 2>stderr
    if python3 -c "import json; j = json.load(open('json', encoding='utf-8')); assert $expression" 2>stderr; then
        pass
    else
        fail "$name" "$(tail -1 stderr)" "$(head -c 300 json)"
    fi
}

# terminal COLUMNS WORDS... - what a terminal of that width receives, without colours.
terminal() {
    local columns=$1
    shift
    printf '%q ' "$INSPECT" t.bb "$@" >command
    TERM=xterm script -qec "stty cols $columns rows 50; $(cat command)" /dev/null </dev/null |
        tr -d '\r' | sed 's/\x1b\[[0-9;]*[mK]//g'
}

# ------------------------------------------------------------------ a store to look at

refuse "no file yet" 3 'SQLSTATE 58P01' t.bb tables
expect "create" 0 "created t.bb with 92 empty tables" create
refuse "create again" 3 'already exists' t.bb create
expect "an empty store" 0 "92 of 92 tables are empty (--all lists them)" tables
expect "an empty store is sound" 0 "92 tables, 0 rows and 0 index entries checked: all is well." check

cat >fill.jsonl <<'END'
{"op":"insert","table":"users","row":{"email":"ada@example.org","name":"Ada Lovelace","createdAt":"2026-01-05T10:00:00"}}
{"op":"insert","table":"users","row":{"email":"li@example.org","name":"李小龙 é","createdAt":"2026-01-06T10:00:00","loginMethod":"google"}}
{"op":"insert","table":"users","row":{"email":"evil@example.org","name":"\u001b[31mred\u0007\nb \u202eturned \u009b1m","createdAt":"2026-02-06T10:00:00","suspensionReason":"A very long reason that goes on and on until no terminal could hope to show all of it on one line."}}
{"op":"insert","table":"users","row":{"email":"empty@example.org","name":"","createdAt":"2026-02-07T23:30:00"}}
{"op":"insert","table":"user_profiles","row":{"userId":1,"companyName":"Comma, \"Quote\" Ltd","goals":{"a":[{"name":"x","n":1.50},2],"big":12345678901234567890},"ghlApiKey":"top-secret-key"}}
{"op":"insert","table":"user_profiles","row":{"userId":2,"goals":{"a":["x"],"t":true,"z":null}}}
{"op":"insert","table":"user_profiles","row":{"userId":3,"notes":""}}
{"op":"insert","table":"api_token_usage","row":{"userId":1,"model":"opus","totalTokens":10,"inputCost":"0.1","outputCost":"0.2","totalCost":"999999.9999","createdAt":"2026-01-31T23:59:59"}}
{"op":"insert","table":"api_token_usage","row":{"userId":1,"model":"opus","totalTokens":20,"inputCost":"0.1","outputCost":"0.2","totalCost":"0.0001","createdAt":"2026-02-01T00:00:00"}}
{"op":"insert","table":"api_token_usage","row":{"userId":2,"model":"haiku","totalTokens":-5,"inputCost":"0.1","outputCost":"0.2","totalCost":"0.3000","createdAt":"2026-02-02T00:00:00"}}
END
if "$INSPECT" t.bb apply --file fill.jsonl >answers 2>stderr; then pass; else fail "apply" "$(grep -v '"ok":true' answers)" "$(cat stderr)"; fi

# ------------------------------------------------------------------ commands

expect "count" 0 4 count users
expect "count with a condition" 0 2 count users --where 'createdAt < 2026-02-01'
expect "count of none" 1 0 count users --where 'suspendedAt is not null'
expect "count of an empty table" 1 0 count sessions
expect "scan" 0 "id  email              suspendedAt
--  -----------------  -----------
 1  ada@example.org    NULL
 2  li@example.org     NULL
 3  evil@example.org   NULL
 4  empty@example.org  NULL

4 rows" scan users --columns id,email,suspendedAt
expect "wide and combining characters line up" 0 "name          id
------------  --
Ada Lovelace   1
李小龙 é       2

2 rows" scan users --columns name,id --where 'id <= 2'
expect "no rows" 0 "0 rows" scan sessions
expect "sum" 0 "count  sum_totalTokens  sum_totalCost
-----  ---------------  -------------
    3               25   1000000.3000" sum api_token_usage totalTokens totalCost
expect "sum by month and model" 0 "createdAt_month  model  count  sum_totalTokens
---------------  -----  -----  ---------------
2026-01          opus       1               10
2026-02          haiku      1               -5
2026-02          opus       1               20
total                       3               25" sum api_token_usage totalTokens --by createdAt:month,model
expect "sum of a range" 0 "userId  count
------  -----
     1      2" sum api_token_usage --by userId --from 1 --to 2

"$INSPECT" t.bb get user_profiles 3 >got
if grep -qx 'companyName     NULL' got && grep -qx 'notes' got; then pass; else fail "NULL differs from empty text" "$(cat got)"; fi
"$INSPECT" t.bb get users li@example.org --by email >by_column
"$INSPECT" t.bb get users li@example.org --by users_email_key >by_index
if grep -qx 'id                   2' by_column && cmp -s by_column by_index; then pass; else fail "get --by" "$(cat by_column)"; fi
"$INSPECT" t.bb get users 99 >got 2>stderr
if [ $? -eq 1 ] && [ ! -s got ]; then pass; else fail "get of no row" "$(cat got)"; fi
if "$INSPECT" t.bb tables | grep -q '^users  *4  [0-9a-f]\{8\}  A person'; then pass; else fail "tables"; fi
if [ "$("$INSPECT" t.bb tables --all --csv | wc -l)" -eq 93 ]; then pass; else fail "tables --all"; fi
if "$INSPECT" t.bb schema sessions | grep -q 'sessions_userId_fkey: (userId) to users (id), on delete no action'; then pass; else fail "schema: references"; fi
if "$INSPECT" t.bb schema users | grep -q 'users_email_idx: index (email), tree users(email)'; then pass; else fail "schema: trees"; fi
if "$INSPECT" t.bb schema --sql | grep -q 'CREATE TABLE sessions'; then pass; else fail "schema --sql"; fi
for name in create tables schema get scan count sum stat check explain delete apply import export costs top latest execution \
    forecast budget report prices usage credits queues; do
    if "$INSPECT" help $name | grep -qi "usage: bbots-inspect FILE $name"; then pass; else fail "help $name"; fi
done
if "$INSPECT" --version | grep -q '^bbots-inspect [0-9.]*$'; then pass; else fail "--version"; fi

# ------------------------------------------------------------------ ranges, orders, conditions

ids "an index with bounds" "4 3" users --index users_email_key --from b --to f
ids "bounds that do not count" "4" users --index users_email_key --from ada@example.org --to evil@example.org --exclusive
ids "backward" "4 3 2 1" users --reverse
ids "a limit" "4 3" users --reverse --limit 2
ids "a condition and an order" "4 3 2" users --order email --where "id > 1"
ids "order of a text column" "1 4 3 2" users --order email
ids "descending" "2 3 4 1" users --order email:desc
ids "descending and backward" "1 4 3 2" users --order email:desc --reverse
ids "the first of an order" "1 4" users --order email --limit 2
ids "nulls come last" "1 2 3" user_profiles --order companyName
ids "nulls come first backward" "3 2 1" user_profiles --order companyName:desc
ids "by an index" "3 2 1" user_profiles --order userId:desc
ids "equality by an index" "2" user_profiles --where 'userId=2'
ids "contains" "1" user_profiles --where 'companyName ~ Quote'
ids "SQL's quotes" "1" user_profiles --where "companyName = 'Comma, \"Quote\" Ltd'"
ids "is null" "2 3" user_profiles --where 'companyName is null'
ids "a comparison with NULL is not true" "" user_profiles --where 'companyName != x' --where 'id > 1'
ids "all conditions have to hold" "2" users --where 'id >= 2' --where 'id < 3'
ids "a decimal" "1 3" api_token_usage --where 'totalCost >= 0.3'
ids "a time" "2 3" api_token_usage --where 'createdAt >= 2026-02-01'
ids "empty text is no null" "3" user_profiles --where 'notes = '
ids "inside jsonb: a string" "2" user_profiles --where 'goals.a[0] = x'
ids "inside jsonb: deeper" "1" user_profiles --where 'goals.a[0].name = x'
ids "inside jsonb: a number" "1" user_profiles --where 'goals.a[0].n = 1.5'
ids "inside jsonb: true" "2" user_profiles --where 'goals.t = true'
ids "inside jsonb: null or absent" "1 2 3" user_profiles --where 'goals.z is null'
ids "inside jsonb: quoted name" "1 2" user_profiles --where 'goals["a"] is not null'
ids "jsonb as a whole" "2" user_profiles --where 'goals = {"t":true,"z":null,"a":["x"]}'
cat >keys.jsonl <<'END'
{"op":"insert","table":"api_keys","row":{"userId":1,"name":"one","keyHash":"h1","keyPrefix":"p","scopes":[]}}
{"op":"insert","table":"api_keys","row":{"userId":1,"name":"two","keyHash":"h2","keyPrefix":"p","scopes":[]}}
{"op":"soft_delete","table":"api_keys","key":{"id":1}}
END
"$INSPECT" t.bb apply --file keys.jsonl >answers || fail "soft delete" "$(cat answers)"
ids "with soft-deleted rows" "1 2" api_keys
ids "without soft-deleted rows" "2" api_keys --live
expect "count without soft-deleted rows" 0 1 count api_keys --live
ids "a table without such columns" "1 2 3 4" users --live

# ------------------------------------------------------------------ formats

python "json: a scan" "[r['id'] for r in j] == [1, 2, 3, 4] and j[0]['name'] == 'Ada Lovelace'" scan users
python "json: every character comes back" "j[2]['name'] == '\x1b[31mred\x07\nb \u202eturned \x9b1m'" scan users
python "json: jsonb, null and decimals" "j['goals']['big'] == 12345678901234567890 and j['notes'] is None" get user_profiles 1
python "json: no rows" "j == []" scan sessions
python "json: count" "j == {'table': 'users', 'rows': 4}" count users
python "json: sum" "j[0] == {'userId': 1, 'count': 2, 'sum_totalCost': '1000000.0000'}" sum api_token_usage totalCost --by userId
python "json: tables" "len(j) == 5 and all(len(t['digest']) == 32 for t in j)" tables
python "json: stat" "j['rows'] == 15 and j['tables'] == 92 and j['file_bytes'] > 0" stat
python "json: a table's schema" "j['table'] == 'users' and j['columns'][0]['type'] == 'serial'" schema users
python "json: all schemas" "len(j) == 92" schema
python "json: check" "j['findings'] == [] and j['tables'] == 92 and j['rows'] == 15" check
"$INSPECT" t.bb --csv scan user_profiles --columns id,companyName,notes >csv
printf 'id,companyName,notes\r\n1,"Comma, ""Quote"" Ltd",\r\n2,,\r\n3,,""\r\n' >want
if cmp -s csv want; then pass; else fail "csv: quotes, NULL and empty text" "$(cat -A csv)"; fi
for format in --json --csv --quiet; do
    "$INSPECT" t.bb $format scan user_profiles >got
    "$INSPECT" t.bb $format get user_profiles 1 >>got
    if grep -q '(secret)' got && ! grep -q 'top-secret' got; then pass; else fail "secrets with $format"; fi
done
if "$INSPECT" t.bb get user_profiles 1 --show-secrets | grep -q 'top-secret-key'; then pass; else fail "--show-secrets"; fi
for format in --json --quiet; do
    if "$INSPECT" t.bb $format scan users | LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f]\|\xe2\x80\xae\|\xc2\x9b'; then
        fail "control characters with $format"
    else
        pass
    fi
done

# ------------------------------------------------------------------ terminals

# fits NAME COLUMNS WORDS... - no line is wider than the terminal; the output stays in ./shown.
fits() {
    local name=$1 columns=$2
    shift 2
    terminal "$columns" "$@" >shown
    if [ -s shown ] && python3 - "$columns" <<'END'; then pass; else fail "$name" "$(head -20 shown)"; fi
import sys, unicodedata
def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
sys.exit(any(width(line) > int(sys.argv[1]) for line in open("shown", encoding="utf-8").read().split("\n")))
END
}
for columns in 40 100; do
    fits "tables on $columns columns" $columns tables
    fits "scan on $columns columns" $columns scan users
    fits "get on $columns columns" $columns get users 3
    fits "check on $columns columns" $columns check
    fits "a schema on $columns columns" $columns schema users
done
cat >lines <<'END'
{"op":"insert","table":"browserbase_costs","row":{"userId":1,"sessionId":"a","status":"failed","durationMs":60000,"durationMinutes":"1","totalCost":"0.01","startedAt":"2026-01-01T00:00:00","createdAt":"2026-01-01T00:00:00"}}
{"op":"insert","table":"browserbase_costs","row":{"userId":2,"sessionId":"b","status":"active","durationMs":120000,"durationMinutes":"2","totalCost":"0.02","startedAt":"2026-01-02T00:00:00","createdAt":"2026-01-02T00:00:00"}}
{"op":"insert","table":"storage_costs","row":{"userId":1,"provider":"s3","bucket":"b","operationType":"upload","sizeBytes":1048576,"sizeMb":"1","totalCost":"0.005","status":"success","createdAt":"2026-01-02T00:00:00"}}
END
cp t.bb costs.bb
"$INSPECT" costs.bb --quiet apply --file lines >/dev/null
asks() { # NAME EXIT EXPRESSION WORDS: JSON of a command about costs.bb
    local name=$1 wanted=$2 expression=$3
    shift 3
    "$INSPECT" --json costs.bb "$@" >got 2>stderr
    if [ $? -eq "$wanted" ] && python3 -c "import json; j = json.load(open('got')); exit(not ($expression))"; then pass; else fail "$name" "$(cat got stderr)"; fi
}
asks "latest sessions" 0 "[r['sessionId'] for r in j] == ['b', 'a']" latest sessions
asks "latest sessions of a user" 0 "[r['durationMinutes'] for r in j] == ['1.00']" latest sessions --user 1 --limit 5
asks "latest operations" 0 "j[0]['sizeBytes'] == 1048576 and len(j) == 1" latest operations --limit 1
asks "latest calls" 0 "[r['id'] for r in j] == [3, 2]" latest claude --limit 2
asks "details of browsers" 0 "[(r['status'], r['minutes'], r['average_usd']) for r in j] == [('active', '2.00', '0.020000'), ('failed', '1.00', '0.010000')]" costs --by status --details
asks "an execution without costs has no lines" 0 "[r for r in j if r.get('model')] == []" costs --by model --execution 7 --details
asks "forecast" 0 "(j['spent_usd'], j['month_usd'], j['days']) == ('0.300100', '0.600200', 14)" forecast --at 2026-02-15
asks "forecast of a user" 0 "j['spent_usd'] == '0.000100'" forecast --user 1 --at 2026-02-15
asks "an overview has the budget's state" 0 "j['budget'] == 'none' and j['sessions'] == 1" costs --user 1
asks "no credits" 1 "j == []" credits
asks "credits are added" 0 "j == {'user': 1, 'type': 'runs', 'balance': 5, 'purchased': 5, 'used': 0}" credits add 1 runs 5
asks "credits are consumed" 0 "j['balance'] == 1" credits consume 1 runs 4
asks "credits are not consumed in part" 1 "j['balance'] == 1" credits consume 1 runs 2
asks "credits of a user" 0 "[(r['type'], r['used']) for r in j] == [('runs', 4)]" credits 1 runs
for words in "credits add 1 runs 0" "credits add 99 runs 1" "costs --from 2026-02-01 --to 2026-01-01" "costs --tz Mars/Olympus" "budget 1 --at 2026-13-01" \
    "latest" "latest x" "latest sessions --limit 0" "costs --limit 4294967297" "costs --user 0" "forecast --user 9223372036854775808" \
    "execution 18446744073709551615" "usage 9223372036854775809" "budget 0" "prices reprice --dry-run --user 9223372036854775808" "credits add 1 runs" "costs --by day --details" "costs --by week-end" \
    "costs --execution 1" "costs --by day --execution 1" "costs --by model --execution 0" "costs --by model --execution 1 --user 1"; do
    "$INSPECT" costs.bb $words >got 2>stderr
    code=$?
    if { [ $code -eq 3 ] || [ $code -eq 2 ]; } && [ "$(wc -l <stderr)" -eq 1 ] && [ ! -s got ]; then pass; else fail "refused: $words" "$code $(cat got stderr)"; fi
done
if [ "$("$INSPECT" --json costs.bb credits 1 runs)" = '[
{"user": 1, "type": "runs", "balance": 1, "purchased": 5, "used": 4}
]' ] && "$INSPECT" costs.bb check >/dev/null; then pass; else fail "a refusal changed something"; fi
fits "costs on a small terminal" 40 costs --by model
fits "details on a small terminal" 40 costs --by model --details
fits "latest calls on a small terminal" 40 latest claude
fits "costs on a terminal" 60 costs --by model
if grep -q '█' shown; then pass; else fail "bars" "$(cat shown)"; fi
if "$INSPECT" t.bb costs --by model | grep -q 'share\|█'; then fail "bars for a pipe"; else pass; fi
fits "the overview of costs" 60 costs
if grep -q '▁\|▂\|▃\|▄\|▅\|▆\|▇\|█' shown; then pass; else fail "days as columns" "$(cat shown)"; fi
if "$INSPECT" t.bb costs | grep -q '▁\|▂\|▃\|▄\|▅\|▆\|▇\|█'; then fail "columns for a pipe"; else pass; fi
for words in keys "prices list" readers usage; do
    # shellcheck disable=SC2086
    expect "$words of nothing" 0 "$(case $words in
        keys) echo "no value is sealed" ;;
        prices*) echo 'no prices: `prices import FILE` reads a list' ;;
        readers) echo "no read transaction is open" ;;
        *) echo "no user has a subscription" ;;
    esac)" $words
done
fits "a row becomes a block" 40 scan users
if grep -qx -- '-- row 1' shown && grep -qx 'email                ada@example.org' shown; then pass; else fail "blocks" "$(cat shown)"; fi
fits "texts are cut" 100 scan users --columns id,suspensionReason,email
if grep -q '^ 3  A very long.*…  evil@example.org' shown; then pass; else fail "ellipsis" "$(cat shown)"; fi
terminal 40 get users 3 --full >shown
if grep -q 'on one line\.$' shown; then pass; else fail "--full" "$(cat shown)"; fi
if TERM=xterm script -qec "$INSPECT t.bb get users 1" /dev/null </dev/null | grep -q $'\x1b\[2mNULL'; then pass; else fail "colours on a terminal"; fi
if NO_COLOR=1 TERM=xterm script -qec "$INSPECT t.bb get users 1" /dev/null </dev/null | grep -q $'\x1b'; then fail "NO_COLOR"; else pass; fi

seq 150 | sed 's/.*/{"op":"insert","table":"sessions","row":{"id":"s&","userId":1,"expiresAt":"2030-01-01T00:00:00Z"}}/' |
    (echo '{"op":"begin"}' && cat && echo '{"op":"commit"}') | "$INSPECT" t.bb apply >answers
terminal 80 scan sessions >shown
if [ "$(grep -c '^s[0-9]' shown)" -eq 100 ] && grep -q '^100 rows; there are more' shown; then pass; else fail "the limit of a terminal" "$(tail -2 shown)"; fi
if [ "$("$INSPECT" t.bb scan sessions | grep -c '^s[0-9]')" -eq 150 ]; then pass; else fail "no limit for a pipe"; fi

# ------------------------------------------------------------------ what cannot be understood

refuse "nothing" 2 'a file and a command are needed'
refuse "no command" 2 'a command is needed' t.bb
refuse "unknown command" 2 'did you mean "scan"' t.bb scn users
refuse "unknown table" 2 'did you mean "users"' t.bb scan user
refuse "unknown column" 2 'did you mean "email"' t.bb scan users --columns emial
refuse "unknown index" 2 'did you mean "users_email_key"' t.bb scan users --index users_emial_key
refuse "unknown option" 2 'did you mean "--order"' t.bb scan users --ordr id
refuse "unknown common option" 2 '"--foo"' --foo t.bb tables
refuse "file and command swapped" 2 'inspect t.bb scan`' scan t.bb users
refuse "no file" 2 'inspect FILE prices`' prices list
refuse "two formats" 2 'exclude each other' t.bb --json --csv tables
refuse "an option without value" 2 '--limit needs a value' t.bb scan users --limit
refuse "an option given twice" 2 'given twice' t.bb scan users --limit 1 --limit 2
refuse "a bad number" 2 'whole number' t.bb scan users --limit -1
refuse "too many words" 2 'one word too many for command tables, which takes no words' t.bb tables users
refuse "a word where an option was meant" 2 'command forecast, which takes no words' t.bb forecast 1
refuse "a number of no user" 2 'a whole number from 1 to 9223372036854775807, not "x"' t.bb forecast --user x
refuse "a key of too many values" 2 '1 value (id); 2 given' t.bb get users 1 2
refuse "a key that is no number" 3 'SQLSTATE 22P02' t.bb get users abc
refuse "a condition without operator" 2 'has no operator' t.bb scan users --where email
refuse "a condition on no column" 2 'no column' t.bb scan users --where '= 3'
refuse "a path into text" 2 'is no jsonb' t.bb scan users --where 'email.a = 1'
refuse "a path that is none" 2 'is no path' t.bb scan user_profiles --where 'goals[ = 1'
refuse "an index that is not unique" 2 'not unique' t.bb get users x --by users_login_method_idx
refuse "columns that are no key" 2 'no unique key' t.bb get users x --by name
refuse "a sum of text" 2 'cannot be summed' t.bb sum users email
refuse "groups of a secret" 2 'secret' t.bb sum user_profiles --by ghlApiKey
refuse "an unknown unit" 2 'did you mean "month"' t.bb sum users --by createdAt:mnth
refuse "no such file" 3 'SQLSTATE 58P01' nofile tables
echo 'this is no store, but a file of some length' >text
refuse "no store" 3 'SQLSTATE BB002' text tables
refuse "an escape in a name" 2 'x1b' t.bb scan $'\x1b[31m'
if "$INSPECT" t.bb scan users >/dev/full 2>stderr; then fail "a full disk"; elif grep -q 'cannot be written' stderr; then pass; else fail "a full disk" "$(cat stderr)"; fi
(trap '' PIPE; for _ in $(seq 200); do "$INSPECT" t.bb scan sessions; done 2>stderr | head -1 >got)
if [ -s stderr ]; then fail "a broken pipe is quiet" "$(head -1 stderr)"; else pass; fi

# ------------------------------------------------------------------ the manual

# Runs every "$ command" of docs/inspect.md in order and compares what it prints. Digests, sizes and
# page counts are masked: they change with the schema's comments.
cat >manual.py <<'END'
import os, re, shutil, subprocess, sys
page = open(sys.argv[1], encoding="utf-8").read()
os.mkdir("manual")
json = re.findall("```json\n(.*?)```", page, re.S)
open("manual/fill.jsonl", "w", encoding="utf-8").write(json[0])
open("manual/prices.json", "w", encoding="utf-8").write(next(text for text in json if "input_mtok" in text))
open("manual/app.sql", "w", encoding="utf-8").write(re.search("```sql\n(.*?)```", page, re.S)[1])
os.symlink(sys.argv[2], "manual/bbots-inspect")
path = os.path.abspath("manual") + ":" + os.environ["PATH"]
def masked(text):
    text = re.sub(r"\b[0-9a-f]{8}([0-9a-f]{24})?\b", "DIGEST", text)
    text = re.sub(r"(?m)^(\w+_(bytes|pages) ).*", r"\1", text)
    return [line.rstrip() for line in text.rstrip().split("\n")]
wrong = ran = 0
for block in re.findall("```console\n(.*?)```", page, re.S):
    for part in re.split(r"(?m)^\$ ", block)[1:]:
        command, _, want = part.partition("\n")
        if "jq" in command and shutil.which("jq") is None:
            continue
        got = subprocess.run(["bash", "-c", command], cwd="manual", env=dict(os.environ, PATH=path),
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
        ran += 1
        if masked(got) != masked(want):
            wrong += 1
            print("$ " + command, "prints:", got, "the page has:", want, sep="\n")
sys.exit(wrong > 0 or ran < 20)
END
if python3 manual.py "$MANUAL" "$INSPECT" >got 2>&1; then pass; else fail "docs/inspect.md" "$(cat got)"; fi

# ------------------------------------------------------------------ damage

cp t.bb damaged.bb
python3 - <<'END'
data = bytearray(open("damaged.bb", "rb").read())
at = data.find(b"Ada Lovelace")
while at >= 0: # every copy: old pages hold some that are not in use
    data[at:at + 3] = b"Eda"
    at = data.find(b"Ada Lovelace")
open("damaged.bb", "wb").write(data)
END
"$INSPECT" damaged.bb check >got 2>stderr
if [ $? -eq 4 ] && grep -q '^damage  *users' got; then pass; else fail "check finds a changed byte" "$(cat got stderr)"; fi
"$INSPECT" damaged.bb check --json >json 2>stderr
if python3 -c "import json; j = json.load(open('json')); assert j['damage'] > 0 and j['findings'][0]['table'] == 'users'" 2>stderr; then pass; else fail "json: findings" "$(cat json stderr)"; fi

# A file whose own schema cannot be read: a salvage needs the built-in one, and says nothing of rows before.
cp t.bb unschooled.bb
python3 - <<'END'
data = bytearray(open("unschooled.bb", "rb").read())
mark = b"\xa6format\x01" # the schema record begins with it
assert mark in data
open("unschooled.bb", "wb").write(data.replace(mark, bytes(len(mark))))
END
refuse "salvage without a schema" 3 'SQLSTATE' unschooled.bb salvage saved.bb
if [ -e saved.bb ]; then fail "salvage without a schema leaves a file"; else pass; fi
"$INSPECT" unschooled.bb salvage saved.bb --built-in >got 2>stderr
if [ $? -eq 0 ] && grep -q '165 rows' got; then pass; else fail "salvage --built-in" "$(cat got stderr)"; fi
"$INSPECT" t.bb --csv tables --all >want
"$INSPECT" saved.bb --csv tables --all >got 2>stderr
if cmp -s want got; then pass; else fail "salvage --built-in brings every row back" "$(diff want got | head -5)" "$(cat stderr)"; fi
"$INSPECT" saved.bb check >got 2>&1 || fail "check of what was salvaged" "$(cat got)"

expect "at the end the store is sound" 0 "92 tables, 165 rows and $("$INSPECT" t.bb --json check | python3 -c 'import json,sys; print(json.load(sys.stdin)["entries"])') index entries checked: all is well." check
finish
