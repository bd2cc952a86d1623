/* csv_read.h - records of a CSV file (RFC 4180), read as a stream. */
#ifndef CSV_READ_H
#define CSV_READ_H

#include <bbots/bbots.h>

#define CSV_RECORD_MAX ((size_t)256 << 20) /* bytes of one record */
#define CSV_FIELDS_MAX 4096u

typedef struct csv_field {
    size_t offset;
    size_t size;
    bool quoted; /* stood in quotes: an empty one is a text, not nothing */
} csv_field;

typedef struct csv_reader {
    int descriptor;
    char delimiter;
    char *input;
    size_t at; /* in input */
    size_t end;
    bool finished;
    char *record; /* the fields' bytes, one behind the other */
    size_t size;
    size_t capacity;
    csv_field *fields;
    unsigned field_count;
    unsigned field_capacity;
    uint64_t line;       /* on which the record began, from 1 */
    uint64_t here;       /* the line that is being read */
    uint64_t bytes;      /* read so far */
    const char *problem; /* a sentence, behind BBOTS_INVALID_TEXT and BBOTS_LIMIT_EXCEEDED */
} csv_reader;

/* Reads from an open descriptor, which stays the caller's. Returns BBOTS_OK or BBOTS_NO_MEMORY. */
int csv_reader_begin(csv_reader *reader, int descriptor, char delimiter);
void csv_reader_end(csv_reader *reader);

/*
 * Reads the next record, whose fields are valid until the next call. An empty line is a record of
 * one empty field.
 *
 * Returns BBOTS_OK, BBOTS_END, BBOTS_INVALID_TEXT (the quotes are wrong: `problem` at line `here`),
 * BBOTS_LIMIT_EXCEEDED, BBOTS_IO (errno says why), BBOTS_NO_MEMORY.
 */
int csv_reader_next(csv_reader *reader);

/* A field's bytes; data is never NULL. */
bbots_text csv_reader_field(const csv_reader *reader, unsigned number);

#endif
