#!/bin/bash
# test_silence.sh - canaries: secrets in sealed columns, secrets in statements that fail, and keys. No command shows one in any
# form of its output or in an error, no file that a command leaves holds one, and the tool can neither be dumped nor leaves a
# core. That the search finds what is there is shown by --show-secrets and export --secrets.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.." || exit 1
INSPECT=$(realpath "${BBOTS_INSPECT:-build/release/bbots-inspect}")
make_work
mkdir "$work/out" # only what commands wrote; inputs, keys and what may be shown lie beside it
cd "$work/out" || exit 1
umask 0
# same WHAT WANTED GOT
same() { if [ "$2" = "$3" ]; then pass; else fail "$1" "wanted $2, got $3"; fi; }

# ------------------------------------------------------------------ a store with canaries

canary() { head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n' | tr 0-9 g-p; }
text=$(canary) inner=$(canary) token=$(canary) fresh=$(canary) refused=$(canary)
give_up() {
    fail "$@"
    finish
    exit 1
}
# grep takes the bytes of a key for several lines if one of them ends a line, and for none if one is zero.
until grep -Eqx '(0[1-9b-f]|[1-9a-f][0-9a-f]){16}' <(grep -o '^[0-9a-f]\{32\}' ../old 2>/dev/null); do
    rm -f ../old
    "$INSPECT" new keys new ../old >../made || give_up "new keys"
done
"$INSPECT" new keys new ../next >../made || give_up "new keys"
cat ../next ../old >../both
chmod 600 ../both
digits=$(grep -o '^[0-9a-f]\{64\}' ../old)
next_digits=$(grep -o '^[0-9a-f]\{64\}' ../next)
canaries=("$text" "$inner" "$token" "$fresh" "$refused" "$digits" "$next_digits")
for one in "${canaries[@]}"; do [ ${#one} -ge 36 ] || give_up "a canary is too short"; done
for one in "${canaries[@]}"; do
    printf '%s\n' "$one"
    printf %s "$one" | base64 -w0 | cut -c1-40
done >../wanted

# holds FILE...: files that have a canary, as it is or in base64, or the bytes of a key
holds() {
    grep -rlaF -f ../wanted -- "$@"
    LC_ALL=C grep -rlaP "$(printf '%s' "${digits:0:32}" | sed 's/../\\x&/g')" -- "$@"
}

cat >../fill.jsonl <<END
{"op":"insert","table":"users","row":{"email":"ada@example.org"}}
{"op":"insert","table":"user_profiles","row":{"userId":1,"ghlApiKey":"$text"}}
{"op":"insert","table":"user_preferences","row":{"userId":1,"apiKeys":{"openai":["a\tb$inner"]}}}
{"op":"insert","table":"integrations","row":{"userId":1,"service":"s","accessToken":"$token","refreshToken":"$token"}}
{"op":"update","table":"user_profiles","key":{"id":1},"set":{"ghlApiKey":"$fresh"}}
END
key=(--keys ../old)
"$INSPECT" "${key[@]}" new create >../made || give_up "create"
"$INSPECT" "${key[@]}" new apply --file ../fill.jsonl >../answers || give_up "apply" "$(grep -v '"ok":true' ../answers)"

# ------------------------------------------------------------------ the search finds what is there

"$INSPECT" "${key[@]}" new get user_profiles 1 --show-secrets >../shown
same "--show-secrets" ../shown "$(holds ../shown)"
"$INSPECT" "${key[@]}" new export integrations --secrets -o ../open.csv
same "export --secrets" ../open.csv "$(holds ../open.csv)"
same "mode of an export" 600 "$(stat -c %a ../open.csv)"
same "a key in its file" ../old "$(holds ../old)"
same "mode of a key file" 600 "$(stat -c %a ../old)"
printf '%s' "$digits" | sed 's/../\\x&/g' | xargs -0 printf >../bytes
same "the bytes of a key" ../bytes "$(holds ../bytes)"
same "the store" "" "$(holds .)"

# ------------------------------------------------------------------ every command in every form

# quiet WHAT EXITS WORDS...: ends in one of these ways, and no file in this folder has a canary; its input is ../input
: >../input
quiet() {
    what=$1 exits=$2
    shift 2
    "$INSPECT" "$@" >stdout 2>stderr <../input
    is=$?
    case " $exits " in
    *" $is "*) pass ;;
    *) fail "$what: exit $is" "$* " "$(head -3 stderr)" ;;
    esac
    found=$(holds .)
    if [ -z "$found" ]; then pass; else fail "$what shows a canary" "$*" "$found"; fi
}

for form in "" --json --csv; do
    for with in given missing; do
        all=(${form:+$form} new)
        [ $with = missing ] || all=("${key[@]}" "${all[@]}")
        quiet "tables" 0 "${all[@]}" tables
        quiet "schema" 0 "${all[@]}" schema user_profiles
        for table in user_profiles user_preferences integrations; do
            quiet "get $table" 0 "${all[@]}" get $table 1
            quiet "scan $table" 0 "${all[@]}" scan $table
        done
        quiet "count" 0 "${all[@]}" count integrations
        quiet "sum by a secret" 2 "${all[@]}" sum user_profiles --by ghlApiKey
        quiet "stat" 0 "${all[@]}" stat
        quiet "check" 0 "${all[@]}" check
        quiet "readers" 0 "${all[@]}" readers
        quiet "explain" 4 "${all[@]}" explain users 1
        quiet "delete" 3 "${all[@]}" delete users 1 --max-rows 9
        quiet "keys" "0 1" "${all[@]}" keys
        quiet "costs" 0 "${all[@]}" costs
        quiet "top" 0 "${all[@]}" top user
        quiet "usage" 0 "${all[@]}" usage
        quiet "queues" 0 "${all[@]}" queues
        quiet "prices" 0 "${all[@]}" prices list
    done
done
for format in csv jsonl; do
    quiet "export $format" 0 "${key[@]}" new export integrations --format $format
    quiet "export -o $format" 0 "${key[@]}" new export user_preferences -o rows.$format
done
quiet "export all" 0 "${key[@]}" new export --all -o folder
quiet "export for PostgreSQL" 0 "${key[@]}" new export --format pg -o all.sql
quiet "report" 0 "${key[@]}" new report -o page.html
quiet "backup" 0 "${key[@]}" new backup copy
quiet "rebuild" 0 "${key[@]}" new rebuild
quiet "salvage" "0 1" "${key[@]}" new salvage saved
quiet "rotation" 0 --keys ../both new keys rotate
quiet "compact" 0 --keys ../both new compact
key=(--keys ../next)
for file in new new-lock copy saved all.sql rows.csv folder/users.jsonl; do
    same "mode of $file" 600 "$(stat -c %a $file)"
done

# No link that stands in the way is followed.
for what in "export users --format csv -o" "export --format pg -o" "report -o"; do
    rm -f link && ln -s ../elsewhere link
    # shellcheck disable=SC2086
    quiet "$what a link" 0 "${key[@]}" new $what link
    same "a file in place of the link" "600 regular file" "$(stat -c '%a %F' link)"
done
rm -f link && ln -s ../elsewhere link
for what in backup salvage "keys new"; do
    # shellcheck disable=SC2086
    quiet "$what a link" 3 "${key[@]}" new $what link
done
quiet "create a link" 3 link create
if [ -e ../elsewhere ]; then fail "a link was followed"; else pass; fi
rm link

# ------------------------------------------------------------------ what is refused

refuse() {
    printf "$3" "${@:4}" >../input
    case $2 in
    apply) quiet "$1" 1 "${key[@]}" new apply ;;
    *.sql)
        cp ../input ../bad.sql
        quiet "$1" 3 "${key[@]}" new import ../bad.sql
        ;;
    *)
        cp ../input "../bad.$2"
        quiet "$1" 3 "${key[@]}" new import integrations "../bad.$2"
        ;;
    esac
}
refuse "a user's second profile" apply '{"op":"insert","table":"user_profiles","row":{"userId":1,"ghlApiKey":"%s"}}' "$refused"
refuse "no such user" apply '{"op":"insert","table":"user_profiles","row":{"userId":77,"ghlApiKey":"%s"}}' "$refused"
refuse "JSON that ends too soon" apply '{"op":"insert","table":"user_preferences","row":{"userId":1,"apiKeys":"%s}}' "$refused"
refuse "a list for a text" apply '{"op":"update","table":"user_profiles","key":{"id":1},"set":{"ghlApiKey":["%s"]}}' "$refused"
refuse "CSV, no such user" csv 'id,userId,service,accessToken\n5,99,s,%s\n' "$refused"
refuse "CSV, a value too many" csv 'id,userId,service,accessToken\n5,1,s,%s,%s\n' "$refused" "$refused"
refuse "CSV, an open quote" csv 'id,userId,service,accessToken\n5,1,s,"%s\n' "$refused"
refuse "JSON lines, an object for a text" jsonl '{"userId":1,"service":"s","accessToken":{"%s":1}}\n' "$refused"
refuse "SQL, two texts in a row" in.sql "INSERT INTO integrations (\"userId\", service, \"accessToken\") VALUES (1, 's', '%s' '%s');\n" "$refused" "$refused"
refuse "SQL, no such user" in.sql "INSERT INTO integrations (\"userId\", service, \"accessToken\") VALUES (99, 's', '%s');\n" "$refused"
refuse "COPY, no such user" in.sql 'COPY integrations (id, "userId", service, "accessToken") FROM stdin;\n6\t99\ts\t%s\n\\\\.\n' "$refused"
refuse "COPY, a value too many" in.sql 'COPY integrations (id, "userId", service, "accessToken") FROM stdin;\n6\t1\ts\t%s\t%s\n\\\\.\n' "$refused" "$refused"
printf '{"op":"update","table":"user_profiles","key":{"id":1},"set":{"ghlApiKey":"%s"}}' "$refused" >../input
quiet "no key for a secret" 1 new apply
: >../input
printf '%s0\n' "$digits" >../broken
chmod 600 ../broken
quiet "a key of 65 digits" "2 3" --keys ../broken new tables
quiet "the store at the end" 0 "${key[@]}" new check
id=$("$INSPECT" --csv new keys | tail -1 | cut -d, -f1)
python3 - "$id" <<'END'
import sys
sealed = bytes([0xC1, 1]) + bytes.fromhex(sys.argv[1])  # how a sealed value begins
data = bytearray(open("new", "rb").read())
at, pages = 0, 0
while (at := data.find(sealed, at)) >= 0:
    data[at + len(sealed) + 30] ^= 0x10
    at, pages = at + 1, pages + 1
open("damaged", "wb").write(data)
sys.exit(pages == 0)
END
same "values are damaged" 0 $?
chmod 600 damaged
quiet "check of damage" 4 "${key[@]}" damaged check
quiet "a damaged row" 3 "${key[@]}" damaged get user_profiles 1
quiet "salvage of damage" "0 1 3 4" "${key[@]}" damaged salvage rest

# ------------------------------------------------------------------ no core

ulimit -c unlimited 2>/dev/null
mkfifo ../pipe ../answer
"$INSPECT" "${key[@]}" new apply <../pipe >../answer 2>../stderr &
tool=$!
exec 8>../pipe 9<../answer
printf '{"op":"get","table":"user_profiles","key":{"id":1}}\n' >&8
read -r -t 20 line <&9
case $line in *"$fresh"*) pass ;; *) fail "apply answers with secrets" "$line" ;; esac
same "room for a core" "0 0" "$(awk '/^Max core file size/ { print $5, $6 }' /proc/$tool/limits)"
kill -ABRT $tool
wait $tool 2>/dev/null
same "how it ended" 134 $?
exec 8>&- 9<&-
same "what an abort leaves" "" "$(holds .)$(ls core* 2>/dev/null)"

finish
