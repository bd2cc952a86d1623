#!/bin/sh
# valgrind.sh PROGRAM - runs a test under valgrind: no error, no leak. Smaller sizes where it takes some.
BBOTS_OPERATIONS=1000 exec valgrind -q --error-exitcode=99 --leak-check=full \
    --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect "$@"
