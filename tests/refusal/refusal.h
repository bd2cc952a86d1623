/*
 * tests/refusal/refusal.h - the system refuses: every allocation, every I/O call and every call of
 * LMDB that reads or writes a tree fails, of every public function, once and for good.
 *
 * A scene is a small piece of work with public functions. It is played again and again; at play
 * number n the n-th allocation (or I/O call) that it leads to fails, in our code, in libc, in
 * LMDB, libsodium, yajl or msgpack alike, until it comes to its end without having met one.
 * After each play the error has to be named as what it is, rows have to be those of before, nothing
 * may have leaked, and the same work has to succeed at once.
 *
 * system.c puts itself in place of the system, lmdb.c in place of LMDB; places.c finds calls that differ
 * in where they come from; world.c makes the store; scene_*.c are the scenes; play.c plays one; main.c
 * counts. tests/refusal/test_scenes.sh holds the functions that the scenes call against the list of
 * exported ones.
 */
#ifndef REFUSAL_H
#define REFUSAL_H

#include <bbots/bbots.h>
#include <bbots/platform.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ------------------------------------------------------------------ the system (system.c) */

/* The last three: what a read of LMDB gives has one bit wrong, is cut off, or is not there. */
enum refusal {
    REFUSE_MEMORY,
    REFUSE_IO,
    REFUSE_LMDB,
    REFUSE_VALUE_FLIPPED,
    REFUSE_VALUE_CUT,
    REFUSE_ENTRY
};

/* From now on call number `at` (from 1) of this kind fails; with lasting all behind it do, too. */
void system_refuse(enum refusal what, uint64_t at, bool lasting);

typedef struct system_report {
    uint64_t calls;   /* that were counted */
    const char *name; /* of the one that failed, NULL: none did */
    int number;       /* errno that it gave */
} system_report;

/* Back to normal. */
system_report system_relent(void);

/* Whether the call of this kind that is being made fails. Then errno is number, or that is an error
 * number of LMDB's own. */
bool system_refuses(enum refusal what, const char *name, int number);

/* The calls of a scene that come from places which none before came from, in this scene or another. */
typedef struct places {
    uint64_t chains[UINT64_C(1) << 18]; /* of places: a set, 0: free */
    uint64_t numbers[4096];             /* of the calls, growing */
    uint64_t count;
} places;

/* From now on each call of this kind is noted and none fails. */
void system_note(enum refusal what, places *of);

/* Call number `call` is being made. */
void places_note(places *of, uint64_t call);

/* Blocks of memory, mappings and file descriptors that the process has now. */
typedef struct system_holdings {
    int64_t blocks;
    int64_t mappings;
    int64_t descriptors;
} system_holdings;

system_holdings system_hold(void);

/* ------------------------------------------------------------------ the store (world.c) */

#define NOW INT64_C(1768478400000000) /* 2026-01-15 12:00 UTC */
#define DAY INT64_C(86400000000)

typedef struct stage_image {
    void *bytes;
    size_t size;
} stage_image;

typedef struct stage {
    char folder[64];
    char path[96];       /* of the store */
    char other[96];      /* a name that nobody has */
    char key_path[96];   /* a file with a key */
    bbots_keyring *ring; /* the key of all that is sealed, behind a new one */
    bbots_store *store;  /* NULL: closed */
    bbots_txn *txn;      /* NULL: none */
    stage_image closed;  /* the store's file after it was closed */
    stage_image open;    /* and as a process that died would have left it */
    bbots_digest digest; /* of its rows */
    bbots_schema grown;  /* what became of evolve_1 */
    bool plain_reads;    /* the store is opened so that every read is a call of LMDB */
} stage;

/* Makes folder, keys and store. Ends the program when it cannot be done. */
void stage_make(stage *at);
void stage_end(stage *at);

/* Takes away what lies in the folder beside the store and the key. */
void stage_clear(stage *at);

/* The same, and puts the store's file back as it was. */
void stage_restore(stage *at, bool unclean);

/* Files in the folder that are neither the store, nor its lock file, nor the key. */
unsigned stage_litter(const stage *at);

/* Options with which the store is opened. */
bbots_options stage_options(const stage *at);

/* Inserts a row of named values: name, value, ..., NULL. */
int put(bbots_txn *txn, bbots_error *error, const bbots_table *table, ...);

/* Changes named columns of the row with an integer primary key. */
int change(bbots_txn *txn, bbots_error *error, const bbots_table *table, int64_t id, ...);

#define integer(number) bbots_value_integer(number)
#define string(text)    bbots_value_string(text)
#define time_at(time)   bbots_value_timestamp(time)
#define json_of(text)   bbots_value_json(bbots_json_of(text))

/* Prints what could not be done and ends the program. */
_Noreturn void give_up(const char *what, const bbots_error *error);

/* ------------------------------------------------------------------ scenes (scene_*.c) */

enum scene_kind {
    PLAIN,  /* needs no store */
    READS,  /* in a read transaction */
    WRITES, /* in a write transaction, which is rolled back afterwards */
    USES,   /* on an open store, in transactions of its own, all of which it ends */
    FILES   /* on a closed store */
};

enum scene_flag {
    STEPWISE = 1,          /* several statements or commits: a failure may leave the first ones */
    TOLERANT = 2,          /* what fails inside is met with a way around, and may do no harm */
    NAMELESS = 4,          /* returns a status only: no error object is filled */
    UNFORGIVING = 8,       /* after a failure its transaction can only be rolled back */
    UNCLEAN = 16,          /* the store's last use did not come to an end */
    COPIES = 32,           /* makes a copy of the store under the other name */
    LOSSY = 64,            /* ... of what can be read */
    REGEX = 128,           /* glibc's regcomp() leaks when it finds no memory, or does without */
    TOLERANT_MEMORY = 256, /* TOLERANT of memory that is refused, and of nothing else */
    TOLERANT_LMDB = 512    /* ... of calls of LMDB */
};

typedef struct scene {
    const char *name;
    enum scene_kind kind;
    unsigned flags; /* enum scene_flag */
    /* Negative: the status of the first call that failed, of which error tells. */
    int (*act)(stage *at, bbots_error *error);
} scene;

extern const scene plain_scenes[], row_scenes[], file_scenes[], ledger_scenes[], vault_scenes[],
    growth_scenes[];

/* ------------------------------------------------------------------ playing (play.c) */

typedef struct tally {
    uint64_t points; /* calls that were made to fail */
    uint64_t failed; /* plays of which something did not hold */
} tally;

/* Which refusals: numbers[0], numbers[1] ... or, when that is NULL, first, first + step ... */
typedef struct choice {
    const uint64_t *numbers;
    uint64_t count;
    uint64_t first;
    uint64_t step;
} choice;

/* Plays a scene with the refusals of a choice, from the *next-th on, which it brings up to date. */
void play(stage *at, const scene *it, enum refusal what, bool lasting, const choice *of,
          uint64_t *next, tally *found);

/* How many refusals a scene that comes to its end can meet. With noted, its calls are noted there. */
uint64_t rehearse(stage *at, const scene *it, enum refusal what, places *noted);

#endif
