/* jsonl_line.h - lines of a file or pipe, of any length up to a limit. */
#ifndef JSONL_LINE_H
#define JSONL_LINE_H

#include <bbots/bbots.h>

/* The longest line, without its end: what bbots_json_pack() takes. */
#define JSONL_LINE_MAX ((size_t)64 << 20)

typedef struct jsonl_reader {
    int descriptor;
    char *buffer;
    size_t capacity;
    size_t start;   /* of what has not been given out */
    size_t end;     /* of what was read */
    size_t looked;  /* bytes behind start that are known to hold no line's end */
    uint64_t line;  /* number of the line given last, from 1 */
    uint64_t bytes; /* read so far */
    bool finished;  /* the input is at its end */
} jsonl_reader;

/* Reads from an open descriptor, which stays the caller's. */
void jsonl_reader_begin(jsonl_reader *reader, int descriptor);
void jsonl_reader_end(jsonl_reader *reader);

/*
 * The next line without its newline, valid until the next call. A byte order mark before the first
 * line is dropped.
 *
 * Returns BBOTS_OK, BBOTS_END, BBOTS_LIMIT_EXCEEDED (the line was too long and is skipped; the next
 * call goes on behind it), BBOTS_IO (errno says why) or BBOTS_NO_MEMORY.
 */
int jsonl_reader_next(jsonl_reader *reader, bbots_text *line);

#endif
