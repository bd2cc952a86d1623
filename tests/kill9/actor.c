/* tests/kill9/actor.c - what the children do. None of them comes to an end by itself. */
#include "kill9.h"

#include <bbots/backup.h>
#include <bbots/secret.h>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { ROTATE_EVERY = 64, COPY_EVERY = 256, REST_EVERY = 32 };

/* Tells once what went wrong, then waits for the end. */
static void refuse(theatre *stage, const char *what, const bbots_error *error)
{
    if (atomic_fetch_add(&stage->refused, 1) == 0) {
        snprintf(stage->refusal, sizeof stage->refusal, "%s: %s", what, error->message);
    }
    for (;;) {
        pause();
    }
}

static bbots_store *enter(theatre *stage, uint64_t *random)
{
    bbots_error error;
    static const uint32_t levels[] = {BBOTS_DURABLE, BBOTS_DURABLE, BBOTS_RELAXED, BBOTS_BUFFERED};
    uint32_t durability = levels[draw_below(random, 4)];
    bbots_store *store =
        open_ordeal(stage->path, 0, durability, (unsigned)draw_below(random, 2), &error);
    if (store == NULL) {
        refuse(stage, "open", &error);
    }
    return store;
}

static void rotate(theatre *stage, bbots_store *store)
{
    bbots_rotation rotation = {.batch_rows = 5};
    bbots_error error;
    if (bbots_keys_rotate(store, &rotation, &error) != BBOTS_OK) {
        refuse(stage, "rotate", &error);
    }
}

/* ------------------------------------------------------------------ writers */

typedef struct thread {
    theatre *stage;
    bbots_store *store;
    unsigned worker;
    uint64_t random;
} thread;

/* A transaction that is not meant to last. */
static void give_up(theatre *stage, bbots_store *store, plot_work *work)
{
    bbots_error error;
    bbots_txn *txn;
    if (bbots_begin(store, BBOTS_WRITE, &txn, &error) != BBOTS_OK ||
        plot_go_on(txn, work, &error) != BBOTS_OK) {
        refuse(stage, "a transaction of its own", &error);
    }
    bbots_rollback(txn);
}

static void *write_on(void *context)
{
    thread *self = context;
    account *mine = &self->stage->accounts[self->worker];
    bbots_error error;
    for (uint64_t n = 1;; n++) {
        int64_t done = atomic_load(&mine->acknowledged);
        plot_work work = {self->worker, draw(&self->random), &mine->states[done % 2],
                          &mine->states[(done + 1) % 2]};
        if (n % REST_EVERY == 0) {
            give_up(self->stage, self->store, &work);
        } else if (n % ROTATE_EVERY == 1) {
            rotate(self->stage, self->store);
        }
        work.seed = draw(&self->random);
        if (bbots_write(self->store, plot_go_on, &work, &error) != BBOTS_OK) {
            refuse(self->stage, "write", &error);
        }
        atomic_store(&mine->acknowledged, done + 1);
    }
    return NULL;
}

void act_write(theatre *stage, unsigned actor, uint64_t random)
{
    thread threads[THREADS];
    pthread_t started;
    bbots_store *store = enter(stage, &random);
    for (unsigned t = 0; t < THREADS; t++) {
        threads[t] = (thread){stage, store, actor * THREADS + t, draw(&random)};
        if (t != 0 && pthread_create(&started, NULL, write_on, &threads[t]) != 0) {
            _exit(2);
        }
    }
    write_on(&threads[0]);
}

/* ------------------------------------------------------------------ the others */

void act_compact(theatre *stage, uint64_t random)
{
    bbots_error error;
    uint64_t before;
    uint64_t after;
    for (;;) {
        (void)random;
        if (bbots_compact(stage->path, &before, &after, &error) != BBOTS_OK) {
            refuse(stage, "compact", &error);
        }
    }
}

void act_copy(theatre *stage, uint64_t random)
{
    bbots_error error;
    bbots_store *store = enter(stage, &random);
    for (;;) {
        remove_store(stage->copy);
        if (bbots_backup(store, stage->copy, &error) != BBOTS_OK) {
            refuse(stage, "backup", &error);
        }
        atomic_fetch_add(&stage->copies, 1);
    }
}

void act_rotate(theatre *stage, uint64_t random)
{
    for (;;) {
        bbots_error error;
        bbots_store *store = enter(stage, &random);
        rotate(stage, store);
        if (bbots_close(store, &error) != BBOTS_OK) {
            refuse(stage, "close", &error);
        }
    }
}
