/* base/room.c - see room.h. */
#include "base/room.h"

#include <bbots/error.h>
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

uint64_t bb_file_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY
               ? UINT64_MAX
               : (uint64_t)limit.rlim_cur;
}

static void only_xfsz(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGXFSZ);
}

void bb_signal_hold(bb_held_signal *signal)
{
    sigset_t set;
    only_xfsz(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, &signal->before);
    signal->held = sigismember(&signal->before, SIGXFSZ) == 0;
}

void bb_signal_release(const bb_held_signal *signal)
{
    static const struct timespec at_once = {0, 0};
    int number = errno;
    sigset_t set;
    if (signal->held) {
        only_xfsz(&set);
        (void)sigtimedwait(&set, NULL, &at_once);
        (void)pthread_sigmask(SIG_SETMASK, &signal->before, NULL);
    }
    errno = number;
}

int bb_write_status(int system)
{
    return system == ENOSPC || system == EDQUOT || system == EFBIG ? BBOTS_DISK_FULL : BBOTS_IO;
}
