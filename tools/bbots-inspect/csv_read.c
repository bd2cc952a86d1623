/*
 * csv_read.c - RFC 4180, read strictly.
 *
 * A file that is not quite CSV is more often damaged than meant otherwise, so nothing is guessed: a
 * quote inside an unquoted field, anything but a delimiter behind a closing quote and a quote that
 * is never closed are errors with their line. Lines may end in CRLF or LF. Inside quotes every byte
 * counts, line ends included. A byte order mark at the start is dropped.
 *
 * Memory: one block of input and one record.
 */
#include "csv_read.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define INPUT_SIZE ((size_t)64 << 10)

/* What next_byte() gives when there is no byte. */
enum { NO_BYTE = -1, FAILED = -2 };

int csv_reader_begin(csv_reader *reader, int descriptor, char delimiter)
{
    memset(reader, 0, sizeof *reader);
    reader->descriptor = descriptor;
    reader->delimiter = delimiter;
    reader->here = 1;
    reader->input = malloc(INPUT_SIZE);
    return reader->input != NULL ? BBOTS_OK : BBOTS_NO_MEMORY;
}

void csv_reader_end(csv_reader *reader)
{
    free(reader->input);
    free(reader->record);
    free(reader->fields);
    memset(reader, 0, sizeof *reader);
}

bbots_text csv_reader_field(const csv_reader *reader, unsigned number)
{
    const csv_field *field = &reader->fields[number];
    bbots_text text = {reader->record != NULL ? reader->record + field->offset : "", field->size};
    return text;
}

/* ------------------------------------------------------------------ bytes */

/* Fills the input again. Returns 0 or what next_byte() has to give. */
static int refill(csv_reader *reader)
{
    ssize_t got = 0;
    if (reader->finished) {
        return NO_BYTE;
    }
    do {
        got = read(reader->descriptor, reader->input, INPUT_SIZE);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return FAILED;
    }
    reader->at = 0;
    reader->end = (size_t)got;
    reader->bytes += (uint64_t)got;
    reader->finished = got == 0;
    return got == 0 ? NO_BYTE : 0;
}

static int peek_byte(csv_reader *reader)
{
    int rc = reader->at == reader->end ? refill(reader) : 0;
    return rc < 0 ? rc : (unsigned char)reader->input[reader->at];
}

static int next_byte(csv_reader *reader)
{
    int byte = peek_byte(reader);
    if (byte >= 0) {
        reader->at++;
        reader->here += byte == '\n';
    }
    return byte;
}

static int keep_byte(csv_reader *reader, int byte)
{
    if (reader->size == reader->capacity) {
        size_t wanted = reader->capacity == 0 ? 1024 : reader->capacity * 2;
        char *grown = wanted <= CSV_RECORD_MAX ? realloc(reader->record, wanted) : NULL;
        if (grown == NULL) {
            reader->problem = "a record is longer than 256 MiB";
            return wanted <= CSV_RECORD_MAX ? BBOTS_NO_MEMORY : BBOTS_LIMIT_EXCEEDED;
        }
        reader->record = grown;
        reader->capacity = wanted;
    }
    reader->record[reader->size++] = (char)byte;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ fields */

static int refuse(csv_reader *reader, const char *problem)
{
    reader->problem = problem;
    return BBOTS_INVALID_TEXT;
}

static int begin_field(csv_reader *reader, bool quoted)
{
    if (reader->field_count == reader->field_capacity) {
        unsigned wanted = reader->field_capacity == 0 ? 64 : reader->field_capacity * 2;
        csv_field *grown =
            wanted <= CSV_FIELDS_MAX ? realloc(reader->fields, wanted * sizeof *grown) : NULL;
        if (grown == NULL) {
            reader->problem = "a record has more than 4,096 fields";
            return wanted <= CSV_FIELDS_MAX ? BBOTS_NO_MEMORY : BBOTS_LIMIT_EXCEEDED;
        }
        reader->fields = grown;
        reader->field_capacity = wanted;
    }
    csv_field *field = &reader->fields[reader->field_count++];
    field->offset = reader->size;
    field->quoted = quoted;
    return BBOTS_OK;
}

/* Reads up to the closing quote; two quotes are one. */
static int read_quoted(csv_reader *reader)
{
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK) {
        int byte = next_byte(reader);
        if (byte == FAILED) {
            return BBOTS_IO;
        }
        if (byte == NO_BYTE) {
            reader->here = reader->line;
            return refuse(reader, "a quote in the record that begins here is never closed");
        }
        if (byte == '"') {
            if (peek_byte(reader) != '"') {
                return BBOTS_OK;
            }
            next_byte(reader);
        }
        rc = keep_byte(reader, byte);
    }
    return rc;
}

/* Reads up to what ends a field, without taking it. */
static int read_plain(csv_reader *reader)
{
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK) {
        int byte = peek_byte(reader);
        if (byte < 0 || byte == '\n' || byte == '\r' || byte == (unsigned char)reader->delimiter) {
            return byte == FAILED ? BBOTS_IO : BBOTS_OK;
        }
        if (byte == '"') {
            return refuse(reader, "a quote stands inside a field that does not begin with one");
        }
        next_byte(reader);
        rc = keep_byte(reader, byte);
    }
    return rc;
}

/* Takes what stands behind a field: BBOTS_OK for a delimiter, BBOTS_END for the record's end. */
static int end_field(csv_reader *reader)
{
    csv_field *field = &reader->fields[reader->field_count - 1];
    field->size = reader->size - field->offset;
    int byte = next_byte(reader);
    if (byte == '\r') {
        int behind = peek_byte(reader);
        if (behind != '\n' && behind >= 0) {
            return refuse(reader, "a carriage return stands outside quotes");
        }
        byte = next_byte(reader);
    }
    if (byte == '\n' || byte == NO_BYTE) {
        return BBOTS_END;
    }
    if (byte == FAILED) {
        return BBOTS_IO;
    }
    return byte == (unsigned char)reader->delimiter
               ? BBOTS_OK
               : refuse(reader, "something stands between a closing quote and the next field");
}

/* One field and what ends it. */
static int read_field(csv_reader *reader)
{
    bool quoted = peek_byte(reader) == '"';
    int rc = begin_field(reader, quoted);
    if (rc == BBOTS_OK && quoted) {
        next_byte(reader);
        rc = read_quoted(reader);
    } else if (rc == BBOTS_OK) {
        rc = read_plain(reader);
    }
    return rc == BBOTS_OK ? end_field(reader) : rc;
}

/* ------------------------------------------------------------------ records */

/* Only whole: other characters begin with the mark's first byte too. */
static void skip_mark(csv_reader *reader)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (peek_byte(reader) >= 0 && reader->end - reader->at >= 3 &&
        memcmp(reader->input + reader->at, mark, 3) == 0) {
        reader->at += 3;
    }
}

int csv_reader_next(csv_reader *reader)
{
    int rc = BBOTS_OK;
    if (reader->bytes == 0) {
        skip_mark(reader);
    }
    int first = peek_byte(reader);
    if (first < 0) {
        return first == FAILED ? BBOTS_IO : BBOTS_END;
    }
    reader->size = 0;
    reader->field_count = 0;
    reader->line = reader->here;
    while (rc == BBOTS_OK) {
        rc = read_field(reader);
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}
