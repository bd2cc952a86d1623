/*
 * engine_sqlite.c - the works in SQLite: prepared statements, bound and stepped.
 *
 * `sqlite` has the documented indexes. `sqlite-covering` adds two from which W5, W6 and W7 are
 * answered without a row being read, which is what a tuner would do; it runs W1 and these three, and
 * pays for its indexes in W1 and in the size of its file.
 */
#include "bench/sqlite.h"

/* ------------------------------------------------------------------ writes */

static void bind_span(sqlite3_stmt *prepared, int place, span text)
{
    if (text.data != NULL) {
        sqlite3_bind_text(prepared, place, text.data, (int)text.size, SQLITE_STATIC);
    } else {
        sqlite3_bind_null(prepared, place);
    }
}

static void bind_call(sqlite3_stmt *insert, const call_row *row)
{
    sqlite3_bind_int64(insert, 1, row->id);
    sqlite3_bind_int64(insert, 2, row->user);
    if (row->execution != 0) {
        sqlite3_bind_int64(insert, 3, row->execution);
    } else {
        sqlite3_bind_null(insert, 3);
    }
    bind_span(insert, 4, row->request_id);
    bind_span(insert, 5, row->model);
    sqlite3_bind_int64(insert, 6, row->input_tokens);
    sqlite3_bind_int64(insert, 7, row->output_tokens);
    sqlite3_bind_int64(insert, 8, row->cache_creation_tokens);
    sqlite3_bind_int64(insert, 9, row->cache_read_tokens);
    sqlite3_bind_int64(insert, 10, row->total_tokens);
    sqlite3_bind_int64(insert, 11, row->input_cost);
    sqlite3_bind_int64(insert, 12, row->output_cost);
    sqlite3_bind_int64(insert, 13, row->cache_cost);
    sqlite3_bind_int64(insert, 14, row->total_cost);
    bind_span(insert, 15, row->prompt_type);
    bind_span(insert, 16, row->tools_used);
    sqlite3_bind_int64(insert, 17, row->response_time);
    bind_span(insert, 18, row->stop_reason);
    sqlite3_bind_int64(insert, 19, row->created_at);
}

static void insert_calls(bench_session *session, const call_row *rows, uint32_t count)
{
    sqlite3_stmt *insert = sqlite_statement(session, INSERT_CALL);
    sqlite_begin_write(session);
    for (uint32_t i = 0; i < count; i++) {
        bind_call(insert, &rows[i]);
        sqlite_step(session, insert);
    }
    sqlite_commit_write(session);
}

/*
 * Bulk load, the fastest way found that loses no constraint: the file leaves WAL, in which all
 * would be written twice (a rollback journal holds old pages, and new pages have none); indexes are
 * dropped, rows go in by one transaction with their references looked up, and SQLite sorts each
 * index when it makes it again.
 */
static void bulk_load(bench_session *session, call_source *source)
{
    char *indexes = sqlite_drop_indexes(session, "api_token_usage");
    sqlite_run(session, "PRAGMA journal_mode=TRUNCATE");
    sqlite3_stmt *insert = sqlite_statement(session, INSERT_CALL);
    const call_row *row;
    sqlite_begin_write(session);
    while ((row = call_source_next(source)) != NULL) {
        bind_call(insert, row);
        sqlite_step(session, insert);
    }
    sqlite_run(session, indexes);
    sqlite_commit_write(session);
    sqlite_run(session, "PRAGMA journal_mode=WAL");
    sqlite3_free(indexes);
}

static void update_calls(bench_session *session, const uint32_t *ids, const int32_t *times,
                         uint32_t count)
{
    sqlite3_stmt *update = sqlite_statement(session, UPDATE_CALL);
    sqlite_begin_write(session);
    for (uint32_t i = 0; i < count; i++) {
        sqlite3_bind_int64(update, 1, times[i]);
        sqlite3_bind_int64(update, 2, ids[i]);
        sqlite_step(session, update);
    }
    sqlite_commit_write(session);
}

static void delete_users(bench_session *session, const uint32_t *users, uint32_t count)
{
    sqlite3_stmt *delete_user = sqlite_statement(session, DELETE_USER);
    for (uint32_t i = 0; i < count; i++) {
        sqlite_begin_write(session);
        sqlite3_bind_int64(delete_user, 1, users[i]);
        sqlite_step(session, delete_user);
        sqlite_commit_write(session);
    }
}

/* ------------------------------------------------------------------ reads */

static void read_calls(bench_session *session, const uint32_t *ids, uint32_t count, bool one_each,
                       answer *found)
{
    sqlite3_stmt *read = sqlite_statement(session, READ_CALL);
    if (!one_each) {
        sqlite_step(session, sqlite_statement(session, BEGIN_READ));
    }
    for (uint32_t i = 0; i < count; i++) {
        sqlite3_bind_int64(read, 1, ids[i]);
        sqlite_must(session, sqlite3_step(read), SQLITE_ROW, "read");
        const char *model = (const char *)sqlite3_column_text(read, 1);
        answer_call(found, sqlite3_column_int64(read, 0), sqlite3_column_int64(read, 2),
                    sqlite3_column_int64(read, 3), model, (size_t)sqlite3_column_bytes(read, 1));
        sqlite3_reset(read);
    }
    if (!one_each) {
        sqlite_step(session, sqlite_statement(session, COMMIT));
    }
}

static void find_users(bench_session *session, const span *emails, uint32_t count, answer *found)
{
    sqlite3_stmt *find = sqlite_statement(session, FIND_USER);
    sqlite_step(session, sqlite_statement(session, BEGIN_READ));
    for (uint32_t i = 0; i < count; i++) {
        bind_span(find, 1, emails[i]);
        sqlite_must(session, sqlite3_step(find), SQLITE_ROW, "find");
        found->count++;
        found->checksum +=
            (uint64_t)sqlite3_column_int64(find, 0) * 31 + (uint64_t)sqlite3_column_bytes(find, 1);
        sqlite3_reset(find);
    }
    sqlite_step(session, sqlite_statement(session, COMMIT));
}

static void sum_windows(bench_session *session, const window *windows, uint32_t count,
                        answer *found)
{
    sqlite3_stmt *sum = sqlite_statement(session, SUM_WINDOW);
    sqlite_step(session, sqlite_statement(session, BEGIN_READ));
    for (uint32_t i = 0; i < count; i++) {
        sqlite3_bind_int64(sum, 1, windows[i].user);
        sqlite3_bind_int64(sum, 2, windows[i].from);
        sqlite3_bind_int64(sum, 3, windows[i].to);
        sqlite_must(session, sqlite3_step(sum), SQLITE_ROW, "window");
        found->count += (uint64_t)sqlite3_column_int64(sum, 0);
        found->sum += sqlite3_column_int64(sum, 1);
        sqlite3_reset(sum);
    }
    sqlite_step(session, sqlite_statement(session, COMMIT));
}

static void sum_models(bench_session *session, answer *found)
{
    sqlite3_stmt *sum = sqlite_statement(session, SUM_MODELS);
    int result;
    while ((result = sqlite3_step(sum)) == SQLITE_ROW) {
        const void *model = sqlite3_column_text(sum, 0);
        answer_group(found, mix_bytes(0, model, (size_t)sqlite3_column_bytes(sum, 0)),
                     sqlite3_column_int64(sum, 1), sqlite3_column_int64(sum, 2),
                     sqlite3_column_int64(sum, 3));
    }
    sqlite_must(session, result, SQLITE_DONE, "sum by model");
    sqlite3_reset(sum);
}

static void sum_days(bench_session *session, answer *found)
{
    sqlite3_stmt *sum = sqlite_statement(session, SUM_DAYS);
    int result;
    while ((result = sqlite3_step(sum)) == SQLITE_ROW) {
        answer_group(found,
                     user_day_key(sqlite3_column_int64(sum, 0), sqlite3_column_int64(sum, 1)),
                     sqlite3_column_int64(sum, 2), sqlite3_column_int64(sum, 3),
                     sqlite3_column_int64(sum, 4));
    }
    sqlite_must(session, result, SQLITE_DONE, "sum by day");
    sqlite3_reset(sum);
}

/* ------------------------------------------------------------------ the engines */

#define SQLITE_TUNING                                                                              \
    "WAL, checkpoint at 64 MiB, 512 MiB cache, mmap, foreign keys on, prepared statements, "       \
    "writers queue on a mutex"

#define SQLITE_WORKS                                                                               \
    .close = sqlite_close, .attach = sqlite_attach, .detach = sqlite_detach, .load = sqlite_load,  \
    .state = sqlite_state, .bulk_load = bulk_load, .insert_calls = insert_calls,                   \
    .read_calls = read_calls, .find_users = find_users, .sum_windows = sum_windows,                \
    .sum_models = sum_models, .sum_days = sum_days, .delete_users = delete_users,                  \
    .update_calls = update_calls

const bench_engine engine_sqlite = {
    .name = "sqlite",
    .tuning = SQLITE_TUNING,
    .open = sqlite_open_plain,
    SQLITE_WORKS,
};

const bench_engine engine_sqlite_covering = {
    .name = "sqlite-covering",
    .tuning = "the same and indexes on (userId, createdAt, totalCost, totalTokens) and (model, "
              "totalCost, totalTokens)",
    .only = "W1,W5,W6,W7",
    .open = sqlite_open_covering,
    SQLITE_WORKS,
};
