/* sqlite.h - what the two halves of the SQLite engine share. */
#ifndef BENCH_SQLITE_H
#define BENCH_SQLITE_H

#include "bench/engine.h"

#include <pthread.h>
#include <sqlite3.h>

/* The statements, each prepared when it is first used and kept. */
typedef enum statement {
    BEGIN_READ,
    BEGIN_WRITE,
    COMMIT,
    INSERT_CALL,
    READ_CALL,
    FIND_USER,
    SUM_WINDOW,
    SUM_MODELS,
    SUM_DAYS,
    DELETE_USER,
    UPDATE_CALL,
    STATEMENTS
} statement;

struct bench_store {
    char *path;
    durability level;
    /* Writers of one process queue here: waiting costs less than SQLite's polling for its lock. */
    pthread_mutex_t writer;
};

struct bench_session {
    bench_store *store;
    sqlite3 *handle;
    sqlite3_stmt *prepared[STATEMENTS];
};

bench_store *sqlite_open(const char *path, bool create, durability level, const char *further);
bench_store *sqlite_open_plain(const char *path, bool create, durability level);
bench_store *sqlite_open_covering(const char *path, bool create, durability level);
void sqlite_close(bench_store *store);
bench_session *sqlite_attach(bench_store *store);
void sqlite_detach(bench_session *session);

/* Ends the run unless the result is the one expected. */
void sqlite_must(const bench_session *session, int result, int expected, const char *what);

/* Runs SQL without results. */
void sqlite_run(const bench_session *session, const char *sql);

/* Drops a table's indexes; the SQL that makes them again is freed by sqlite3_free(). */
char *sqlite_drop_indexes(const bench_session *session, const char *table);

/* Prepares SQL that will be used more than once. */
sqlite3_stmt *sqlite_prepare(const bench_session *session, const char *sql);

/* A prepared statement, ready to be bound. */
sqlite3_stmt *sqlite_statement(bench_session *session, statement which);

/* Runs a bound statement that gives no rows. */
void sqlite_step(const bench_session *session, sqlite3_stmt *prepared);

/* BEGIN IMMEDIATE and COMMIT, one thread of the process at a time. */
void sqlite_begin_write(bench_session *session);
void sqlite_commit_write(bench_session *session);

void sqlite_load(bench_session *session, const workload *data, workload_number number);
void sqlite_state(bench_session *session, answer *found);

#endif
