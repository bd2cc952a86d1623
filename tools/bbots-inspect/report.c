/*
 * report.c - how the tool says that something went wrong: one line on standard error.
 *
 * What a message repeats was typed by somebody or comes from a file, so it goes through text_put()
 * like everything that reaches a terminal.
 */
#include "inspect.h"
#include "terminal.h"

#include <stdarg.h>
#include <sys/stat.h>

static void say(const command_line *line, const char *message)
{
    fflush(stdout);
    text_put(stderr, line->program, strlen(line->program));
    fputs(": ", stderr);
    text_put(stderr, message, strlen(message));
    putc('\n', stderr);
}

int usage_error(const command_line *line, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    say(line, message);
    return EXIT_USAGE;
}

int library_error(const command_line *line, const bbots_error *error)
{
    char message[1024];
    int size = snprintf(message, sizeof message, "%s (SQLSTATE %s",
                        error->message[0] != '\0' ? error->message : bbots_status_text(error->code),
                        error->sqlstate);
    /* most messages of system errors end with the system's words already */
    if (error->system > 0 && strstr(error->message, strerror(error->system)) == NULL) {
        snprintf(message + size, sizeof message - (size_t)size, ", system: %s)",
                 strerror(error->system));
    } else {
        snprintf(message + size, sizeof message - (size_t)size, ")");
    }
    say(line, message);
    return EXIT_FAILED;
}

/* Up to this size a file is walked before it is written to: a fraction of a second. */
#define WALKED_BYTES_MAX (INT64_C(1) << 30)

/* A tool owns its signals, so damage met in the file's memory becomes a message. */
static unsigned careful(const command_line *line, unsigned flags)
{
    struct stat status;
    if ((flags & BBOTS_OPEN_READ_ONLY) == 0 && stat(line->file, &status) == 0 &&
        status.st_size <= WALKED_BYTES_MAX) {
        flags |= BBOTS_OPEN_VERIFY;
    }
    return flags | BBOTS_OPEN_GUARD;
}

/* A repair is no secret. */
static void tell_repair(const command_line *line, bbots_store *store)
{
    bbots_stat stat;
    if (bbots_store_stat(store, &stat, NULL) != BBOTS_OK) {
        return;
    }
    if ((stat.opened & BBOTS_OPENED_TAKEN_BACK) != 0) {
        say(line, "the power failed: the store is as at its last flush");
    }
    if ((stat.opened & BBOTS_OPENED_META_REPAIRED) == 0) {
        return;
    }
    say(line, (stat.opened & BBOTS_OPENED_WENT_BACK) != 0
                  ? "a damaged meta page was repaired; the last commit may be lost"
                  : "a damaged meta page was repaired; nothing is lost");
}

bbots_store *open_store(const command_line *line, unsigned flags)
{
    bbots_store *store = NULL;
    bbots_error error;
    bbots_options options;
    memset(&options, 0, sizeof options);
    options.flags = careful(line, flags);
    options.keys = line->keys;
    if (bbots_open(line->file, &options, &store, &error) != BBOTS_OK) {
        (void)library_error(line, &error);
        return NULL;
    }
    tell_repair(line, store);
    return store;
}
