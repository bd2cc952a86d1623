/* store/internal.h - what the files of this room share. Nothing else includes it. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/store.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/*
 * The gate counts the transactions of this process. The map can only be moved while none is open:
 * LMDB would pull it from under them without a word.
 */
typedef struct store_gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    atomic_uint inside;
    atomic_bool closed;
} store_gate;

void store_gate_init(store_gate *gate);
void store_gate_destroy(store_gate *gate);
void store_gate_enter(store_gate *gate);
void store_gate_leave(store_gate *gate);
/* Closes the gate and waits until all have left; false (and open again) after timeout_ms. */
bool store_gate_close(store_gate *gate, unsigned timeout_ms);
void store_gate_open(store_gate *gate);

struct store_file {
    MDB_env *env;
    char *path;
    store_gate gate;
    store_options options;
    size_t page_bytes;
    size_t map_bytes;
    dev_t device;
    ino_t inode;
    store_file *next;             /* in the registry */
    const volatile char *alive;   /* reads 1; in a forked child the system makes it 0 */
    atomic_bool map_was_full;     /* a transaction met MAP_FULL: grow before the next */
    atomic_bool writing;          /* a thread of this process has the write transaction */
    _Atomic(pthread_t) writer;
};

/* Turns LMDB's result into ours and fills error. */
int store_fail(bbots_error *error, int rc, const char *what);

/* Lets the map grow to at least twice the pages in use; adopts another process's growth. */
int store_map_grow(store_file *file, bbots_error *error);
int store_map_adopt(store_file *file, bbots_error *error);

/*
 * Looks at a file before LMDB maps it: is it one, of the right version, and not cut off?
 * *page_bytes receives the page size.
 */
int store_look(const char *path, int fd, size_t *page_bytes, bbots_error *error);

/* The pages that a file has. */
typedef struct store_extent {
    int fd;
    uint32_t page_bytes;
    uint64_t page_count;
} store_extent;

/*
 * Whether all pages that two trees and the trees in them reach lie within the file (reach.c). False
 * also for pages that cannot be followed: whatever the bytes, it ends.
 */
bool store_trees_within(const store_extent *extent, const uint64_t roots[2]);

/* The registry of open files: one environment per file and process. */
int store_registry_add(store_file *file, bbots_error *error);
void store_registry_remove(store_file *file);

#endif
