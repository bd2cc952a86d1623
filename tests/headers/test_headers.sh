#!/bin/bash
# test_headers.sh - each public header, and each that the generator writes, compiles alone, without
# a warning, in C11 and in C++17; and a C++ program that uses them links and runs.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build/release}
GEN=${GEN:-$BUILD/gen}
CC=${CC:-gcc}
CXX=${CXX:-g++}
make_work
flags="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -Iinclude -I$GEN -fsyntax-only"

# try LANGUAGE COMPILER STANDARD HEADER
try() {
    # Twice: a header guards itself.
    printf '#include <%s>\n#include <%s>\nextern int nothing;\n' "$4" "$4" >"$work/one"
    if $2 -x "$1" -std="$3" $flags "$work/one" 2>"$work/log"; then
        pass
    else
        fail "$4 alone, $3"
        head -5 "$work/log" | sed 's/^/    /'
    fi
}

headers=$( (cd include && find bbots -name '*.h'; cd "$OLDPWD" && cd "$GEN" && \
    { find bbots -maxdepth 1 -name '*.h'; find bbots/platform -name '*.h'; }) | sort -u)
[ "$(echo "$headers" | wc -l)" -gt 100 ] || { echo "too few headers: build first"; exit 1; }
for header in $headers; do
    try c "$CC" c11 "$header"
    try c++ "$CXX" c++17 "$header"
done

cat >"$work/program.cpp" <<'PROGRAM'
#include <bbots/bbots.h>
#include <bbots/platform.h>
#include <cstdio>

int main(int, char **argv)
{
    bbots_error error;
    bbots_options options = {};
    options.schema = &bbots_platform_schema;
    options.flags = BBOTS_OPEN_CREATE;
    bbots_store *store;
    bbots_txn *txn;
    bbots_users user = {};
    if (bbots_open(argv[1], &options, &store, &error) != BBOTS_OK ||
        bbots_begin(store, BBOTS_WRITE, &txn, &error) != BBOTS_OK) {
        return 1;
    }
    user.given = BBOTS_USERS_EMAIL;
    user.email = bbots_text_of("c++@example.com");
    if (bbots_users_insert(txn, &user, &error) != BBOTS_OK || user.id != 1 ||
        bbots_commit(txn, &error) != BBOTS_OK) {
        std::puts(error.message);
        return 2;
    }
    return bbots_close(store, &error) == BBOTS_OK ? 0 : 3;
}
PROGRAM
libraries="$(pkg-config --libs lmdb libsodium libxxhash yajl) $(pkg-config --libs msgpack-c 2>/dev/null ||
    pkg-config --libs msgpack) -lpthread -lm"
if $CXX -std=c++17 -Wall -Wextra -Werror -Iinclude -I"$GEN" "$work/program.cpp" \
    "$BUILD/libbbots.a" $libraries -o "$work/program" 2>"$work/log" &&
    "$work/program" "$work/store.bbots" >>"$work/log" 2>&1; then
    pass
else
    fail "a C++ program"
    head -10 "$work/log" | sed 's/^/    /'
fi
finish
