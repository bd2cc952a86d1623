/*
 * tests/serial/main.c - transactions of several threads and processes at once are what they would be one
 * after the other, in the order of their commits.
 *
 *     serial TRANSACTIONS SEED [forge]
 *
 * Nine threads in three processes read and write the same few rows: by key, by a range of an index, by
 * a live aggregate, by the count; through bbots_write(), which shares commits, and in transactions
 * that are rolled back; with cascades and savepoints. Each writes down what it read and wrote. In rounds
 * all of it is replayed (replay.c). `forge` alters one read that was written down: the replay must find it.
 *
 * The last line says what was reached: `name: figure (target) ok|FAIL`.
 */
#include "serial.h"

#include <sys/wait.h>
#include <unistd.h>

enum { ROUND = 20000, REASON_MAX = 600 };

static void run_round(stage *all, uint64_t transactions, uint64_t *random)
{
    pid_t children[PROCESSES];
    atomic_store(&all->left, (long long)transactions);
    fflush(NULL);
    for (unsigned p = 0; p < PROCESSES; p++) {
        uint64_t seed = draw(random);
        children[p] = fork();
        demand(children[p] >= 0, "fork", NULL);
        if (children[p] == 0) {
            perform(all, p, seed);
            _exit(0);
        }
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        int status;
        demand(waitpid(children[p], &status, 0) == children[p], "waitpid", NULL);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            atomic_fetch_add(&all->refused, 1);
            snprintf(all->refusal, sizeof all->refusal, "a process died");
        }
    }
}

/* Alters what the first transaction read or wrote first. */
static void forge(stage *all)
{
    for (unsigned h = 0; h < PROCESSES * THREADS; h++) {
        int64_t *words = all->histories[h].words;
        if (all->histories[h].used > HEAD_WORDS && words[HEAD_WORDS] == READ) {
            words[HEAD_WORDS + 2]++;
            return;
        }
    }
}

static void set_up(stage *all)
{
    bbots_error error;
    folder_make(all->folder, "serial");
    snprintf(all->path, sizeof all->path, "%s/store", all->folder);
    bbots_store *store = open_ordeal(all->path, BBOTS_OPEN_CREATE, BBOTS_DURABLE, 0, &error);
    demand(store != NULL && bbots_write(store, serial_begin, NULL, &error) == BBOTS_OK &&
               bbots_close(store, &error) == BBOTS_OK,
           "serial", &error);
}

static uint64_t judge_store(const stage *all, const model *now)
{
    char why[REASON_MAX];
    bbots_error error;
    bbots_store *store = open_ordeal(all->path, 0, BBOTS_DURABLE, 0, &error);
    demand(store != NULL, "open", &error);
    bool holds = model_is(now, store, why, sizeof why);
    if (!holds) {
        printf("after number %lld: %s\n", (long long)now->clock, why);
    }
    demand(bbots_close(store, &error) == BBOTS_OK, "close", &error);
    return !holds;
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : ROUND;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    bool forged = argc > 3;
    uint64_t random = seed;
    uint64_t done = 0;
    uint64_t anomalies = 0;
    stage *all = shared_memory(sizeof *all);
    model now = {0};
    memset(now.groups, 1, sizeof now.groups);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    set_up(all);
    while (done < wanted && anomalies == 0) {
        run_round(all, wanted - done < ROUND ? wanted - done : ROUND, &random);
        if (forged) {
            forge(all);
        }
        anomalies = replay(all, &now, &done) + judge_store(all, &now);
        if (atomic_load(&all->refused) != 0) {
            printf("%s\n", all->refusal);
            anomalies++;
        }
    }
    folder_remove(all->folder);
    printf("serial: %llu transactions, %lld committed, %llu anomalies (0) %s\n",
           (unsigned long long)done, (long long)now.clock, (unsigned long long)anomalies,
           anomalies == 0 ? "ok" : "FAIL");
    return anomalies == 0 ? 0 : 1;
}
