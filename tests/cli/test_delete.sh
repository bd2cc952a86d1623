#!/bin/bash
# test_delete.sh - proves `explain` and `delete` of bbots-inspect and the limit of apply's delete: what is
# foretold happens, what is refused changes nothing, and a message says what is in the way.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.." || exit 1
INSPECT=$(realpath "${BBOTS_INSPECT:-build/release/bbots-inspect}")
make_work
cd "$work" || exit 1
# expect WHAT EXIT OUTPUT WORDS...: what the command writes to standard output
expect() {
    what=$1 code=$2 output=$3
    shift 3
    "$INSPECT" t.bb "$@" >stdout 2>stderr
    is=$?
    got=$(tr -d '\r' <stdout)
    if [ $is -eq "$code" ] && [ "$got" = "$output" ]; then
        pass
    else
        fail "$what: exit $is and not $code" "$got" "$(cat stderr)"
    fi
}

# says WHAT TEXT: what the last command wrote to standard error has this in it
says() {
    if grep -qF -- "$2" stderr; then pass; else fail "$1" "$(cat stderr)"; fi
}

digest() { "$INSPECT" t.bb stat --json | grep digest; }

cat >fill.jsonl <<'END'
{"op":"insert","table":"users","row":{"email":"ada@example.org"}}
{"op":"insert","table":"users","row":{"email":"li@example.org"}}
{"op":"insert","table":"sessions","row":{"id":"s1","userId":1,"expiresAt":"2027-01-01T00:00:00Z"}}
{"op":"insert","table":"sessions","row":{"id":"s2","userId":1,"expiresAt":"2027-01-01T00:00:00Z"}}
{"op":"insert","table":"user_profiles","row":{"userId":1}}
{"op":"insert","table":"user_webhooks","row":{"userId":2,"channelType":"sms","channelName":"a"}}
{"op":"insert","table":"bot_conversations","row":{"userId":1,"webhookId":1,"participantIdentifier":"p"}}
{"op":"insert","table":"agency_tasks","row":{"userId":1,"sourceWebhookId":1,"sourceType":"x","title":"t","description":"d","taskType":"y"}}
{"op":"insert","table":"agency_tasks","row":{"userId":2,"blockedBy":1,"sourceType":"x","title":"t","description":"d","taskType":"y"}}
END
"$INSPECT" t.bb create >/dev/null
if "$INSPECT" t.bb apply --file fill.jsonl >answers; then pass; else fail "apply" "$(grep -v '"ok":true' answers)"; fi
before=$(digest)

# ------------------------------------------------------------------ explain

expect "a delete that is refused" 4 'table              effect    rows  columns    constraint                 keys
-----------------  --------  ----  ---------  -------------------------  ----------
users              delete       1                                        1
bot_conversations  delete       1                                        1
agency_tasks       delete       1                                        1
agency_tasks       set null     1  blockedBy                             2
sessions           refuse       2  userId     sessions_userId_fkey       "s1", "s2"
user_profiles      refuse       1  userId     user_profiles_userId_fkey  1

The delete is refused; otherwise it would delete 3 rows and set 1 to null.' explain users 1
expect "as JSON" 0 '[
{"table": "user_webhooks", "effect": "delete", "rows": 1, "columns": null, "constraint": null, "keys": "1"},
{"table": "bot_conversations", "effect": "set null", "rows": 1, "columns": "webhookId", "constraint": null, "keys": "1"},
{"table": "agency_tasks", "effect": "set null", "rows": 1, "columns": "sourceWebhookId", "constraint": null, "keys": "1"}
]' explain user_webhooks 1 --json
expect "as CSV, by another key" 4 'table,effect,rows,columns,constraint,keys
users,delete,1,,,1
bot_conversations,delete,1,,,1
agency_tasks,delete,1,,,1
agency_tasks,set null,1,blockedBy,,2
sessions,refuse,2,userId,sessions_userId_fkey,"""s1"", ""s2"""
user_profiles,refuse,1,userId,user_profiles_userId_fkey,1' explain users ada@example.org --by email --csv --quiet
expect "no such row" 1 "" explain users 9
expect "no such table" 2 "" explain user 9
expect "a key of two words" 2 "" explain users 1 2
expect "no key" 2 "" explain users
expect "not a number" 3 "" explain users x

# ------------------------------------------------------------------ delete

expect "refused by a foreign key" 3 "" delete users 1 --max-rows 100
says "what is in the way" 'key (id)=(1) is still referenced by (userId) of 2 rows with (id) "s1", "s2"'
says "where to look" '`explain users ...` shows the whole of it'
expect "a row alone unless more is allowed" 3 "" delete user_webhooks 1
says "the limit" 'the delete on table "user_webhooks" would delete or change more than 1 row (SQLSTATE BB010)'
says "how to allow more" '--max-rows N allows more'
expect "a limit that is too low" 3 "" delete user_webhooks 1 --max-rows 2
expect "a dry run" 4 'table              effect    rows  columns          constraint  keys
-----------------  --------  ----  ---------------  ----------  ----
user_webhooks      delete       1                               1
bot_conversations  set null     1  webhookId                    1
agency_tasks       set null     1  sourceWebhookId              1

The delete succeeds; it deletes 1 row and sets 2 to null.' delete user_webhooks 1 --dry-run
says "what the dry run asks for" 'refused without --max-rows 3'
expect "a dry run that may" 0 'table,effect,rows,columns,constraint,keys
sessions,delete,1,,,"""s1"""' delete sessions s1 --dry-run --csv
expect "no such row to delete" 1 "" delete users 9
expect "a limit that is no number" 2 "" delete users 1 --max-rows many
if [ "$(digest)" = "$before" ]; then pass; else fail "all that changed nothing"; fi
expect "within the limit" 0 "deleted 1 row, 0 more that referenced it; set 2 to null" delete user_webhooks 1 --max-rows 3
expect "of one row" 0 '{"rows": 1, "cascaded": 0, "set_null": 0}' delete sessions s1 --json
expect "as CSV" 0 "rows,cascaded,set_null
1,0,0" delete sessions s2 --csv
expect "by another key" 3 "" delete users ada@example.org --by email --max-rows 9
expect "what was in the way" 0 "deleted 1 row, 0 more that referenced it; set 0 to null" delete user_profiles 1

# ------------------------------------------------------------------ apply

echo '{"op":"delete","table":"users","key":{"id":1},"max_rows":3}' | "$INSPECT" t.bb apply >answers
if grep -q '"sqlstate":"BB010","code":"TOO_MANY_ROWS","table":"users"' answers; then pass; else fail "apply's limit" "$(cat answers)"; fi
echo '{"op":"delete","table":"users","key":{"id":1},"max_rows":-1}' | "$INSPECT" t.bb apply >answers
if grep -q '"code":"INVALID_ARGUMENT"' answers; then pass; else fail "a negative limit" "$(cat answers)"; fi
echo '{"op":"delete","table":"users","key":{"id":1},"max_rows":"3"}' | "$INSPECT" t.bb apply >answers
if grep -q '"code":"WRONG_TYPE"' answers; then pass; else fail "a limit that is a string" "$(cat answers)"; fi
echo '{"op":"update","table":"users","key":{"id":1},"set":{},"max_rows":3}' | "$INSPECT" t.bb apply >answers
if grep -q 'operation \\"update\\" has no member \\"max_rows\\"' answers; then pass; else fail "a limit of an update" "$(cat answers)"; fi
echo '{"op":"delete","table":"users","key":{"id":1},"max_rows":4}' | "$INSPECT" t.bb apply >answers
if [ "$(cat answers)" = '{"ok":true,"rows":1,"cascaded":2,"set_null":1}' ]; then pass; else fail "apply within its limit" "$(cat answers)"; fi
if "$INSPECT" --quiet t.bb check >found; then pass; else fail "check" "$(cat found)"; fi

finish
