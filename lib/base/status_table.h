/* base/status_table.h - the list of errors.txt as constant data; tools/errors.awk makes its .c. */
#ifndef BASE_STATUS_TABLE_H
#define BASE_STATUS_TABLE_H

#include <stddef.h>

typedef struct bb_status_entry {
    int number;       /* enum bbots_status */
    const char *name; /* without the prefix BBOTS_ */
    const char *sqlstate;
    const char *text;
} bb_status_entry;

extern const bb_status_entry bb_status_table[];
extern const size_t bb_status_count;

#endif
