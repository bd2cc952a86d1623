/* export_file.h - an output file that appears whole or not at all. */
#ifndef EXPORT_FILE_H
#define EXPORT_FILE_H

#include "inspect.h"

typedef struct export_file {
    const command_line *line;
    FILE *out;
    char *path; /* NULL: standard output, or a device that is written directly */
    char *temporary;
} export_file;

/*
 * Opens a file for writing under a temporary name beside path, for its owner only; path NULL is
 * standard output. What is there and no regular file (a pipe, /dev/null) is written directly. The
 * store itself is refused. EXIT_DONE, or EXIT_FAILED after a message.
 */
int export_file_open(export_file *file, const command_line *line, const char *path);

/*
 * Closes a file; keep: and gives it its name. Returns EXIT_DONE, or EXIT_FAILED after a message; the
 * temporary file is gone in any case.
 */
int export_file_close(export_file *file, bool keep);

#endif
