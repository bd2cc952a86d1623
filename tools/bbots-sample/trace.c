/*
 * trace.c - the Azure LLM inference traces as rows of api_token_usage.
 *
 * A file is CSV with the header TIMESTAMP,ContextTokens,GeneratedTokens and a line for each call
 * ("2023-11-16 18:17:03.9799600,4808,10"). Times have seven digits behind the point; the library
 * reads them, as PostgreSQL does, to the nearest microsecond. The files are read twice: first to
 * find what is wrong, then to write, so that a bad line on the last page leaves nothing half done.
 *
 * The traces do not say who called. A user is drawn from the file's name and the line, so the same
 * file gives the same rows each time, and two files give different ones.
 */
#include "tools/bbots-sample/trace.h"

#include <bbots/timestamp.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char header[] = "TIMESTAMP,ContextTokens,GeneratedTokens";

enum {
    NAME_BYTES = 200,       /* requestId is a varchar(255): room for the line's number */
    TOKENS_MAX = 1000000000 /* two of them stay within an integer column */
};

/* A file as it is read. */
typedef struct trace {
    const char *path;
    FILE *file;
    char *line;
    size_t room;
    ssize_t size;
    unsigned long number;  /* of the line, from 1 */
    char name[NAME_BYTES]; /* the first part of requestId */
} trace;

/* ------------------------------------------------------------------ names */

/* Where the last part of a path begins. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* "AzureLLMInferenceTrace_code", with #2 behind it when the same name came before. */
static void name_file(trace *from, char *const *files, int number)
{
    const char *part = last_part(from->path);
    size_t size = strcspn(part, ".");
    int same = 1;
    for (int i = 0; i < number; i++) {
        same += strcmp(last_part(files[i]), part) == 0;
    }
    size = size > NAME_BYTES - 20 ? NAME_BYTES - 20 : size;
    if (same > 1) {
        snprintf(from->name, sizeof from->name, "%.*s#%d", (int)size, part, same);
    } else {
        snprintf(from->name, sizeof from->name, "%.*s", (int)size, part);
    }
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    }
    return hash;
}

/* ------------------------------------------------------------------ one line */

/* Digits only, up to a comma or the end; NULL when it is anything else. */
static const char *read_tokens(const char *text, int32_t *tokens)
{
    int64_t number = 0;
    if (!isdigit((unsigned char)*text)) {
        return NULL;
    }
    for (; isdigit((unsigned char)*text); text++) {
        number = number * 10 + (*text - '0');
        if (number > TOKENS_MAX) {
            return NULL;
        }
    }
    *tokens = (int32_t)number;
    return text;
}

/* Reads a line into a row; the reason why it is none, or NULL. */
static const char *read_call(const char *line, const trace_options *options, call_row *row)
{
    size_t size = strcspn(line, ",");
    bbots_text time = {line, size};
    memset(row, 0, sizeof *row);
    if (line[size] == '\0') {
        return "three fields are needed: TIMESTAMP,ContextTokens,GeneratedTokens";
    }
    if (bbots_timestamp_parse(time, false, &row->created_at) != BBOTS_OK ||
        row->created_at == BBOTS_TIMESTAMP_INFINITY ||
        row->created_at == BBOTS_TIMESTAMP_MINUS_INFINITY) {
        return "TIMESTAMP is no date and time";
    }
    const char *rest = read_tokens(line + size + 1, &row->input_tokens);
    if (rest == NULL || *rest != ',') {
        return "ContextTokens is no number from 0 to 1000000000";
    }
    rest = read_tokens(rest + 1, &row->output_tokens);
    if (rest == NULL || *rest != '\0') {
        return "GeneratedTokens is no number from 0 to 1000000000";
    }
    row->total_tokens = row->input_tokens + row->output_tokens;
    row->response_time = -1;
    row->model = options->model;
    call_price(row, &options->price);
    if (row->total_cost >= INT64_C(10000000000)) {
        return "the cost does not fit totalCost, a decimal(10,4)";
    }
    return NULL;
}

/* ------------------------------------------------------------------ one file */

/* The next line without its end; false behind the last one. */
static bool next_line(trace *from)
{
    from->size = getline(&from->line, &from->room, from->file);
    if (from->size < 0) {
        return false;
    }
    from->number++;
    while (from->size > 0 &&
           (from->line[from->size - 1] == '\n' || from->line[from->size - 1] == '\r')) {
        from->line[--from->size] = '\0';
    }
    return true;
}

static unsigned complain(const trace *from, const char *reason)
{
    fprintf(stderr, "%s:%lu: %s\n", from->path, from->number, reason);
    return 1;
}

static void put_call(const trace *from, const trace_options *options, call_row *row)
{
    char request[NAME_BYTES + 24];
    cell cells[WORKLOAD_CELLS_MAX];
    int size = snprintf(request, sizeof request, "%s:%lu", from->name, from->number);
    row->request_id = (span){request, (size_t)size};
    row->user = 1 + (int32_t)workload_draw(options->seed, hash_of(from->name), from->number,
                                           options->users);
    call_cells(row, cells);
    line_put(options->form, WORKLOAD_CALLS, cells);
}

/* Checks all lines, or writes them. Returns the number of bad ones. */
static unsigned read_file(trace *from, const trace_options *options, bool write)
{
    unsigned bad = 0;
    call_row row;
    if (!next_line(from) || strcmp(from->line, header) != 0) {
        from->number = 1;
        return complain(from, "the first line is not TIMESTAMP,ContextTokens,GeneratedTokens");
    }
    while (next_line(from)) {
        const char *reason = strlen(from->line) != (size_t)from->size
                                 ? "a zero byte"
                                 : read_call(from->line, options, &row);
        if (reason != NULL) {
            bad += complain(from, reason);
        } else if (write) {
            put_call(from, options, &row);
        }
    }
    return bad;
}

static unsigned one_file(char *const *files, int number, const trace_options *options, bool write)
{
    trace from = {.path = files[number], .file = fopen(files[number], "r")};
    if (from.file == NULL) {
        fprintf(stderr, "%s: %s\n", from.path, strerror(errno));
        return 1;
    }
    name_file(&from, files, number);
    errno = 0;
    unsigned bad = read_file(&from, options, write);
    if (ferror(from.file) && bad == 0) {
        fprintf(stderr, "%s: %s\n", from.path, strerror(errno));
        bad = 1;
    }
    free(from.line);
    fclose(from.file);
    return bad;
}

unsigned trace_put(char *const *files, int count, const trace_options *options)
{
    unsigned bad = 0;
    for (int i = 0; i < count; i++) {
        bad += one_file(files, i, options, false);
    }
    for (int i = 0; i < count && bad == 0; i++) {
        bad += one_file(files, i, options, true);
    }
    return bad;
}
