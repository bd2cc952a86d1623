#!/bin/sh
# setup.sh - what a machine needs to build and test libbbots, from its own packages.
#
#   setup.sh build    what `make` needs
#   setup.sh bench    what `make bench` needs beside that
#   setup.sh test     what `make test` needs beside that
#
# Installs what is missing through apt when it may (as root, or with sudo that asks nothing), and
# otherwise prints the command to run. Debian 12 and Ubuntu; elsewhere it prints the list.
set -eu

what=${1:-build}
build="gcc make binutils pkg-config mawk|gawk liblmdb-dev libmsgpack-c-dev|libmsgpack-dev
libsodium-dev libxxhash-dev libyajl-dev libsqlite3-dev"
test="libcmocka-dev clang libclang-rt-dev|libclang-rt-14-dev g++ libpq-dev valgrind sqlite3 postgresql
python3 python3-cryptography git tmux chromium"
command -v node >/dev/null 2>&1 || test="$test nodejs" # wherever it came from, one Node is enough
bench="gnuplot-nox|gnuplot python3"
case $what in
build) wanted=$build ;;
bench) wanted="$build $bench" ;;
test) wanted="$build $test" ;;
*) echo "setup.sh: build, bench or test, not $what" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "setup: no dpkg here; these packages (Debian's names) are needed:" $wanted
    exit 0
fi

installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

available() {
    apt-cache show "$1" >/dev/null 2>&1
}

# The first alternative that is there; otherwise the first that can be had; otherwise the last.
choose() {
    for one in $(echo "$1" | tr '|' ' '); do
        if installed "$one"; then return; fi
    done
    for one in $(echo "$1" | tr '|' ' '); do
        if available "$one"; then break; fi
    done
    echo "$one"
}

missing() {
    for one in $wanted; do choose "$one"; done | tr '\n' ' '
}

list=$(missing)
[ -n "$list" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "setup: missing packages; run this, then make again:"
    echo "    sudo apt-get update && sudo apt-get install -y $list"
    exit 1
fi
echo "setup: installing $list"
$as_root apt-get update -q >/dev/null
list=$(missing) # names can be chosen better now
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $list \
    >/tmp/bbots-setup.$$ 2>&1 || { cat /tmp/bbots-setup.$$; rm -f /tmp/bbots-setup.$$; exit 1; }
rm -f /tmp/bbots-setup.$$
