/*
 * pg_input.c - one block of memory that moves along a file.
 *
 * A line is handed out where it lies, so that the fields of a COPY row are never copied. The block
 * grows only for a line that is longer than itself.
 */
#include "pg_input.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCK_SIZE ((size_t)256 << 10)

int pg_input_begin(pg_input *input, int descriptor)
{
    memset(input, 0, sizeof *input);
    input->descriptor = descriptor;
    input->line = 1;
    input->capacity = BLOCK_SIZE;
    input->data = malloc(input->capacity);
    return input->data != NULL ? BBOTS_OK : BBOTS_NO_MEMORY;
}

void pg_input_end(pg_input *input)
{
    free(input->data);
    input->data = NULL;
}

static int fail(pg_input *input, int failure)
{
    input->failure = failure;
    return PG_FAILED;
}

/* Makes room behind what is there: by moving it to the front, else by growing. */
static int make_room(pg_input *input)
{
    if (input->at > 0) {
        memmove(input->data, input->data + input->at, input->end - input->at);
        input->end -= input->at;
        input->at = 0;
    }
    if (input->end == input->capacity) {
        if (input->capacity >= PG_LINE_MAX) {
            return fail(input, BBOTS_LIMIT_EXCEEDED);
        }
        char *grown = realloc(input->data, input->capacity * 2);
        if (grown == NULL) {
            return fail(input, BBOTS_NO_MEMORY);
        }
        input->data = grown;
        input->capacity *= 2;
    }
    return 0;
}

int pg_input_more(pg_input *input)
{
    ssize_t got;
    if (input->finished) {
        return PG_NO_BYTE;
    }
    int rc = make_room(input);
    if (rc < 0) {
        return rc;
    }
    do {
        got = read(input->descriptor, input->data + input->end, input->capacity - input->end);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return fail(input, BBOTS_IO);
    }
    input->end += (size_t)got;
    input->bytes += (uint64_t)got;
    input->finished = got == 0;
    return got == 0 ? PG_NO_BYTE : 0;
}

int pg_input_line(pg_input *input, char **text, size_t *size)
{
    size_t searched = 0;
    for (;;) {
        char *from = input->data + input->at + searched;
        size_t left = input->end - input->at - searched;
        char *end = left > 0 ? memchr(from, '\n', left) : NULL;
        if (end != NULL) {
            *text = input->data + input->at;
            *size = (size_t)(end - *text);
            input->at += *size + 1;
            input->line++;
            return BBOTS_OK;
        }
        searched += left;
        int rc = pg_input_more(input);
        if (rc < 0) {
            return rc == PG_NO_BYTE ? BBOTS_END : input->failure;
        }
    }
}
