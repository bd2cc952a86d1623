/* tests/proving/plot.c - what a worker writes, done to the store and to a model at the same time. */
#include "proving.h"

#define WORKERS (&ordeal_workers_table)
#define OWNERS  (&ordeal_owners_table)
#define ITEMS   (&ordeal_items_table)

enum { WORKER_ID, WORKER_DONE };
enum { OWNER_ID, OWNER_WORKER, OWNER_VERSION, OWNER_NAME };
enum { ITEM_ID, ITEM_OWNER, ITEM_KEEPER, ITEM_KIND, ITEM_AMOUNT, ITEM_BODY, ITEM_TOKEN };
enum { BODY_MAX = 9000, LONG_EVERY = 24, STEPS_MAX = 4 };

#define SET(column) BBOTS_COLUMN_BIT(column)

/* ------------------------------------------------------------------ what a row holds */

static int64_t owner_id(unsigned worker, unsigned owner)
{
    return (int64_t)worker * PLOT_OWNERS + owner + 1;
}

static int64_t item_id(unsigned worker, unsigned owner, unsigned item)
{
    return (owner_id(worker, owner) - 1) * PLOT_ITEMS + item + 1;
}

typedef struct texts {
    char name[40];
    char kind[8];
    char token[40];
    char body[BODY_MAX];
} texts;

static size_t body_size(int64_t amount)
{
    return amount % LONG_EVERY == 0 ? BODY_MAX - (size_t)(amount % 4000) : (size_t)(amount % 60);
}

/* The values of an owner; its name changes places with those of others now and then. */
static uint64_t fill_owner(bbots_value *values, texts *room, unsigned worker, unsigned owner,
                           int64_t version)
{
    snprintf(room->name, sizeof room->name, "w%u o%u v%lld", worker, owner, (long long)version);
    values[OWNER_ID] = bbots_value_integer(owner_id(worker, owner));
    values[OWNER_WORKER] = bbots_value_integer(worker);
    values[OWNER_VERSION] = bbots_value_integer(version);
    values[OWNER_NAME] = bbots_value_string(room->name);
    return SET(OWNER_ID) | SET(OWNER_WORKER) | SET(OWNER_VERSION) | SET(OWNER_NAME);
}

static uint64_t fill_item(bbots_value *values, texts *room, unsigned worker, unsigned owner,
                          unsigned item, int64_t amount, int keeper)
{
    snprintf(room->kind, sizeof room->kind, "k%lld", (long long)(amount % 3));
    snprintf(room->token, sizeof room->token, "token %lld", (long long)amount);
    memset(room->body, 'a' + (int)(amount % 26), body_size(amount));
    values[ITEM_ID] = bbots_value_integer(item_id(worker, owner, item));
    values[ITEM_OWNER] = bbots_value_integer(owner_id(worker, owner));
    values[ITEM_KEEPER] = keeper == PLOT_NOBODY
                              ? bbots_value_null()
                              : bbots_value_integer(owner_id(worker, (unsigned)keeper));
    values[ITEM_KIND] = bbots_value_string(room->kind);
    values[ITEM_AMOUNT] = bbots_value_integer(amount);
    values[ITEM_BODY] = bbots_value_of_bytes(BBOTS_TEXT, room->body, body_size(amount));
    values[ITEM_TOKEN] = bbots_value_string(room->token);
    return SET(ITEM_ID) | SET(ITEM_OWNER) | SET(ITEM_KEEPER) | SET(ITEM_KIND) | SET(ITEM_AMOUNT) |
           SET(ITEM_BODY) | SET(ITEM_TOKEN);
}

/* ------------------------------------------------------------------ changes */

typedef struct scene {
    bbots_txn *txn;
    bbots_error *error;
    unsigned worker;
    uint64_t *random;
    plot *now;
} scene;

static int put_owner(scene *on, unsigned owner)
{
    bbots_value values[8];
    texts room;
    plot_owner *known = &on->now->owners[owner];
    bool there = known->version != 0;
    known->version = 1 + (int64_t)draw_below(on->random, 1000000);
    uint64_t set = fill_owner(values, &room, on->worker, owner, known->version);
    int rc = there ? bbots_update(on->txn, OWNERS, 0, values, values, set, NULL, on->error)
                   : bbots_insert(on->txn, OWNERS, values, set, NULL, on->error);
    return rc;
}

static int put_item(scene *on, unsigned owner, unsigned item)
{
    bbots_value values[8];
    texts room;
    plot_owner *known = &on->now->owners[owner];
    unsigned keeper = (unsigned)draw_below(on->random, PLOT_OWNERS);
    bool there = known->amounts[item] != 0;
    known->amounts[item] = 1 + (int64_t)draw_below(on->random, 1000000);
    known->keepers[item] = on->now->owners[keeper].version != 0 ? (int)keeper : PLOT_NOBODY;
    uint64_t set = fill_item(values, &room, on->worker, owner, item, known->amounts[item],
                             known->keepers[item]);
    return there ? bbots_update(on->txn, ITEMS, 0, values, values, set, NULL, on->error)
                 : bbots_insert(on->txn, ITEMS, values, set, NULL, on->error);
}

static int delete_item(scene *on, unsigned owner, unsigned item)
{
    bbots_value id = bbots_value_integer(item_id(on->worker, owner, item));
    bool there = on->now->owners[owner].amounts[item] != 0;
    on->now->owners[owner].amounts[item] = 0;
    int rc = bbots_delete(on->txn, ITEMS, 0, &id, NULL, on->error);
    return there || rc != BBOTS_NOT_FOUND ? rc : BBOTS_OK;
}

static int delete_owner(scene *on, unsigned owner)
{
    bbots_value id = bbots_value_integer(owner_id(on->worker, owner));
    for (unsigned o = 0; o < PLOT_OWNERS; o++) {
        for (unsigned i = 0; i < PLOT_ITEMS; i++) {
            if (on->now->owners[o].keepers[i] == (int)owner) {
                on->now->owners[o].keepers[i] = PLOT_NOBODY;
            }
        }
    }
    memset(&on->now->owners[owner], 0, sizeof on->now->owners[owner]);
    return bbots_delete(on->txn, OWNERS, 0, &id, NULL, on->error);
}

/* An owner and its items as an import brings them: the items first. */
static int import_owner(scene *on, unsigned owner)
{
    int rc = bbots_defer_references(on->txn, NULL, on->error);
    for (unsigned i = 0; i < PLOT_ITEMS && rc == BBOTS_OK; i++) {
        rc = put_item(on, owner, i);
    }
    return rc == BBOTS_OK ? put_owner(on, owner) : rc;
}

/* Changes that a savepoint takes back. */
static int go_astray(scene *on, unsigned owner, unsigned item)
{
    plot stays = *on->now;
    int rc = bbots_savepoint(on->txn, "astray", on->error);
    rc = rc == BBOTS_OK ? put_item(on, owner, item) : rc;
    rc = rc == BBOTS_OK ? delete_owner(on, owner) : rc;
    rc = rc == BBOTS_OK ? bbots_savepoint_rollback(on->txn, "astray", on->error) : rc;
    *on->now = stays;
    return rc;
}

static int take_step(scene *on)
{
    unsigned owner = (unsigned)draw_below(on->random, PLOT_OWNERS);
    unsigned item = (unsigned)draw_below(on->random, PLOT_ITEMS);
    unsigned kind = (unsigned)draw_below(on->random, 16);
    if (on->now->owners[owner].version == 0) {
        return kind < 6 ? import_owner(on, owner) : put_owner(on, owner);
    }
    return kind < 9    ? put_item(on, owner, item)
           : kind < 11 ? put_owner(on, owner)
           : kind < 13 ? delete_item(on, owner, item)
           : kind < 15 ? delete_owner(on, owner)
                       : go_astray(on, owner, item);
}

int plot_go_on(bbots_txn *txn, void *context, bbots_error *error)
{
    plot_work *work = context;
    uint64_t random = work->seed;
    bbots_value values[2];
    *work->after = *work->before;
    work->after->done++;
    scene on = {txn, error, work->worker, &random, work->after};
    int rc = BBOTS_OK;
    for (uint64_t steps = 1 + draw_below(&random, STEPS_MAX); steps > 0 && rc == BBOTS_OK;
         steps--) {
        rc = take_step(&on);
    }
    values[WORKER_ID] = bbots_value_integer(work->worker);
    values[WORKER_DONE] = bbots_value_integer(work->after->done);
    if (rc == BBOTS_OK) {
        rc = bbots_update(txn, WORKERS, 0, values, values, SET(WORKER_DONE), NULL, error);
    }
    return rc > 0 ? BBOTS_CORRUPTED : rc; /* what the model has is not there */
}

int plot_begin(bbots_txn *txn, void *context, bbots_error *error)
{
    const unsigned *workers = context;
    int rc = BBOTS_OK;
    for (unsigned w = 0; w < *workers && rc == BBOTS_OK; w++) {
        bbots_value values[2] = {bbots_value_integer(w), bbots_value_integer(0)};
        rc = bbots_insert(txn, WORKERS, values, SET(WORKER_ID) | SET(WORKER_DONE), NULL, error);
    }
    return rc;
}

/* ------------------------------------------------------------------ what has to be there */

int64_t plot_done(bbots_txn *txn, unsigned worker, bbots_error *error)
{
    bbots_value id = bbots_value_integer(worker);
    bbots_row row;
    int rc = bbots_get(txn, WORKERS, 0, &id, &row, error);
    return rc == BBOTS_OK ? bbots_row_value(&row, WORKER_DONE).integer : -1;
}

static bool same(const bbots_value *a, const bbots_value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    return a->kind == BBOTS_NULL   ? true
           : a->kind == BBOTS_TEXT ? a->size == b->size && memcmp(a->data, b->data, a->size) == 0
                                   : a->integer == b->integer;
}

/* A row has these values, or is not there when there are none. */
static bool row_is(bbots_txn *txn, const bbots_table *table, int64_t id, const bbots_value *values,
                   char *why, size_t room)
{
    bbots_value key = bbots_value_integer(id);
    bbots_row row;
    bbots_error error;
    int rc = bbots_get(txn, table, 0, &key, &row, &error);
    if (rc < 0 || (rc == BBOTS_OK) != (values != NULL)) {
        snprintf(why, room, "%s %lld: %s", table->name, (long long)id,
                 rc < 0           ? error.message
                 : rc == BBOTS_OK ? "is there and should not be"
                                  : "is missing");
        return false;
    }
    for (unsigned c = 0; values != NULL && c < table->column_count; c++) {
        bbots_value found = bbots_row_value(&row, c);
        if (!same(&found, &values[c])) {
            snprintf(why, room, "%s %lld: %s is not what was written (%lld, should be %lld)",
                     table->name, (long long)id, table->columns[c].name, (long long)found.integer,
                     (long long)values[c].integer);
            return false;
        }
    }
    return true;
}

bool plot_holds(bbots_txn *txn, unsigned worker, const plot *expected, char *why, size_t room)
{
    bbots_value values[8];
    texts texts_of;
    bool holds = true;
    for (unsigned o = 0; o < PLOT_OWNERS && holds; o++) {
        const plot_owner *owner = &expected->owners[o];
        fill_owner(values, &texts_of, worker, o, owner->version);
        holds = row_is(txn, OWNERS, owner_id(worker, o), owner->version != 0 ? values : NULL, why,
                       room);
        for (unsigned i = 0; i < PLOT_ITEMS && holds; i++) {
            int64_t amount = owner->amounts[i];
            fill_item(values, &texts_of, worker, o, i, amount, owner->keepers[i]);
            holds =
                row_is(txn, ITEMS, item_id(worker, o, i), amount != 0 ? values : NULL, why, room);
        }
    }
    bbots_txn_wipe(txn);
    return holds;
}

bool plot_counts(bbots_txn *txn, const plot *const *all, unsigned workers, char *why, size_t room)
{
    uint64_t owners = 0;
    uint64_t items = 0;
    uint64_t found[2] = {0, 0};
    for (unsigned w = 0; w < workers; w++) {
        for (unsigned o = 0; o < PLOT_OWNERS; o++) {
            owners += all[w]->owners[o].version != 0;
            for (unsigned i = 0; i < PLOT_ITEMS; i++) {
                items += all[w]->owners[o].amounts[i] != 0;
            }
        }
    }
    bool holds = bbots_count(txn, OWNERS, &found[0], NULL) == BBOTS_OK &&
                 bbots_count(txn, ITEMS, &found[1], NULL) == BBOTS_OK && found[0] == owners &&
                 found[1] == items;
    if (!holds) {
        snprintf(why, room, "%llu owners and %llu items, and there should be %llu and %llu",
                 (unsigned long long)found[0], (unsigned long long)found[1],
                 (unsigned long long)owners, (unsigned long long)items);
    }
    return holds;
}
