/*
 * tests/contract/test_transactions.c - proves the second half of bbots/store.h: who sees what,
 * who waits for whom, and what is taken back.
 *
 * Threads and processes wait for one another with pipes and joins only. "The second writer waits"
 * is proved by what it finds when it gets its turn, not by time.
 */
#include "support/support.h"

#include <bbots/sample.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES   (&sample_nodes_table)
#define OWNERS  (&sample_owners_table)
#define FOLDERS (&sample_folders_table)
#define DOCS    (&sample_docs_table)
#define KINDS   (&sample_kinds_table)
#define HEADS   (&sample_heads_table)
#define HATS    (&sample_hats_table)

static int64_t score_of(bbots_txn *txn, int64_t id)
{
    bbots_row row;
    assert_ok(get_id(txn, OWNERS, id, &row));
    return row_at(&row, "score").integer;
}

static void insert_owner(bbots_store *store, int64_t id, int64_t score)
{
    char code[32];
    snprintf(code, sizeof code, "owner %lld", (long long)id);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_ok(insert_named(txn, OWNERS, "id", integer(id), "code", string(code), "score",
                           integer(score)));
    commit(txn);
}

static void set_score(bbots_store *store, int64_t id, int64_t score)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_ok(update_named(txn, OWNERS, id, "score", integer(score)));
    commit(txn);
}

/* ------------------------------------------------------------------ who sees what */

static void each_reader_keeps_the_moment_it_began(void **state)
{
    fixture *place = *state;
    bbots_txn *readers[20];
    insert_owner(place->store, 1, 0);
    for (int i = 0; i < 20; i++) {
        readers[i] = begin(place->store, BBOTS_READ);
        set_score(place->store, 1, i + 1);
        insert_owner(place->store, 100 + i, i);
    }
    for (int i = 19; i >= 0; i--) {
        assert_int_equal(score_of(readers[i], 1), i);
        assert_int_equal(count_of(readers[i], OWNERS), i + 1);
        bbots_row row;
        assert_status(get_id(readers[i], OWNERS, 100 + i, &row), BBOTS_NOT_FOUND);
        assert_int_equal(check_txn(readers[i]), i + 1);
        bbots_rollback(readers[i]);
    }
    bbots_txn *last = begin(place->store, BBOTS_READ);
    assert_int_equal(score_of(last, 1), 20);
    commit(last);
}

static void a_reader_never_sees_what_is_not_committed(void **state)
{
    fixture *place = *state;
    insert_owner(place->store, 1, 5);
    bbots_txn *writer = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(writer, OWNERS, 1, "score", integer(6)));
    assert_int_equal(score_of(writer, 1), 6);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    assert_int_equal(score_of(reader, 1), 5);
    commit(writer);
    assert_int_equal(score_of(reader, 1), 5);
    bbots_rollback(reader);
    reader = begin(place->store, BBOTS_READ);
    assert_int_equal(score_of(reader, 1), 6);
    bbots_rollback(reader);
}

static void a_rollback_leaves_no_trace(void **state)
{
    fixture *place = *state;
    bbots_stat before;
    bbots_stat after;
    insert_owner(place->store, 1, 5);
    assert_ok(bbots_store_stat(place->store, &before, &fault));
    bbots_txn *writer = begin(place->store, BBOTS_WRITE);
    bbots_digest digest = digest_of(writer);
    for (int i = 0; i < 1000; i++) {
        assert_ok(insert_named(writer, NODES, "label", string("x")));
    }
    assert_ok(delete_id(writer, OWNERS, 1, NULL));
    bbots_rollback(writer);
    bbots_rollback(NULL);
    assert_ok(bbots_store_stat(place->store, &after, &fault));
    assert_int_equal(after.transaction, before.transaction);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    assert_digest(reader, digest);
    assert_int_equal(count_of(reader, NODES), 0);
    int64_t next;
    assert_ok(bbots_serial_next(reader, NODES, &next, &fault));
    assert_int_equal(next, 1);
    commit(reader);
    reopen(place);
}

static void a_commit_is_in_the_file(void **state)
{
    fixture *place = *state;
    bbots_stat before;
    bbots_stat after;
    assert_ok(bbots_store_stat(place->store, &before, &fault));
    bbots_txn *writer = begin(place->store, BBOTS_WRITE);
    assert_ptr_equal(bbots_txn_store(writer), place->store);
    assert_ok(insert_named(writer, HEADS, "id", integer(1)));
    assert_ok(insert_named(writer, HATS, "head", integer(1)));
    bbots_digest digest = digest_of(writer);
    commit(writer);
    assert_ok(bbots_store_stat(place->store, &after, &fault));
    assert_true(after.transaction > before.transaction);
    /* One in which nothing happened, and one that undid all it did. */
    commit(begin(place->store, BBOTS_WRITE));
    writer = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(writer, HEADS, "id", integer(2)));
    assert_ok(delete_id(writer, HEADS, 2, NULL));
    commit(writer);
    reopen(place);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    assert_digest(reader, digest);
    commit(reader);
}

static void a_failed_statement_leaves_the_transaction_usable(void **state)
{
    fixture *place = *state;
    bbots_txn *writer = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(writer, HEADS, "id", integer(1)));
    assert_status(insert_named(writer, HEADS, "id", integer(1)), BBOTS_UNIQUE_VIOLATION);
    assert_status(insert_named(writer, HATS, "head", integer(2)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(insert_named(writer, HATS, "head", integer(1)));
    commit(writer);
    assert_int_equal(check_store(place->store), 2);
}

/* ------------------------------------------------------------------ one writer at a time */

static void a_thread_has_one_write_transaction(void **state)
{
    fixture *place = *state;
    bbots_txn *second;
    bbots_txn *writer = begin(place->store, BBOTS_WRITE);
    assert_status(bbots_begin(place->store, BBOTS_WRITE, &second, &fault),
                  BBOTS_TRANSACTION_ACTIVE);
    assert_null(second);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    bbots_rollback(reader);
    commit(writer);
    writer = begin(place->store, BBOTS_WRITE);
    bbots_rollback(writer);
}

typedef struct second_writer {
    bbots_store *store;
    atomic_bool first_ended;
    bool waited;
} second_writer;

static void *write_second(void *context)
{
    second_writer *self = context;
    bbots_txn *txn;
    if (bbots_begin(self->store, BBOTS_WRITE, &txn, NULL) == BBOTS_OK) {
        self->waited = atomic_load(&self->first_ended);
        bbots_rollback(txn);
    }
    return NULL;
}

static void a_second_thread_waits_for_the_first(void **state)
{
    fixture *place = *state;
    for (int i = 0; i < 20; i++) {
        second_writer second = {.store = place->store};
        pthread_t thread;
        bbots_txn *writer = begin(place->store, BBOTS_WRITE);
        assert_int_equal(pthread_create(&thread, NULL, write_second, &second), 0);
        assert_ok(insert_named(writer, NODES, "label", string("x")));
        atomic_store(&second.first_ended, true);
        commit(writer);
        pthread_join(thread, NULL);
        assert_true(second.waited);
    }
}

static int add_one(bbots_txn *txn, void *context, bbots_error *error)
{
    bbots_value key = bbots_value_integer(1);
    bbots_value values[3];
    bbots_row row;
    (void)context;
    int rc = bbots_get(txn, OWNERS, 0, &key, &row, error);
    if (rc == BBOTS_OK) {
        values[2] = bbots_value_integer(bbots_row_value(&row, 2).integer + 1);
        rc = bbots_update(txn, OWNERS, 0, &key, values, BBOTS_COLUMN_BIT(2), NULL, error);
    }
    return rc;
}

static void *add_many(void *store)
{
    intptr_t failures = 0;
    for (int i = 0; i < 200; i++) {
        failures += bbots_write(store, add_one, NULL, NULL) != BBOTS_OK;
    }
    return (void *)failures;
}

static void writers_of_many_threads_lose_nothing(void **state)
{
    fixture *place = *state;
    pthread_t threads[8];
    insert_owner(place->store, 1, 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, place->store), 0);
    }
    for (int i = 0; i < 8; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    assert_int_equal(score_of(reader, 1), 1600);
    commit(reader);
}

static int add_in_process(const char *path)
{
    bbots_store *store;
    bbots_options options = {.schema = &bbots_sample_schema, .durability = BBOTS_RELAXED};
    if (bbots_open(path, &options, &store, NULL) != BBOTS_OK) {
        return 1;
    }
    void *failures = add_many(store);
    return bbots_close(store, NULL) == BBOTS_OK && failures == NULL ? 0 : 2;
}

static void writers_of_many_processes_lose_nothing(void **state)
{
    fixture *place = *state;
    pid_t children[3];
    insert_owner(place->store, 1, 0);
    fflush(NULL);
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            end_child(add_in_process(place->path));
        }
    }
    assert_null(add_many(place->store));
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    assert_int_equal(score_of(reader, 1), 800);
    commit(reader);
}

/* Opens in a child and holds transactions until it is killed or told to go on. */
typedef struct holder {
    const char *path;
    int readers;
    bool ended; /* the readers are rolled back before the parent is told */
    bool writer;
    int ready;
    int go;
} holder;

static int hold(const holder *self)
{
    bbots_store *store;
    bbots_txn *txns[16];
    bbots_options options = {.schema = &bbots_sample_schema, .durability = BBOTS_RELAXED};
    if (bbots_open(self->path, &options, &store, NULL) != BBOTS_OK) {
        return 1;
    }
    for (int i = 0; i < self->readers; i++) {
        if (bbots_begin(store, BBOTS_READ, &txns[i], NULL) != BBOTS_OK) {
            return 2;
        }
    }
    for (int i = 0; self->ended && i < self->readers; i++) {
        bbots_rollback(txns[i]);
    }
    if (self->writer) {
        bbots_txn *txn;
        bbots_value values[3];
        if (bbots_begin(store, BBOTS_WRITE, &txn, NULL) != BBOTS_OK) {
            return 3;
        }
        for (int i = 0; i < 3000; i++) {
            if (bbots_insert(txn, NODES, values, 0, NULL, NULL) != BBOTS_OK) {
                return 4;
            }
        }
    }
    send_byte(self->ready);
    await_byte(self->go);
    return 0;
}

static pid_t start_holder(holder *self, int *ready_end, int *go_end)
{
    int ready[2];
    int go[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    self->ready = ready[1];
    self->go = go[0];
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ready[0]);
        close(go[1]);
        end_child(hold(self));
    }
    close(ready[1]);
    close(go[0]);
    *ready_end = ready[0];
    *go_end = go[1];
    return child;
}

static void end_holder(pid_t child, bool killed, int ready, int go)
{
    int status;
    if (killed) {
        assert_int_equal(kill(child, SIGKILL), 0);
    } else {
        send_byte(go);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(killed ? WIFSIGNALED(status) : status == 0);
    close(ready);
    close(go);
}

static void a_writer_that_died_holds_nobody_up(void **state)
{
    fixture *place = *state;
    int ready;
    int go;
    insert_owner(place->store, 1, 7);
    holder self = {.path = place->path, .writer = true};
    pid_t child = start_holder(&self, &ready, &go);
    await_byte(ready);
    end_holder(child, true, ready, go);
    bbots_txn *writer = begin(place->store, BBOTS_WRITE);
    assert_int_equal(count_of(writer, NODES), 0);
    assert_ok(insert_named(writer, NODES, "label", string("x")));
    commit(writer);
    assert_int_equal(check_store(place->store), 2);
}

/* ------------------------------------------------------------------ readers */

static void make_with_few_readers(fixture *place)
{
    bbots_options options = {.schema = &bbots_sample_schema,
                             .flags = BBOTS_OPEN_CREATE,
                             .durability = BBOTS_RELAXED,
                             .readers_max = 4};
    place->store = open_store(place->path, &options);
}

static void there_are_only_so_many_readers(void **state)
{
    fixture *place = *state;
    bbots_txn *readers[4];
    bbots_txn *more;
    make_with_few_readers(place);
    bbots_stat stat;
    assert_ok(bbots_store_stat(place->store, &stat, &fault));
    assert_int_equal(stat.readers_max, 4);
    for (int i = 0; i < 4; i++) {
        readers[i] = begin(place->store, BBOTS_READ);
    }
    assert_ok(bbots_store_stat(place->store, &stat, &fault));
    assert_int_equal(stat.readers, 4);
    assert_status(bbots_begin(place->store, BBOTS_READ, &more, &fault), BBOTS_READERS_FULL);
    assert_null(more);
    bbots_txn *writer = begin(place->store, BBOTS_WRITE); /* takes no reader's place */
    bbots_rollback(writer);
    bbots_rollback(readers[2]);
    readers[2] = begin(place->store, BBOTS_READ);
    for (int i = 0; i < 4; i++) {
        bbots_rollback(readers[i]);
    }
}

static void places_of_dead_readers_are_taken_over(void **state)
{
    fixture *place = *state;
    bbots_txn *reader;
    int ready;
    int go;
    make_with_few_readers(place);
    holder self = {.path = place->path, .readers = 4};
    pid_t child = start_holder(&self, &ready, &go);
    await_byte(ready);
    int while_alive = bbots_begin(place->store, BBOTS_READ, &reader, NULL);
    end_holder(child, true, ready, go);
    assert_int_equal(while_alive, BBOTS_READERS_FULL);
    reader = begin(place->store, BBOTS_READ);
    commit(reader);
}

static void readers_that_ended_hold_no_place_against_other_processes(void **state)
{
    fixture *place = *state;
    bbots_txn *reader;
    int ready;
    int go;
    make_with_few_readers(place);
    holder self = {.path = place->path, .readers = 4, .ended = true};
    pid_t child = start_holder(&self, &ready, &go);
    await_byte(ready);
    int rc = bbots_begin(place->store, BBOTS_READ, &reader, &fault);
    if (rc == BBOTS_OK) {
        bbots_rollback(reader);
    }
    end_holder(child, false, ready, go);
    assert_status(rc, BBOTS_OK);
}

typedef struct watch {
    bbots_store *store;
    atomic_bool *stop;
    uint64_t looks;
    const char *wrong;
} watch;

/* Two scores move in opposite directions: whoever sees another sum saw half a transaction. */
static void *watch_sum(void *context)
{
    watch *self = context;
    while (!atomic_load(self->stop) || self->looks == 0) {
        bbots_txn *txn;
        bbots_cursor *cursor;
        bbots_row row;
        int64_t sum = 0;
        uint64_t rows = 0;
        uint64_t count = 0;
        int rc;
        if (bbots_begin(self->store, BBOTS_READ, &txn, NULL) != BBOTS_OK) {
            self->wrong = "begin";
            return NULL;
        }
        if (bbots_cursor_open(txn, OWNERS, 2, NULL, &cursor, NULL) != BBOTS_OK) {
            self->wrong = "cursor";
        } else {
            while ((rc = bbots_cursor_next(cursor, &row, NULL)) == BBOTS_OK) {
                sum += bbots_row_value(&row, 2).integer;
                rows++;
            }
            bbots_cursor_close(cursor);
            if (rc != BBOTS_END || bbots_count(txn, OWNERS, &count, NULL) != BBOTS_OK) {
                self->wrong = "scan";
            }
        }
        bbots_rollback(txn);
        if (sum != 1000 || rows != count || rows < 2) {
            self->wrong = "sum";
        }
        if (self->wrong != NULL) {
            return NULL;
        }
        self->looks++;
    }
    return NULL;
}

static void sixteen_threads_read_while_one_writes(void **state)
{
    fixture *place = *state;
    pthread_t threads[16];
    watch watches[16];
    atomic_bool stop = false;
    insert_owner(place->store, 1, 400);
    insert_owner(place->store, 2, 600);
    for (int i = 0; i < 16; i++) {
        watches[i] = (watch){.store = place->store, .stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, watch_sum, &watches[i]), 0);
    }
    for (int i = 0; i < 1000; i++) {
        bbots_txn *writer = begin(place->store, BBOTS_WRITE);
        assert_ok(update_named(writer, OWNERS, 1, "score", integer(400 + i)));
        assert_ok(update_named(writer, OWNERS, 2, "score", integer(600 - i)));
        char code[16];
        snprintf(code, sizeof code, "c%d", i);
        if (i % 2 == 0) {
            assert_ok(insert_named(writer, OWNERS, "id", integer(3), "code", string(code)));
        } else {
            assert_ok(delete_id(writer, OWNERS, 3, NULL));
        }
        commit(writer);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 16; i++) {
        pthread_join(threads[i], NULL);
        if (watches[i].wrong != NULL) {
            fail_msg("thread %d: %s", i, watches[i].wrong);
        }
        assert_true(watches[i].looks > 0);
    }
}

/* A hundred rows, as work that may be run again. */
static int insert_hundred(bbots_txn *txn, void *context, bbots_error *error)
{
    static const char text[] = "some text of a node that is long enough to make a file grow, as "
                               "long as it is written often enough";
    bbots_value values[3];
    (void)context;
    values[2] = string(text);
    for (int i = 0; i < 100; i++) {
        int rc = bbots_insert(txn, NODES, values, BBOTS_COLUMN_BIT(2), NULL, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    return BBOTS_OK;
}

static void *insert_and_look(void *store)
{
    intptr_t failures = 0;
    for (int i = 0; i < 20; i++) {
        bbots_txn *txn;
        uint64_t count = 1;
        failures += bbots_write(store, insert_hundred, NULL, NULL) != BBOTS_OK;
        if (bbots_begin(store, BBOTS_READ, &txn, NULL) != BBOTS_OK) {
            failures++;
            continue;
        }
        failures += bbots_count(txn, NODES, &count, NULL) != BBOTS_OK || count % 100 != 0;
        bbots_rollback(txn);
    }
    return (void *)failures;
}

static void threads_write_and_read_while_the_map_grows(void **state)
{
    fixture *place = *state;
    bbots_options options = {.schema = &bbots_sample_schema,
                             .flags = BBOTS_OPEN_CREATE,
                             .durability = BBOTS_RELAXED,
                             .map_bytes = 512 << 10};
    pthread_t threads[6];
    place->store = open_store(place->path, &options);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, insert_and_look, place->store), 0);
    }
    for (int i = 0; i < 6; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_int_equal(check_store(place->store), 6 * 20 * 100);
}

/* ------------------------------------------------------------------ savepoints */

static void savepoints_nest(void **state)
{
    fixture *place = *state;
    bbots_digest digests[5];
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    const char *names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) {
        assert_ok(bbots_savepoint(txn, names[i], &fault));
        digests[i] = digest_of(txn);
        assert_ok(insert_named(txn, HEADS, "id", integer(i)));
    }
    assert_ok(bbots_savepoint_rollback(txn, "c", &fault));
    assert_digest(txn, digests[2]);
    assert_status(bbots_savepoint_rollback(txn, "d", &fault), BBOTS_UNKNOWN_SAVEPOINT);
    assert_string_equal(fault.sqlstate, "3B001");
    assert_ok(insert_named(txn, HEADS, "id", integer(9)));
    assert_ok(bbots_savepoint_rollback(txn, "c", &fault)); /* it is still there */
    assert_digest(txn, digests[2]);
    assert_ok(bbots_savepoint_rollback(txn, "c", &fault));
    assert_digest(txn, digests[2]);
    assert_ok(insert_named(txn, HEADS, "id", integer(10)));
    digests[4] = digest_of(txn);
    assert_ok(bbots_savepoint_release(txn, "b", &fault)); /* and c with it */
    assert_digest(txn, digests[4]);
    assert_status(bbots_savepoint_release(txn, "c", &fault), BBOTS_UNKNOWN_SAVEPOINT);
    assert_status(bbots_savepoint_rollback(txn, "b", &fault), BBOTS_UNKNOWN_SAVEPOINT);
    assert_digest(txn, digests[4]);
    assert_ok(bbots_savepoint_rollback(txn, "a", &fault));
    assert_digest(txn, digests[0]);
    assert_ok(bbots_savepoint_release(txn, "a", &fault));
    assert_status(bbots_savepoint_release(txn, "a", &fault), BBOTS_UNKNOWN_SAVEPOINT);
    assert_ok(insert_named(txn, HEADS, "id", integer(11)));
    commit(txn);
    assert_int_equal(check_store(place->store), 1);
}

static void a_savepoints_name_hides_an_earlier_one(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(insert_named(txn, HEADS, "id", integer(1)));
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(insert_named(txn, HEADS, "id", integer(2)));
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_int_equal(count_of(txn, HEADS), 1);
    assert_ok(bbots_savepoint_release(txn, "s", &fault));
    assert_int_equal(count_of(txn, HEADS), 1);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_int_equal(count_of(txn, HEADS), 0);
    commit(txn);
}

static void a_savepoint_has_a_name(void **state)
{
    fixture *place = *state;
    char name[BBOTS_NAME_MAX + 2];
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_status(bbots_savepoint(txn, name, &fault), BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_savepoint(txn, "", &fault), BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_savepoint(txn, NULL, &fault), BBOTS_INVALID_ARGUMENT);
    name[BBOTS_NAME_MAX] = '\0';
    assert_ok(bbots_savepoint(txn, name, &fault));
    assert_ok(bbots_savepoint_release(txn, name, &fault));
    assert_status(bbots_savepoint_rollback(txn, "none", &fault), BBOTS_UNKNOWN_SAVEPOINT);
    bbots_rollback(txn);
}

static void savepoints_end_with_their_transaction(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(insert_named(txn, HEADS, "id", integer(1)));
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    assert_status(bbots_savepoint_rollback(txn, "s", &fault), BBOTS_UNKNOWN_SAVEPOINT);
    assert_int_equal(count_of(txn, HEADS), 1);
    bbots_rollback(txn);
}

static void make_family(bbots_txn *txn)
{
    for (int i = 1; i <= 10; i++) {
        char code[16];
        snprintf(code, sizeof code, "o%d", i);
        assert_ok(insert_named(txn, OWNERS, "id", integer(i), "code", string(code)));
        assert_ok(insert_named(txn, FOLDERS, "id", integer(i), "owner", integer(i), "name",
                               string(code)));
        for (int d = 0; d < 10; d++) {
            assert_ok(insert_named(txn, DOCS, "owner", integer(i), "folder", integer(i), "reviewer",
                                   integer(i > 1 ? i - 1 : 1), "owner_code", string(code), "body",
                                   string("the body of a doc")));
        }
    }
}

static void a_savepoint_takes_back_all_kinds_of_changes(void **state)
{
    fixture *place = *state;
    bbots_deleted deleted;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    make_family(txn);
    bbots_digest before = digest_of(txn);
    assert_ok(bbots_savepoint(txn, "s", &fault));
    /* Owner 5 goes with folder and docs, the docs of owner 6 lose their reviewer. */
    assert_ok(delete_id(txn, OWNERS, 5, &deleted));
    assert_int_equal(deleted.cascaded, 11);
    assert_int_equal(deleted.set_null, 10);
    assert_ok(insert_named(txn, OWNERS, "id", integer(5), "code", string("another")));
    assert_ok(update_named(txn, OWNERS, 5, "code", string("again another")));
    assert_ok(update_named(txn, DOCS, 1, "id", integer(500), "body", null_value()));
    assert_ok(delete_id(txn, DOCS, 2, NULL));
    assert_ok(update_named(txn, DOCS, 3, "reviewer", null_value()));
    assert_ok(update_named(txn, DOCS, 3, "reviewer", integer(9)));
    assert_ok(update_named(txn, DOCS, 3, "reviewer", integer(1))); /* as it was */
    check_txn(txn);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_digest(txn, before);
    assert_int_equal(count_of(txn, OWNERS), 10);
    assert_int_equal(count_of(txn, FOLDERS), 10);
    assert_int_equal(count_of(txn, DOCS), 100);
    check_txn(txn);
    commit(txn);
    reopen(place);
    txn = begin(place->store, BBOTS_READ);
    assert_digest(txn, before);
    commit(txn);
}

static void a_savepoint_takes_back_what_a_hundred_random_changes_did(void **state)
{
    fixture *place = *state;
    random_source source = random_begin(__func__);
    bbots_digest digests[30];
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    make_family(txn);
    for (int level = 0; level < 30; level++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", level);
        assert_ok(bbots_savepoint(txn, name, &fault));
        digests[level] = digest_of(txn);
        for (int i = 0; i < 20; i++) {
            int64_t id = (int64_t)random_below(&source, 120);
            int64_t other = (int64_t)random_below(&source, 12);
            switch (random_below(&source, 6)) {
            case 0:
                (void)delete_id(txn, DOCS, id, NULL);
                break;
            case 1:
                (void)delete_id(txn, OWNERS, other, NULL);
                break;
            case 2:
                (void)update_named(txn, DOCS, id, "reviewer", integer(other));
                break;
            case 3:
                (void)update_named(txn, DOCS, id, "id", integer(id + 1), "body", string("new"));
                break;
            case 4: {
                char code[16];
                snprintf(code, sizeof code, "o%d", (int)other);
                (void)insert_named(txn, OWNERS, "id", integer(other), "code", string(code));
                break;
            }
            default:
                (void)insert_named(txn, DOCS, "owner", integer(other), "body", string("more"));
                break;
            }
        }
    }
    for (int level = 29; level >= 0; level -= 1 + (int)random_below(&source, 3)) {
        char name[16];
        snprintf(name, sizeof name, "s%d", level);
        assert_ok(bbots_savepoint_rollback(txn, name, &fault));
        assert_digest(txn, digests[level]);
        check_txn(txn);
    }
    commit(txn);
}

/* More under a savepoint than is kept in memory: 100 rows of 1 MiB, changed, deleted. */
static void a_savepoint_takes_back_more_than_memory_holds(void **state)
{
    fixture *place = *state;
    size_t size = 1u << 20;
    char *text = malloc(size);
    assert_non_null(text);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, NODES, "label", string("first")));
    assert_ok(bbots_savepoint(txn, "outer", &fault));
    bbots_digest outer = digest_of(txn);
    bbots_digest inner = outer;
    for (int i = 0; i < 100; i++) {
        if (i == 40) {
            assert_ok(bbots_savepoint(txn, "inner", &fault));
            inner = digest_of(txn);
        }
        memset(text, 'a' + i % 26, size);
        assert_ok(insert_named(txn, NODES, "label", bbots_value_of_bytes(BBOTS_TEXT, text, size)));
    }
    for (int id = 2; id < 30; id++) {
        assert_ok(id % 2 == 0 ? update_named(txn, NODES, id, "label", string("short"))
                              : delete_id(txn, NODES, id, NULL));
    }
    assert_ok(bbots_savepoint_rollback(txn, "inner", &fault));
    assert_digest(txn, inner);
    assert_ok(insert_named(txn, NODES, "label", string("behind")));
    assert_ok(bbots_savepoint_rollback(txn, "inner", &fault));
    assert_digest(txn, inner);
    check_txn(txn);
    assert_ok(bbots_savepoint_rollback(txn, "outer", &fault));
    assert_digest(txn, outer);
    assert_int_equal(count_of(txn, NODES), 1);
    commit(txn);
    free(text);
}

#define STORE(name)  cmocka_unit_test_setup_teardown(name, fixture_setup_store, fixture_teardown)
#define FOLDER(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE(each_reader_keeps_the_moment_it_began),
        STORE(a_reader_never_sees_what_is_not_committed),
        STORE(a_rollback_leaves_no_trace),
        STORE(a_commit_is_in_the_file),
        STORE(a_failed_statement_leaves_the_transaction_usable),
        STORE(a_thread_has_one_write_transaction),
        STORE(a_second_thread_waits_for_the_first),
        STORE(writers_of_many_threads_lose_nothing),
        STORE(writers_of_many_processes_lose_nothing),
        STORE(a_writer_that_died_holds_nobody_up),
        FOLDER(there_are_only_so_many_readers),
        FOLDER(places_of_dead_readers_are_taken_over),
        FOLDER(readers_that_ended_hold_no_place_against_other_processes),
        STORE(sixteen_threads_read_while_one_writes),
        FOLDER(threads_write_and_read_while_the_map_grows),
        STORE(savepoints_nest),
        STORE(a_savepoints_name_hides_an_earlier_one),
        STORE(a_savepoint_has_a_name),
        STORE(savepoints_end_with_their_transaction),
        STORE(a_savepoint_takes_back_all_kinds_of_changes),
        STORE(a_savepoint_takes_back_what_a_hundred_random_changes_did),
        STORE(a_savepoint_takes_back_more_than_memory_holds),
    };
    choose_tests();
    return cmocka_run_group_tests_name("transactions", tests, NULL, NULL);
}
