/* import_store.h - the store that an import fills: one that is there, or a new one. */
#ifndef IMPORT_STORE_H
#define IMPORT_STORE_H

#include "inspect.h"

typedef struct import_store {
    const command_line *line;
    bbots_store *store; /* NULL: not open */
    char *temporary;    /* of a new one: its name until it is whole; NULL: the store was there */
} import_store;

/*
 * Opens the store of the command line, or makes a new one under a temporary name beside it. whole:
 * rows that follow others come along and are not made here (BBOTS_OPEN_UNFOLLOWED).
 * EXIT_DONE, or EXIT_FAILED after a message; import_store_end() is needed in either case.
 */
int import_store_open(import_store *to, const command_line *line, bool create, bool whole);

/* Closes the store; a new one gets its name, unless somebody has it by now. EXIT_DONE or EXIT_FAILED. */
int import_store_keep(import_store *to);

/* Closes what is open; a new store that was not kept is gone. */
void import_store_end(import_store *to);

#endif
