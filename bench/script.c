/*
 * script.c - engines that are reached through a program of their own: DuckDB, by way of Node.
 *
 *     node bench/duckdb.mjs FOLDER WORK STORE INPUTS
 *
 * FOLDER is where the engine is installed, INPUTS has the rows as text with tabs, as `psql` would
 * take them, with times in microseconds and costs times 10,000. The program does one work and prints one line:
 * operations, seconds, answer (count, sum, checksum), peak and own memory in KiB. After W1 it writes
 * the calls that it reads back beside the store (STORE.calls): they must be the input byte for byte.
 */
#include "bench/works.h"

#include "bench/measure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void inputs_path(const settings *set, const char *name, char path[4096])
{
    snprintf(path, 4096, "%s/inputs/%s", set->folder, name);
}

/* ------------------------------------------------------------------ the rows as text */

static void write_uuid(FILE *out, const char *bytes)
{
    for (unsigned i = 0; i < 16; i++) {
        fprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                (unsigned char)bytes[i]);
    }
}

static void write_cell(FILE *out, const cell *from)
{
    switch (from->kind) {
    case CELL_NULL:
        fputs("\\N", out);
        break;
    case CELL_INTEGER:
    case CELL_BOOLEAN:
    case CELL_COST:
    case CELL_TIMESTAMP:
        fprintf(out, "%" PRId64, from->number);
        break;
    case CELL_TEXT:
    case CELL_JSON:
        fwrite(from->data, 1, from->size, out);
        break;
    case CELL_UUID:
        write_uuid(out, from->data);
        break;
    }
}

static void write_table(const workload *data, workload_number number, const char *path)
{
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        die("cannot write %s: %s", path, strerror(errno));
    }
    for (uint32_t id = 1; id <= workload_count(data, number); id++) {
        cell_row row;
        workload_row(data, number, id, &row);
        for (unsigned c = 0; c < workload_tables[number].column_count; c++) {
            if (c > 0) {
                putc('\t', out);
            }
            write_cell(out, &row.cells[c]);
        }
        putc('\n', out);
    }
    if (ferror(out) != 0 || fclose(out) != 0) {
        die("cannot write %s: %s", path, strerror(errno));
    }
}

void works_script_inputs(const settings *set)
{
    char path[4096];
    inputs_path(set, "", path);
    path[strlen(path) - 1] = '\0';
    folder_make(path);
    for (unsigned i = 0; i < WORKLOAD_TABLES; i++) {
        inputs_path(set, workload_tables[i].name, path);
        write_table(&set->data, (workload_number)i, path);
    }
}

void works_script_forget(const settings *set)
{
    char path[4096];
    for (unsigned i = 0; i < WORKLOAD_TABLES; i++) {
        inputs_path(set, workload_tables[i].name, path);
        file_remove(path);
    }
}

/* ------------------------------------------------------------------ one work */

static void read_line(const bench_job *job, const char *line, outcome *out)
{
    int read =
        sscanf(line, "%" SCNu64 " %lf %" SCNu64 " %" SCNd64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &out->operations[0], &out->seconds[0], &out->found.count, &out->found.sum,
               &out->found.checksum, &out->peak_kib, &out->own_kib);
    if (read != 7) {
        die("%s: %s printed no figures but: %s", job->work->name, job->engine->name, line);
    }
}

/* The calls that were read back; then nothing more has to be compared. */
static void prove_calls(const bench_job *job, outcome *out)
{
    char input[4096];
    char output[4096];
    inputs_path(job->set, workload_tables[WORKLOAD_CALLS].name, input);
    snprintf(output, sizeof output, "%s.calls", job->path);
    if (!files_equal(input, output)) {
        die("%s: %s: the calls read back are not those that were loaded", job->work->name,
            job->engine->name);
    }
    file_remove(output);
    out->proved = true;
}

void works_script(const bench_job *job, outcome *out)
{
    char inputs[4096];
    char line[512];
    inputs_path(job->set, "", inputs);
    char *const arguments[] = {(char[]){"node"},
                               (char *)(uintptr_t)job->engine->script,
                               (char *)(uintptr_t)job->set->duckdb,
                               (char *)(uintptr_t)job->work->name,
                               (char *)(uintptr_t)job->path,
                               inputs,
                               NULL};
    program_line("node", arguments, line, sizeof line);
    read_line(job, line, out);
    if (work_creates(job->work)) {
        prove_calls(job, out);
    }
    out->file_bytes = file_bytes(job->path);
}

const bench_engine engine_duckdb = {
    .name = "duckdb",
    .tuning = "through @duckdb/node-api, 2 threads; keys, foreign keys and the five indexes; every "
              "commit is flushed",
    .only = "W1,W6,W7",
    .script = "bench/duckdb.mjs",
};
