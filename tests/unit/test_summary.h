/*
 * test_summary.h - what test_summary.c works with: rows made at random, in a store and in an array.
 */
#ifndef TEST_SUMMARY_H
#define TEST_SUMMARY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <bbots/bbots.h>
#include <stdio.h>
#include <unistd.h>

__extension__ typedef __int128 wide;

enum { ROWS = 3000, USERS = 7, NONE = -1 };

#define DAY INT64_C(86400000000)

/* In the order of their bytes, so that a place in the list compares like the text. */
static const char *const models[] = {
    "", "Opus", "haiku", "opus", "opus-4", "sonnet", "\xc3\xa9t\xc3\xa9"};
static const char *const prompts[] = {"observation", "system", "task"};

/* A row as the recomputation sees it. */
typedef struct usage {
    int64_t user;
    int64_t model;    /* its place in models */
    int64_t prompt;   /* its place in prompts, or NONE: null */
    int64_t cost;     /* scale 4 */
    int64_t response; /* only when has_response */
    int64_t created;
    bool has_response;
} usage;

static struct {
    char folder[64];
    char path[96];
    bbots_store *store;
    const bbots_table *table;
    usage rows[ROWS]; /* row n has id n + 1 */
    uint64_t random;
} world;

/* ------------------------------------------------------------------ making rows */

static uint64_t roll(uint64_t limit)
{
    world.random ^= world.random << 13;
    world.random ^= world.random >> 7;
    world.random ^= world.random << 17;
    return (world.random >> 11) % limit;
}

static uint16_t column_of(const bbots_table *table, const char *name)
{
    int column = bbots_table_column(table, bbots_text_of(name));
    assert_true(column >= 0);
    return (uint16_t)column;
}

static void set(const bbots_table *table, const char *name, bbots_value value, bbots_value *values,
                uint64_t *given)
{
    uint16_t column = column_of(table, name);
    values[column] = value;
    *given |= BBOTS_COLUMN_BIT(column);
}

static void expect(int rc, int expected, const bbots_error *error)
{
    if (rc != expected) {
        fail_msg("got %s, expected %s: %s", bbots_status_name(rc), bbots_status_name(expected),
                 rc < 0 ? error->message : "");
    }
}

static void insert_user(bbots_txn *txn, const char *name, unsigned number)
{
    const bbots_table *users = bbots_schema_table(&bbots_platform_schema, "users", NULL);
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = 0;
    char email[32];
    bbots_error error;
    snprintf(email, sizeof email, "user%u@example.org", number);
    set(users, "email", bbots_value_string(email), values, &given);
    set(users, "name", bbots_value_string(name), values, &given);
    expect(bbots_insert(txn, users, values, given, NULL, &error), BBOTS_OK, &error);
}

static usage random_usage(void)
{
    usage made = {.user = 1 + (int64_t)roll(USERS),
                  .model = (int64_t)roll(sizeof models / sizeof *models),
                  .prompt = (int64_t)roll(4) - 1,
                  .cost = (int64_t)roll(20000000000) - 9999999999,
                  .response = (int64_t)roll(100000) - 50000,
                  .created = (int64_t)roll((uint64_t)(900 * DAY)) - 450 * DAY,
                  .has_response = roll(3) != 0};
    made.cost = made.cost > 9999999999 ? 9999999999 : made.cost;
    return made;
}

static void insert_usage(bbots_txn *txn, const usage *of)
{
    const bbots_table *table = world.table;
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given = 0;
    bbots_error error;
    bbots_value zero = bbots_value_decimal(0, 4);
    bbots_value prompt =
        of->prompt != NONE ? bbots_value_string(prompts[of->prompt]) : bbots_value_null();
    bbots_value response =
        of->has_response ? bbots_value_integer(of->response) : bbots_value_null();
    set(table, "userId", bbots_value_integer(of->user), values, &given);
    set(table, "model", bbots_value_string(models[of->model]), values, &given);
    set(table, "totalTokens", bbots_value_integer(1), values, &given);
    set(table, "inputCost", zero, values, &given);
    set(table, "outputCost", zero, values, &given);
    set(table, "totalCost", bbots_value_decimal(of->cost, 4), values, &given);
    set(table, "promptType", prompt, values, &given);
    set(table, "responseTime", response, values, &given);
    set(table, "createdAt", bbots_value_timestamp(of->created), values, &given);
    expect(bbots_insert(txn, table, values, given, NULL, &error), BBOTS_OK, &error);
}

static uint64_t choose_seed(void)
{
    const char *given = getenv("BBOTS_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)bbots_timestamp_now();
    printf("BBOTS_SEED=%llu\n", (unsigned long long)seed);
    return seed != 0 ? seed : 1;
}

static int make_world(void **state)
{
    bbots_options options = {.schema = &bbots_platform_schema, .flags = BBOTS_OPEN_CREATE | BBOTS_OPEN_UNFOLLOWED};
    bbots_error error;
    bbots_txn *txn;
    (void)state;
    world.random = choose_seed();
    strcpy(world.folder, "/tmp/bbots-summary-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    snprintf(world.path, sizeof world.path, "%s/store.bbots", world.folder);
    world.table = bbots_schema_table(&bbots_platform_schema, "api_token_usage", NULL);
    expect(bbots_open(world.path, &options, &world.store, &error), BBOTS_OK, &error);
    expect(bbots_begin(world.store, BBOTS_WRITE, &txn, &error), BBOTS_OK, &error);
    for (unsigned i = 0; i < USERS; i++) {
        insert_user(txn, NULL, i);
    }
    for (unsigned i = 0; i < ROWS; i++) {
        world.rows[i] = random_usage();
        insert_usage(txn, &world.rows[i]);
    }
    expect(bbots_commit(txn, &error), BBOTS_OK, &error);
    return 0;
}

static int drop_world(void **state)
{
    char lock[112];
    (void)state;
    bbots_close(world.store, NULL);
    snprintf(lock, sizeof lock, "%s-lock", world.path);
    unlink(lock);
    unlink(world.path);
    return rmdir(world.folder);
}

#endif
