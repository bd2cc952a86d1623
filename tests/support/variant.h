/*
 * tests/support/variant.h - the platform's schema with something else in it: a table or a column of
 * another name, a column of another type. A store of such a schema is as good as any other.
 */
#ifndef TESTS_VARIANT_H
#define TESTS_VARIANT_H

#include "support/support.h"

#include "base/arena.h"

typedef struct variant {
    bbots_schema schema;
    const bbots_table *tables[BBOTS_TABLES_MAX]; /* numbers are those of the platform */
    bb_arena arena;
} variant;

/* The platform's own. variant_free() gives it back. */
variant *variant_new(void);
void variant_free(variant *made);

/* Another name for a table. */
void variant_rename(variant *made, const char *table, const char *name);

/* A column of a table by its name, to be changed. */
bbots_column *variant_column(variant *made, const char *table, const char *column);

/* An index of a table by its name, to be changed; one that a foreign key needs has to stay. */
bbots_index *variant_index(variant *made, const char *table, const char *index);

/* A live aggregate of a table by its name, to be changed. */
bbots_live *variant_live(variant *made, const char *table, const char *live);

/* To be called when all is changed: makes names of trees and fingerprint fit. */
void variant_settle(variant *made);

/* Inserts a row of a table of the platform, whatever it is called here. */
#define variant_insert(txn, made, table, ...)                                                      \
    assert_ok(insert_named((txn), (made)->tables[bbots_##table##_table.number], __VA_ARGS__))

/* Makes the fixture's store of it. */
void variant_open(fixture *place, const variant *made);

/* Checks the fixture's store, closes it and takes it away. */
void variant_close(fixture *place);

#endif
