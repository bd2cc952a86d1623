#!/bin/sh
# test_docs.sh - documents name what exists.
#
# In docs/architecture.md, docs/format.md and every README.md of lib/: each path in backticks is a file or
# folder, each name() in backticks is a function of the source, each relative link leads to a file.
# docs/errors.md is what tools/errors.awk makes. Ends with "N passed, N failed".
#
#   tests/docs/test_docs.sh            (GEN: the folder of generated headers)

. "$(dirname "$0")/../support/shell.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
generated=${GEN:-build/release/gen}
make_work

# Generated code has the typed functions; without a build of it they are left out.
cat lib/*/*.[ch] include/bbots/*.h tools/*/*.[ch] >"$work/source"
[ -d "$generated/bbots" ] && find "$generated/bbots" -name '*.h' -exec cat {} + >>"$work/source"

# names FILE PATTERN: what stands in backticks and matches.
names() { grep -o '`[^`]*`' "$1" | tr -d '`' | grep -E "^$2\$" | sort -u; }

# exists PLACE PATH: from the top, from the document's folder, or from lib/ and include/.
exists() {
    for base in . "$1" lib include; do
        [ -e "$base/$2" ] && return 0
    done
    return 1
}

for document in docs/architecture.md docs/format.md lib/README.md lib/*/README.md; do
    place=$(dirname "$document")
    for path in $(names "$document" '[A-Za-z0-9_./-]*(\.(c|h|md|sh|py|txt|awk|tsv|sql)|/)'); do
        case $path in doc/xxhash_spec.md | lmdb.h) continue ;; esac # of other projects
        if exists "$place" "$path"; then
            pass
        elif case $path in bbots/*) [ -e "$generated/$path" ] ;; *) false ;; esac; then
            pass
        else
            fail "$document names $path, which does not exist"
        fi
    done
    for name in $(names "$document" '[a-z_0-9]+\(\)' | tr -d '()'); do
        case $name in
        fork | free | malloc | bbots_noun_verb) continue ;;
        bbots_api_token_usage_insert) [ -d "$generated/bbots/platform" ] || continue ;;
        esac
        if grep -Eq "(^|[^a-z_0-9])$name[(]" "$work/source"; then
            pass
        else
            fail "$document names $name(), which does not exist"
        fi
    done
    for link in $(grep -o '](\([^)]*\))' "$document" | sed 's/^](//; s/)$//; s/#.*//' | grep -v '^http'); do
        if [ -e "$place/$link" ]; then pass; else fail "$document links to $link"; fi
    done
done

# The page of errors is made, not written.
awk -v mode=markdown -f tools/errors.awk lib/base/errors.txt >"$work/errors.md" 2>/dev/null
if cmp -s "$work/errors.md" docs/errors.md; then
    pass
else
    fail "docs/errors.md is not what tools/errors.awk -v mode=markdown makes of lib/base/errors.txt"
fi

# Every room of the ladder has its README.md, and no document names a machine's own folders.
for room in lib/*/; do
    if [ -f "$room/README.md" ]; then pass; else fail "$room has no README.md"; fi
done
for document in docs/*.md lib/README.md lib/*/README.md; do
    if grep -nE '/(home|root|tmp|work|Users)/' "$document"; then
        fail "$document names a folder of some machine"
    else
        pass
    fi
done

finish
