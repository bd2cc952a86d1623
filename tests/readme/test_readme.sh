#!/bin/bash
# test_readme.sh - what the README shows is true: its program compiles and prints what it says, and
# every file and target that it names exists. A program of a host's own, too, with an installed
# library.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
make_work

says() { # WANTED TEXT: the text contains it
    case $2 in *"$1"*) true ;; *) echo "wanted: $1"; echo "got: $2"; false ;; esac
}

sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >"$work/example.c"
check "the program has about twenty lines of code" \
    test "$(grep -c '[a-z]' "$work/example.c")" -le 30
check "the program compiles without a warning" \
    ${CC:-gcc} -Wall -Wextra -Werror "$work/example.c" $(make -s flags) -o "$work/example"
cd "$work" || exit 1
check "the first run adds Ada" says "Ada has number 1" "$(./example 2>&1)"
expected=$(sed -n '/^A second run prints/,/exists`/p' "$top/README.md" | tr '\n' ' ' |
    sed 's/.*`\(23505.*\)`.*/\1/')
check "the second run is refused as the README says" says "$expected" "$(./example 2>&1)"
check "the file is a store without findings" "$top/${BBOTS_INSPECT:-build/release/bbots-inspect}" \
    platform.bbots check
cd "$top" || exit 1

for path in $(grep -o '](docs/[a-z/.]*)' README.md | tr -d ']()') \
    $(grep -o '^| `[a-z/]*`' README.md | tr -d '|` '); do
    check "README names $path" test -e "$path"
done
for target in $(grep -o '^make [a-z]*' README.md | cut -d' ' -f2); do
    check "make $target exists" grep -q "^$target:" Makefile
done

check "make install" make -s install PREFIX=/opt/bbots DESTDIR="$work/root"
root=$work/root/opt/bbots
check "the installed library serves a program" ${CC:-gcc} "$work/example.c" -I"$root/include" \
    -L"$root/lib" -lbbots -Wl,-rpath,"$root/lib" -o "$work/installed"
check "and it runs" says "23505" "$(cd "$work" && ./installed 2>&1)"
check "the soname is set" says "libbbots.so.0" "$(objdump -p "$root/lib/libbbots.so" | grep SONAME)"
finish
