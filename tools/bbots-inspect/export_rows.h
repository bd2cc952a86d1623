/* export_rows.h - the rows of a table as CSV or JSON lines. */
#ifndef EXPORT_ROWS_H
#define EXPORT_ROWS_H

#include "inspect.h"

typedef struct export_shape {
    bool csv;
    const bbots_table *table;
    uint8_t columns[BBOTS_COLUMNS_MAX];
    unsigned column_count;
} export_shape;

/* All columns of a table, or all but the secret ones. */
void export_shape_whole(export_shape *shape, const bbots_table *table, bool csv, bool secrets);

/* Whether a column is left out of an export that does not ask for secrets. */
bool export_is_secret(const bbots_column *column);

/*
 * Writes all rows in the order of the primary key. BBOTS_OK; BBOTS_UNTRANSLATABLE_CHARACTER when a
 * jsonb value is JSON null, which JSON lines cannot tell from NULL (CSV can); BBOTS_KEY_MISSING or
 * BBOTS_TAMPERED when a secret does not open; any error of a cursor. rows counts what was written. bar may be NULL.
 */
int export_rows(bbots_txn *txn, const export_shape *shape, FILE *out, progress *bar, uint64_t *rows,
                bbots_error *error);

#endif
