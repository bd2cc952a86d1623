/*
 * tests/corrupt/corrupt.h - damage done to whole files, and what has to hold afterwards.
 *
 * world.c makes a store with a history and remembers every row that it ever held and what each
 * commit held in all; varied.c makes another one, with all kinds of pages; damage.c damages a copy; ordeal.c
 * reads, writes, checks, and salvages it; main.c has the two programs.
 */
#ifndef CORRUPT_H
#define CORRUPT_H

#include <bbots/bbots.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ random numbers (damage.c) */

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t draw(uint64_t *state);
uint64_t draw_below(uint64_t *state, uint64_t below);

/* ------------------------------------------------------------------ the file (world.c) */

#define IMAGES_MAX 8

typedef struct image {
    uint8_t *bytes;
    size_t size;
} image;

typedef struct world {
    const bbots_schema *schema;
    char folder[64];
    char path[96];
    uint32_t page_bytes;
    image images[IMAGES_MAX];  /* the file after its last commits; the newest is the last */
    uint64_t sums[IMAGES_MAX]; /* what all rows of each add up to */
    unsigned image_count;
    uint64_t *rows; /* hashes of all rows that there ever were, sorted */
    size_t row_count;
    size_t row_room;
} world;

/* Changes that one commit makes. */
typedef void world_change(bbots_txn *txn, unsigned rows, uint64_t *random);

/* rows: about how many there are in the end. Ends the program when it cannot be made. */
void world_make_of(world *made, const bbots_schema *schema, world_change *change, unsigned rows,
                   uint64_t seed);

/* A tree of nodes alone; rows in all tables and pages of all kinds, of which it prints the numbers. */
void world_make(world *made, unsigned rows, uint64_t seed);
void world_make_varied(world *made, unsigned rows, uint64_t seed);
void world_free(world *made);

/* Prints what could not be done and ends the program. */
void demand(bool held, const char *what, const bbots_error *error);

static inline const image *world_newest(const world *all)
{
    return &all->images[all->image_count - 1];
}

/* Writes a file's bytes. */
void put_file(const char *path, const void *bytes, size_t size);

/* Reads all rows of a store; false when some call failed. */
bool world_scan(bbots_store *store, uint64_t *sum, bool (*on_row)(uint64_t hash, void *context),
                void *context);

/* Whether a row was ever in the file; whether rows add up to a state that was committed. */
bool world_knows_row(const world *all, uint64_t hash);
bool world_knows_sum(const world *all, uint64_t sum);

/* ------------------------------------------------------------------ damage (damage.c) */

enum { DAMAGE_KINDS = 12 };
extern const char *const damage_names[DAMAGE_KINDS];

/* Damages a copy of the newest image and writes it, with its lock file, to the world's path. */
void damage(const world *all, unsigned kind, uint64_t *random);

/* ------------------------------------------------------------------ the ordeal (ordeal.c) */

/* What a damaged file led to. */
enum outcome {
    HARMLESS,  /* all as before, or as after an earlier commit, and the check finds nothing */
    FOUND,     /* a call failed, or the check found something */
    WRONG_ROW, /* a row came back that never was */
    BLIND,     /* other rows than any commit had, and the check found nothing */
    CRASHED,
    HUNG,
    OUTCOMES
};

extern const char *const outcome_names[OUTCOMES];

/* Opens, scans and checks. */
enum outcome ordeal_read(const world *all);

/* The same, then writes to the file if it opens with BBOTS_OPEN_VERIFY, and salvages it. */
enum outcome ordeal_all(const world *all);

/* Runs one of them in a child, for at most so many seconds. */
enum outcome in_a_child(const world *all, enum outcome (*ordeal)(const world *all),
                        unsigned seconds);

#endif
