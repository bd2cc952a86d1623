/*
 * report.c - how the tool says that something went wrong: one line on standard error.
 *
 * What a message repeats was typed by somebody or comes from a file, so it goes through text_put()
 * like everything that reaches a terminal.
 */
#include "inspect.h"
#include "terminal.h"

#include <stdarg.h>

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

bbots_store *open_store(const command_line *line, unsigned flags)
{
    bbots_store *store = NULL;
    bbots_error error;
    bbots_options options;
    memset(&options, 0, sizeof options);
    options.flags = flags;
    if (bbots_open(line->file, &options, &store, &error) != BBOTS_OK) {
        (void)library_error(line, &error);
        return NULL;
    }
    return store;
}
