/*
 * table/check.h - the whole-file check from the inside: check.c runs it and judges what the
 * catalogue says, check_pages.c the structure beneath, check_row.c judges rows, check_tree.c index trees, check_key.c writes keys.
 */
#ifndef TABLE_CHECK_H
#define TABLE_CHECK_H

#include "table/secret.h"

#include <bbots/check.h>

/*
 * A check under way. The functions below return BBOTS_OK to go on, BBOTS_END when there are enough
 * findings, or the failure that ends the check.
 */
typedef struct check {
    bbots_txn *txn;
    const bbots_check_options *options;
    bbots_check_result *result;
    bbots_error *error;
    uint64_t findings_left;
    uint64_t rows_total; /* of all tables that are looked at */
    uint64_t steps;      /* rows and entries so far */
    uint64_t blocks;     /* of live aggregates so far */

    secret_state *sealed; /* counts of sealed values by key; NULL: none was met */
    secret_memory opened; /* the value under check */

    /* Of the table under check: */
    engine_table *engine;
    uint64_t rows;
    uint64_t unreadable; /* of these: without a fitting checksum */
    bb_hash digest;      /* of the readable ones */
    bool serial_seen;
    int64_t serial_most; /* the greatest number of the serial column ... */
    uint8_t serial_key[CODEC_KEY_MAX];
    size_t serial_key_size; /* ... and the key of its row */
} check;

/*
 * Hands a finding to the caller and counts it. object may be NULL; key are bytes as they lie in
 * tree 0 of the table under check (size 0: no row is concerned).
 */
int check_report(check *run, bbots_severity severity, const char *object, store_bytes key,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Calls visit for every entry of a tree, and the caller's on_progress now and then. */
typedef int check_visit(check *run, store_bytes key, store_bytes value, void *context);
int check_walk(check *run, store_tree tree, check_visit *visit, void *context);

/* The pages of the file (check_pages.c). *whole: nothing was wrong. */
int check_pages(check *run, bool *whole);

/* Every row of the table under check (check_row.c). */
int check_rows(check *run);

/* Counts a sealed value by its key; held against the catalogue at the end (check.c). */
int check_sealed_count(check *run, const bbots_value *sealed);

/* An index tree of the table against its rows, both ways (check_tree.c). */
int check_tree(check *run, unsigned tree);

/* Rows before the judges of the rooms above (check_account.c). */
int check_accounts(check *run);

/*
 * bbots_check() without the judges: of what is stored twice in a table's own trees (check.c).
 */
int check_stored(bbots_txn *txn, const bbots_check_options *options, bbots_check_result *result,
                 bbots_error *error);

/* Marks without a row (check_mark.c). */
int check_marks(check *run);

/* Whether a mark's row is there; *of (may be NULL): its table, or NULL. */
int mark_has_row(bbots_txn *txn, store_bytes key, const engine_table **of, bool *stands,
                 bbots_error *error);

/*
 * What belongs to no single table (repair_store.c): takes out marks without a row and blocks that no
 * live aggregate has; counts sealed values anew.
 */
int repair_strays(bbots_txn *txn, uint64_t *marks, uint64_t *blocks, bbots_error *error);
int repair_key_counts(bbots_txn *txn, bool *changed, bbots_error *error);

/* The table's live aggregates against its rows; adds up their blocks (live_check.c). */
int check_lives(check *run, uint64_t *blocks);

/*
 * A primary key's bytes as text, whatever they are (check_key.c): row_key_text() for a key whose
 * row is missing, damaged or another's. buffer is returned.
 */
const char *check_key_text(const bbots_table *table, store_bytes key,
                           char buffer[ROW_KEY_TEXT_MAX]);

#endif
