/*
 * test_wrong_entries.c - pages that are sound and hold what nobody wrote: an entry of some tree is cut,
 * made longer, changed, exchanged with another one, taken out or put in. Whatever is then asked of
 * the store, and whatever is written, it answers or fails with an error that is named; nothing
 * crashes or hangs, no row comes back that was never there, the check finds the damage, and after a
 * repair it finds no more that could be derived.
 *
 * Damage is done with LMDB itself, on a copy of the closed file; each one is lived through in a child.
 * BBOTS_ROUNDS sets how many; BBOTS_ROUND takes a single one.
 */
#include "support/acts.h"
#include "support/coverage.h"
#include "support/findings.h"
#include "support/people.h"

#include "base/hash.h"

#include <bbots/budget.h>
#include <bbots/check.h>
#include <bbots/costs.h>
#include <bbots/credits.h>
#include <bbots/live.h>
#include <bbots/usage.h>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define USERS (&bbots_users_table)
#define CALLS (&bbots_api_token_usage_table)
#define TASKS (&bbots_agency_tasks_table)

enum { ROUNDS = 40, SECONDS_MAX = 60, TREES_MAX = 700, ROWS_MAX = 4000 };
enum { COPY_MAX = 2 << 20 };

/* ------------------------------------------------------------------ a store with all kinds of trees */

static bbots_keyring *ring;

static bbots_store *open_here(const char *path, uint32_t flags, bbots_error *error)
{
    bbots_options options = {.schema = &bbots_platform_schema,
                             .keys = ring,
                             .flags = flags,
                             .durability = BBOTS_RELAXED};
    bbots_store *store;
    return bbots_open(path, &options, &store, error) == BBOTS_OK ? store : NULL;
}

static void add_costs(bbots_txn *txn)
{
    bbots_cost_recorded recorded;
    for (int i = 0; i < 300; i++) {
        char name[24];
        snprintf(name, sizeof name, "call-%d", i);
        bbots_cost_call call = {.user_id = 1 + i % PEOPLE_USERS,
                                .execution_id = i % 3,
                                .request_id = bbots_text_of(name),
                                .model = bbots_text_of("m1"),
                                .input_tokens = 1000 * i,
                                .at = PEOPLE_BEGIN + i * PEOPLE_HOUR};
        assert_ok(bbots_cost_record_call(txn, &call, i == 299 ? BBOTS_COST_ONCE : 0, 0, &recorded,
                                         &fault));
    }
}

static void add_secrets(bbots_txn *txn)
{
    for (int i = 1; i <= PEOPLE_USERS; i++) {
        assert_ok(insert_named(txn, &bbots_user_profiles_table, "userId", integer(i), "ghlApiKey",
                               string("the key of a user"), "goals",
                               bbots_value_json(bbots_json_of("{\"a\": [1, 2.5, \"x\"]}"))));
    }
}

static void fill(fixture *place)
{
    bbots_budget_limits limits = {.limits = {10000, 20000, 30000}};
    unsigned made;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_costs(txn);
    add_secrets(txn);
    for (int i = 0; i < 200; i++) {
        assert_ok(insert_named(txn, TASKS, "userId", integer(1 + i % PEOPLE_USERS), "sourceType",
                               string("x"), "title", string("t"), "taskType", string("x"),
                               "priority", string(i % 2 == 0 ? "high" : "low")));
    }
    assert_ok(bbots_usage_seed_tiers(txn, 0, &made, &fault));
    assert_ok(insert_named(txn, &bbots_user_subscriptions_table, "userId", integer(1), "tierId",
                           integer(1), "currentPeriodStart",
                           bbots_value_timestamp(ACTS_NOW - ACTS_DAY), "currentPeriodEnd",
                           bbots_value_timestamp(ACTS_NOW + ACTS_DAY)));
    assert_ok(bbots_credits_add(txn, 1, bbots_text_of("call"), 5, 0, NULL, &fault));
    assert_ok(bbots_budget_set(txn, 1, &limits, 0, &fault));
    commit(txn);
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    assert_ok(bbots_keyring_new(&ring, &fault));
    assert_ok(bbots_keyring_add(ring, (const uint8_t[BBOTS_KEY_BYTES]){7}, &fault));
    people_make(place); /* without keys: its rows are not sealed */
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_here(place->path, 0, &fault);
    assert_non_null(place->store);
    fill(place);
    return rc;
}

static int teardown(void **state)
{
    bbots_keyring_free(ring);
    return fixture_teardown(state);
}

/* ------------------------------------------------------------------ its rows */

static uint64_t rows_there[ROWS_MAX]; /* hashes, sorted */
static size_t row_count;

static int compare_hashes(const void *a, const void *b)
{
    const uint64_t *one = a;
    const uint64_t *two = b;
    return (*one > *two) - (*one < *two);
}

static uint64_t hash_row(const bbots_row *row)
{
    uint64_t hash = row->table->number + 1;
    for (unsigned c = 0; c < row->table->column_count; c++) {
        bbots_value value = bbots_row_value(row, c);
        const uint8_t *bytes = value.data;
        hash = (hash ^ (uint64_t)value.kind) * UINT64_C(0x9e3779b97f4a7c15);
        switch (value.kind) {
        case BBOTS_TEXT:
        case BBOTS_BYTES:
        case BBOTS_JSON:
        case BBOTS_VECTOR:
            for (uint32_t i = 0; i < value.size; i++) {
                hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
            }
            break;
        case BBOTS_INTEGER:
        case BBOTS_DECIMAL:
        case BBOTS_TIMESTAMP:
            hash = (hash ^ (uint64_t)value.integer) * UINT64_C(0x9e3779b97f4a7c15);
            break;
        case BBOTS_BOOLEAN:
            hash ^= value.boolean;
            break;
        default:
            break;
        }
        hash ^= hash >> 29;
    }
    return hash;
}

/* Calls for each row of all tables that can be read. */
static void each_row(bbots_txn *txn, void (*on_row)(uint64_t hash))
{
    for (uint32_t t = 0; t < bbots_platform_schema.table_count; t++) {
        bbots_cursor *cursor;
        bbots_row row;
        if (bbots_cursor_open(txn, bbots_platform_schema.tables[t], 0, NULL, &cursor, &fault) ==
            BBOTS_OK) {
            while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
                on_row(hash_row(&row));
            }
            bbots_cursor_close(cursor);
        }
    }
}

static void note_row(uint64_t hash)
{
    assert_true(row_count < ROWS_MAX);
    rows_there[row_count++] = hash;
}

static bool unknown_row;
static size_t known_rows;

static void know_row(uint64_t hash)
{
    known_rows++;
    unknown_row =
        unknown_row || bsearch(&hash, rows_there, row_count, sizeof hash, compare_hashes) == NULL;
}

/* ------------------------------------------------------------------ the damage */

static const char *const ways[] = {"cut",           "longer",    "one bit",   "other bytes",
                                   "nothing in it", "another's", "taken out", "put in",
                                   "key cut",       "key longer"};

typedef struct injury {
    char tree[128];
    unsigned way;
} injury;

/* The names of all trees; the first is the main tree's, "". */
static unsigned list_trees(MDB_txn *txn, MDB_dbi main, char names[TREES_MAX][128])
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    unsigned count = 1;
    names[0][0] = '\0';
    assert_int_equal(mdb_cursor_open(txn, main, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        MDB_dbi tree;
        MDB_stat stat;
        char name[128];
        snprintf(name, sizeof name, "%.*s", (int)key.mv_size, (const char *)key.mv_data);
        if (mdb_dbi_open(txn, name, 0, &tree) == 0 && mdb_stat(txn, tree, &stat) == 0 &&
            stat.ms_entries > 0) {
            assert_true(count < TREES_MAX);
            strcpy(names[count++], name);
        }
    }
    mdb_cursor_close(cursor);
    return count;
}

/* An entry of a tree by chance, copied: it lies in pages that are about to change. */
typedef struct entry {
    uint8_t key[600];
    size_t key_size;
    uint8_t *value;
    size_t size;
} entry;

static entry draw_any(MDB_txn *txn, MDB_dbi tree, random_source *random)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    MDB_stat stat;
    entry drawn = {.value = malloc(COPY_MAX)};
    assert_non_null(drawn.value);
    assert_int_equal(mdb_stat(txn, tree, &stat), 0);
    assert_int_equal(mdb_cursor_open(txn, tree, &cursor), 0);
    for (uint64_t i = random_below(random, stat.ms_entries) + 1; i > 0; i--) {
        assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), 0);
    }
    assert_true(key.mv_size < sizeof drawn.key - 8 && value.mv_size < COPY_MAX / 2);
    drawn.key_size = key.mv_size;
    drawn.size = value.mv_size;
    memcpy(drawn.key, key.mv_data, key.mv_size);
    if (value.mv_size != 0) {
        memcpy(drawn.value, value.mv_data, value.mv_size);
    }
    mdb_cursor_close(cursor);
    return drawn;
}

/* Not a tree's record in the main tree, which is LMDB's own. */
static entry draw_entry(MDB_txn *txn, MDB_dbi tree, random_source *random)
{
    for (;;) {
        MDB_dbi other;
        char name[sizeof((entry *)NULL)->key];
        entry drawn = draw_any(txn, tree, random);
        snprintf(name, sizeof name, "%.*s", (int)drawn.key_size, (const char *)drawn.key);
        if (memchr(drawn.key, 0, drawn.key_size) != NULL ||
            mdb_dbi_open(txn, name, 0, &other) != 0) {
            return drawn;
        }
        free(drawn.value);
    }
}

static void put_entry(MDB_txn *txn, MDB_dbi tree, const entry *made)
{
    MDB_val key = {made->key_size, (void *)(uintptr_t)made->key};
    MDB_val value = {made->size, made->value};
    int rc = mdb_put(txn, tree, &key, &value, 0);
    if (rc != 0 && rc != MDB_BAD_VALSIZE) {
        fail_msg("an entry cannot be put in: %s", mdb_strerror(rc));
    }
}

static void take_entry(MDB_txn *txn, MDB_dbi tree, const entry *gone)
{
    MDB_val key = {gone->key_size, (void *)(uintptr_t)gone->key};
    int rc = mdb_del(txn, tree, &key, NULL);
    if (rc != 0) {
        fail_msg("an entry cannot be taken out: %s", mdb_strerror(rc));
    }
}

/* A block of live aggregates as somebody would write it who knows the format: its checksum holds. */
static void seal_block(entry *at)
{
    if (at->size > 4) {
        bb_hash sum = bb_hash128(at->value + 4, at->size - 4, bb_hash64(at->key, at->key_size));
        uint32_t low = (uint32_t)sum.low;
        memcpy(at->value, &low, sizeof low);
    }
}

static void injure(MDB_txn *txn, MDB_dbi tree, unsigned way, bool blocks, random_source *random)
{
    entry at = draw_entry(txn, tree, random);
    entry other = draw_entry(txn, tree, random);
    uint64_t more = 1 + random_below(random, 8);
    switch (way) {
    case 0:
        at.size -= at.size != 0 ? 1 + random_below(random, at.size) : 0;
        break;
    case 1:
        for (; more > 0; more--) {
            at.value[at.size++] = (uint8_t)random_next(random);
        }
        break;
    case 2:
        if (at.size != 0) {
            at.value[random_below(random, at.size)] ^= (uint8_t)(1u << random_below(random, 8));
        }
        break;
    case 3:
        for (size_t i = random_below(random, at.size + 1); i < at.size; i++) {
            at.value[i] = (uint8_t)random_next(random);
        }
        break;
    case 4:
        at.size = 0;
        break;
    case 5:
        memcpy(at.value, other.value, other.size);
        at.size = other.size;
        break;
    case 6:
        take_entry(txn, tree, &at);
        free(other.value);
        free(at.value);
        return;
    case 7:
        at.key[random_below(random, at.key_size)] ^= (uint8_t)(1u << random_below(random, 8));
        break;
    case 8:
        take_entry(txn, tree, &at);
        at.key_size -= at.key_size > 1 ? 1 + random_below(random, at.key_size - 1) : 0;
        break;
    default:
        take_entry(txn, tree, &at);
        for (; more > 0; more--) {
            at.key[at.key_size++] = (uint8_t)random_next(random);
        }
        break;
    }
    if (blocks) {
        seal_block(&at);
    }
    put_entry(txn, tree, &at);
    free(other.value);
    free(at.value);
}

/* The number of the transaction has to agree, or the file is refused as a whole. */
static void keep_number(MDB_txn *txn, MDB_dbi main)
{
    uint64_t number = mdb_txn_id(txn);
    MDB_val key = {7, (char[]){"@commit"}};
    MDB_val value = {8, &number};
    assert_int_equal(mdb_put(txn, main, &key, &value, 0), 0);
}

static injury damage(const char *path, random_source *random)
{
    static char names[TREES_MAX][128];
    injury done = {.way = (unsigned)random_below(random, COUNT(ways))};
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi main;
    MDB_dbi tree;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, TREES_MAX), 0);
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)256 << 20), 0); /* valgrind has no more */
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOSYNC, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &main), 0);
    unsigned count = list_trees(txn, main, names);
    strcpy(done.tree, random_below(random, 5) == 0 ? "@live" : names[random_below(random, count)]);
    if (done.tree[0] != '\0') {
        assert_int_equal(mdb_dbi_open(txn, done.tree, 0, &tree), 0);
    } else {
        tree = main;
    }
    bool blocks = strcmp(done.tree, "@live") == 0 && random_below(random, 8) != 0;
    injure(txn, tree, done.way, blocks, random);
    keep_number(txn, main);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    return done;
}

/* ------------------------------------------------------------------ what the store makes of it */

enum outcome { HARMLESS, FOUND, WRONG_ROW, UNNAMED, BLIND, NOT_MENDED, OUTCOMES };

static const char *const outcome_names[OUTCOMES] = {"harmless",
                                                    "found",
                                                    "a row that never was",
                                                    "an error without a name",
                                                    "rows are missing and the check finds nothing",
                                                    "something is left to repair"};

static bool unnamed;

/* A call's status; a negative one has to be told by fault. */
static int named_error(int rc)
{
    unnamed = unnamed || (rc < 0 && (fault.code != rc || fault.message[0] == '\0'));
    return rc;
}

static bool check_finds(bbots_txn *txn, uint64_t *derived)
{
    bbots_check_result result = {0};
    int rc = named_error(bbots_check(txn, NULL, &result, &fault));
    *derived = result.derived;
    return rc != BBOTS_OK || result.damage + result.derived + result.notes > 0;
}

static enum outcome read_all(bbots_store *store)
{
    bbots_txn *txn;
    uint64_t derived;
    if (named_error(bbots_begin(store, BBOTS_READ, &txn, &fault)) < 0) {
        return FOUND;
    }
    each_row(txn, know_row);
    bool finds = check_finds(txn, &derived);
    (void)check_in_steps(txn);
    bbots_rollback(txn);
    return unknown_row ? WRONG_ROW : finds ? FOUND : known_rows == row_count ? HARMLESS : BLIND;
}

static int no_break(const bbots_row *row, void *context)
{
    (void)row;
    (void)context;
    return 0;
}

/* Questions and changes of all kinds, each as if nothing were wrong. */
static void use(bbots_txn *txn)
{
    bbots_deleted deleted;
    bbots_summary *summary = NULL;
    for (size_t i = 0; i < act_count; i++) {
        (void)named_error(acts[i].of(txn));
    }
    for (int id = 1; id <= PEOPLE_USERS; id++) {
        (void)named_error(update_named(txn, USERS, id, "name", string("renamed")));
        (void)named_error(update_named(txn, CALLS, 40 * id, "model", string("m2"), "requestId",
                                       string("another")));
        (void)named_error(delete_id(txn, CALLS, 40 * id + 1, NULL));
        (void)named_error(
            update_named(txn, &bbots_user_profiles_table, id, "ghlApiKey", string("another key")));
    }
    for (int64_t id = 1; id <= 3; id++) {
        bbots_value key = integer(id);
        bbots_explanation *explanation = NULL;
        (void)named_error(bbots_explain_delete(txn, USERS, 0, &key, &explanation, &fault));
        bbots_explanation_free(explanation);
        (void)named_error(delete_id(txn, USERS, id, &deleted));
    }
    (void)named_error(insert_named(txn, USERS, "email", string("new@example.org")));
    bbots_live_query query = {.table = CALLS, .live = bbots_table_live(CALLS, "users")};
    if (query.live != NULL &&
        named_error(bbots_live_summarize(txn, &query, &summary, &fault)) == BBOTS_OK) {
        bbots_summary_free(summary);
    }
    (void)named_error(bbots_cost_latest(txn, BBOTS_COST_CLAUDE, 0, 9, no_break, NULL, &fault));
}

static void write_all(bbots_store *store)
{
    bbots_txn *txn;
    if (named_error(bbots_begin(store, BBOTS_WRITE, &txn, &fault)) < 0) {
        return;
    }
    bbots_txn_set_now(txn, ACTS_NOW);
    use(txn);
    (void)named_error(bbots_commit(txn, &fault));
}

/* What was found to be derived is mended, or the repair says why it cannot. */
static bool is_mended(bbots_store *store)
{
    bbots_txn *txn;
    uint64_t derived = 0;
    if (named_error(bbots_begin(store, BBOTS_WRITE, &txn, &fault)) < 0) {
        return true;
    }
    bbots_check_result result;
    if (named_error(bbots_repair(txn, NULL, NULL, &result, &fault)) < 0) {
        bbots_rollback(txn);
        return true;
    }
    bool committed = named_error(bbots_commit(txn, &fault)) == BBOTS_OK;
    if (committed && named_error(bbots_begin(store, BBOTS_READ, &txn, &fault)) == BBOTS_OK) {
        (void)check_finds(txn, &derived);
        bbots_rollback(txn);
    }
    return derived == 0;
}

static enum outcome ordeal(const char *path)
{
    bbots_store *store = open_here(path, BBOTS_OPEN_GUARD, &fault);
    if (store == NULL) {
        (void)named_error(fault.code);
        return unnamed || fault.code == 0 ? UNNAMED : FOUND;
    }
    enum outcome outcome = read_all(store);
    bool mended = is_mended(store);
    write_all(store);
    mended = is_mended(store) && mended;
    (void)bbots_close(store, &fault);
    return outcome == WRONG_ROW || outcome == BLIND ? outcome
           : unnamed                                ? UNNAMED
           : !mended                                ? NOT_MENDED
                                                    : outcome;
}

static int in_time(const char *path)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(SECONDS_MAX);
        enum outcome outcome = ordeal(path);
        if (outcome > FOUND) {
            fprintf(stderr, "    %s: %s\n", outcome_names[outcome], fault.message);
        }
        keep_coverage();
        _exit((int)outcome);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ------------------------------------------------------------------ the test */

static void copy_file(const char *from, const char *to)
{
    static char bytes[65536];
    ssize_t got;
    int in = open(from, O_RDONLY);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(in >= 0 && out >= 0);
    while ((got = read(in, bytes, sizeof bytes)) > 0) {
        assert_int_equal(write(out, bytes, (size_t)got), got);
    }
    close(in);
    close(out);
}

static void note_rows(fixture *place)
{
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    each_row(txn, note_row);
    bbots_rollback(txn);
    qsort(rows_there, row_count, sizeof *rows_there, compare_hashes);
    check_store(place->store);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
}

static uint64_t number_of(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : usual;
}

static void nothing_is_believed_that_nobody_wrote(void **state)
{
    fixture *place = *state;
    char path[sizeof place->path + 8];
    char lock[sizeof path + 8];
    unsigned bad = 0;
    unsigned seen[OUTCOMES] = {0};
    random_source source = random_begin("wrong entries");
    uint64_t rounds = number_of("BBOTS_ROUNDS", ROUNDS);
    uint64_t only = number_of("BBOTS_ROUND", UINT64_MAX);
    uint64_t seed = source.state;
    note_rows(place);
    snprintf(path, sizeof path, "%s-hurt", place->path);
    snprintf(lock, sizeof lock, "%s-lock", path);
    for (uint64_t round = 0; round < rounds; round++) {
        random_source random = {seed + round};
        if (only != UINT64_MAX && round != only) {
            continue;
        }
        copy_file(place->path, path);
        injury done = damage(path, &random);
        int outcome = in_time(path);
        if (outcome < 0 || outcome > FOUND) {
            printf("round %llu, tree \"%s\", an entry %s: %s %d\n", (unsigned long long)round,
                   done.tree, ways[done.way], outcome < 0 ? "signal" : outcome_names[outcome],
                   outcome);
            bad++;
        } else {
            seen[outcome]++;
        }
        unlink(path);
        unlink(lock);
    }
    printf("%u found, %u harmless, %u bad\n", seen[FOUND], seen[HARMLESS], bad);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_believed_that_nobody_wrote, setup, teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
