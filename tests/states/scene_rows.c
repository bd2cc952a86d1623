/* tests/states/scene_rows.c - transactions on an open store. */
#include "states.h"

#include "table/engine.h"

#include <bbots/load.h>
#include <bbots/platform.h>
#include <bbots/secret.h>

#include <pthread.h>

enum { BEFORE = 16, TRANSACTIONS = 8, CROWD = 40, LOADED = 150, LOAD_BYTES = 24 * 1024 };

#define WORKERS (&ordeal_workers_table)
#define OWNERS  (&ordeal_owners_table)
#define ITEMS   (&ordeal_items_table)

static bbots_store *open_plot(stage *on, uint32_t flags)
{
    return stage_open(on->path, &bbots_ordeal_schema, flags);
}

static void prepare_plot(stage *on)
{
    unsigned workers = COUNT(on->plots);
    bbots_error error;
    bbots_store *store = open_plot(on, BBOTS_OPEN_CREATE);
    demand(bbots_write(store, plot_begin, &workers, &error) == BBOTS_OK, "rows", &error);
    for (unsigned i = 0; i < BEFORE; i++) {
        stage_plot(on, store, i % workers, draw(&on->random));
    }
    stage_close(store);
}

/* Rows that the plot does not have, whatever it has. */
static int put_pair(bbots_txn *txn, int64_t id, int64_t owner, bbots_error *error)
{
    char text[3000];
    char name[40];
    memset(text, 't', sizeof text);
    snprintf(name, sizeof name, "other %lld", (long long)id);
    bbots_value owner_row[4] = {bbots_value_integer(id), bbots_value_integer(0),
                                bbots_value_integer(1), bbots_value_string(name)};
    bbots_value item[7] = {bbots_value_integer(id),
                           bbots_value_integer(owner),
                           bbots_value_null(),
                           bbots_value_string("k"),
                           bbots_value_integer(5),
                           bbots_value_of_bytes(BBOTS_TEXT, text, id % 5 == 0 ? sizeof text : 40),
                           bbots_value_string("token")};
    int rc = owner == id ? bbots_insert(txn, OWNERS, owner_row, 15, NULL, error) : BBOTS_OK;
    return rc >= 0 ? bbots_insert(txn, ITEMS, item, 127, NULL, error) : rc;
}

static int plot_afterwards(bbots_txn *txn, void *context, bbots_error *error)
{
    const uint64_t *random = context;
    int64_t id = (int64_t)(*random % 100000) * 5 + 100000;
    bbots_value worker[2] = {bbots_value_integer(0), bbots_value_integer(0)};
    bbots_row row;
    int rc = bbots_get(txn, WORKERS, 0, worker, &row, error);
    if (rc == BBOTS_NOT_FOUND) { /* of a store that was just created */
        rc = bbots_insert(txn, WORKERS, worker, 3, NULL, error);
    }
    return rc >= 0 ? put_pair(txn, id, id, error) : rc;
}

/* ------------------------------------------------------------------ one after the other */

static void act_rows(stage *on)
{
    bbots_store *store = open_plot(on, 0);
    stage_record(on, store);
    for (unsigned i = 0; i < TRANSACTIONS; i++) {
        stage_plot(on, store, (unsigned)draw_below(&on->random, COUNT(on->plots)),
                   draw(&on->random));
    }
    stage_close(store);
}

/* Opening and closing are part of it. */
static void act_opened(stage *on)
{
    bbots_store *store = open_plot(on, 0);
    stage_record(on, store);
    for (unsigned i = 0; i < TRANSACTIONS / 2; i++) {
        stage_plot(on, store, 0, draw(&on->random));
        stage_close(store);
        store = open_plot(on, 0);
    }
    stage_close(store);
}

static bbots_store *open_with(stage *on, uint32_t durability, uint64_t map_bytes)
{
    bbots_keyring *ring = make_ring(0);
    bbots_options options = {.schema = &bbots_ordeal_schema,
                             .durability = durability,
                             .map_bytes = map_bytes,
                             .unflushed_bytes_max = 1 << 20,
                             .keys = ring};
    bbots_store *store;
    bbots_error error;
    demand(bbots_open(on->path, &options, &store, &error) == BBOTS_OK, "open", &error);
    bbots_keyring_free(ring);
    return store;
}

static void act_relaxed(stage *on)
{
    bbots_store *store = open_with(on, BBOTS_RELAXED, UINT64_C(1) << 24);
    stage_record(on, store);
    on->run->relaxed = true;
    for (unsigned i = 0; i < TRANSACTIONS; i++) {
        stage_plot(on, store, (unsigned)draw_below(&on->random, COUNT(on->plots)),
                   draw(&on->random));
    }
    stage_close(store);
}

/*
 * Commits that wait for nothing. What is acknowledged is what was flushed: by a call, by the size of what was
 * changed, by closing, by a commit that waits.
 */
static void act_buffered(stage *on)
{
    bbots_store *store = open_with(on, BBOTS_BUFFERED, UINT64_C(1) << 24);
    bbots_error error;
    stage_record(on, store);
    stage_close(store); /* the run of the system is asked for when a store is opened */
    store = open_with(on, BBOTS_BUFFERED, UINT64_C(1) << 24);
    for (unsigned i = 0; i < 3 * TRANSACTIONS; i++) {
        unsigned worker = (unsigned)draw_below(&on->random, COUNT(on->plots));
        unsigned made = stage_plot_noted(on, store, worker, draw(&on->random));
        unsigned what = (unsigned)draw_below(&on->random, 12);
        if (what == 0) {
            demand(bbots_flush(store, &error) == BBOTS_OK, "flush", &error);
            trace_acknowledge(on->run, 0, made);
        } else if (what == 1) {
            stage_close(store);
            trace_acknowledge(on->run, 0, made);
            store = open_with(on, BBOTS_DURABLE, UINT64_C(1) << 24);
            stage_plot(on, store, worker, draw(&on->random));
            stage_close(store);
            store = open_with(on, BBOTS_BUFFERED, UINT64_C(1) << 24);
        }
    }
    stage_close(store);
}

/* The map begins as small as it can be and has to grow. */
static void act_growth(stage *on)
{
    bbots_store *store = open_with(on, BBOTS_DURABLE, UINT64_C(1) << 17);
    bbots_error error;
    stage_record(on, store);
    for (int64_t i = 0; i < TRANSACTIONS; i++) {
        bbots_txn *txn;
        demand(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_OK, "begin", &error);
        for (int64_t n = 0; n < 8; n++) {
            int64_t id = 2000 + (i * 8 + n) * 5;
            demand(put_pair(txn, id, id, &error) >= 0, "growth", &error);
        }
        demand(bbots_commit(txn, &error) == BBOTS_OK, "growth", &error);
        stage_told(on, store);
    }
    stage_close(store);
}

/* ------------------------------------------------------------------ many rows */

/* A row with a crowd that goes with it, and another one's crowd that forgets it. */
static int put_crowd(bbots_txn *txn, int64_t first, bbots_error *error)
{
    int rc = put_pair(txn, first, first, error);
    for (int64_t i = 1; i <= CROWD && rc >= 0; i++) {
        rc = put_pair(txn, first + i, first, error);
    }
    for (int64_t i = 1; i <= CROWD && rc >= 0; i += 2) {
        bbots_value id = bbots_value_integer(first + i);
        bbots_value values[7] = {id, id, bbots_value_integer(first)};
        rc = bbots_update(txn, ITEMS, 0, &id, values, BBOTS_COLUMN_BIT(2), NULL, error);
    }
    return rc;
}

static void act_cascade(stage *on)
{
    bbots_error error;
    bbots_store *store = open_plot(on, 0);
    bbots_txn *txn;
    demand(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_OK &&
               put_crowd(txn, 2000, &error) >= 0 && put_crowd(txn, 3000, &error) >= 0 &&
               bbots_commit(txn, &error) == BBOTS_OK,
           "a crowd", &error);
    stage_record(on, store);
    for (int64_t first = 2000; first <= 3000; first += 1000) {
        bbots_value id = bbots_value_integer(first);
        demand(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_OK &&
                   bbots_delete(txn, OWNERS, 0, &id, NULL, &error) >= 0 &&
                   bbots_commit(txn, &error) == BBOTS_OK,
               "a cascade", &error);
        stage_told(on, store);
        stage_plot(on, store, 1, draw(&on->random));
    }
    stage_close(store);
}

/* With pages that are written before the commit, as those of large loads are. */
static void act_load(stage *on)
{
    bbots_error error;
    bbots_store *store = open_plot(on, 0);
    bbots_txn *txn;
    stage_record(on, store);
    demand(bbots_load_begin(store, &txn, &error) == BBOTS_OK, "a load", &error);
    store_limit_dirty(&txn->base, LOAD_BYTES);
    for (int64_t i = 0; i < LOADED; i++) {
        demand(put_pair(txn, 2000 + i, 2000 + i, &error) >= 0, "a load", &error);
    }
    demand(bbots_commit(txn, &error) == BBOTS_OK, "a load", &error);
    stage_told(on, store);
    stage_plot(on, store, 2, draw(&on->random));
    stage_close(store);
}

/* ------------------------------------------------------------------ groups */

typedef struct member {
    stage *on;
    bbots_store *store;
    unsigned worker;
    uint64_t random;
} member;

static void *write_some(void *context)
{
    member *self = context;
    for (unsigned i = 0; i < TRANSACTIONS / 2; i++) {
        stage_plot(self->on, self->store, self->worker, draw(&self->random));
    }
    return NULL;
}

static void act_group(stage *on)
{
    member members[COUNT(on->plots)];
    pthread_t threads[COUNT(on->plots)];
    bbots_store *store = open_plot(on, 0);
    stage_record(on, store);
    for (unsigned i = 0; i < COUNT(members); i++) {
        members[i] = (member){on, store, i, draw(&on->random)};
        demand(pthread_create(&threads[i], NULL, write_some, &members[i]) == 0, "thread", NULL);
    }
    for (unsigned i = 0; i < COUNT(members); i++) {
        pthread_join(threads[i], NULL);
    }
    stage_close(store);
}

/* ------------------------------------------------------------------ new keys */

typedef struct rotating {
    stage *on;
    bbots_store *store;
} rotating;

static int on_batch(uint64_t renewed, uint64_t rows, void *context)
{
    rotating *run = context;
    (void)renewed, (void)rows;
    stage_told(run->on, run->store);
    return 0;
}

static void act_rotation(stage *on)
{
    bbots_error error;
    rotating run = {.on = on};
    run.store = open_ordeal(on->path, 0, BBOTS_DURABLE, 1, &error);
    demand(run.store != NULL, "open", &error);
    stage_record(on, run.store);
    bbots_rotation rotation = {.batch_rows = 6, .on_progress = on_batch, .context = &run};
    demand(bbots_keys_rotate(run.store, &rotation, &error) == BBOTS_OK, "rotation", &error);
    stage_told(on, run.store);
    stage_close(run.store);
}

/* ------------------------------------------------------------------ the platform */

static int platform_write(bbots_txn *txn, void *context, bbots_error *error)
{
    const uint64_t *random = context;
    char mail[60];
    snprintf(mail, sizeof mail, "u%llu@example.org", (unsigned long long)*random);
    bbots_users user = {.given = BBOTS_USERS_EMAIL, .email = bbots_text_of(mail)};
    int rc = bbots_users_insert(txn, &user, error);
    for (int i = 0; i < 4 && rc >= 0; i++) {
        bbots_api_token_usage call = {
            .given = BBOTS_API_TOKEN_USAGE_USER_ID | BBOTS_API_TOKEN_USAGE_MODEL |
                     BBOTS_API_TOKEN_USAGE_TOTAL_TOKENS | BBOTS_API_TOKEN_USAGE_INPUT_COST |
                     BBOTS_API_TOKEN_USAGE_OUTPUT_COST | BBOTS_API_TOKEN_USAGE_TOTAL_COST,
            .userId = user.id,
            .model = bbots_text_of(i % 2 == 0 ? "one" : "other"),
            .totalTokens = 100 + i,
            .inputCost = 3,
            .outputCost = 4,
            .totalCost = 7};
        rc = bbots_api_token_usage_insert(txn, &call, error);
    }
    return rc;
}

static void prepare_platform(stage *on)
{
    bbots_error error;
    bbots_store *store = stage_open(on->path, &bbots_platform_schema, BBOTS_OPEN_CREATE);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t random = draw(&on->random);
        demand(bbots_write(store, platform_write, &random, &error) >= 0, "rows", &error);
    }
    stage_close(store);
}

static void act_platform(stage *on)
{
    bbots_error error;
    bbots_store *store = stage_open(on->path, &bbots_platform_schema, 0);
    stage_record(on, store);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t random = draw(&on->random);
        demand(bbots_write(store, platform_write, &random, &error) >= 0, "rows", &error);
        stage_told(on, store);
    }
    stage_close(store);
}

const scene row_scenes[] = {
    {"rows", &bbots_ordeal_schema, prepare_plot, act_rows, plot_afterwards},
    {"opening", &bbots_ordeal_schema, prepare_plot, act_opened, plot_afterwards},
    {"cascade", &bbots_ordeal_schema, prepare_plot, act_cascade, plot_afterwards},
    {"load", &bbots_ordeal_schema, prepare_plot, act_load, plot_afterwards},
    {"group", &bbots_ordeal_schema, prepare_plot, act_group, plot_afterwards},
    {"relaxed", &bbots_ordeal_schema, prepare_plot, act_relaxed, plot_afterwards},
    {"buffered", &bbots_ordeal_schema, prepare_plot, act_buffered, plot_afterwards},
    {"growth", &bbots_ordeal_schema, prepare_plot, act_growth, plot_afterwards},
    {"rotation", &bbots_ordeal_schema, prepare_plot, act_rotation, plot_afterwards},
    {"platform", &bbots_platform_schema, prepare_platform, act_platform, platform_write},
    {NULL, NULL, NULL, NULL, NULL},
};
