/*
 * base/room.h - writes for which there is no room: a full disk, a quota, the process's limit on the
 * size of files (RLIMIT_FSIZE).
 *
 * Past that limit a write is a signal, SIGXFSZ, which ends a process that did not ask for it. A
 * library may not end its host, and may not change how the host handles signals. So the signal is
 * held back on this thread around calls that make files longer, and taken away if it came: what is left is
 * the call's own failure, EFBIG.
 */
#ifndef BASE_ROOM_H
#define BASE_ROOM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* How long a file may become in this process, in bytes; UINT64_MAX: as long as it likes. */
uint64_t bb_file_limit(void);

typedef struct bb_held_signal {
    bool held;
    sigset_t before;
} bb_held_signal;

/* Around calls that make a file longer. bb_signal_release() leaves errno alone. */
void bb_signal_hold(bb_held_signal *signal);
void bb_signal_release(const bb_held_signal *signal);

/* BBOTS_DISK_FULL when errno's number says that there is no room, otherwise BBOTS_IO. */
int bb_write_status(int system);

#endif
