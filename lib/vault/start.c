/*
 * vault/start.c - libsodium is started, and its guarded memory.
 *
 * libsodium chooses the fastest implementation for the processor in sodium_init(), which must have
 * run before the first cipher. Its result is not looked at: the only failure is a system without
 * randomness, and then libsodium stops the process itself.
 */
#include "vault/vault.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

static void start_sodium(void)
{
    (void)!sodium_init();
}

void vault_start(void)
{
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    (void)pthread_once(&started, start_sodium);
}

/*
 * sodium_malloc() puts the block at the end of a page, with a page before and one behind that may
 * not be touched, locks it, and asks the system to leave it out of dumps. Sizes are rounded up, so
 * that the beginning is aligned.
 */
void *vault_alloc(size_t size)
{
    vault_start();
    size = (size + 15) & ~(size_t)15;
    void *memory = sodium_malloc(size);
    if (memory != NULL) {
        memset(memory, 0, size);
    }
    return memory;
}

void vault_free(void *memory)
{
    sodium_free(memory);
}

void vault_wipe(void *memory, size_t size)
{
    sodium_memzero(memory, size);
}

void bbots_secret_free(bbots_secret *secret)
{
    vault_free(secret->data);
    secret->data = NULL;
    secret->size = 0;
}
