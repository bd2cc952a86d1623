/*
 * table/secret_memory.c - plain text that a transaction opened.
 *
 * Guarded memory costs system calls, so it is taken in blocks and kept while a transaction rests. A
 * value that is asked for again is found by the place of its sealed bytes; their nonce is compared
 * too, for the place may hold another row by then.
 */
#include "table/secret.h"

#include <stdlib.h>

#define BLOCK_BYTES ((size_t)16 << 10)
#define PLACES_MIN  64u

struct secret_block {
    secret_block *next;
    size_t capacity;
    size_t used;
    _Alignas(16) uint8_t data[];
};

static secret_block *new_block(size_t size)
{
    size_t capacity =
        size > BLOCK_BYTES - sizeof(secret_block) ? size : BLOCK_BYTES - sizeof(secret_block);
    secret_block *block = vault_alloc(sizeof *block + capacity);
    if (block != NULL) {
        block->capacity = capacity;
    }
    return block;
}

static void *take_piece(secret_memory *memory, size_t size)
{
    size_t rounded = (size + 16) & ~(size_t)15; /* one byte at least: a place of its own */
    secret_block *block = memory->first;
    if (block == NULL || block->capacity - block->used < rounded) {
        block = new_block(rounded);
        if (block == NULL) {
            return NULL;
        }
        block->next = memory->first;
        memory->first = block;
    }
    void *piece = block->data + block->used;
    block->used += rounded;
    return piece;
}

void secret_memory_wipe(secret_memory *memory, bool keep)
{
    secret_block *block = memory->first;
    memory->first = NULL;
    while (block != NULL) {
        secret_block *next = block->next;
        bool stays = keep && next == NULL && block->capacity < BLOCK_BYTES;
        if (stays) { /* the oldest block, which has the usual size */
            vault_wipe(block->data, block->used);
            block->used = 0;
            memory->first = block;
        } else {
            vault_free(block);
        }
        block = next;
    }
    if (memory->places_used != 0) {
        memset(memory->places, 0, memory->places_room * sizeof *memory->places);
        memory->places_used = 0;
    }
    if (!keep || memory->places_room > PLACES_MIN) {
        free(memory->places);
        memory->places = NULL;
        memory->places_room = 0;
    }
}

/* ------------------------------------------------------------------ by place */

/* Where a sealed value is, or the free place where it would be. */
static secret_opened *place_of(const secret_memory *memory, const uint8_t *sealed)
{
    size_t mask = memory->places_room - 1;
    size_t at = (size_t)((uintptr_t)sealed * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;
    while (memory->places[at].sealed != NULL && memory->places[at].sealed != sealed) {
        at = (at + 1) & mask;
    }
    return &memory->places[at];
}

static const uint8_t *nonce_of(const uint8_t *sealed)
{
    return sealed + VAULT_HEADER_BYTES - VAULT_NONCE_BYTES;
}

const void *secret_memory_find(const secret_memory *memory, const uint8_t *sealed)
{
    if (memory->places_used == 0) {
        return NULL;
    }
    const secret_opened *place = place_of(memory, sealed);
    return place->sealed != NULL && memcmp(place->nonce, nonce_of(sealed), VAULT_NONCE_BYTES) == 0
               ? place->plain
               : NULL;
}

static bool grow(secret_memory *memory)
{
    secret_memory larger = *memory;
    larger.places_room = memory->places_room != 0 ? memory->places_room * 4 : PLACES_MIN;
    larger.places = calloc(larger.places_room, sizeof *larger.places);
    if (larger.places == NULL) {
        return false;
    }
    for (size_t i = 0; i < memory->places_room; i++) {
        if (memory->places[i].sealed != NULL) {
            *place_of(&larger, memory->places[i].sealed) = memory->places[i];
        }
    }
    free(memory->places);
    *memory = larger;
    return true;
}

void secret_memory_note(secret_memory *memory, const uint8_t *sealed, const void *plain)
{
    if (memory->places_used >= memory->places_room / 2 && !grow(memory)) {
        return; /* it will be opened again when it is asked for again */
    }
    secret_opened *place = place_of(memory, sealed);
    memory->places_used += place->sealed == NULL;
    place->sealed = sealed;
    place->plain = plain;
    memcpy(place->nonce, nonce_of(sealed), VAULT_NONCE_BYTES);
}

/* ------------------------------------------------------------------ a transaction's part */

int secret_state_of(bbots_txn *txn, secret_state **state, bbots_error *error)
{
    if (txn->secrets == NULL) {
        vault_start();
        txn->secrets = calloc(1, sizeof *txn->secrets);
    }
    *state = txn->secrets;
    return *state != NULL ? BBOTS_OK : bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

int secret_room(bbots_txn *txn, size_t size, void **room, bbots_error *error)
{
    secret_state *state;
    int rc = secret_state_of(txn, &state, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    *room = take_piece(&state->opened, size);
    return *room != NULL ? BBOTS_OK : bb_fail(error, BBOTS_NO_MEMORY, "out of guarded memory");
}

void secret_turn(secret_state *state)
{
    secret_memory older = state->last_opened;
    secret_memory_wipe(&older, true);
    state->last_opened = state->opened;
    state->opened = older;
}

void secret_rest(secret_state *state)
{
    secret_memory_wipe(&state->opened, true);
    secret_memory_wipe(&state->last_opened, false);
    vault_free(state->data_keys);
    state->data_keys = NULL;
    state->counts_loaded = false;
    state->count_used = 0;
}

void secret_end(bbots_txn *txn)
{
    secret_state *state = txn->secrets;
    if (state != NULL) {
        secret_memory_wipe(&state->opened, false);
        secret_memory_wipe(&state->last_opened, false);
        vault_free(state->data_keys);
        free(state->counts);
        free(state);
        txn->secrets = NULL;
    }
}

void bbots_txn_wipe(bbots_txn *txn)
{
    if (txn->secrets != NULL) {
        secret_memory_wipe(&txn->secrets->opened, true);
        secret_memory_wipe(&txn->secrets->last_opened, false);
    }
}
