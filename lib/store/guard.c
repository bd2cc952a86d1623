/*
 * store/guard.c - a bad page gives an error, not a dead process.
 *
 * LMDB reads the file through a map. When the file was cut off, when the disk fails, or when a
 * damaged page leads astray, the system sends SIGBUS or SIGSEGV, or LMDB finds that something
 * cannot be and aborts. With the guard on, each call into LMDB leaves a mark of the place
 * to which the handler can jump: store_guarded(). Nothing but LMDB runs inside, so a fault there is
 * the file's. Values larger than half a page are touched inside as well: the rows that others
 * read outside were there when they were handed out.
 *
 * What a jump leaves behind. LMDB's own memory may be halfway through a change, so the file is
 * poisoned: every later call answers the same until the store is closed and opened again. After
 * a fault in a call that reads, LMDB's transactions can still be ended, and are. After one that
 * writes they cannot: its list of cursors may name one on the stack that was jumped over. Then the
 * transaction is left as it is, with the write lock, and the environment is never closed: the
 * lock is a robust one, and the end of the process gives it back.
 *
 * Signals belong to a process, not to a library. So the guard is off unless the host asks for it.
 * The handlers are installed with the first guarded file and taken away with the last, if nobody
 * has put others in their place; a fault that is not ours goes to the handler that was there
 * before. Cost with the guard on: one sigsetjmp() without the signal mask a call.
 */
#include "store/internal.h"

#include "base/error.h"
#include "base/room.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

typedef struct guard_frame {
    sigjmp_buf place;
    struct guard_frame *outer;
} guard_frame;

/* Initial-exec: the handler may not allocate, which the first use of another kind can do. */
static _Thread_local guard_frame *frame_now __attribute__((tls_model("initial-exec")));

static pthread_mutex_t handlers_mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned handlers_users;
static struct sigaction handlers_before[2]; /* of SIGSEGV and SIGBUS */
static struct sigaction
    handlers_later[2];            /* that stood before ours when the last file was closed */
static bool handlers_outlived[2]; /* one did */

static const int handled[2] = {SIGSEGV, SIGBUS};

/* ------------------------------------------------------------------ signals */

static void jump_out(void)
{
    guard_frame *frame = frame_now;
    frame_now = frame->outer;
    siglongjmp(frame->place, 1);
}

/* Does what would have been done without us. */
static void pass_on(const struct sigaction *before, int signal, siginfo_t *info, void *context)
{
    if ((before->sa_flags & SA_SIGINFO) != 0) {
        before->sa_sigaction(signal, info, context);
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(signal);
    } else if (before->sa_handler == SIG_DFL || info->si_code > 0) { /* a fault is never ignored */
        /* The instruction is run again, or the signal sent again, and ends the process. */
        struct sigaction plain = {.sa_handler = SIG_DFL};
        sigaction(signal, &plain, NULL);
        if (info->si_code <= 0) {
            raise(signal);
        }
    }
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
    bool raised_by_a_fault = info->si_code > 0;
    if (frame_now != NULL && raised_by_a_fault) {
        jump_out();
    }
    pass_on(&handlers_before[signal == SIGSEGV ? 0 : 1], signal, info, context);
}

static void on_assert(MDB_env *env, const char *message)
{
    (void)env;
    (void)message;
    if (frame_now != NULL) {
        jump_out();
    }
}

static bool is_ours(int signal)
{
    struct sigaction now;
    return sigaction(signal, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
           now.sa_sigaction == on_signal;
}

/* Somebody put himself before us and is still there: he calls ours, so ours must not call him. */
static bool stands_before_us(unsigned i)
{
    struct sigaction now;
    return handlers_outlived[i] && sigaction(handled[i], NULL, &now) == 0 &&
           now.sa_flags == handlers_later[i].sa_flags &&
           ((now.sa_flags & SA_SIGINFO) != 0 ? now.sa_sigaction == handlers_later[i].sa_sigaction
                                             : now.sa_handler == handlers_later[i].sa_handler);
}

static void install(void)
{
    struct sigaction ours = {.sa_sigaction = on_signal,
                             .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    sigemptyset(&ours.sa_mask);
    for (unsigned i = 0; i < 2; i++) {
        if (!is_ours(handled[i]) && !stands_before_us(i)) {
            sigaction(handled[i], &ours, &handlers_before[i]);
        }
    }
}

static void uninstall(void)
{
    for (unsigned i = 0; i < 2; i++) {
        handlers_outlived[i] = !is_ours(handled[i]);
        if (handlers_outlived[i]) { /* he stays */
            sigaction(handled[i], NULL, &handlers_later[i]);
        } else {
            sigaction(handled[i], &handlers_before[i], NULL);
        }
    }
}

void store_guard_begin(store_file *file)
{
    if (!file->options.guard) {
        return;
    }
    pthread_mutex_lock(&handlers_mutex);
    if (handlers_users++ == 0) {
        install();
    }
    pthread_mutex_unlock(&handlers_mutex);
    file->guarded = true;
}

void store_guard_end(store_file *file)
{
    if (!file->guarded) {
        return;
    }
    pthread_mutex_lock(&handlers_mutex);
    if (--handlers_users == 0) {
        uninstall();
    }
    pthread_mutex_unlock(&handlers_mutex);
    file->guarded = false;
}

void store_guard_watch(store_file *file)
{
    if (file->guarded) {
        mdb_env_set_assert(file->env, on_assert);
    }
}

/* ------------------------------------------------------------------ calls */

static int run(store_file *file, store_call *call, void *arguments, bool writes)
{
    guard_frame frame;
    frame.outer = frame_now;
    if (sigsetjmp(frame.place, 0) != 0) {
        atomic_store(&file->poisoned, true);
        if (writes) {
            atomic_store(&file->abandoned, true);
        }
        return STORE_FAULTED;
    }
    frame_now = &frame;
    int rc = call(arguments);
    frame_now = frame.outer;
    return rc;
}

static int guarded(store_file *file, store_call *call, void *arguments, bool writes)
{
    if (!file->guarded) {
        return call(arguments);
    }
    return atomic_load(&file->poisoned) ? STORE_FAULTED : run(file, call, arguments, writes);
}

int store_guarded(store_file *file, store_call *call, void *arguments, bool writes)
{
    if (!writes || !atomic_load(&file->size_limited)) {
        return guarded(file, call, arguments, writes);
    }
    bb_held_signal held;
    bb_signal_hold(&held);
    int rc = guarded(file, call, arguments, writes);
    bb_signal_release(&held);
    return rc;
}

void store_guarded_end(store_file *file, store_call *call, void *arguments)
{
    if (!file->guarded) {
        (void)call(arguments);
    } else if (!atomic_load(&file->abandoned)) {
        (void)run(file, call, arguments, true);
    }
}

int store_check_poison(store_file *file, bbots_error *error)
{
    if (atomic_load(&file->unmapped)) {
        return bb_fail(
            error, BBOTS_NO_MEMORY,
            "file \"%s\" lost its map when that could not grow: close the store, and open it "
            "again",
            file->path);
    }
    return atomic_load(&file->poisoned) ? store_fail(error, STORE_FAULTED, "cannot read")
                                        : BBOTS_OK;
}

void store_touch(const store_file *file, const MDB_val *value)
{
    if (!file->guarded || value->mv_size <= file->page_bytes / 2) {
        return;
    }
    const volatile char *at = value->mv_data;
    for (size_t i = 0; i < value->mv_size; i += PAGES_BYTES_LEAST * 8) {
        (void)at[i];
    }
    (void)at[value->mv_size - 1];
}
