#!/bin/bash
# test_triples.sh - Node's crypto and Python's cryptography open what the library sealed in the
# platform's form, and the library opens what they sealed; their 16-byte nonces are refused by name.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build/release}
GEN=${GEN:-$BUILD/gen}
CC=${CC:-gcc}
make_work
skipped=0

libraries="$(pkg-config --libs lmdb libsodium libxxhash yajl) $(pkg-config --libs msgpack-c 2>/dev/null ||
    pkg-config --libs msgpack) -lpthread -lm"
$CC -std=c11 -Wall -Wextra -Werror -Iinclude -I"$GEN" tests/vault/triple_tool.c "$BUILD/libbbots.a" \
    $libraries -o "$work/tool" || exit 1
tool=$work/tool
if grep -qw aes /proc/cpuinfo; then :; else
    echo "skipped: this processor has no AES instructions"
    exit 77
fi

# expect WHAT WANTED GOT
expect() {
    if [ "$2" = "$3" ]; then
        pass
    else
        fail "$1" "wanted $2" "got    $3"
    fi
}

# skip WHY: what is not there is counted, so that nobody takes it for tried.
skip() {
    skipped=$((skipped + 1))
    echo "skipped: $1"
}

# A python that has the package: Debian's own, or whichever comes first.
python=
for one in /usr/bin/python3 python3; do
    if $one -c 'import cryptography' 2>/dev/null; then python=$one; break; fi
done
[ -n "$python" ] || skip "no Python with cryptography here"
node=
if command -v node >/dev/null 2>&1; then node=node; else skip "no Node here"; fi

texts=("sk-live-0123456789" "" $'two\nlines' "pässwörd 🐴" "$(printf 'x%.0s' {1..4000})")
for other in ${node:+"node tests/vault/foreign.js"} ${python:+"$python tests/vault/foreign.py"}; do
    for form in hex base64; do
        for text in "${texts[@]}"; do
            key=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
            mapfile -t ours < <($tool seal "$key" $form "$text")
            expect "$other opens ours ($form)" "$text" "$($other open "$key" $form "${ours[@]}" 2>&1)"
            mapfile -t theirs < <($other seal "$key" $form 12 "$text")
            expect "ours opens that of $other ($form)" "$text" "$($tool open "$key" "${theirs[@]}")"
        done
        mapfile -t theirs < <($other seal "$key" $form 16 "long nonce")
        answer=$($tool open "$key" "${theirs[@]}")
        case $answer in
        "INVALID_TEXT: the nonce (iv) has 16 bytes"*) pass ;;
        *) expect "a nonce of 16 bytes ($form)" "INVALID_TEXT: the nonce (iv) has 16 bytes..." "$answer" ;;
        esac
    done
done
[ $((passed + failed)) != 0 ] || exit 77
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
