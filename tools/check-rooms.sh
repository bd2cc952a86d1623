#!/bin/sh
# check-rooms.sh - a room includes from itself and from the rooms below it, calls nothing that is
# defined above it, and each outside library has one door (lib/README.md).
set -eu
status=0
order="base schema vault codec pages store table secrets ledger"

complain() {
    echo "check-rooms: $1"
    status=1
}

level() {
    n=0
    for room in $order; do
        n=$((n + 1))
        if [ "$room" = "$1" ]; then echo "$n"; return; fi
    done
    echo 0
}

for room in $order; do
    for file in lib/"$room"/*.[ch]; do
        for include in $(sed -n 's/^#include "\([a-z]*\)\/.*"/\1/p' "$file"); do
            if [ "$(level "$include")" -gt "$(level "$room")" ] || [ "$(level "$include")" = 0 ]; then
                complain "$file includes from room $include, which is not below $room"
            fi
        done
    done
done

# A public header tells nobody in which room a function is defined; the objects do.
build=${BUILD:-build/release}
defined() { nm --defined-only -g "$build"/lib/"$1"/*.o 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u; }
wanted() { nm -u "$build"/lib/"$1"/*.o 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for room in $order; do wanted "$room" > "$scratch/$room.wanted"; done
for above in $order; do
    defined "$above" > "$scratch/defined"
    for room in $order; do
        [ "$(level "$room")" -lt "$(level "$above")" ] || continue
        for name in $(comm -12 "$scratch/$room.wanted" "$scratch/defined"); do
            complain "room $room calls $name of room $above, which is not below it"
        done
    done
done

# door LIBRARY'S-HEADER ROOMS...
door() {
    header=$1
    shift
    for file in $(grep -l "^#include <$header" -r lib include tools 2>/dev/null || true); do
        inside=no
        for place in "$@"; do
            case $file in "$place"*) inside=yes ;; esac
        done
        [ $inside = yes ] || complain "$file includes <$header>: its door is $*"
    done
}

door lmdb.h lib/store/
door sodium.h lib/base/uuid.c lib/vault/
door yajl lib/codec/json_parse.c
door xxhash.h lib/base/hash.c lib/schema/
door msgpack.h lib/codec/json lib/schema/
door sqlite3.h tools/bbots-schema/ bench/
[ $status = 0 ] && echo "check-rooms: 1 passed, 0 failed" | sed 's/^check-rooms: //'
exit $status
