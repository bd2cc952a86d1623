#!/bin/bash
# test_symbols.sh - what the library exports is the list in symbols.txt, no more and no less; the
# static library has no other global names either, so that a host's own cannot clash with them.
#
# A new function of the interface is added to the list by hand, or by UPDATE=1 and a look at the
# difference. A name never leaves it before the version that breaks the interface.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build/release}
list=tests/headers/symbols.txt
make_work
export LC_ALL=C

# same WHAT FILE: the names in FILE are those of the list
same() {
    if diff "$list" "$2" >"$work/diff"; then
        pass
    else
        fail "$1 (< in the list only, > in the library only)"
        sed 's/^/    /' "$work/diff"
    fi
}

nm -D --defined-only "$BUILD/libbbots.so" | awk '{ print $3 }' | sort >"$work/shared"
nm -g --defined-only "$BUILD/libbbots.a" | awk 'NF == 3 { print $3 }' | sort >"$work/static"
[ "${UPDATE:-}" = 1 ] && cp "$work/shared" "$list"
same "libbbots.so" "$work/shared"
same "libbbots.a" "$work/static"

# Every name is the library's, and every function of the headers is there.
if grep -v '^bbots_' "$list"; then
    fail "names without the prefix are above"
else
    pass
fi
cat include/bbots/*.h | tr '\n' ' ' | grep -oE 'BBOTS_API[^;{]*\(' | grep -oE 'bbots_[a-z0-9_]+ *\(' |
    tr -d ' (' | sort -u >"$work/declared"
if [ "$(wc -l <"$work/declared")" -gt 60 ] && comm -23 "$work/declared" "$list" | grep .; then
    fail "functions above are declared and not exported"
else
    pass
fi
finish
