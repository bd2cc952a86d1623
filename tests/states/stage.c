/* tests/states/stage.c - what the scenes share: opening, noting, the plot of tests/proving. */
#include "states.h"

bbots_store *stage_open(const char *path, const bbots_schema *schema, uint32_t flags)
{
    bbots_keyring *ring = make_ring(0);
    bbots_options options = {.schema = schema,
                             .flags = flags,
                             .map_bytes = UINT64_C(16) << 20,
                             .readers_max = 64,
                             .keys = ring};
    bbots_store *store;
    bbots_error error;
    demand(bbots_open(path, &options, &store, &error) == BBOTS_OK, "open", &error);
    bbots_keyring_free(ring);
    return store;
}

void stage_close(bbots_store *store)
{
    bbots_error error;
    demand(bbots_close(store, &error) == BBOTS_OK, "close", &error);
}

bbots_digest stage_digest(bbots_store *store)
{
    bbots_error error;
    bbots_digest digest = {{0}};
    bbots_txn *txn;
    demand(bbots_begin(store, BBOTS_READ, &txn, &error) == BBOTS_OK &&
               bbots_store_digest(txn, &digest, &error) == BBOTS_OK,
           "digest", &error);
    bbots_rollback(txn);
    return digest;
}

void stage_record(stage *on, bbots_store *store)
{
    bbots_digest digest;
    if (store != NULL) {
        digest = stage_digest(store);
    }
    trace_begin(on->run, on->folder);
    trace_object(on->run, "store");
    trace_told(on->run, 0, store != NULL ? &digest : NULL);
    system_record(on->run);
}

void stage_told(stage *on, bbots_store *store)
{
    bbots_digest digest = stage_digest(store);
    trace_told(on->run, 0, &digest);
}

/* ------------------------------------------------------------------ the plot */

typedef struct noted_work {
    stage *on;
    plot_work work;
    plot after;
    unsigned moment;
} noted_work;

/* Does the work and notes what the store holds with it, before it is committed. */
static int work_and_note(bbots_txn *txn, void *context, bbots_error *error)
{
    noted_work *noted = context;
    bbots_digest digest;
    int rc = plot_go_on(txn, &noted->work, error);
    if (rc >= 0) {
        rc = bbots_store_digest(txn, &digest, error);
    }
    if (rc >= 0 && noted->on->run->folder_size != 0) {
        noted->moment = trace_note(noted->on->run, 0, &digest);
    }
    return rc;
}

unsigned stage_plot_noted(stage *on, bbots_store *store, unsigned worker, uint64_t seed)
{
    noted_work noted = {.on = on};
    bbots_error error;
    noted.work = (plot_work){worker, seed, &on->plots[worker], &noted.after};
    demand(bbots_write(store, work_and_note, &noted, &error) >= 0, "the plot", &error);
    on->plots[worker] = noted.after;
    return noted.moment;
}

void stage_plot(stage *on, bbots_store *store, unsigned worker, uint64_t seed)
{
    unsigned made = stage_plot_noted(on, store, worker, seed);
    if (on->run->folder_size != 0) {
        trace_acknowledge(on->run, 0, made);
    }
}
