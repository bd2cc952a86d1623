/*
 * bbots/schema.h - what tables, columns, indexes and references are: constant descriptors.
 *
 * The engine knows no table by name; all it does comes from a bbots_schema. Descriptors are
 * written by the generator (tools/bbots-schema) from plain SQL, or read back from a file, which
 * carries its own schema. They are read-only and may be shared by all threads. Strings are UTF-8
 * with a NUL and live as long as the schema.
 */
#ifndef BBOTS_SCHEMA_H
#define BBOTS_SCHEMA_H

#include <bbots/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_COLUMNS_MAX 64      /* columns of one table: a set of columns is one uint64_t */
#define BBOTS_KEY_COLUMNS_MAX 8   /* columns of one key or index */
#define BBOTS_TABLES_MAX 1000     /* tables of one schema */
#define BBOTS_LIVE_BY_MAX 4       /* of one live aggregate: key columns, */
#define BBOTS_LIVE_SPLIT_MAX 4    /* columns of its lists, */
#define BBOTS_LIVE_SUMS_MAX 15    /* sums, */
#define BBOTS_LIVE_UNITS_MAX 4    /* units of time */

typedef enum bbots_type {
    BBOTS_TYPE_BOOLEAN = 1,
    BBOTS_TYPE_SMALLINT,
    BBOTS_TYPE_INTEGER,
    BBOTS_TYPE_BIGINT,
    BBOTS_TYPE_REAL,
    BBOTS_TYPE_DOUBLE,
    BBOTS_TYPE_DECIMAL,     /* length = precision (1 to 18), scale */
    BBOTS_TYPE_TEXT,
    BBOTS_TYPE_VARCHAR,     /* length = characters, 0 without a limit */
    BBOTS_TYPE_BYTEA,
    BBOTS_TYPE_UUID,
    BBOTS_TYPE_TIMESTAMP,
    BBOTS_TYPE_TIMESTAMPTZ,
    BBOTS_TYPE_JSONB,
    BBOTS_TYPE_VECTOR       /* length = dimensions */
} bbots_type;

typedef enum bbots_column_flag {
    BBOTS_COLUMN_NOT_NULL = 1,
    BBOTS_COLUMN_SERIAL = 2,     /* takes the next number when none is given */
    BBOTS_COLUMN_SECRET = 4,     /* tag [secret]: never shown, sealed when the host gives a key */
    BBOTS_COLUMN_VAULT = 8,      /* tag [vault]: sealed by the application already; never shown */
    BBOTS_COLUMN_UPDATED_AT = 16, /* set to the time of every update that does not set it */
    BBOTS_COLUMN_DATA_KEY = 32   /* tag [datakey]: secret too; a key for what the row's owner owns */
} bbots_column_flag;

/* What a column holds when an insert does not name it. */
typedef enum bbots_default {
    BBOTS_DEFAULT_NONE = 0, /* NULL */
    BBOTS_DEFAULT_LITERAL,  /* default_text, read as the column's type */
    BBOTS_DEFAULT_NOW,      /* the transaction's time */
    BBOTS_DEFAULT_UUID      /* a random uuid */
} bbots_default;

typedef struct bbots_column {
    const char *name;
    const char *comment;            /* what it is for; may be "" */
    const char *unit;               /* tag [unit: ...], or "" */
    const char *default_text;       /* the literal without quotes, or NULL */
    const char *const *usual;       /* tag [values: ...], ended by NULL; or NULL */
    uint32_t length;                /* see bbots_type */
    uint16_t field;                 /* offset of the column's field in the typed row struct */
    uint8_t type;                   /* enum bbots_type */
    uint8_t scale;                  /* of a decimal */
    uint8_t flags;                  /* enum bbots_column_flag */
    uint8_t default_kind;           /* enum bbots_default */
} bbots_column;

typedef enum bbots_index_flag {
    BBOTS_INDEX_PRIMARY = 1,    /* the primary key: the rows' own tree */
    BBOTS_INDEX_UNIQUE = 2,
    BBOTS_INDEX_CONSTRAINT = 4, /* made by PRIMARY KEY or UNIQUE; otherwise by CREATE INDEX */
    BBOTS_INDEX_REFERENCE = 8,  /* made by the generator because a foreign key needs one */
    BBOTS_INDEX_QUEUE = 16,     /* made by the generator because the table is polled as a queue */
    BBOTS_INDEX_ONCE = 32       /* made by the generator so that a repeated row is known: it follows
                                   the rows up to the last question, and no cursor goes along it */
} bbots_index_flag;

/* A key or an index. A table's first one is its primary key. */
typedef struct bbots_index {
    const char *name;       /* PostgreSQL's name: users_pkey, users_email_key, users_email_idx */
    const uint8_t *columns; /* numbers of the columns, in the index's order */
    uint8_t column_count;
    uint8_t flags;          /* enum bbots_index_flag */
    uint8_t tree;           /* which of the table's trees serves it */
} bbots_index;

/*
 * A tree of the file. Tree 0 of a table holds its rows under the primary key; every other one
 * holds an entry a row: the columns, then the primary key. Several indexes can share a tree: one
 * whose columns begin another's, or a plain one on a unique key.
 */
typedef struct bbots_tree {
    const char *name;       /* in the file: "users", "users(email)" */
    const uint8_t *columns;
    uint8_t column_count;
    uint8_t unique;         /* 1 when no two rows may have the same non-null columns */
} bbots_tree;

typedef enum bbots_rule {
    BBOTS_NO_ACTION = 0, /* refused when a referencing row is there when its turn comes, as in
                            PostgreSQL: what the statement deleted before does not count */
    BBOTS_CASCADE,       /* the referencing row is deleted too */
    BBOTS_SET_NULL       /* the referencing columns become NULL */
} bbots_rule;

typedef struct bbots_foreign_key {
    const char *name;             /* sessions_userId_fkey */
    const uint8_t *columns;       /* the referencing columns */
    const uint8_t *parent_columns;
    uint16_t parent;              /* number of the referenced table */
    uint8_t column_count;
    uint8_t on_delete;            /* enum bbots_rule */
    uint8_t index;                /* an index of this table that begins with the columns */
    uint8_t parent_index;         /* the unique index of the parent on parent_columns */
} bbots_foreign_key;

/* Says that foreign key `foreign_key` of table `table` points here. */
typedef struct bbots_reference {
    uint16_t table;
    uint16_t foreign_key;
} bbots_reference;

/*
 * A live aggregate: counts and sums of a table's rows that every write keeps (bbots/live.h). One
 * entry a key (the `by` columns) and a bucket of time holds a list of groups (the `split` columns)
 * with all sums, and a list of the next finer unit's buckets with the first fine_count sums. A row
 * counts unless one of its `by` columns is null, or its time null or infinite. Null in a `split`
 * column makes a group of its own; a null adds nothing to its sum.
 */
typedef struct bbots_live {
    const char *name;
    const uint8_t *by;    /* columns: integers, decimals, times, uuids, booleans, texts */
    const uint8_t *split; /* the same; texts of few different values */
    const uint8_t *sums;  /* integers and decimals */
    const uint8_t *units; /* enum bbots_time_unit, each finer than the one before; no weeks */
    uint8_t by_count;
    uint8_t split_count;
    uint8_t sum_count;
    uint8_t fine_count;   /* how many of the sums the lists of finer buckets have */
    uint8_t unit_count;   /* 0: no time */
    uint8_t time;         /* a timestamp column, when unit_count is not 0 */
    uint16_t number;      /* its place among all of the schema's */
} bbots_live;

typedef struct bbots_table {
    const char *name;
    const char *comment;
    const bbots_column *columns;
    const bbots_index *indexes;           /* [0] is the primary key */
    const bbots_tree *trees;              /* [0] holds the rows */
    const bbots_foreign_key *foreign_keys;
    const bbots_reference *references;    /* foreign keys of other tables that point here */
    const bbots_live *lives;              /* live aggregates of its rows */
    uint16_t column_count;
    uint16_t index_count;
    uint16_t tree_count;
    uint16_t foreign_key_count;
    uint16_t reference_count;
    uint16_t struct_size;                 /* of the typed row struct; 0 without one */
    uint16_t number;                      /* its place in the schema's tables */
    uint16_t live_count;
} bbots_table;

/* A schema's identity: XXH3-128 of its serialized form (docs/format.md), big endian. */
typedef struct bbots_fingerprint {
    uint8_t bytes[16];
} bbots_fingerprint;

typedef struct bbots_schema {
    const char *name;
    const bbots_table *const *tables;
    uint32_t table_count;
    bbots_fingerprint fingerprint;
} bbots_schema;

/* The built-in schema: the 92 tables of schema/. */
extern BBOTS_API const bbots_schema bbots_platform_schema;

/* The table of a name, or NULL. *number (may be NULL) receives its place in schema->tables. */
BBOTS_API const bbots_table *bbots_schema_table(const bbots_schema *schema, const char *name,
                                                uint32_t *number);

/* The column of a name, or -1. */
BBOTS_API int bbots_table_column(const bbots_table *table, bbots_text name);

/* The index of a name (also a primary key's or unique constraint's), or -1. */
BBOTS_API int bbots_table_index(const bbots_table *table, const char *name);

/* The unique index on exactly these columns, in any order, or -1. */
BBOTS_API int bbots_table_unique_index(const bbots_table *table, const uint8_t *columns,
                                       unsigned column_count);

/* The live aggregate of a name, or NULL. */
BBOTS_API const bbots_live *bbots_table_live(const bbots_table *table, const char *name);

/*
 * The column's type as PostgreSQL writes it in a definition ("varchar(64)", "decimal(10,4)",
 * "timestamp with time zone", "serial"). Returns the length; buffer has at least 40 bytes.
 */
BBOTS_API size_t bbots_column_type_text(const bbots_column *column, char buffer[40]);

/*
 * The schema, or one table of it (table may be NULL for all), as SQL that PostgreSQL 15 and SQLite
 * load. *sql is from malloc, with a NUL; the caller frees it.
 * Returns BBOTS_OK or BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_schema_sql(const bbots_schema *schema, const bbots_table *table,
                                             char **sql, size_t *size);

#ifdef __cplusplus
}
#endif
#endif
