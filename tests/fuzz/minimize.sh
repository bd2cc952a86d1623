#!/bin/bash
# minimize.sh - takes over into tests/fuzz/corpus what a search found, as few and as small inputs as
# reach the same code: minimize.sh FOLDER-OF-PROGRAMS TARGET...
# Of inputs of more than a KiB the beginning is taken: small ones are quick to run again.
set -eu
programs=$1
shift
for target in "$@"; do
    corpus=tests/fuzz/corpus/$target
    fewer=$(mktemp -d)
    "$programs/$target" -merge=1 -max_len=1024 "$fewer" "$corpus" "build/fuzz-found/$target" >/dev/null 2>&1
    rm -f "$corpus"/*
    cp "$fewer"/* "$corpus"
    rm -rf "$fewer"
    echo "$target: $(ls "$corpus" | wc -l) inputs, $(cat "$corpus"/* | wc -c) bytes"
done
