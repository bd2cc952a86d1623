/*
 * gen.h - the generator's own words: a place in the SQL, how it refuses, and the schema it builds.
 *
 * The program lives for one run: memory is taken from one arena and never given back, and a refusal
 * ends it at once. That is safe because nothing is written before everything is known to be right
 * (output.c).
 */
#ifndef GEN_H
#define GEN_H

#include "schema/build.h"
#include "schema/schema.h"

#include <stdio.h>

typedef struct gen_place {
    const char *file;
    unsigned line;
} gen_place;

/* Prints "file:line: message" and ends the program with status 1. */
_Noreturn void gen_refuse(gen_place place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for what has no line: arguments, files, memory. */
_Noreturn void gen_give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory and strings of the run; they end the program when there is none. */
void *gen_alloc(size_t count, size_t size);
char *gen_copy(const char *data, size_t size);
char *gen_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
bb_arena *gen_arena(void);

/* A tag [live ...] or [queue: ...] as it stands: without brackets and the word. */
typedef struct gen_table_tag {
    const char *text; /* NULL: there is none */
    gen_place place;
} gen_table_tag;

#define GEN_LIVES_MAX 32

/* A table under construction: its descriptor, the arrays it points to, and where each came from. */
typedef struct gen_table {
    bbots_table table;
    bbots_column columns[BBOTS_COLUMNS_MAX];
    bbots_index indexes[SCHEMA_INDEXES_MAX];
    bbots_foreign_key foreign_keys[SCHEMA_FOREIGN_KEYS_MAX];
    bbots_tree trees[SCHEMA_INDEXES_MAX + 1];
    bbots_live lives[GEN_LIVES_MAX];
    gen_table_tag live_tags[GEN_LIVES_MAX];
    unsigned live_tag_count;
    gen_table_tag queue_tag;
    gen_table_tag once_tag;
    gen_place place;
    gen_place column_places[BBOTS_COLUMNS_MAX];
    gen_place index_places[SCHEMA_INDEXES_MAX];
    gen_place reference_places[SCHEMA_FOREIGN_KEYS_MAX]; /* of each REFERENCES, in order */
    unsigned reference_place_count;
} gen_table;

/* A statement that made something, in the order of the files. */
typedef struct gen_object {
    gen_place place;
    const char *name;
    bool is_index;
    const char *on; /* an index's table */
} gen_object;

typedef struct gen_model {
    const char *name;   /* --name */
    const char *prefix; /* of C names, with the underscore: "bbots_" */
    gen_table *tables[BBOTS_TABLES_MAX];
    unsigned table_count;
    gen_object *objects;
    size_t object_count;
    bbots_schema schema;
} gen_model;

/* Makes the live aggregates of a table whose columns are known (live.c). */
void gen_lives(gen_table *table);

gen_table *gen_table_find(const gen_model *model, const char *name, unsigned *number);
int gen_column_find(const gen_table *table, const char *name);

#endif
