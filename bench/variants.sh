#!/bin/sh
# variants.sh - what a part of the library costs: works with it and without it, in turn.
#
#   variants.sh FOLDER N RUNS WORKS 'NAME=PROGRAM[,FLAG...]'...
#
# WORKS are separated by commas. A FLAG is one of BBOTS_BENCH_FLAGS (bbots.c). The first variant is what the others are held
# against. Writes FOLDER/variants.tsv and prints, for each work and variant, the rate: median (least to greatest), and
# its ratio to the first variant's.
set -eu
folder=$1 n=$2 runs=$3 works=$4
shift 4
mkdir -p "$folder"
out=$folder/variants.tsv
printf 'work\tvariant\trun\trate\tfile_bytes\n' >"$out"
number=1
while [ "$number" -le "$runs" ]; do
    for variant; do
        name=${variant%%=*}
        what=${variant#*=}
        program=${what%%,*}
        flags=
        case $what in *,*) flags=${what#*,} ;; esac
        for work in $(echo "$works" | tr , ' '); do
            BBOTS_BENCH_FLAGS=$flags "$program" --work "$work" --engines bbots --n "$n" --runs 1 --dir "$folder/data" \
                --tsv "$folder/one.tsv" >/dev/null
            awk -F '\t' -v OFS='\t' -v work="$work" -v name="$name" -v run="$number" \
                '$2 == work { print work, name, run, $8, $12 }' "$folder/one.tsv" >>"$out"
        done
    done
    number=$((number + 1))
done
awk -F '\t' -v n="$n" '
NR > 1 {
    key = $1 "\t" $2
    if (!(key in count)) order[++keys] = key
    if (!($1 in first)) first[$1] = key
    rate[key, ++count[key]] = $4
    bytes[key] = $5
}
function median(key,  i, j, t) {
    for (i = 1; i <= count[key]; i++)
        for (j = i; j > 1 && rate[key, j] < rate[key, j - 1]; j--) {
            t = rate[key, j]; rate[key, j] = rate[key, j - 1]; rate[key, j - 1] = t
        }
    return rate[key, int((count[key] + 1) / 2)]
}
END {
    for (k = 1; k <= keys; k++) middle[order[k]] = median(order[k])
    for (work in first) for (k = 1; k <= keys; k++) if (split(order[k], part, "\t") && part[1] == work)
        printf "%s|%-4s %-40s %10.0f a second (%.0f to %.0f), %6.3f of the first, file %.1f MiB\n", work, work, part[2], \
            middle[order[k]], rate[order[k], 1], rate[order[k], count[order[k]]], \
            middle[order[k]] / middle[first[work]], bytes[order[k]] / 1048576
}' "$out" | sort -s -t '|' -k1,1 | cut -d '|' -f 2
