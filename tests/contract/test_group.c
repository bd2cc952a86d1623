/*
 * test_group.c - bbots_write() by many threads at once: those who wait are committed together, and
 * each gets the answer that it would have got alone.
 *
 * A round has a leader, whose work starts the others and ends when all of them wait for their turn.
 * (A thread waits when the system says, again and again, that it sleeps.)
 */
#include "support/support.h"

#include <bbots/sample.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NODES  (&sample_nodes_table)
#define OWNERS (&sample_owners_table)

/* What a member does. */
typedef enum job_kind {
    ADD,           /* a node */
    ADD_SAME,      /* an owner that all members of this kind add: one gets it */
    ADD_AND_FAIL,  /* a node, and then its work fails */
    ADD_AND_LEAVE, /* a node, under a savepoint that it does not end */
    ADD_ORPHAN,    /* a node with a deferred reference that leads nowhere */
    ADD_MUCH,      /* more than the file may hold */
    ADD_WITHIN,    /* a node by bbots_write() within bbots_write() */
    ROLL_BACK,     /* to a savepoint that is another's */
    REMOVE,        /* a node that was there before */
    SET_NOW,       /* the time, which the next one must not see */
    IGNORE_MUCH,   /* ADD_MUCH, and says that all is well */
    IGNORE_TAKEN,  /* ADD_ORPHAN, then an owner twice, and says that all is well */
    FILL_DISK,     /* a node; the next write to the disk finds no room */
    BREAK_DISK     /* a node; the next write to the disk fails */
} job_kind;

typedef struct job {
    bbots_store *store;
    job_kind kind;
    pthread_t thread;
    atomic_int tid; /* 0: not begun */
    int64_t node;   /* of REMOVE */
    bool silent;    /* wants no error object */
    int runs;
    int foreign_runs; /* in another thread than its own */
    int answer;
    bbots_timestamp now;
    bbots_error error;
} job;

#define FAILS_ITSELF (-1234)

static int add_node(bbots_txn *txn, const bbots_value *parent, bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = fill_row(NODES, values, "label", string("node"), "parent",
                              parent != NULL ? *parent : null_value(), NULL);
    return bbots_insert(txn, NODES, values, given, NULL, error);
}

static int add_owner(bbots_txn *txn, bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = fill_row(OWNERS, values, "code", string("the only one"), NULL);
    return bbots_insert(txn, OWNERS, values, given, NULL, error);
}

static int add_much(bbots_txn *txn, bbots_error *error)
{
    static char words[1 << 20];
    bbots_value values[BBOTS_COLUMNS_MAX];
    int rc = BBOTS_OK;
    memset(words, 'x', sizeof words);
    for (int i = 0; i < 64 && rc == BBOTS_OK; i++) {
        bbots_value label = bbots_value_text((bbots_text){words, sizeof words});
        uint64_t given = fill_row(NODES, values, "label", label, NULL);
        rc = bbots_insert(txn, NODES, values, given, NULL, error);
    }
    return rc;
}

/* ------------------------------------------------------------------ the disk */

static atomic_int disk_error; /* of the next write */

static bool disk_fails(void)
{
    int number = atomic_exchange(&disk_error, 0);
    if (number != 0) {
        errno = number;
    }
    return number != 0;
}

BBOTS_API ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return disk_fails() ? -1 : syscall(SYS_pwrite64, fd, data, size, offset);
}

BBOTS_API ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    return disk_fails() ? -1 : syscall(SYS_writev, fd, pieces, count);
}

/* ------------------------------------------------------------------ work */

static int do_nothing(bbots_txn *txn, void *context, bbots_error *error)
{
    (void)txn, (void)context, (void)error;
    return BBOTS_OK;
}

static int remove_node(bbots_txn *txn, int64_t id, bbots_error *error)
{
    bbots_value key = integer(id);
    return bbots_delete(txn, NODES, 0, &key, NULL, error);
}

static int add_orphan(bbots_txn *txn, bbots_error *error)
{
    bbots_value nowhere = integer(1000000);
    int rc = bbots_defer_references(txn, NULL, error);
    return rc == BBOTS_OK ? add_node(txn, &nowhere, error) : rc;
}

static int do_kind(bbots_txn *txn, job *mine, bbots_error *error)
{
    int rc = BBOTS_OK;
    switch (mine->kind) {
    case ADD_SAME:
        return add_owner(txn, error);
    case ADD_AND_FAIL:
        return add_node(txn, NULL, error) == BBOTS_OK ? FAILS_ITSELF : 0;
    case ADD_AND_LEAVE:
        rc = bbots_savepoint(txn, "left behind", error);
        break;
    case ADD_ORPHAN:
        return add_orphan(txn, error);
    case ADD_MUCH:
        return add_much(txn, error);
    case IGNORE_MUCH:
        return add_much(txn, error) < 0 ? BBOTS_OK : BBOTS_CORRUPTED;
    case IGNORE_TAKEN:
        rc = add_orphan(txn, error);
        rc = rc == BBOTS_OK ? add_owner(txn, error) : rc;
        rc = rc == BBOTS_OK ? add_owner(txn, error) : rc;
        return rc == BBOTS_UNIQUE_VIOLATION ? BBOTS_OK : BBOTS_CORRUPTED;
    case FILL_DISK:
    case BREAK_DISK:
        atomic_store(&disk_error, mine->kind == FILL_DISK ? ENOSPC : EIO);
        break;
    case REMOVE:
        return remove_node(txn, mine->node, error);
    case ADD_WITHIN:
        return bbots_write(mine->store, do_nothing, NULL, error);
    case ROLL_BACK:
        return bbots_savepoint_rollback(txn, "left behind", error);
    case SET_NOW:
        mine->now = bbots_txn_now(txn);
        bbots_txn_set_now(txn, 12345);
        break;
    default:
        break;
    }
    return rc == BBOTS_OK ? add_node(txn, NULL, error) : rc;
}

static int do_job(bbots_txn *txn, void *context, bbots_error *error)
{
    job *mine = context;
    mine->runs++;
    mine->foreign_runs += pthread_equal(mine->thread, pthread_self()) == 0;
    int rc = do_kind(txn, mine, error);
    return rc == BBOTS_OK ? 7 : rc; /* what work returns is what the caller gets */
}

static void *member(void *context)
{
    job *mine = context;
    mine->thread = pthread_self();
    atomic_store(&mine->tid, (int)syscall(SYS_gettid));
    mine->answer = bbots_write(mine->store, do_job, mine, mine->silent ? NULL : &mine->error);
    return NULL;
}

/* ------------------------------------------------------------------ a round */

static char state_of(int tid)
{
    char path[64];
    char line[256] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t got = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[got] = '\0';
    return strrchr(line, ')')[2];
}

static void await_asleep(job *other)
{
    int tid;
    while ((tid = atomic_load(&other->tid)) == 0) {
        sched_yield();
    }
    for (int asleep = 0; asleep < 200;) {
        asleep = state_of(tid) == 'S' ? asleep + 1 : 0;
        sched_yield();
    }
}

typedef struct crew {
    bbots_store *store;
    job *jobs;
    size_t count;
    bool started;
    bool much;   /* the leader does more than the file may hold */
    bool silent; /* and wants no error object */
    bbots_error error;
} crew;

static int lead(bbots_txn *txn, void *context, bbots_error *error)
{
    crew *all = context;
    for (size_t i = 0; i < all->count && !all->started; i++) {
        job *next = &all->jobs[i];
        next->store = all->store;
        assert_int_equal(pthread_create(&next->thread, NULL, member, next), 0);
        await_asleep(next); /* one after the other: they queue in this order */
    }
    all->started = true;
    return all->much ? add_much(txn, error) : add_node(txn, NULL, error);
}

static uint64_t commits(bbots_store *store)
{
    bbots_stat stat;
    assert_ok(bbots_store_stat(store, &stat, &fault));
    return stat.transaction;
}

static int run_crew(crew *all, uint64_t *made)
{
    uint64_t before = commits(all->store);
    int answer = bbots_write(all->store, lead, all, all->silent ? NULL : &all->error);
    for (size_t i = 0; i < all->count; i++) {
        pthread_join(all->jobs[i].thread, NULL);
    }
    *made = commits(all->store) - before;
    return answer;
}

/* Runs a leader and the jobs; returns the leader's answer and how many commits there were. */
static int run_round(bbots_store *store, job *jobs, size_t count, bool much, uint64_t *made)
{
    crew all = {.store = store, .jobs = jobs, .count = count, .much = much};
    int answer = run_crew(&all, made);
    fault = all.error;
    return answer;
}

static uint64_t nodes_of(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    uint64_t count = count_of(txn, NODES);
    commit(txn);
    return count;
}

/* ------------------------------------------------------------------ tests */

static void those_who_wait_are_committed_together(void **state)
{
    fixture *place = *state;
    job jobs[12] = {{.kind = ADD}};
    uint64_t made;
    assert_ok(run_round(place->store, jobs, COUNT(jobs), false, &made));
    for (size_t i = 0; i < COUNT(jobs); i++) {
        assert_int_equal(jobs[i].answer, 7);
        assert_int_equal(jobs[i].runs, 1);
        assert_int_equal(jobs[i].foreign_runs, 0);
    }
    assert_int_equal(made, 1);
    assert_int_equal(nodes_of(place->store), 13);
}

static void a_member_that_fails_takes_nobody_with_it(void **state)
{
    fixture *place = *state;
    job jobs[] = {{.kind = ADD},          {.kind = ADD_AND_FAIL}, {.kind = ADD_SAME},
                  {.kind = ADD_SAME},     {.kind = ADD_ORPHAN},   {.kind = ADD_AND_LEAVE},
                  {.kind = ROLL_BACK},    {.kind = ADD_WITHIN},   {.kind = ADD_SAME},
                  {.kind = ADD_AND_FAIL}, {.kind = ADD}};
    uint64_t made;
    assert_ok(run_round(place->store, jobs, COUNT(jobs), false, &made));
    assert_int_equal(made, 1);
    static const int answers[] = {7,
                                  FAILS_ITSELF,
                                  7,
                                  BBOTS_UNIQUE_VIOLATION,
                                  BBOTS_FOREIGN_KEY_VIOLATION,
                                  7,
                                  BBOTS_UNKNOWN_SAVEPOINT,
                                  BBOTS_TRANSACTION_ACTIVE,
                                  BBOTS_UNIQUE_VIOLATION,
                                  FAILS_ITSELF,
                                  7};
    for (size_t i = 0; i < COUNT(jobs); i++) {
        assert_int_equal(jobs[i].answer, answers[i]);
        if (answers[i] < 0 && answers[i] != FAILS_ITSELF) {
            assert_int_equal(jobs[i].error.code, answers[i]);
        }
    }
    assert_string_equal(jobs[3].error.constraint, "owners_code_key");
    assert_int_equal(nodes_of(place->store), 4);
}

static void each_has_a_time_of_its_own(void **state)
{
    fixture *place = *state;
    job jobs[] = {{.kind = SET_NOW}, {.kind = SET_NOW}};
    uint64_t made;
    assert_ok(run_round(place->store, jobs, COUNT(jobs), false, &made));
    assert_int_equal(made, 1);
    for (size_t i = 0; i < COUNT(jobs); i++) {
        assert_true(jobs[i].now > 12345);
    }
}

/* A transaction that breaks for one is done again by each alone. */
static void when_the_file_is_full_the_others_get_through(void **state)
{
    fixture *place = *state;
    bbots_options limited = {.schema = &bbots_sample_schema, .file_bytes_max = 16u << 20};
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &limited);
    for (int leader_is_much = 0; leader_is_much < 2; leader_is_much++) {
        job jobs[] = {{.kind = ADD}, {.kind = ADD_MUCH}, {.kind = ADD_AND_FAIL}, {.kind = ADD}};
        uint64_t made;
        uint64_t before = nodes_of(place->store);
        int rc = run_round(place->store, jobs, COUNT(jobs), leader_is_much != 0, &made);
        assert_int_equal(rc, leader_is_much ? BBOTS_MAP_FULL : BBOTS_OK);
        assert_int_equal(jobs[0].answer, 7);
        assert_int_equal(jobs[1].answer, BBOTS_MAP_FULL);
        assert_int_equal(jobs[1].error.code, BBOTS_MAP_FULL);
        assert_int_equal(jobs[2].answer, FAILS_ITSELF);
        assert_int_equal(jobs[3].answer, 7);
        assert_int_equal(nodes_of(place->store), before + (leader_is_much ? 2 : 3));
        assert_true(made >= 1);
    }
}

/* What is left in a full file is for those who delete, also when they come with others. */
static void in_a_full_file_those_who_delete_get_through(void **state)
{
    fixture *place = *state;
    bbots_options limited = {.schema = &bbots_sample_schema, .file_bytes_max = 4u << 20};
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &limited);
    for (int count = 4096; count > 0;) {
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        for (int i = 0; i < count; i++) {
            assert_ok(add_node(txn, NULL, &fault));
        }
        int rc = bbots_commit(txn, &fault);
        count = rc == BBOTS_OK ? count : count / 2;
    }
    assert_int_equal(fault.code, BBOTS_MAP_FULL);
    for (int leader_is_much = 0; leader_is_much < 2; leader_is_much++) {
        int64_t first = leader_is_much ? 20 : 10;
        job jobs[] = {{.kind = REMOVE, .node = first},
                      {.kind = ADD_MUCH},
                      {.kind = REMOVE, .node = first + 1},
                      {.kind = ADD_AND_FAIL}};
        uint64_t made;
        uint64_t before = nodes_of(place->store);
        int rc = run_round(place->store, jobs, COUNT(jobs), leader_is_much != 0, &made);
        assert_int_equal(jobs[0].answer, 7);
        assert_int_equal(jobs[1].answer, BBOTS_MAP_FULL);
        assert_int_equal(jobs[1].error.code, BBOTS_MAP_FULL);
        assert_int_equal(jobs[2].answer, 7);
        assert_int_equal(jobs[3].answer, FAILS_ITSELF);
        assert_true(rc == BBOTS_MAP_FULL || (rc == BBOTS_OK && !leader_is_much));
        assert_int_equal(nodes_of(place->store), before - 2 + (rc == BBOTS_OK));
    }
}

/* What work met and did not say is not the reason of what is said in the end. */
static void work_that_hides_its_failure_is_refused(void **state)
{
    fixture *place = *state;
    bbots_options limited = {.schema = &bbots_sample_schema, .file_bytes_max = 16u << 20};
    job jobs[] = {{.kind = ADD}, {.kind = IGNORE_MUCH}, {.kind = IGNORE_TAKEN}, {.kind = ADD}};
    uint64_t made;
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &limited);
    assert_ok(run_round(place->store, jobs, COUNT(jobs), false, &made));
    assert_int_equal(jobs[0].answer, 7);
    assert_int_equal(jobs[1].answer, BBOTS_TRANSACTION_BROKEN);
    assert_int_equal(jobs[1].error.code, BBOTS_TRANSACTION_BROKEN);
    assert_int_equal(jobs[2].answer, BBOTS_FOREIGN_KEY_VIOLATION);
    assert_int_equal(jobs[2].error.code, BBOTS_FOREIGN_KEY_VIOLATION);
    assert_int_equal(jobs[3].answer, 7);
    assert_int_equal(nodes_of(place->store), 3);
}

/* More may wait than one commit takes. */
static void a_group_has_an_end(void **state)
{
    fixture *place = *state;
    static job jobs[70];
    uint64_t made;
    memset(jobs, 0, sizeof jobs);
    assert_ok(run_round(place->store, jobs, COUNT(jobs), false, &made));
    for (size_t i = 0; i < COUNT(jobs); i++) {
        assert_int_equal(jobs[i].answer, 7);
        assert_int_equal(jobs[i].runs, 1);
    }
    assert_int_equal(made, 2);
    assert_int_equal(nodes_of(place->store), 71);
}

/* Nothing was committed for certain: each does its work again, and one of them meets it again. */
static void when_a_commit_finds_no_room_each_tries_alone(void **state)
{
    fixture *place = *state;
    job jobs[] = {{.kind = ADD}, {.kind = FILL_DISK}, {.kind = ADD}, {.kind = ADD_AND_FAIL}};
    uint64_t made;
    assert_ok(run_round(place->store, jobs, COUNT(jobs), false, &made));
    static const int answers[] = {7, BBOTS_DISK_FULL, 7, FAILS_ITSELF};
    for (size_t i = 0; i < COUNT(jobs); i++) {
        assert_int_equal(jobs[i].answer, answers[i]);
        assert_int_equal(jobs[i].runs, 2);
    }
    assert_int_equal(jobs[1].error.code, BBOTS_DISK_FULL);
    assert_int_equal(nodes_of(place->store), 3);
}

/* Nobody's work is done again when the disk failed: what is on it is not known. */
static void when_the_disk_fails_all_are_told(void **state)
{
    fixture *place = *state;
    for (int silent = 0; silent < 2; silent++) {
        job jobs[] = {{.kind = ADD, .silent = silent != 0},
                      {.kind = BREAK_DISK},
                      {.kind = ADD_AND_FAIL, .silent = silent != 0},
                      {.kind = ADD}};
        crew all = {
            .store = place->store, .jobs = jobs, .count = COUNT(jobs), .silent = silent != 0};
        uint64_t made;
        assert_int_equal(run_crew(&all, &made), BBOTS_IO);
        assert_int_equal(made, 0);
        for (size_t i = 0; i < COUNT(jobs); i++) {
            assert_int_equal(jobs[i].answer, BBOTS_IO);
            assert_int_equal(jobs[i].runs, 1);
            assert_int_equal(jobs[i].error.code, jobs[i].silent ? 0 : BBOTS_IO);
        }
        assert_int_equal(all.error.code, silent ? 0 : BBOTS_IO);
        assert_int_equal(nodes_of(place->store), 0);
    }
    job jobs[] = {{.kind = ADD}};
    uint64_t made;
    assert_ok(run_round(place->store, jobs, COUNT(jobs), false, &made));
    assert_int_equal(nodes_of(place->store), 2);
}

/* ------------------------------------------------------------------ many, at random */

typedef struct walker {
    bbots_store *store;
    pthread_t thread;
    uint64_t seed;
    uint64_t kept; /* nodes whose insert was acknowledged */
    uint64_t wrong;
} walker;

static void *walk(void *context)
{
    walker *mine = context;
    random_source source = {mine->seed};
    for (int i = 0; i < 300; i++) {
        static const job_kind kinds[] = {ADD, ADD, ADD, ADD_AND_FAIL, ADD_ORPHAN, ADD_AND_LEAVE};
        job one = {.store = mine->store, .kind = kinds[random_below(&source, COUNT(kinds))]};
        member(&one);
        bool keeps = one.kind == ADD || one.kind == ADD_AND_LEAVE;
        int expected = keeps                      ? 7
                       : one.kind == ADD_AND_FAIL ? FAILS_ITSELF
                                                  : BBOTS_FOREIGN_KEY_VIOLATION;
        mine->kept += keeps;
        mine->wrong += one.answer != expected;
        if (random_below(&source, 20) == 0) { /* one who does not queue */
            bbots_txn *txn;
            mine->wrong += bbots_begin(mine->store, BBOTS_WRITE, &txn, NULL) != BBOTS_OK;
            mine->wrong += add_node(txn, NULL, NULL) != BBOTS_OK;
            mine->wrong += bbots_commit(txn, NULL) != BBOTS_OK;
            mine->kept++;
        }
    }
    return NULL;
}

static void nothing_acknowledged_is_lost_and_nothing_refused_is_kept(void **state)
{
    fixture *place = *state;
    walker walkers[8];
    uint64_t kept = 0;
    random_source source = random_begin("group");
    for (size_t i = 0; i < COUNT(walkers); i++) {
        walkers[i] = (walker){.store = place->store, .seed = random_next(&source)};
        assert_int_equal(pthread_create(&walkers[i].thread, NULL, walk, &walkers[i]), 0);
    }
    for (size_t i = 0; i < COUNT(walkers); i++) {
        pthread_join(walkers[i].thread, NULL);
        assert_int_equal(walkers[i].wrong, 0);
        kept += walkers[i].kept;
    }
    assert_int_equal(nodes_of(place->store), kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(those_who_wait_are_committed_together, fixture_setup_store,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_member_that_fails_takes_nobody_with_it,
                                        fixture_setup_store, fixture_teardown),
        cmocka_unit_test_setup_teardown(each_has_a_time_of_its_own, fixture_setup_store,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(when_the_file_is_full_the_others_get_through,
                                        fixture_setup_store, fixture_teardown),
        cmocka_unit_test_setup_teardown(in_a_full_file_those_who_delete_get_through,
                                        fixture_setup_store, fixture_teardown),
        cmocka_unit_test_setup_teardown(work_that_hides_its_failure_is_refused, fixture_setup_store,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_group_has_an_end, fixture_setup_store, fixture_teardown),
        cmocka_unit_test_setup_teardown(when_a_commit_finds_no_room_each_tries_alone,
                                        fixture_setup_store, fixture_teardown),
        cmocka_unit_test_setup_teardown(when_the_disk_fails_all_are_told, fixture_setup_store,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_acknowledged_is_lost_and_nothing_refused_is_kept,
                                        fixture_setup_store, fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
