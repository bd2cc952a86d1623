/*
 * store/gate.c - all transactions pass here, so that the map can be moved when none is open.
 *
 * Entering is one atomic addition when the gate is open, which it is but for the moments of growth.
 */
#include "store/internal.h"

#include <time.h>

void store_gate_init(store_gate *gate)
{
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* the other one can be set back */
    pthread_cond_init(&gate->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    atomic_init(&gate->inside, 0);
    atomic_init(&gate->closed, false);
}

void store_gate_destroy(store_gate *gate)
{
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->mutex);
}

void store_gate_enter(store_gate *gate)
{
    /* Counted first, looked at second: whoever closes looks in the other order. */
    atomic_fetch_add(&gate->inside, 1);
    while (atomic_load(&gate->closed)) {
        store_gate_leave(gate);
        pthread_mutex_lock(&gate->mutex);
        while (atomic_load(&gate->closed)) {
            pthread_cond_wait(&gate->changed, &gate->mutex);
        }
        pthread_mutex_unlock(&gate->mutex);
        atomic_fetch_add(&gate->inside, 1);
    }
}

void store_gate_leave(store_gate *gate)
{
    if (atomic_fetch_sub(&gate->inside, 1) == 1 && atomic_load(&gate->closed)) {
        pthread_mutex_lock(&gate->mutex);
        pthread_cond_broadcast(&gate->changed);
        pthread_mutex_unlock(&gate->mutex);
    }
}

bool store_gate_close(store_gate *gate, unsigned timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&gate->mutex);
    while (atomic_load(&gate->closed)) {
        pthread_cond_wait(&gate->changed, &gate->mutex);
    }
    atomic_store(&gate->closed, true);
    /* Seen empty once is enough: who is counted later sees that it is closed, and goes. */
    int rc = 0;
    bool empty = atomic_load(&gate->inside) == 0;
    while (!empty && rc == 0) {
        rc = pthread_cond_timedwait(&gate->changed, &gate->mutex, &until);
        empty = atomic_load(&gate->inside) == 0;
    }
    if (!empty) {
        atomic_store(&gate->closed, false);
        pthread_cond_broadcast(&gate->changed);
    }
    pthread_mutex_unlock(&gate->mutex);
    return empty;
}

void store_gate_open(store_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    atomic_store(&gate->closed, false);
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}
