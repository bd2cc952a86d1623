/* tests/serial/perform.c - transactions of random reads and writes, written down. */
#include "serial.h"

#include <bbots/live.h>

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#define CLOCK  (&ordeal_workers_table)
#define OWNERS (&ordeal_owners_table)
#define ITEMS  (&ordeal_items_table)

enum { CLOCK_ID, CLOCK_DONE };
enum { OWNER_ID, OWNER_WORKER, OWNER_VERSION, OWNER_NAME };
enum { ITEM_ID, ITEM_OWNER, ITEM_KEEPER, ITEM_KIND, ITEM_AMOUNT };
enum { AMOUNT_INDEX = 1, STEPS_MAX = 8, AMOUNT_MAX = 1000, EVENT_WORDS_MAX = 5 };

#define SET(column) BBOTS_COLUMN_BIT(column)

typedef struct player {
    stage *all;
    bbots_store *store;
    history *log;
    uint64_t random;
    uint64_t seed;     /* of the transaction: it may be run again */
    record_head *head; /* of it */
    size_t at;         /* where its next word goes */
} player;

static void refuse(stage *all, const char *what, const bbots_error *error)
{
    if (atomic_fetch_add(&all->refused, 1) == 0) {
        snprintf(all->refusal, sizeof all->refusal, "%s: %s", what, error->message);
    }
}

static void note(player *self, event kind, unsigned words, const int64_t *said)
{
    self->log->words[self->at++] = kind;
    for (unsigned w = 0; w < words; w++) {
        self->log->words[self->at++] = said[w];
    }
}

/* ------------------------------------------------------------------ reads */

static int read_item(player *self, bbots_txn *txn, uint64_t *random, bbots_error *error)
{
    int64_t said[2] = {(int64_t)draw_below(random, ITEM_COUNT), 0};
    bbots_value id = bbots_value_integer(said[0]);
    bbots_row row;
    int rc = bbots_get(txn, ITEMS, 0, &id, &row, error);
    said[1] = rc == BBOTS_OK ? bbots_row_value(&row, ITEM_AMOUNT).integer : 0;
    note(self, READ, 2, said);
    return rc < 0 ? rc : BBOTS_OK;
}

/* Items by their amounts: those that are not there count too. */
static int read_range(player *self, bbots_txn *txn, uint64_t *random, bbots_error *error)
{
    int64_t said[4] = {(int64_t)draw_below(random, AMOUNT_MAX), 0, 0, 0};
    said[1] = said[0] + (int64_t)draw_below(random, AMOUNT_MAX);
    bbots_value from = bbots_value_integer(said[0]);
    bbots_value to = bbots_value_integer(said[1]);
    bbots_range range = {.from = &from, .to = &to, .from_count = 1, .to_count = 1};
    bbots_cursor *cursor;
    bbots_row row;
    int rc = bbots_cursor_open(txn, ITEMS, AMOUNT_INDEX, &range, &cursor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    while ((rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        said[2]++;
        said[3] += bbots_row_value(&row, ITEM_ID).integer;
    }
    bbots_cursor_close(cursor);
    note(self, READ_RANGE, 4, said);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int read_sum(player *self, bbots_txn *txn, uint64_t *random, bbots_error *error)
{
    int64_t said[3] = {(int64_t)draw_below(random, GROUPS), 0, 0};
    bbots_value by = bbots_value_integer(said[0]);
    bbots_live_query query = {.table = ITEMS,
                              .live = &ITEMS->lives[0],
                              .by = &by,
                              .by_count = 1,
                              .measures = {{BBOTS_COUNT, -1}, {BBOTS_SUM, ITEM_AMOUNT}},
                              .measure_count = 2};
    bbots_summary *summary;
    int rc = bbots_live_summarize(txn, &query, &summary, error);
    if (rc == BBOTS_OK) {
        if (bbots_summary_count(summary) > 0) {
            said[1] = (int64_t)bbots_summary_measure(summary, 0, 0).low;
            said[2] = (int64_t)bbots_summary_measure(summary, 0, 1).low;
        }
        bbots_summary_free(summary);
        note(self, READ_SUM, 3, said);
    }
    return rc;
}

static int read_count(player *self, bbots_txn *txn, bbots_error *error)
{
    uint64_t count = 0;
    int rc = bbots_count(txn, ITEMS, &count, error);
    int64_t said = (int64_t)count;
    note(self, READ_COUNT, 1, &said);
    return rc;
}

static int read_something(player *self, bbots_txn *txn, uint64_t *random, bbots_error *error)
{
    switch (draw_below(random, 8)) {
    case 0:
        return read_range(self, txn, random, error);
    case 1:
        return read_sum(self, txn, random, error);
    case 2:
        return read_count(self, txn, error);
    default:
        return read_item(self, txn, random, error);
    }
}

/* ------------------------------------------------------------------ writes */

static int put_group(bbots_txn *txn, int64_t group, bbots_error *error)
{
    char name[40];
    bbots_value values[4];
    snprintf(name, sizeof name, "group %lld", (long long)group);
    values[OWNER_ID] = bbots_value_integer(group);
    values[OWNER_WORKER] = bbots_value_integer(0);
    values[OWNER_VERSION] = bbots_value_integer(1);
    values[OWNER_NAME] = bbots_value_string(name);
    return bbots_insert(txn, OWNERS, values,
                        SET(OWNER_ID) | SET(OWNER_WORKER) | SET(OWNER_VERSION) | SET(OWNER_NAME),
                        NULL, error);
}

static int put_item(player *self, bbots_txn *txn, uint64_t *random, bbots_error *error)
{
    int64_t said[2] = {(int64_t)draw_below(random, ITEM_COUNT),
                       1 + (int64_t)draw_below(random, AMOUNT_MAX)};
    int64_t group = said[0] / GROUP_ITEMS;
    bbots_value values[8];
    values[ITEM_ID] = bbots_value_integer(said[0]);
    values[ITEM_OWNER] = bbots_value_integer(group);
    values[ITEM_KIND] = bbots_value_string("k");
    values[ITEM_AMOUNT] = bbots_value_integer(said[1]);
    uint64_t given = SET(ITEM_ID) | SET(ITEM_OWNER) | SET(ITEM_KIND) | SET(ITEM_AMOUNT);
    int rc =
        bbots_upsert(txn, ITEMS, 0, values, given, values, SET(ITEM_AMOUNT), NULL, NULL, error);
    if (rc == BBOTS_FOREIGN_KEY_VIOLATION) { /* its group is not there */
        rc = put_group(txn, group, error);
        note(self, PUT_GROUP, 1, &group);
        if (rc == BBOTS_OK) {
            rc = bbots_insert(txn, ITEMS, values, given, NULL, error);
        }
    }
    note(self, PUT, 2, said);
    return rc;
}

static int remove_something(player *self, bbots_txn *txn, uint64_t *random, bbots_error *error)
{
    bool whole_group = draw_below(random, 4) == 0;
    int64_t said[2] = {(int64_t)draw_below(random, whole_group ? GROUPS : ITEM_COUNT), 0};
    bbots_value id = bbots_value_integer(said[0]);
    bbots_deleted deleted = {0};
    int rc = bbots_delete(txn, whole_group ? OWNERS : ITEMS, 0, &id, &deleted, error);
    said[1] = (int64_t)deleted.cascaded;
    note(self, whole_group ? REMOVE_GROUP : REMOVE, whole_group ? 2 : 1, said);
    return rc < 0 ? rc : BBOTS_OK;
}

/* Writes that a savepoint takes back: what is written down of them goes too. */
static int go_astray(player *self, bbots_txn *txn, uint64_t *random, bbots_error *error)
{
    size_t at = self->at;
    int rc = bbots_savepoint(txn, "astray", error);
    rc = rc == BBOTS_OK ? put_item(self, txn, random, error) : rc;
    rc = rc == BBOTS_OK ? remove_something(self, txn, random, error) : rc;
    self->at = at;
    return rc == BBOTS_OK ? bbots_savepoint_rollback(txn, "astray", error) : rc;
}

static int write_something(player *self, bbots_txn *txn, uint64_t *random, bbots_error *error)
{
    switch (draw_below(random, 8)) {
    case 0:
        return remove_something(self, txn, random, error);
    case 1:
        return go_astray(self, txn, random, error);
    case 2:
    case 3:
    case 4:
        return put_item(self, txn, random, error);
    default:
        return read_something(self, txn, random, error);
    }
}

/* ------------------------------------------------------------------ transactions */

static int read_clock(bbots_txn *txn, int64_t *clock, bbots_error *error)
{
    bbots_value id = bbots_value_integer(0);
    bbots_row row;
    int rc = bbots_get(txn, CLOCK, 0, &id, &row, error);
    *clock = rc == BBOTS_OK ? bbots_row_value(&row, CLOCK_DONE).integer : -1;
    return rc > 0 ? BBOTS_CORRUPTED : rc;
}

static int do_writes(bbots_txn *txn, void *context, bbots_error *error)
{
    player *self = context;
    uint64_t random = self->seed;
    self->at = self->log->used + HEAD_WORDS;
    int rc = read_clock(txn, &self->head->base, error);
    for (uint64_t steps = 1 + draw_below(&random, STEPS_MAX); steps > 0 && rc == BBOTS_OK;
         steps--) {
        rc = write_something(self, txn, &random, error);
    }
    bbots_value values[2] = {bbots_value_integer(0), bbots_value_integer(self->head->base + 1)};
    if (rc == BBOTS_OK) {
        rc = bbots_update(txn, CLOCK, 0, values, values, SET(CLOCK_DONE), NULL, error);
    }
    return rc > 0 ? BBOTS_CORRUPTED : rc;
}

static int do_reads(player *self)
{
    bbots_error error;
    bbots_txn *txn;
    uint64_t random = self->seed;
    int rc = bbots_begin(self->store, BBOTS_READ, &txn, &error);
    self->at = self->log->used + HEAD_WORDS;
    if (rc == BBOTS_OK) {
        rc = read_clock(txn, &self->head->base, &error);
        for (uint64_t steps = 1 + draw_below(&random, STEPS_MAX); steps > 0 && rc == BBOTS_OK;
             steps--) {
            rc = read_something(self, txn, &random, &error);
            sched_yield(); /* others write meanwhile */
        }
        bbots_rollback(txn);
    }
    if (rc != BBOTS_OK) {
        refuse(self->all, "read", &error);
    }
    return rc;
}

static int do_and_roll_back(player *self)
{
    bbots_error error;
    bbots_txn *txn;
    int rc = bbots_begin(self->store, BBOTS_WRITE, &txn, &error);
    if (rc == BBOTS_OK) {
        rc = do_writes(txn, self, &error);
        bbots_rollback(txn);
    }
    if (rc != BBOTS_OK) {
        refuse(self->all, "a transaction of its own", &error);
    }
    return rc;
}

static int do_and_commit(player *self)
{
    bbots_error error;
    int rc = bbots_write(self->store, do_writes, self, &error);
    if (rc != BBOTS_OK) {
        refuse(self->all, "write", &error);
        return rc;
    }
    self->head->committed = 1;
    long long number = self->head->base + 1;
    long long known = atomic_load(&self->all->acknowledged);
    while (known < number &&
           !atomic_compare_exchange_weak(&self->all->acknowledged, &known, number)) {
    }
    return BBOTS_OK;
}

static void *play(void *context)
{
    player *self = context;
    history *log = self->log;
    while (log->used + RECORD_WORDS_MAX < HISTORY_WORDS &&
           atomic_fetch_sub(&self->all->left, 1) > 0 && atomic_load(&self->all->refused) == 0) {
        uint64_t kind = draw_below(&self->random, 16);
        self->head = (record_head *)&log->words[log->used];
        self->head->floor = atomic_load(&self->all->acknowledged);
        self->head->committed = 0;
        self->seed = draw(&self->random);
        int rc = kind < 6    ? do_reads(self)
                 : kind == 6 ? do_and_roll_back(self)
                             : do_and_commit(self);
        if (rc != BBOTS_OK) {
            break;
        }
        note(self, END, 0, NULL);
        log->used = self->at;
    }
    return NULL;
}

void perform(stage *all, unsigned process, uint64_t random)
{
    bbots_error error;
    pthread_t threads[THREADS];
    player players[THREADS];
    bbots_store *store = open_ordeal(all->path, 0, BBOTS_DURABLE, 0, &error);
    if (store == NULL) {
        refuse(all, "open", &error);
        return;
    }
    for (unsigned t = 0; t < THREADS; t++) {
        history *log = &all->histories[process * THREADS + t];
        players[t] = (player){.all = all, .store = store, .log = log, .random = draw(&random)};
        log->used = 0;
        demand(pthread_create(&threads[t], NULL, play, &players[t]) == 0, "thread", NULL);
    }
    for (unsigned t = 0; t < THREADS; t++) {
        pthread_join(threads[t], NULL);
    }
    if (bbots_close(store, &error) != BBOTS_OK) {
        refuse(all, "close", &error);
    }
}

int serial_begin(bbots_txn *txn, void *context, bbots_error *error)
{
    unsigned one = 1;
    (void)context;
    int rc = plot_begin(txn, &one, error);
    for (int64_t group = 0; group < GROUPS && rc == BBOTS_OK; group++) {
        rc = put_group(txn, group, error);
    }
    return rc;
}
