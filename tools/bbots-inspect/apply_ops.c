/*
 * apply_ops.c - what each operation does: a table of operations and one short function for each.
 *
 * A row operation gets a transaction and writes into an answer that is thrown away when it fails,
 * so it may write as it goes. A control operation changes the session's open transaction.
 */
#include "apply_request.h"

#include "inspect.h"
#include "jsonl_error.h"

/* A scan's answer is one line and is put together in memory; past this it is refused. */
#define ANSWER_MAX ((long)256 << 20)

static int no_memory(bbots_error *error)
{
    return jsonl_fail(error, BBOTS_NO_MEMORY, NULL, NULL, "out of memory");
}

static int put_row(FILE *answer, const bbots_row *row, bbots_error *error)
{
    fputs(",\"row\":", answer);
    return json_put_row(answer, row) == BBOTS_OK ? BBOTS_OK : no_memory(error);
}

/* ------------------------------------------------------------------ rows */

static int run_insert(bbots_txn *txn, const apply_request *request, FILE *answer,
                      bbots_error *error)
{
    bbots_row row;
    int rc =
        bbots_insert(txn, request->table, request->row.values, request->row.given, &row, error);
    return rc == BBOTS_OK ? put_row(answer, &row, error) : rc;
}

static int run_get(bbots_txn *txn, const apply_request *request, FILE *answer, bbots_error *error)
{
    bbots_row row;
    int rc = bbots_get(txn, request->table, request->index, request->key_values, &row, error);
    if (rc == BBOTS_NOT_FOUND) {
        fputs(",\"row\":null", answer);
    }
    return rc == BBOTS_OK ? put_row(answer, &row, error) : rc;
}

/* Writes how many rows the key named. */
static int put_matched(FILE *answer, int rc)
{
    if (rc >= 0) {
        fprintf(answer, ",\"rows\":%d", rc == BBOTS_NOT_FOUND ? 0 : 1);
    }
    return rc;
}

static int run_update(bbots_txn *txn, const apply_request *request, FILE *answer,
                      bbots_error *error)
{
    return put_matched(answer,
                       bbots_update(txn, request->table, request->index, request->key_values,
                                    request->set.values, request->set.given, NULL, error));
}

static int run_soft_delete(bbots_txn *txn, const apply_request *request, FILE *answer,
                           bbots_error *error)
{
    return put_matched(
        answer, bbots_soft_delete(txn, request->table, request->index, request->key_values, error));
}

static int run_delete(bbots_txn *txn, const apply_request *request, FILE *answer,
                      bbots_error *error)
{
    bbots_deleted deleted = {0, 0, 0};
    int rc = bbots_delete_at_most(txn, request->table, request->index, request->key_values,
                                  request->max_rows, &deleted, error);
    if (rc >= 0) {
        fprintf(answer, ",\"rows\":%llu,\"cascaded\":%llu,\"set_null\":%llu",
                (unsigned long long)deleted.rows, (unsigned long long)deleted.cascaded,
                (unsigned long long)deleted.set_null);
    }
    return rc;
}

static int run_upsert(bbots_txn *txn, const apply_request *request, FILE *answer,
                      bbots_error *error)
{
    bbots_row row;
    bool inserted = false;
    int rc =
        bbots_upsert(txn, request->table, request->index, request->row.values, request->row.given,
                     request->set.values, request->set.given, &row, &inserted, error);
    if (rc >= 0) {
        rc = put_row(answer, &row, error);
        fprintf(answer, ",\"inserted\":%s", inserted ? "true" : "false");
    }
    return rc;
}

static int put_rows(bbots_cursor *cursor, FILE *answer, bbots_error *error)
{
    bbots_row row;
    const char *between = "";
    int rc;
    while ((rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        if (ftell(answer) > ANSWER_MAX) {
            return jsonl_fail(error, BBOTS_LIMIT_EXCEEDED, row.table, NULL,
                              "the answer would be longer than 256 MiB: give bounds or a limit");
        }
        fputs(between, answer);
        between = ",";
        if (json_put_row(answer, &row) != BBOTS_OK) {
            return no_memory(error);
        }
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int run_scan(bbots_txn *txn, const apply_request *request, FILE *answer, bbots_error *error)
{
    bbots_cursor *cursor;
    bool nothing = request->members[MEMBER_LIMIT].data != NULL && request->range.limit == 0;
    int rc =
        bbots_cursor_open(txn, request->table, request->index, &request->range, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    fputs(",\"rows\":[", answer);
    rc = nothing ? BBOTS_OK : put_rows(cursor, answer, error); /* the library's 0 is "no limit" */
    fputs("]", answer);
    bbots_cursor_close(cursor);
    return rc;
}

static int run_count(bbots_txn *txn, const apply_request *request, FILE *answer, bbots_error *error)
{
    uint64_t count = 0;
    int rc = bbots_count(txn, request->table, &count, error);
    fprintf(answer, ",\"count\":%llu", (unsigned long long)count);
    return rc;
}

/* ------------------------------------------------------------------ transactions */

static int need_transaction(const apply_session *session, const apply_request *request,
                            bbots_error *error)
{
    return session->txn != NULL
               ? BBOTS_OK
               : jsonl_fail(error, BBOTS_NO_TRANSACTION, NULL, NULL,
                            "\"%s\" needs a transaction; none was begun", request->op->name);
}

static int do_begin(apply_session *session, const apply_request *request, bbots_error *error)
{
    (void)request;
    return session->txn != NULL ? jsonl_fail(error, BBOTS_TRANSACTION_ACTIVE, NULL, NULL,
                                             "there is a transaction in progress already")
                                : bbots_begin(session->store, BBOTS_WRITE, &session->txn, error);
}

static int do_commit(apply_session *session, const apply_request *request, bbots_error *error)
{
    int rc = need_transaction(session, request, error);
    if (rc == BBOTS_OK) {
        rc = bbots_commit(session->txn, error);
        session->txn = NULL; /* it is gone whatever the result */
    }
    return rc;
}

static int do_rollback(apply_session *session, const apply_request *request, bbots_error *error)
{
    int rc = need_transaction(session, request, error);
    if (rc == BBOTS_OK) {
        bbots_rollback(session->txn);
        session->txn = NULL;
    }
    return rc;
}

static int do_savepoint(apply_session *session, const apply_request *request, bbots_error *error)
{
    int rc = need_transaction(session, request, error);
    return rc == BBOTS_OK ? bbots_savepoint(session->txn, request->name, error) : rc;
}

static int do_rollback_to(apply_session *session, const apply_request *request, bbots_error *error)
{
    int rc = need_transaction(session, request, error);
    return rc == BBOTS_OK ? bbots_savepoint_rollback(session->txn, request->name, error) : rc;
}

static int do_release(apply_session *session, const apply_request *request, bbots_error *error)
{
    int rc = need_transaction(session, request, error);
    return rc == BBOTS_OK ? bbots_savepoint_release(session->txn, request->name, error) : rc;
}

/* ------------------------------------------------------------------ the table */

#define T (1u << MEMBER_TABLE)
#define K (1u << MEMBER_KEY)
#define R (1u << MEMBER_ROW)
#define S (1u << MEMBER_SET)
#define C (1u << MEMBER_CONFLICT)
#define N (1u << MEMBER_NAME)
#define SCAN                                                                                       \
    (1u << MEMBER_INDEX | 1u << MEMBER_FROM | 1u << MEMBER_TO | 1u << MEMBER_REVERSE |             \
     1u << MEMBER_LIMIT)

static const apply_op ops[] = {
    {"insert", T | R, 0, BBOTS_WRITE, run_insert, NULL},
    {"get", T | K, 0, BBOTS_READ, run_get, NULL},
    {"update", T | K | S, 0, BBOTS_WRITE, run_update, NULL},
    {"delete", T | K, 1u << MEMBER_MAX_ROWS, BBOTS_WRITE, run_delete, NULL},
    {"upsert", T | C | R, S, BBOTS_WRITE, run_upsert, NULL},
    {"soft_delete", T | K, 0, BBOTS_WRITE, run_soft_delete, NULL},
    {"scan", T, SCAN, BBOTS_READ, run_scan, NULL},
    {"count", T, 0, BBOTS_READ, run_count, NULL},
    {"begin", 0, 0, BBOTS_READ, NULL, do_begin},
    {"commit", 0, 0, BBOTS_READ, NULL, do_commit},
    {"rollback", 0, 0, BBOTS_READ, NULL, do_rollback},
    {"savepoint", N, 0, BBOTS_READ, NULL, do_savepoint},
    {"rollback_to", N, 0, BBOTS_READ, NULL, do_rollback_to},
    {"release", N, 0, BBOTS_READ, NULL, do_release},
};

const apply_op *apply_op_find(bbots_text name)
{
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (strlen(ops[i].name) == name.size && memcmp(ops[i].name, name.data, name.size) == 0) {
            return &ops[i];
        }
    }
    return NULL;
}
