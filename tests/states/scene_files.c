/* tests/states/scene_files.c - files that come into being, change their schema, are copied and replaced. */
#include "states.h"

#include <bbots/backup.h>
#include <bbots/evolve_1.h>
#include <bbots/evolve_2.h>

#include "schema/schema.h"

enum { OLD_ROWS = 40 };

/* ------------------------------------------------------------------ a schema that grows */

static int put_item(bbots_txn *txn, void *context, bbots_error *error)
{
    const uint64_t *random = context;
    char name[40];
    const bbots_table *items = bbots_store_table(bbots_txn_store(txn), "items", error);
    snprintf(name, sizeof name, "item %llu", (unsigned long long)*random % 1000);
    bbots_value values[8] = {bbots_value_null(), bbots_value_string(name)};
    return bbots_insert(txn, items, values, BBOTS_COLUMN_BIT(1), NULL, error);
}

static void prepare_old(stage *on)
{
    bbots_error error;
    bbots_store *store = stage_open(on->path, &bbots_evolve_1_schema, BBOTS_OPEN_CREATE);
    bbots_txn *txn;
    demand(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_OK, "begin", &error);
    for (unsigned i = 0; i < OLD_ROWS; i++) {
        uint64_t random = draw(&on->random);
        demand(put_item(txn, &random, &error) >= 0, "rows", &error);
    }
    demand(bbots_commit(txn, &error) == BBOTS_OK, "commit", &error);
    stage_close(store);
}

/* evolve_2 under the name of evolve_1: the generator keeps the two apart by name, a file does not. */
static bbots_schema make_grown(void)
{
    bb_arena arena;
    bbots_error error;
    const void *data;
    size_t size;
    bbots_schema grown = bbots_evolve_2_schema;
    grown.name = bbots_evolve_1_schema.name;
    bb_arena_init(&arena);
    demand(schema_serialize(&arena, &grown, &data, &size, &error) == BBOTS_OK, "schema", &error);
    grown.fingerprint = schema_fingerprint(data, size);
    bb_arena_free(&arena);
    return grown;
}

static void act_schema(stage *on)
{
    bbots_schema grown = make_grown();
    bbots_error error;
    bbots_store *store = stage_open(on->path, NULL, 0);
    stage_record(on, store);
    stage_close(store);
    store = stage_open(on->path, &grown, BBOTS_OPEN_UPGRADE);
    stage_told(on, store);
    uint64_t random = draw(&on->random);
    demand(bbots_write(store, put_item, &random, &error) >= 0, "rows", &error);
    stage_told(on, store);
    stage_close(store);
}

/* ------------------------------------------------------------------ a new file */

static void act_create(stage *on)
{
    bbots_error error;
    stage_record(on, NULL);
    bbots_store *store = stage_open(on->path, &bbots_evolve_1_schema, BBOTS_OPEN_CREATE);
    stage_told(on, store);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t random = draw(&on->random);
        demand(bbots_write(store, put_item, &random, &error) >= 0, "rows", &error);
        stage_told(on, store);
    }
    stage_close(store);
}

/* ------------------------------------------------------------------ copies */

static void act_compact(stage *on)
{
    bbots_error error;
    bbots_store *store = stage_open(on->path, NULL, 0);
    stage_record(on, store);
    stage_close(store);
    for (unsigned i = 0; i < 2; i++) {
        demand(bbots_compact(on->path, NULL, NULL, &error) == BBOTS_OK, "compact", &error);
        store = stage_open(on->path, NULL, 0);
        stage_told(on, store);
        uint64_t random = draw(&on->random);
        demand(bbots_write(store, put_item, &random, &error) >= 0, "rows", &error);
        stage_told(on, store);
        stage_close(store);
    }
}

static void act_backup(stage *on)
{
    bbots_error error;
    bbots_store *store = stage_open(on->path, NULL, 0);
    stage_record(on, store);
    trace_object(on->run, "copy");
    trace_told(on->run, 1, NULL);
    uint64_t random = draw(&on->random);
    demand(bbots_write(store, put_item, &random, &error) >= 0, "rows", &error);
    stage_told(on, store);
    demand(bbots_backup(store, on->copy, &error) == BBOTS_OK, "backup", &error);
    bbots_digest digest = stage_digest(store);
    trace_told(on->run, 1, &digest);
    demand(bbots_write(store, put_item, &random, &error) >= 0, "rows", &error);
    stage_told(on, store);
    stage_close(store);
}

const scene file_scenes[] = {
    {"creation", NULL, NULL, act_create, put_item},
    {"schema", NULL, prepare_old, act_schema, put_item},
    {"compaction", NULL, prepare_old, act_compact, put_item},
    {"backup", NULL, prepare_old, act_backup, put_item},
    {NULL, NULL, NULL, NULL, NULL},
};
