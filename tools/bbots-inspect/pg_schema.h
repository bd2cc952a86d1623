/* pg_schema.h - tables as PostgreSQL's definitions. */
#ifndef PG_SCHEMA_H
#define PG_SCHEMA_H

#include <bbots/bbots.h>
#include <stdio.h>

/* How columns of vectors are written. */
typedef enum pg_vectors {
    PG_VECTORS_ARRAY,   /* real[]: any PostgreSQL takes it */
    PG_VECTORS_PGVECTOR /* vector(n): needs the extension pgvector */
} pg_vectors;

/* Writes "name", with quotes inside doubled. */
void pg_put_name(FILE *out, const char *name);

/* Writes ("a", "b"). */
void pg_put_names(FILE *out, const bbots_table *table, const uint8_t *columns, unsigned count);

/* Writes 'text'. */
void pg_put_quoted(FILE *out, const char *text);

/* CREATE TABLE with its columns and primary key. */
void pg_put_table(FILE *out, const bbots_table *table, pg_vectors vectors);

/* What is made faster when the rows are there: unique keys and indexes. */
void pg_put_indexes(FILE *out, const bbots_table *table);

/* The foreign keys, which need the tables and unique keys of others. */
void pg_put_foreign_keys(FILE *out, const bbots_schema *schema, const bbots_table *table);

/* Whether a table has a column of vectors. */
bool pg_has_vectors(const bbots_schema *schema);

#endif
