/*
 * bench/secrets/main.c - texts of 100 bytes written and read: sealed, and in a table without secrets of a
 * store with keys and of one without.
 *
 *     bench-secrets [ROWS]
 *
 * One thread; rows of a number and a text, 10,000 to a transaction, commits relaxed. A line for each:
 * how many a second, median (least to greatest) of RUNS runs, which take turns.
 */
#include "bench/measure.h"

#include <bbots/bbots.h>
#include <bbots/notes.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 10000
#define SIZE  100
#define RUNS  5
#define WAYS  3

/* What is measured; rates in rows a second. */
typedef struct way {
    const char *name;
    const bbots_table *table;
    bool has_keys;
    double written[RUNS];
    double read[RUNS];
} way;

static void must(int rc, const bbots_error *error)
{
    if (rc < 0) {
        die("%s", error->message);
    }
}

static void report(const char *what, const char *done, double rates[RUNS])
{
    double middle = median(rates, RUNS);
    printf("%-38s %-7s %9.0f (%.0f to %.0f) a second\n", what, done, middle, rates[0],
           rates[RUNS - 1]);
}

static void write_rows(bbots_store *store, const bbots_table *table, long rows)
{
    char secret[SIZE + 1];
    bbots_error error;
    for (long done = 0; done < rows; done += BATCH) {
        bbots_txn *txn;
        must(bbots_begin(store, BBOTS_WRITE, &txn, &error), &error);
        for (long i = done; i < done + BATCH && i < rows; i++) {
            bbots_value values[2];
            snprintf(secret, sizeof secret, "%0*ld", SIZE, i);
            values[1] = bbots_value_text((bbots_text){secret, SIZE});
            must(bbots_insert(txn, table, values, BBOTS_COLUMN_BIT(1), NULL, &error), &error);
        }
        must(bbots_commit(txn, &error), &error);
    }
}

static void read_rows(bbots_store *store, const bbots_table *table, long rows)
{
    bbots_error error;
    bbots_txn *txn;
    bbots_row row;
    must(bbots_begin(store, BBOTS_READ, &txn, &error), &error);
    for (long i = 1; i <= rows; i++) {
        bbots_value key = bbots_value_integer(i);
        must(bbots_get(txn, table, 0, &key, &row, &error), &error);
        if (bbots_row_value(&row, 1).size != SIZE) {
            die("row %ld is not what was written", i);
        }
        if (i % BATCH == 0) {
            bbots_txn_wipe(txn);
        }
    }
    bbots_rollback(txn);
}

static void run(const char *path, const bbots_keyring *keys, long rows, way *one, int number)
{
    bbots_error error;
    bbots_store *store;
    bbots_options options = {.schema = &bbots_notes_schema,
                             .flags = BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE,
                             .durability = BBOTS_RELAXED,
                             .keys = one->has_keys ? keys : NULL};
    must(bbots_open(path, &options, &store, &error), &error);
    double start = clock_seconds();
    write_rows(store, one->table, rows);
    one->written[number] = (double)rows / (clock_seconds() - start);
    start = clock_seconds();
    read_rows(store, one->table, rows);
    one->read[number] = (double)rows / (clock_seconds() - start);
    must(bbots_close(store, &error), &error);
    file_remove(path);
}

int main(int count, char **arguments)
{
    static const uint8_t key[BBOTS_KEY_BYTES] = {1};
    way ways[WAYS] = {
        {.name = "sealed", .table = &notes_secret_notes_table, .has_keys = true},
        {.name = "no secret, a store with keys", .table = &notes_notes_table, .has_keys = true},
        {.name = "no secret, a store without keys", .table = &notes_notes_table}};
    long rows = count > 1 ? strtol(arguments[1], NULL, 10) : 1000000;
    char folder[] = "/tmp/bbots-secrets-XXXXXX";
    char path[64];
    bbots_error error;
    bbots_keyring *ring;
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/store", folder);
    must(bbots_keyring_new(&ring, &error), &error);
    must(bbots_keyring_add(ring, key, &error), &error);
    for (int number = 0; number < RUNS; number++) {
        for (int i = 0; i < WAYS; i++) {
            run(path, ring, rows, &ways[(i + number) % WAYS], number);
        }
    }
    for (int i = 0; i < WAYS; i++) {
        report(ways[i].name, "written", ways[i].written);
        report(ways[i].name, "read", ways[i].read);
    }
    bbots_keyring_free(ring);
    rmdir(folder);
    return 0;
}
