/*
 * bench/walk/main.c - how fast the pages of a store are walked when it is opened, and the whole is checked.
 *
 *     bench-walk FILE
 *
 * A line for each of: the bare file by pread(), all that opening with BBOTS_OPEN_VERIFY adds to opening
 * without, bbots_check(). GiB of the file in a second, median (least to greatest) of RUNS runs, which
 * take turns; the file is in the page cache. Last, what a walk takes of the time that reading takes.
 */
#include "bench/measure.h"

#include <bbots/bbots.h>
#include <bbots/check.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define RUNS  9
#define CHUNK ((size_t)1 << 20)

static void must(int rc, const bbots_error *error)
{
    if (rc != BBOTS_OK) {
        die("%s", error->message);
    }
}

static void report(const char *what, double *times, double gib)
{
    double middle = median(times, RUNS);
    printf("%-28s %6.2f (%.2f to %.2f) GiB a second\n", what, gib / middle, gib / times[RUNS - 1],
           gib / times[0]);
}

/* How many seconds reading takes; *gib: how much it was. */
static double read_all(const char *path, double *gib)
{
    static char chunk[CHUNK];
    double start = clock_seconds();
    off_t offset = 0;
    ssize_t size;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        die("%s cannot be opened", path);
    }
    while ((size = pread(file, chunk, CHUNK, offset)) > 0) {
        offset += size;
    }
    if (size < 0) {
        die("%s cannot be read", path);
    }
    close(file);
    *gib = (double)offset / ((double)(1 << 30));
    return clock_seconds() - start;
}

static double open_store(const char *path, uint32_t flags, bbots_store **store)
{
    bbots_error error;
    bbots_options options = {.flags = BBOTS_OPEN_READ_ONLY | flags};
    double start = clock_seconds();
    must(bbots_open(path, &options, store, &error), &error);
    return clock_seconds() - start;
}

static void close_store(bbots_store *store)
{
    bbots_error error;
    must(bbots_close(store, &error), &error);
}

static double check(bbots_store *store)
{
    bbots_error error;
    bbots_check_result result;
    bbots_txn *txn;
    double start = clock_seconds();
    must(bbots_begin(store, BBOTS_READ, &txn, &error), &error);
    must(bbots_check(txn, NULL, &result, &error), &error);
    if (result.damage + result.derived != 0) {
        die("the check found something");
    }
    bbots_rollback(txn);
    return clock_seconds() - start;
}

int main(int count, char **arguments)
{
    double reading[RUNS];
    double walking[RUNS];
    double checking[RUNS];
    double shares[RUNS];
    double gib = 0;
    if (count != 2) {
        die("give it a FILE");
    }
    const char *path = arguments[1];
    read_all(path, &gib);
    for (int run = 0; run < RUNS; run++) {
        bbots_store *store;
        reading[run] = read_all(path, &gib);
        double opening = open_store(path, 0, &store);
        checking[run] = check(store);
        close_store(store);
        walking[run] = open_store(path, BBOTS_OPEN_VERIFY, &store) - opening;
        close_store(store);
        shares[run] = walking[run] / reading[run];
    }
    printf("%.2f GiB\n", gib);
    report("read by pread()", reading, gib);
    report("walked by opening", walking, gib);
    report("checked by bbots_check()", checking, gib);
    double share = median(shares, RUNS);
    printf("walking takes %.2f (%.2f to %.2f) of the time of reading\n", share, shares[0],
           shares[RUNS - 1]);
    return 0;
}
