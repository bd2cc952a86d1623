/*
 * bench/secrets/main.c - secrets of 100 bytes written and read, sealed and in the open.
 *
 *     bench-secrets [ROWS]
 *
 * One thread; rows of a table with a number and a secret, 10,000 to a transaction, commits relaxed.
 * A row a line of results: what was done, how many a second.
 */
#include <bbots/bbots.h>
#include <bbots/secrets.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BATCH 10000
#define SIZE  100

static void must(int rc, const bbots_error *error)
{
    if (rc < 0) {
        fprintf(stderr, "bench-secrets: %s\n", error->message);
        exit(1);
    }
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *what, long rows, double since)
{
    printf("%-24s %12.0f a second\n", what, (double)rows / (seconds() - since));
}

static void write_rows(bbots_store *store, long rows)
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
            must(bbots_insert(txn, &secrets_grown_table, values, BBOTS_COLUMN_BIT(1), NULL, &error),
                 &error);
        }
        must(bbots_commit(txn, &error), &error);
    }
}

static void read_rows(bbots_store *store, long rows)
{
    bbots_error error;
    bbots_txn *txn;
    bbots_row row;
    must(bbots_begin(store, BBOTS_READ, &txn, &error), &error);
    for (long i = 1; i <= rows; i++) {
        bbots_value key = bbots_value_integer(i);
        must(bbots_get(txn, &secrets_grown_table, 0, &key, &row, &error), &error);
        if (bbots_row_value(&row, 1).size != SIZE) {
            fprintf(stderr, "bench-secrets: row %ld is not what was written\n", i);
            exit(1);
        }
        if (i % BATCH == 0) {
            bbots_txn_wipe(txn);
        }
    }
    bbots_rollback(txn);
}

static void run(const char *path, const bbots_keyring *keys, long rows)
{
    bbots_error error;
    bbots_store *store;
    bbots_options options = {.schema = &bbots_secrets_schema,
                             .flags = BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE,
                             .durability = BBOTS_RELAXED,
                             .keys = keys};
    char lock[128];
    must(bbots_open(path, &options, &store, &error), &error);
    double start = seconds();
    write_rows(store, rows);
    report(keys != NULL ? "sealed writes" : "writes in the open", rows, start);
    start = seconds();
    read_rows(store, rows);
    report(keys != NULL ? "sealed reads" : "reads in the open", rows, start);
    must(bbots_close(store, &error), &error);
    snprintf(lock, sizeof lock, "%s-lock", path);
    unlink(path);
    unlink(lock);
}

int main(int count, char **arguments)
{
    static const uint8_t key[BBOTS_KEY_BYTES] = {1};
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
    run(path, NULL, rows);
    run(path, ring, rows);
    bbots_keyring_free(ring);
    rmdir(folder);
    return 0;
}
