/*
 * jsonl_line.c - reading lines without trusting their length.
 *
 * The buffer grows by doubling up to one line of the limit and is never larger. A longer line is
 * read to its end and dropped, piece by piece, so that the lines behind it still count. read() is
 * used bare: it gives what a pipe holds at the moment, and a program that waits for an answer
 * before it sends the next line is not kept waiting for a full buffer.
 */
#include "jsonl_line.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_FIRST ((size_t)64 << 10)
#define BUFFER_MAX   (JSONL_LINE_MAX + 1) /* and the newline */

void jsonl_reader_begin(jsonl_reader *reader, int descriptor)
{
    memset(reader, 0, sizeof *reader);
    reader->descriptor = descriptor;
}

void jsonl_reader_end(jsonl_reader *reader)
{
    free(reader->buffer);
    reader->buffer = NULL;
}

/* Makes room behind end: by moving what is left to the front, or by growing. */
static int make_room(jsonl_reader *reader)
{
    if (reader->start > 0) {
        memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    if (reader->end < reader->capacity) {
        return BBOTS_OK;
    }
    size_t wanted = reader->capacity == 0 ? BUFFER_FIRST : reader->capacity * 2;
    wanted = wanted < BUFFER_MAX ? wanted : BUFFER_MAX;
    if (wanted == reader->capacity) {
        return BBOTS_LIMIT_EXCEEDED;
    }
    char *grown = realloc(reader->buffer, wanted);
    if (grown == NULL) {
        return BBOTS_NO_MEMORY;
    }
    reader->buffer = grown;
    reader->capacity = wanted;
    return BBOTS_OK;
}

/* Reads once. BBOTS_END: nothing is left to read. */
static int read_more(jsonl_reader *reader)
{
    if (reader->finished) {
        return BBOTS_END;
    }
    int rc = make_room(reader);
    if (rc != BBOTS_OK) {
        return rc;
    }
    ssize_t got;
    do {
        got =
            read(reader->descriptor, reader->buffer + reader->end, reader->capacity - reader->end);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return BBOTS_IO;
    }
    reader->finished = got == 0;
    reader->end += (size_t)got;
    reader->bytes += (uint64_t)got;
    return got == 0 ? BBOTS_END : BBOTS_OK;
}

/* The newline of the line that begins at start, or NULL when it has not been read yet. */
static char *find_end(jsonl_reader *reader)
{
    size_t size = reader->end - reader->start;
    char *from = reader->buffer + reader->start;
    char *newline =
        size > reader->looked ? memchr(from + reader->looked, '\n', size - reader->looked) : NULL;
    reader->looked = newline != NULL ? 0 : size;
    return newline;
}

/* Drops the rest of a line that is too long. */
static int skip_line(jsonl_reader *reader)
{
    char *newline;
    int rc = BBOTS_OK;
    while ((newline = find_end(reader)) == NULL && rc == BBOTS_OK) {
        reader->start = reader->end = reader->looked = 0;
        rc = read_more(reader);
    }
    if (newline != NULL) {
        reader->start = (size_t)(newline - reader->buffer) + 1;
    }
    return rc == BBOTS_OK || rc == BBOTS_END ? BBOTS_LIMIT_EXCEEDED : rc;
}

static void give(jsonl_reader *reader, size_t size, size_t behind, bbots_text *line)
{
    static const char mark[] = "\xEF\xBB\xBF";
    line->data = reader->buffer + reader->start;
    line->size = size;
    reader->start += size + behind;
    reader->line++;
    if (reader->line == 1 && size >= 3 && memcmp(line->data, mark, 3) == 0) {
        line->data += 3;
        line->size -= 3;
    }
}

int jsonl_reader_next(jsonl_reader *reader, bbots_text *line)
{
    char *newline = NULL;
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK && (reader->buffer == NULL || (newline = find_end(reader)) == NULL)) {
        rc = read_more(reader);
    }
    size_t left = reader->end - reader->start;
    if (newline != NULL) {
        give(reader, (size_t)(newline - reader->buffer) - reader->start, 1, line);
        return BBOTS_OK;
    }
    if (rc == BBOTS_END && left > 0 && left <= JSONL_LINE_MAX) {
        reader->looked = 0;
        give(reader, left, 0, line); /* the last line may lack its newline */
        return BBOTS_OK;
    }
    if (rc == BBOTS_LIMIT_EXCEEDED || (rc == BBOTS_END && left > 0)) {
        reader->line++;
        return skip_line(reader);
    }
    return rc;
}
