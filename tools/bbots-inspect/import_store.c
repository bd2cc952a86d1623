/*
 * import_store.c - a new store appears whole or not at all.
 *
 * With --create the rows go into a file beside. Nobody sees it before it gets its name, and then it is
 * on the disk. A process that is killed leaves FILE.PID.tmp behind, never half a FILE.
 */
#include "import_store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

static int failed(const import_store *to, const char *why)
{
    (void)usage_error(to->line, "%s: %s", to->line->file, why);
    return EXIT_FAILED;
}

static int make_store(import_store *to)
{
    bbots_error error;
    bbots_options options = {.schema = &bbots_platform_schema,
                             .flags =
                                 BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE | BBOTS_OPEN_UNFOLLOWED,
                             .durability = BBOTS_RELAXED,
                             .keys = to->line->keys};
    if (access(to->line->file, F_OK) == 0) {
        return failed(to, "is there already; without --create rows are added to it");
    }
    if (asprintf(&to->temporary, "%s.%ld.tmp", to->line->file, (long)getpid()) < 0) {
        to->temporary = NULL;
        return failed(to, "out of memory");
    }
    return bbots_open(to->temporary, &options, &to->store, &error) == BBOTS_OK
               ? EXIT_DONE
               : library_error(to->line, &error);
}

int import_store_open(import_store *to, const command_line *line, bool create, bool whole)
{
    memset(to, 0, sizeof *to);
    to->line = line;
    if (create) {
        return make_store(to);
    }
    to->store = open_store(line, whole ? BBOTS_OPEN_UNFOLLOWED : 0);
    return to->store != NULL ? EXIT_DONE : EXIT_FAILED;
}

/* Sees to it that a file or folder is on the disk. Returns 0 or an errno. */
static int flush(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    int failure = descriptor < 0 || fsync(descriptor) != 0 ? errno : 0;
    if (descriptor >= 0) {
        close(descriptor);
    }
    return failure;
}

static int flush_folder(const char *path)
{
    char *copy = strdup(path);
    int failure = copy != NULL ? flush(dirname(copy)) : ENOMEM;
    free(copy);
    return failure;
}

/* A link, not a rename: what has the name by now is not overwritten. */
static int give_name(const import_store *to)
{
    int failure = flush(to->temporary);
    if (failure == 0 && link(to->temporary, to->line->file) != 0) {
        failure = errno;
    }
    return failure == 0 ? flush_folder(to->line->file) : failure;
}

int import_store_keep(import_store *to)
{
    bbots_error error;
    int rc = bbots_close(to->store, &error);
    to->store = NULL;
    if (rc != BBOTS_OK) {
        return library_error(to->line, &error);
    }
    int failure = to->temporary != NULL ? give_name(to) : 0;
    return failure == 0 ? EXIT_DONE : failed(to, strerror(failure));
}

void import_store_end(import_store *to)
{
    char *lock;
    if (to->store != NULL) {
        (void)bbots_close(to->store, NULL);
    }
    if (to->temporary != NULL) {
        unlink(to->temporary);
        if (asprintf(&lock, "%s-lock", to->temporary) >= 0) {
            unlink(lock);
            free(lock);
        }
    }
    free(to->temporary);
    memset(to, 0, sizeof *to);
}
