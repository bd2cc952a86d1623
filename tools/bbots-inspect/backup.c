/*
 * backup.c - bbots-inspect FILE backup NEW, and FILE compact: whole copies.
 */
#include "inspect.h"
#include "options.h"

#include <inttypes.h>

static int run_backup(const command_line *line)
{
    static const option options[] = {{NULL, NULL, NULL, NULL}};
    rest_words rest;
    bbots_error error;
    int rc = read_options(line, options, 1, 1, "the new file's name", &rest);
    if (rc != EXIT_DONE) {
        return rc;
    }
    bbots_store *store = open_store(line, BBOTS_OPEN_READ_ONLY);
    if (store == NULL) {
        return EXIT_FAILED;
    }
    rc = bbots_backup(store, rest.words[0], &error) == BBOTS_OK ? EXIT_DONE
                                                                : library_error(line, &error);
    (void)bbots_close(store, NULL);
    if (rc == EXIT_DONE && line->format == FORMAT_JSON) {
        puts("{\"copied\": true}");
    } else if (rc == EXIT_DONE && line->format == FORMAT_PEOPLE && !line->quiet) {
        puts("copied and read back");
    }
    return rc;
}

static int run_compact(const command_line *line)
{
    static const option options[] = {{NULL, NULL, NULL, NULL}};
    rest_words rest;
    bbots_error error;
    uint64_t before;
    uint64_t after;
    int rc = read_options(line, options, 0, 0, "no words", &rest);
    if (rc != EXIT_DONE) {
        return rc;
    }
    if (bbots_compact(line->file, &before, &after, &error) != BBOTS_OK) {
        return library_error(line, &error);
    }
    if (line->format == FORMAT_JSON) {
        printf("{\"before_bytes\": %" PRIu64 ", \"after_bytes\": %" PRIu64 "}\n", before, after);
    } else if (line->format == FORMAT_PEOPLE && !line->quiet) {
        printf("%" PRIu64 " bytes before, %" PRIu64 " after\n", before, after);
    }
    return EXIT_DONE;
}

const command command_backup = {
    "backup", "copy the store into a new file while it is in use",
    "Usage: bbots-inspect FILE backup NEW\n"
    "\n"
    "Writes the last commit into a new file, which is as small as it can be, reads every row of "
    "it\n"
    "back, and holds the digests of all tables against the store's. Overwrites nothing. Others "
    "may\n"
    "read and write meanwhile. Secrets stay sealed; no key is needed.\n",
    run_backup};

const command command_compact = {
    "compact", "replace the store by a copy without gaps",
    "Usage: bbots-inspect FILE compact\n"
    "\n"
    "Writes a copy beside the file, reads every row of it back, and puts it in the file's place "
    "in\n"
    "one step. Nobody else may have the store open. Needs free space for the copy.\n",
    run_compact};
