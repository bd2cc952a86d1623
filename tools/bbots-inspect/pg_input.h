/* pg_input.h - a script as a stream: bytes for the lexer, whole lines for COPY. */
#ifndef PG_INPUT_H
#define PG_INPUT_H

#include <bbots/bbots.h>

#define PG_LINE_MAX ((size_t)256 << 20) /* bytes of one line of COPY, and of one token */

/* What pg_peek() and pg_next() give when there is no byte. */
enum { PG_NO_BYTE = -1, PG_FAILED = -2 };

typedef struct pg_input {
    int descriptor;
    char *data; /* one block that moves along the file; it grows to the longest line */
    size_t capacity;
    size_t at;
    size_t end;
    bool finished;
    uint64_t line;  /* on which the next byte is, from 1 */
    uint64_t bytes; /* read so far */
    int failure; /* behind PG_FAILED: BBOTS_IO (errno says why), BBOTS_NO_MEMORY, BBOTS_LIMIT_EXCEEDED */
} pg_input;

/* Reads from an open descriptor, which stays the caller's. BBOTS_OK or BBOTS_NO_MEMORY. */
int pg_input_begin(pg_input *input, int descriptor);
void pg_input_end(pg_input *input);

/* Reads more behind what is there. Returns 0, PG_NO_BYTE or PG_FAILED. */
int pg_input_more(pg_input *input);

static inline int pg_peek(pg_input *input)
{
    if (input->at == input->end) {
        int rc = pg_input_more(input);
        if (rc < 0) {
            return rc;
        }
    }
    return (unsigned char)input->data[input->at];
}

static inline int pg_next(pg_input *input)
{
    int byte = pg_peek(input);
    if (byte >= 0) {
        input->at++;
        input->line += byte == '\n';
    }
    return byte;
}

/*
 * Takes a line with its line feed off the stream: *text without it, valid until the next call and
 * free to be changed. BBOTS_OK, BBOTS_END (nothing is left, or no line feed ends what is), or a
 * failure as in `failure`.
 */
int pg_input_line(pg_input *input, char **text, size_t *size);

#endif
