/* tests/support/race.c - two racers and a referee. */
#include "support/race.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RACERS = 2 };
enum { WON = 'w', LOST = 'l', FAILED = 'f' };

typedef struct racer {
    const race *run;
    bbots_store *store; /* NULL: the racer opens its own */
    int go[2];          /* a byte: grab. Closed: go home */
    int answers;
    pthread_t thread;
    pid_t process;
} racer;

uint64_t race_rounds(uint64_t usual)
{
    const char *given = getenv("BBOTS_ROUNDS");
    return given != NULL ? strtoull(given, NULL, 10) : usual;
}

static void answer(int fd, char letter)
{
    if (write(fd, &letter, 1) != 1) {
        abort();
    }
}

static void *run_racer(void *context)
{
    racer *me = context;
    bbots_error error;
    bbots_store *store = me->store;
    char byte;
    const bbots_options options = {.schema = me->run->schema, .durability = BBOTS_RELAXED};
    if (store == NULL && bbots_open(me->run->path, &options, &store, &error) != BBOTS_OK) {
        fprintf(stderr, "a racer cannot open: %s\n", error.message);
        abort();
    }
    while (read(me->go[0], &byte, 1) == 1) {
        int rc = bbots_write(store, me->run->grab, me->run->context, &error);
        if (rc < 0) {
            fprintf(stderr, "a racer fell: %s\n", error.message);
        }
        answer(me->answers, rc == BBOTS_OK ? WON : rc == BBOTS_REFUSED ? LOST : FAILED);
    }
    if (me->store == NULL && bbots_close(store, &error) != BBOTS_OK) {
        abort();
    }
    return NULL;
}

static void run_rounds(const race *run, bbots_store *store, racer *racers, int answers,
                       uint64_t rounds)
{
    for (uint64_t round = 0; round < rounds; round++) {
        unsigned won = 0;
        unsigned lost = 0;
        assert_ok(bbots_write(store, run->prepare, run->context, &fault));
        for (unsigned i = 0; i < RACERS; i++) {
            send_byte(racers[i].go[1]);
        }
        for (unsigned i = 0; i < RACERS; i++) {
            char letter;
            assert_int_equal(read(answers, &letter, 1), 1);
            won += letter == WON;
            lost += letter == LOST;
        }
        if (won != 1 || lost != RACERS - 1) {
            fail_msg("round %llu: %u won and %u were refused", (unsigned long long)round, won,
                     lost);
        }
    }
    check_store(store);
}

static void make_pipes(const race *run, racer *racers, int answers[2])
{
    assert_int_equal(pipe(answers), 0);
    for (unsigned i = 0; i < RACERS; i++) {
        memset(&racers[i], 0, sizeof racers[i]);
        racers[i].run = run;
        racers[i].answers = answers[1];
        assert_int_equal(pipe(racers[i].go), 0);
    }
}

void race_threads(const race *run, uint64_t rounds)
{
    const bbots_options options = {.schema = run->schema, .durability = BBOTS_RELAXED};
    racer racers[RACERS];
    int answers[2];
    make_pipes(run, racers, answers);
    bbots_store *store = open_store(run->path, &options);
    for (unsigned i = 0; i < RACERS; i++) {
        racers[i].store = store;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, run_racer, &racers[i]), 0);
    }
    run_rounds(run, store, racers, answers[0], rounds);
    for (unsigned i = 0; i < RACERS; i++) {
        close(racers[i].go[1]);
        pthread_join(racers[i].thread, NULL);
        close(racers[i].go[0]);
    }
    close(answers[0]);
    close(answers[1]);
    assert_ok(bbots_close(store, &fault));
}

void race_processes(const race *run, uint64_t rounds)
{
    const bbots_options options = {.schema = run->schema, .durability = BBOTS_RELAXED};
    racer racers[RACERS];
    int answers[2];
    make_pipes(run, racers, answers);
    fflush(NULL);
    for (unsigned i = 0; i < RACERS; i++) {
        racers[i].process = fork();
        assert_true(racers[i].process >= 0);
        if (racers[i].process == 0) {
            for (unsigned k = 0; k < RACERS; k++) {
                close(racers[k].go[1]); /* or it would never end */
            }
            run_racer(&racers[i]);
            _exit(0);
        }
    }
    bbots_store *store = open_store(run->path, &options);
    run_rounds(run, store, racers, answers[0], rounds);
    for (unsigned i = 0; i < RACERS; i++) {
        close(racers[i].go[1]);
    }
    for (unsigned i = 0; i < RACERS; i++) {
        int status;
        assert_int_equal(waitpid(racers[i].process, &status, 0), racers[i].process);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        close(racers[i].go[0]);
    }
    close(answers[0]);
    close(answers[1]);
    assert_ok(bbots_close(store, &fault));
}
