/* trace.h - the Azure LLM inference traces as rows of api_token_usage. */
#ifndef SAMPLE_TRACE_H
#define SAMPLE_TRACE_H

#include "tools/bbots-sample/lines.h"

typedef struct trace_options {
    span model;
    token_price price; /* of input and output */
    uint32_t users;    /* rows go to users 1 to this */
    uint64_t seed;
    line_form form;
} trace_options;

/*
 * Writes the rows of all files. When a line of any file is bad, every bad line is told on standard
 * error as "file:line: reason" and no row is written. Returns the number of bad lines and files.
 */
unsigned trace_put(char *const *files, int count, const trace_options *options);

#endif
