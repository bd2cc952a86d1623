#!/bin/sh
# valgrind.sh PROGRAM - runs a test under valgrind: no error, no leak. Smaller sizes where it takes some.
# (What leaks indirectly does so through something that leaks definitely.)
BBOTS_VALGRIND=1 BBOTS_OPERATIONS=1000 BBOTS_ROWS=5000 exec valgrind -q --error-exitcode=99 --leak-check=full --num-callers=40 \
    --suppressions="$(dirname "$0")/leaks.supp" \
    --show-leak-kinds=definite --errors-for-leak-kinds=definite "$@"
