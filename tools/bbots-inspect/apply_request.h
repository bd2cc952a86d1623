/* apply_request.h - one line of apply's input, understood and checked against the schema. */
#ifndef APPLY_REQUEST_H
#define APPLY_REQUEST_H

#include "jsonl_value.h"

#include <stdio.h>

typedef struct apply_request apply_request;

/* The members that a request can have beside "op". */
typedef enum apply_member {
    MEMBER_TABLE,
    MEMBER_ROW,
    MEMBER_KEY,
    MEMBER_SET,
    MEMBER_CONFLICT,
    MEMBER_INDEX,
    MEMBER_FROM,
    MEMBER_TO,
    MEMBER_REVERSE,
    MEMBER_LIMIT,
    MEMBER_NAME,
    MEMBER_MAX_ROWS,
    MEMBER_COUNT
} apply_member;

/* The open transaction of a session, which control operations change. */
typedef struct apply_session {
    bbots_store *store;
    bbots_txn *txn; /* NULL: none was begun */
} apply_session;

/*
 * An operation. `run` works on rows in a transaction that it is given and writes what follows
 * `{"ok":true` in the answer; `control` begins and ends transactions. One of them is NULL.
 */
typedef struct apply_op {
    const char *name;
    unsigned needs; /* sets of members, bit n = enum apply_member n */
    unsigned allows;
    bbots_access access; /* what `run` needs */
    int (*run)(bbots_txn *txn, const apply_request *request, FILE *answer, bbots_error *error);
    int (*control)(apply_session *session, const apply_request *request, bbots_error *error);
} apply_op;

struct apply_request {
    void *packed;                     /* the line, from malloc */
    bbots_json members[MEMBER_COUNT]; /* data == NULL: not given */
    const apply_op *op;
    const bbots_table *table;
    jsonl_values row;
    jsonl_values set;
    jsonl_values key;                              /* by column ... */
    bbots_value key_values[BBOTS_KEY_COLUMNS_MAX]; /* ... and in the order of the index */
    unsigned index;                                /* of the key, the conflict or the scan */
    jsonl_values bounds[2];                        /* from, to: by column */
    bbots_value bound_values[2][BBOTS_KEY_COLUMNS_MAX];
    bbots_range range;
    char name[BBOTS_NAME_MAX + 1]; /* of a savepoint */
    uint64_t max_rows;             /* that a delete may change */
};

/* The operation of a name, or NULL (apply_ops.c). */
const apply_op *apply_op_find(bbots_text name);

/*
 * Understands a line. The request belongs to the caller, who frees what it holds with
 * apply_request_free() whatever the result; the line is not needed any more.
 *
 * Errors: those of bbots_json_pack(); BBOTS_SYNTAX (no object; op or a member missing or unknown);
 * BBOTS_WRONG_TYPE; BBOTS_UNKNOWN_TABLE, BBOTS_UNKNOWN_COLUMN, BBOTS_UNKNOWN_INDEX;
 * BBOTS_NO_UNIQUE_KEY; BBOTS_INVALID_ARGUMENT.
 */
int apply_request_read(apply_request *request, const bbots_store *store, bbots_text line,
                       bbots_error *error);
void apply_request_free(apply_request *request);

#endif
