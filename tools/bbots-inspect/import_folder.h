/* import_folder.h - the files of a folder that `export --all` wrote. */
#ifndef IMPORT_FOLDER_H
#define IMPORT_FOLDER_H

#include "inspect.h"

/* The files of a folder, by table number; NULL: the table has none. */
typedef struct import_folder {
    char **files;   /* paths */
    uint32_t count; /* tables of the schema */
    uint64_t bytes; /* of all files */
} import_folder;

/*
 * Looks through a folder: every file has to be TABLE.jsonl or TABLE.csv (names that begin with a dot
 * are passed over). EXIT_DONE, or EXIT_FAILED after a message. import_folder_free() in either case.
 */
int import_folder_read(const command_line *line, const bbots_schema *schema, const char *path,
                       import_folder *folder);
void import_folder_free(import_folder *folder);

#endif
