/*
 * tests/ledger/ledger.h - costs, budgets and credits under all that can happen to them, and a mirror
 * that knows what every answer has to be.
 *
 * The mirror (mirror.c) is a plain array of the costs that there are, in memory that all processes
 * share. Whoever has the store's write transaction has the mirror, so it needs no lock of its own;
 * the random numbers are part of what is shared, so that one seed makes the same operations
 * whichever thread of whichever process carries them out. act.c does something to both, ask.c asks
 * the store and computes the answer from all rows of the mirror, by other means than the library's.
 * A savepoint is a copy of the mirror.
 */
#ifndef TESTS_LEDGER_H
#define TESTS_LEDGER_H

#include "support/support.h"

#include <bbots/budget.h>
#include <bbots/costs.h>
#include <bbots/credits.h>
#include <bbots/platform.h>
#include <bbots/prices.h>

#include <stdatomic.h>

#define USERS        4
#define EXECUTIONS   6 /* number e is of user 1 + e % USERS */
#define ROWS_MAX     1500
#define MODELS       4 /* two of Claude, two of Gemini */
#define ENTRIES      4 /* of a model in its price list; the first is always in force */
#define OPEN_MAX     6 /* reservations of a user */
#define HOLDERS      3 /* of credits: users that stay, numbered from FIRST_HOLDER */
#define FIRST_HOLDER 101
#define DAY          INT64_C(86400000000)
#define HOUR         INT64_C(3600000000)
#define BEGIN_TIME   INT64_C(1767225600000000) /* 2026-01-01 */
#define END_TIME     (BEGIN_TIME + 85 * DAY)

__extension__ typedef __int128 wide;

extern const bbots_table *const sources[BBOTS_COST_SOURCES];
extern const char *const model_names[MODELS];
extern const char *const prompt_types[3];
extern const char *const statuses[3];
extern const char *const stores[3];
extern const char *const operations[4];

/* What a cost can be grouped by; -1 is null, or that its source has no such column. */
typedef struct labels {
    int8_t model;
    int8_t prompt_type;
    int8_t status;
    int8_t store;
    int8_t operation;
} labels;

typedef struct cost {
    int64_t id;
    unsigned source;
    int64_t user;
    int64_t execution; /* 0: none */
    int64_t time;
    int16_t name; /* of the request, session or operation; 0: none */
    labels by;
    bool noted;           /* a price list's entry is noted beside it */
    int64_t parts[3];     /* input, output and cache cost of a call, at the source's scale */
    bbots_cost_sums sums; /* what this one row adds to a sum */
} cost;

typedef struct entry {
    bool there;
    int day;          /* from begin + day; 0: since ever */
    int64_t above;    /* tokens of context; 0: any */
    int64_t price[4]; /* input, output, cache write, cache read: USD times 10^4 of 1,000,000 */
} entry;

typedef struct reservation {
    bool open;
    bbots_uuid id;
    int64_t amount;
    int64_t expires;
} reservation;

typedef struct budget {
    bool there;
    bool active;
    bool auto_stop;
    int32_t threshold;
    int64_t limits[BBOTS_BUDGET_PERIODS];
    int64_t begun; /* the day on which week and month began */
} budget;

typedef struct mirror {
    int64_t now;
    entry prices[MODELS][ENTRIES];
    budget budgets[USERS + 1];
    reservation reservations[USERS + 1][OPEN_MAX];
    bbots_credits credits[HOLDERS][2];
    unsigned count;
    cost rows[ROWS_MAX]; /* last: a copy ends behind the rows that there are */
} mirror;

/* What all threads and processes share. */
typedef struct shared {
    atomic_ullong operations; /* done so far, those that were taken back too */
    atomic_ullong answers;    /* compared with the mirror */
    atomic_ullong snapshots;  /* compared with the rows that the same reader saw */
    atomic_ullong commits;
    atomic_bool broken;
    uint64_t seed;
    uint64_t until; /* operations at which this part of the run ends */
    uint64_t deep;  /* operations after which all is compared next */
    random_source random;
    mirror now;
} shared;

/* An actor: a thread with its memory for savepoints. */
typedef struct actor {
    shared *all;
    bbots_store *store;
    mirror *at_begin;
    mirror *at_savepoint;
    bbots_error error;
} actor;

/* Says what is wrong, with the seed and the operation, and ends the process. */
_Noreturn void broken(const shared *all, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The status is what it has to be. */
#define must(of, call, status) must_be((of), (call), (status), #call)
void must_be(actor *of, int got, int wanted, const char *call);

/* ------------------------------------------------------------------ mirror.c */

void mirror_copy(mirror *to, const mirror *from);
void mirror_begin(mirror *made);
cost *mirror_find(mirror *of, unsigned source, int64_t id);
cost *mirror_named(mirror *of, unsigned source, int name);
void mirror_add(mirror *of, const cost *row);
void mirror_remove(mirror *of, const cost *row);

/* number / by, rounded half away from zero. */
int64_t rounded(wide number, wide by);

/* Adds all members, which are 64-bit integers. */
void sums_add(bbots_cost_sums *to, const bbots_cost_sums *from);

/* Sets what a source's row costs, at the source's scale. */
void cost_set_total(cost *row, int64_t total);
int64_t cost_total(const cost *row);
unsigned scale_of(unsigned source);

/* The costs of a call by the price list. */
void price_call(const mirror *of, cost *row);

/* Price lists as JSON; text has room for 4,000 bytes. */
void print_prices(const mirror *of, unsigned source, char *text);

/* Sums of the costs of a user (0: all) in a range (both 0: ever). */
bbots_cost_sums mirror_sums(const mirror *of, int64_t user, int64_t from, int64_t to);

/* How a user's budget stands. */
bbots_budget_status mirror_budget(const mirror *of, int64_t user);

/* ------------------------------------------------------------------ act.c, ask.c */

/* One random operation on store and mirror. */
void act(actor *of, bbots_txn *txn);

/* The first rows of a store, and the mirror of them. */
void act_begin(actor *of, bbots_txn *txn);

/* One random question. */
void ask(actor *of, bbots_txn *txn);

/* Every kind of question about every user over some ranges; every row and every derived row. */
void ask_all(actor *of, bbots_txn *txn);

/* A question of a reader: its answer against the rows that it sees. */
void ask_snapshot(actor *of, bbots_txn *txn, random_source *random);

#endif
