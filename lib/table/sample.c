/*
 * table/sample.c - rows that are counted, and the keys of the first of them.
 */
#include "table/engine.h"

#include <stdio.h>

/* Appends a key while there is room for it whole. */
static void name_row(bbots_row_sample *sample, const bbots_row *row)
{
    char key[ROW_KEY_TEXT_MAX];
    const bbots_tree *primary = &row->table->trees[0];
    bool several = primary->column_count > 1;
    size_t size = strlen(sample->keys);
    row_key_text(row, primary->columns, primary->column_count, key);
    int more = snprintf(sample->keys + size, sizeof sample->keys - size, "%s%s%s%s",
                        sample->named > 0 ? ", " : "", several ? "(" : "", key, several ? ")" : "");
    if (more > 0 && (size_t)more < sizeof sample->keys - size) {
        sample->named++;
    } else {
        sample->keys[size] = '\0';
    }
}

int sample_add(bbots_txn *txn, engine_table *table, store_bytes key, bbots_row_sample *sample,
               bbots_error *error)
{
    bbots_row row;
    if (sample->named == sample->count && sample->named < BBOTS_SAMPLE_KEYS) {
        int rc = row_fetch(txn, table, key, &row, NULL, error);
        if (rc < 0) {
            return rc;
        }
        if (rc == BBOTS_OK) {
            name_row(sample, &row);
        }
    }
    sample->count++;
    return BBOTS_OK;
}

void sample_add_row(const bbots_row *row, bbots_row_sample *sample)
{
    if (sample->named == sample->count && sample->named < BBOTS_SAMPLE_KEYS) {
        name_row(sample, row);
    }
    sample->count++;
}
