/*
 * tests/fuzz/fuzz_file.c - libFuzzer target over whole files: a real store with patches.
 *
 * The file is opened with BBOTS_OPEN_VERIFY. Invariants: it is refused with a sentence; or its pages
 * hold together, and then all rows are read, checked, written to and closed without a fault in LMDB
 * or in us, whatever the rows say (there is no guard here that would catch one).
 */
#include "fuzz.h"

#include <bbots/sample.h>

static void read_all(bbots_txn *txn, const bbots_schema *schema)
{
    bbots_error error = {0};
    for (unsigned t = 0; t < schema->table_count; t++) {
        for (unsigned i = 0; i < schema->tables[t]->index_count; i++) {
            bbots_cursor *cursor;
            bbots_row row;
            int rc = bbots_cursor_open(txn, schema->tables[t], i, NULL, &cursor, &error);
            if (rc != BBOTS_OK) {
                continue;
            }
            for (unsigned rows = 0; rows < 1000 && rc == BBOTS_OK; rows++) {
                rc = bbots_cursor_next(cursor, &row, &error);
            }
            bbots_cursor_close(cursor);
        }
    }
}

static int change(bbots_txn *txn, void *context, bbots_error *error)
{
    sample_nodes node = {.given = SAMPLE_NODES_LABEL, .label = bbots_text_of("new")};
    bbots_value key = bbots_value_integer(2);
    (void)context;
    int rc = sample_nodes_insert(txn, &node, error);
    return rc < 0 ? rc : bbots_delete(txn, &sample_nodes_table, 0, &key, NULL, error);
}

static void use(bbots_store *store)
{
    bbots_txn *txn;
    bbots_check_result result;
    bbots_check_options plain = {0};
    bbots_error error = {0};
    if (bbots_begin(store, BBOTS_READ, &txn, &error) == BBOTS_OK) {
        int rc = bbots_check(txn, &plain, &result, &error);
        REQUIRE(rc == BBOTS_OK || error.message[0] != '\0');
        read_all(txn, bbots_store_schema(store));
        bbots_rollback(txn);
    }
    int rc = bbots_write(store, change, NULL, &error);
    REQUIRE(rc >= 0 || error.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fuzz_base *base = fuzz_base_get();
    fuzz_input input = {data, size};
    bbots_options options = {.schema = &bbots_sample_schema,
                             .flags = BBOTS_OPEN_VERIFY,
                             .durability = BBOTS_RELAXED,
                             .map_bytes = 1u << 24};
    bbots_store *store;
    bbots_error error = {0};
    uint8_t *copy = malloc(base->size);
    REQUIRE(copy != NULL);
    fuzz_base_patch(base, copy, input);
    fuzz_base_restore(base, copy);
    free(copy);
    int rc = bbots_open(base->path, &options, &store, &error);
    REQUIRE(rc == BBOTS_OK || (rc < 0 && error.message[0] != '\0'));
    if (rc == BBOTS_OK) {
        use(store);
        REQUIRE(bbots_close(store, &error) == BBOTS_OK);
    }
    return 0;
}
