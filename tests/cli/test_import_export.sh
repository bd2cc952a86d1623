#!/bin/sh
# Export and import: what goes out comes back as the same rows, a file that is wrong in one place
# changes nothing, and the number of rows decides nothing about memory.
#
#   BBOTS_INSPECT   the tool (default build/release/bbots-inspect)
#
# Rows are made with `apply`; two stores are equal when `tables --json` says so: it has each table's
# rows and digest. Every store ends with the whole-file check.

. "$(dirname "$0")/../support/shell.sh"
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
tool=${BBOTS_INSPECT:-$here/../../build/release/bbots-inspect}
make_work

# ---------------------------------------------------------------- helpers

same() { [ "$1" = "$2" ] || { echo "  '$1' is not '$2'"; return 1; }; }

# A new empty store.
fresh() { "$tool" "$work/$1" create > "$work/created" || fail "create $1"; }

# Everything that a store holds, in few words.
state() { "$tool" "$work/$1" tables --json; }
# Without the summaries that the store keeps by itself: made anew, they have another time.
given() { state "$1" | grep -v '"daily_cost_summaries"'; }

sound() { expect "check of $1" "$tool" "$work/$1" check > "$work/check" || cat "$work/check"; }

# load STORE: lines from standard input are operations that have to succeed.
load() { "$tool" "$work/$1" apply > "$work/answers" || { fail "load $1"; grep -v '"ok":true' "$work/answers"; }; }

# import STORE WORDS...: output and exit code in out, err and code.
import() {
    store=$1; shift
    "$tool" "$work/$store" import "$@" > "$work/out" 2> "$work/err"
    code=$?
}

# refused WHAT STORE PATTERN...: the last import said no, each pattern is in its message, and the
# store is as it was before (in $before).
refused() {
    case_name=$1; store=$2; shift 2
    expect "$case_name: exit code" same "$code" 3
    for pattern in "$@"; do
        expect "$case_name: message has $pattern" grep -q -e "$pattern" "$work/err" || cat "$work/err"
    done
    expect "$case_name: nothing changed" same "$(state "$store")" "$before"
}

# ---------------------------------------------------------------- a store with every kind of value

fresh full
python3 - > "$work/rows" << 'EOF'
import json
def insert(table, **row):
    print(json.dumps({"op": "insert", "table": table, "row": row}))
texts = ["", " ", "plain", "comma, quote \" and \r\nline", "\ttab ", "\u00e9\u4e2d\U0001F600",
         "NULL", "\\N", "\u0001\u007f\u0080", "'", "\n", "\r", "{\"a\": 1}", "\ufeffmark", "-", None]
print('{"op":"begin"}')
for i, text in enumerate(texts):
    insert("users", email="u%d@x" % i, name=text, password="secret %d" % i,
           suspendedAt=[None, "infinity", "-infinity", "0044-03-15 BC", "2026-01-31T12:00:00.123456",
                        "12026-01-01"][i % 6])
    insert("sessions", id="s%d" % i + (text or ""), userId=i + 1,
           expiresAt="2026-01-31T12:00:00.%06d+02" % i)
jsons = [None, {}, [], {"b": 1, "aa": [None, True, "x\u00e9\n\""]}, "text", 12.5, 10 ** 40, -1, True,
         {"deep": [[[[{"x": {"y": []}}]]]]}, "", {"": ""}]
for i, value in enumerate(jsons):
    insert("user_profiles", userId=i + 1, goals=value, ghlApiKey="key %d" % i, notes=texts[i])
for cost in ("0", "-0.00005", "999999.9999", "-999999.9999", "12.34"):
    insert("api_token_usage", userId=1, model="m", totalTokens=-2147483648, inputCost=cost,
           outputCost=cost, totalCost=cost)
for rate in ("0.1", "-0", "1e-45", "3.4028235e38", "NaN", "Infinity", "-Infinity", "16777216", "1e10"):
    insert("element_selectors", pagePath="/", elementName="e", primarySelector="p", successRate=rate)
insert("documentation_sources", platform="p", category="c", title="t", content="x")
insert("documentation_chunks", sourceId=1, chunkIndex=0, content="c", tokenCount=1,
       embedding=[(i * 7919 % 1000) / 977 for i in range(1536)])
insert("documentation_chunks", sourceId=1, chunkIndex=1, content="c", tokenCount=1)
for i in range(20):
    insert("agency_tasks", userId=1, sourceType="s", title="t", taskType="x")
for i in range(1, 20):   # each is blocked by a later one: the file's order is not that of references
    print(json.dumps({"op": "update", "table": "agency_tasks", "key": {"id": i},
                      "set": {"blockedBy": i + 1}}))
insert("webhook_logs", webhookId="w", userId=1, event="e", url="u", status="s")
print('{"op":"commit"}')
EOF
load full < "$work/rows"
sound full
full=$(state full)
tables="users sessions user_profiles api_token_usage element_selectors documentation_sources
documentation_chunks agency_tasks webhook_logs"

# ---------------------------------------------------------------- round trips

for form in csv jsonl; do
    fresh "copy.$form"
    for table in $tables; do
        file=$work/$table.$form
        expect "export $table $form" "$tool" "$work/full" export "$table" --secrets -o "$file"
        expect "mode of $table.$form" same "$(stat -c %a "$file")" 600
        import "copy.$form" "$table" "$file"
        expect "import $table $form" same "$code" 0 || cat "$work/err"
        expect "result line of $table" grep -q ' rows in .* rows/s$' "$work/out"
    done
    expect "round trip by $form" same "$(given "copy.$form")" "$(given full)"
    sound "copy.$form"
done
expect "no temporary file is left" same "$(find "$work" -name '*.tmp')" ""

"$tool" "$work/full" export users --csv > "$work/piped.csv"
expect "standard output has the same" cmp -s "$work/piped.csv" "$work/users.csv"
fresh piped
"$tool" "$work/full" export users --format jsonl | "$tool" "$work/piped" import users - --format jsonl > "$work/out"
expect "through a pipe" same "$("$tool" "$work/piped" export users --csv | cksum)" "$(cksum < "$work/users.csv")"
sound piped

expect "export --all" "$tool" "$work/full" export --all --secrets -o "$work/folder"
fresh all
import all --all "$work/folder"
expect "import --all" same "$code" 0 || cat "$work/err"
expect "round trip of all tables" same "$(state all)" "$full"
sound all
"$tool" "$work/full" export --all --secrets -o "$work/folder" 2> "$work/err"
expect "a folder that is not empty is refused" same "$?" 3

# JSON null is not NULL: only CSV can say so, and --all sees to it.
fresh null
"$tool" "$work/full" export users -o "$work/null-users.jsonl" --columns id,email
import null users "$work/null-users.jsonl"
printf 'userId,goals,currentTools\n1,null,\n' > "$work/null.csv"
import null user_profiles "$work/null.csv"
expect "JSON null from CSV" same "$code" 0
"$tool" "$work/null" export user_profiles --secrets > "$work/out" 2> "$work/err"
expect "JSON null in JSON lines is refused" same "$?" 3
"$tool" "$work/null" export --all --secrets -o "$work/null-folder"
fresh null2
import null2 --all "$work/null-folder"
expect "JSON null comes back from --all" same "$(state null2)" "$(state null)"
touch "$work/null-folder/nix.jsonl"
before=$(state null2)
import null2 --all "$work/null-folder"
refused "a file of no table" null2 nix.jsonl
sound null2

# ---------------------------------------------------------------- CSV as others write it

fresh csv
printf '\357\273\277email,"name",role\r\na@x,"two\r\nlines, ""quoted""",admin\r\nb@x,,user\r\nc@x,"",user' > "$work/a.csv"
import csv users "$work/a.csv"
expect "mark, CRLF, quotes, no last line end" same "$code" 0 || cat "$work/err"
"$tool" "$work/csv" export users --columns email,name,role --csv > "$work/out"
printf 'email,name,role\na@x,"two\r\nlines, ""quoted""",admin\nb@x,,user\nc@x,"",user\n' > "$work/want"
expect "what came in" cmp "$work/out" "$work/want"

printf 'Mail;Role;Junk;name\nd@x;NIL;1;"NIL"\n\ne@x;"NIL";2;\n' > "$work/b.csv"
import csv users "$work/b.csv" --delimiter ';' --null NIL --defaults --map email=Mail --map role=Role \
    --ignore Junk --set loginMethod=google
expect "delimiter, null, defaults, map, ignore, set" same "$code" 0 || cat "$work/err"
"$tool" "$work/csv" export users --columns email,role,name,loginMethod --csv | tail -2 > "$work/out"
printf 'd@x,user,NIL,google\ne@x,NIL,"",google\n' > "$work/want"
expect "what came in mapped" cmp "$work/out" "$work/want"

printf 'email\tother\nf@x\ty\n' > "$work/tab.csv"
import csv users - --format csv --delimiter '\t' --ignore-unknown < "$work/tab.csv"
expect "tabs from standard input" same "$code" 0
printf '{"email":"g@x","Name":"n","junk":1}\n\r\n{"email":"h@x"}' > "$work/c.jsonl"
import csv users "$work/c.jsonl" --map name=Name --ignore junk --set role=editor
expect "JSON lines mapped" same "$code" 0 || cat "$work/err"
expect "8 rows" same "$("$tool" "$work/csv" count users --json | tr -dc 0-9)" 8
expect "constants of JSON lines" same "$("$tool" "$work/csv" export users --columns name,role --csv | tail -2 | tr '\n' ' ')" "n,editor ,editor "
sound csv

# ---------------------------------------------------------------- files that are wrong

before=$(state csv)
wrong() { # WHAT CONTENT PATTERN...
    wrong_name=$1; printf "$2" > "$work/wrong.csv"; shift 2
    import csv users "$work/wrong.csv"
    refused "$wrong_name" csv "$@"
}
wrong "too few fields" 'email,name\nx@x,n\ny@x\n' 'wrong.csv, line 3' '1 field'
wrong "too many fields" 'email,name\nx@x,n,m\n' 'line 2' '3 fields'
wrong "a quote in a field" 'email,name\nx@x,n\ny@x,a"b\n' 'line 3' quote
wrong "text behind a quote" 'email,name\nx@x,"n"m\n' 'line 2' quote
wrong "an open quote" 'email,name\nx@x,n\ny@x,"n\nm\n' 'line 3' 'never closed'
wrong "a bare carriage return" 'email,name\nx@x,n\rm\n' 'line 2' carriage
wrong "an unknown header" 'email,nom\nx@x,n\n' 'line 1' nom
wrong "a header twice" 'email,email\nx@x,n\n' 'line 1' email 42701 # DUPLICATE_COLUMN
wrong "an empty file" '' empty
wrong "a value that is wrong" 'email,createdAt\nx@x,2026-01-01\ny@x,2026-02-30\n' 'line 3' createdAt 2026-02-30 22008
wrong "a key that is there" 'email\nx@x\na@x\n' 'line 3' 'a@x' users_email_key 23505
wrong "a key twice in the file" 'email\nx@x\nx@x\n' 'line 3' users_email_key
wrong "a missing value" 'name\nn\n' 'line 2' email 23502
wrong "no UTF-8" 'email\nx\377@x\n' 'line 2' 22021
wrong "the line after a long record" 'email,name\nx@x,"1\n2\n3"\ny@x,n,n\n' 'line 5'

printf '{"email":"x@x"}\n{"email":5}\n' > "$work/wrong.jsonl"
import csv users "$work/wrong.jsonl"; refused "a number for a text" csv 'line 2' email 42804
printf '{"email":"x@x"}\n{"email":"y@x"\n' > "$work/wrong.jsonl"
import csv users "$work/wrong.jsonl"; refused "no JSON" csv 'line 2' 22P02
printf '[1]\n' > "$work/wrong.jsonl"
import csv users "$work/wrong.jsonl"; refused "no object" csv 'line 1' 42601
printf '{"email":"x@x","nix":1}\n' > "$work/wrong.jsonl"
import csv users "$work/wrong.jsonl"; refused "an unknown member" csv 'line 1' nix
printf 'userId,sourceType,title,taskType,blockedBy\n1,s,t,x,999\n' > "$work/wrong.csv"
import csv agency_tasks "$work/wrong.csv"
refused "a reference that never comes" csv 'table "agency_tasks", row (id)=(1)' agency_tasks_blockedBy_fkey 999 \
    '1 reference leads nowhere' 'nothing was written'
printf 'userId,ghlApiKey\n1,hidden\n1,hidden\n' > "$work/wrong.csv"
import csv user_profiles "$work/wrong.csv"; refused "a secret beside an error" csv user_profiles_userId_key
expect "a secret is not told" sh -c "! grep -q hidden '$work/err'"
import csv users "$work/nowhere.csv"; refused "no such file" csv nowhere
import csv nix "$work/a.csv"; refused "no such table" csv nix

# ---------------------------------------------------------------- row 777, and batches

python3 -c '
print("email,createdAt")
for i in range(1000):
    print("row%d@x,%s" % (i + 1, "2026-01-01" if i + 1 != 777 else "2026-99-01"))' > "$work/777.csv"
import csv users "$work/777.csv"
refused "row 777" csv 'line 778' createdAt 2026-99-01 'nothing was written'
fresh batch
import batch users "$work/777.csv" --batch 100
expect "batches: exit code" same "$code" 3
expect "batches: how many stay" grep -q '700 rows of committed batches stay' "$work/err" || cat "$work/err"
expect "batches: they stay" same "$("$tool" "$work/batch" count users --json | tr -dc 0-9)" 700
sed -n '1p;702,$p' "$work/777.csv" | sed 's/2026-99/2026-09/' > "$work/rest.csv"
import batch users "$work/rest.csv" --batch 7
expect "the rest comes in" same "$code" 0
expect "all are there" same "$("$tool" "$work/batch" count users --json | tr -dc 0-9)" 1000
sound batch
sound csv

# ---------------------------------------------------------------- command lines

usage() { import csv "$@"; expect "import $*" same "$code" 2; }
usage users
usage users "$work/a.csv" more
usage users "$work/rows"
usage users "$work/a.csv" --format xml
usage users "$work/a.csv" --delimiter ab
usage users "$work/a.csv" --batch x
usage users "$work/a.csv" --create --batch 5
usage users "$work/a.csv" --map nix=email
usage users "$work/a.csv" --map email
usage users "$work/a.csv" --map email=email --set email=x
usage --all "$work/folder" --map a=b
for words in "" "users more" "users --format xml" "users --columns nix" "--all" "nix"; do
    # shellcheck disable=SC2086
    "$tool" "$work/csv" export $words > "$work/out" 2> "$work/err"
    expect "export $words" same "$?" 2
done
"$tool" "$work/csv" export users -o "$work/csv" 2> "$work/err"
expect "the store is not overwritten" same "$?" 3
"$tool" "$work/csv" export users -o "$work/nowhere/x.csv" 2> "$work/err"
expect "no such folder" same "$?" 3
"$tool" "$work/csv" export users --csv -o /dev/null
expect "/dev/null stays a device" test -c /dev/null
expect "the store is as it was" same "$(state csv)" "$before"

# ---------------------------------------------------------------- memory

# peak COMMAND...: the command's largest memory in KiB, on standard output.
cat > "$work/peak.py" << 'EOF'
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if code == 0 else "failed")
EOF
peak() { python3 "$work/peak.py" "$@"; }

python3 -c '
import sys
rows = int(sys.argv[1])
print("email,ipAddress,success,attemptedAt")
for i in range(rows):
    print("user%d@example.org,10.0.0.%d,%s,2026-01-31T12:00:00.%06d" % (i, i % 256, "tf"[i % 2], i % 1000000))' 100000 > "$work/large.csv"
head -1001 "$work/large.csv" > "$work/small.csv"
fresh large
fresh small
small=$(peak "$tool" "$work/small" import login_attempts "$work/small.csv" --batch 1000)
large=$(peak "$tool" "$work/large" import login_attempts "$work/large.csv" --batch 1000)
mapped=$(($(stat -c %s "$work/large") / 1024)) # pages of the file that were touched count as ours
# A sanitizer's own memory is not ours to judge.
limit() { grep -q __asan_init "$tool" || test "$1" -lt "$2"; }
echo "memory: 1,000 rows $small KiB, 100,000 rows $large KiB, the file has $mapped KiB"
expect "memory of import is flat" limit "$large" $((small + mapped + 16384))
out=$(peak "$tool" "$work/large" export login_attempts -o "$work/again.csv")
expect "memory of export is flat" limit "$out" $((small + mapped + 8192))
fresh whole
whole=$(peak "$tool" "$work/whole" import login_attempts "$work/again.csv")
echo "memory: 100,000 rows in one transaction $whole KiB"
expect "one transaction for 100,000 rows" limit "$whole" $((small + 3 * mapped + 65536))
expect "100,000 rows and back" same "$(state whole)" "$(state large)"
sound large
sound whole

finish
