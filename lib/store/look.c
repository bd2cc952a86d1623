/*
 * store/look.c - a file is judged before it is mapped, and a torn meta page is mended.
 *
 * LMDB maps a file and follows page numbers in it. A file that is something else, of another
 * version, cut off or damaged would be met as a crash or, worse, not at all. So pages are read
 * first, by lib/pages.
 *
 * Two meta pages name a state each, and the room above repeats a state's number inside its main
 * tree (STORE_COMMIT_KEY): the judge between them. A meta page is mended in thought: what every
 * meta page says is set right, and its number is what its tree says. The greatest number that
 * comes out is the file's state. Cases:
 *   1. Neither page had to be mended: nothing is to be done.
 *   2. The one with the greatest number had to be: it is written, if its trees then walk without
 *      a fault.
 *   3. The other one cannot be mended: it is torn, and becomes a copy of the good one, if that
 *      walks without a fault. If it was the newer one the file goes back by one commit.
 *   4. The newer page is plausible, but the main tree that it leads to is damaged: going back would
 *      lose a commit that may have been acknowledged. Only done when asked for.
 */
#include "store/internal.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/room.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAULT_MAX 400 /* bytes of a fault as text */

/* ------------------------------------------------------------------ what kind of file */

static int refuse_foreign(const char *path, int fd, bbots_error *error)
{
    char start[16] = {0};
    ssize_t got = pread(fd, start, sizeof start, 0);
    if (got == 0) {
        return bb_fail(error, BBOTS_NOT_A_STORE, "file \"%s\" is empty, not a store", path);
    }
    if (memcmp(start, "SQLite format 3", 16) == 0) {
        return bb_fail(error, BBOTS_NOT_A_STORE, "file \"%s\" is an SQLite database, not a store",
                       path);
    }
    return bb_fail(error, BBOTS_NOT_A_STORE, "file \"%s\" is not a store of this library", path);
}

/* A meta page's bytes; zeros behind the file's end. */
static int read_meta(int fd, uint64_t offset, unsigned at, pages_meta *meta, bbots_error *error)
{
    uint8_t bytes[PAGES_META_BYTES] = {0};
    ssize_t got;
    do {
        got = pread(fd, bytes, sizeof bytes, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return bb_fail_system(error, BBOTS_IO, errno, "cannot read the file");
    }
    *meta = pages_meta_read(bytes, at);
    return BBOTS_OK;
}

/* The page size is what a meta page says at the place where that size puts it. */
static int find_metas(store_view *view, bbots_error *error)
{
    int rc = read_meta(view->source.fd, 0, 0, &view->metas[0], error);
    if (rc == BBOTS_OK && pages_meta_is_known(&view->metas[0])) {
        view->source.page_bytes = view->metas[0].page_bytes;
        return read_meta(view->source.fd, view->source.page_bytes, 1, &view->metas[1], error);
    }
    for (uint32_t size = PAGES_BYTES_LEAST; rc == BBOTS_OK && size <= PAGES_BYTES_MOST; size *= 2) {
        rc = read_meta(view->source.fd, size, 1, &view->metas[1], error);
        if (rc == BBOTS_OK && pages_meta_is_known(&view->metas[1]) &&
            view->metas[1].page_bytes == size) {
            view->source.page_bytes = size;
            return BBOTS_OK;
        }
    }
    return rc;
}

int store_look(const char *path, int fd, store_view *view, bbots_error *error)
{
    struct stat status;
    memset(view, 0, sizeof *view);
    view->source.fd = fd;
    if (fstat(fd, &status) != 0) {
        return bb_fail_system(error, BBOTS_IO, errno, "cannot look at file \"%s\"", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return bb_fail(error, BBOTS_NOT_A_STORE, "\"%s\" is not a regular file", path);
    }
    int rc = find_metas(view, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (view->source.page_bytes == 0 || status.st_size < (off_t)PAGES_META_BYTES) {
        return refuse_foreign(path, fd, error);
    }
    view->source.page_count = (uint64_t)status.st_size / view->source.page_bytes;
    rc = store_anchor_read(fd, view->source.page_bytes, &view->anchor, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    const pages_meta *metas = view->metas;
    for (unsigned at = 0; at < 2; at++) {
        if (pages_meta_is_known(&metas[at]) && metas[at].version != PAGES_META_VERSION &&
            (metas[1 - at].version == metas[at].version || !pages_meta_is_known(&metas[1 - at]))) {
            return bb_fail(
                error, BBOTS_UNSUPPORTED_VERSION,
                "file \"%s\" has page format %u (LMDB 1.0 or a development version); this "
                "library reads format %u of LMDB 0.9",
                path, metas[at].version, PAGES_META_VERSION);
        }
    }
    if (view->source.page_count < 2) {
        return bb_fail(error, BBOTS_CORRUPTED, "file \"%s\" is cut off within its first two pages",
                       path);
    }
    return BBOTS_OK;
}

bool store_look_at_anchor(store_view *view)
{
    uint8_t run[STORE_BOOT_BYTES];
    if (!view->anchor.there ||
        (store_boot_read(run) && memcmp(run, view->anchor.run, sizeof run) == 0)) {
        return false;
    }
    unsigned at = (unsigned)(view->anchor.number & 1);
    view->metas[at] = pages_meta_read(view->anchor.meta, at);
    view->metas[1 - at] = view->metas[at];
    view->metas[1 - at].at = 1 - at;
    view->metas[1 - at].number = 1 - at;
    return true;
}

/* ------------------------------------------------------------------ which state is the file's */

/* A meta page and what it can be made of. */
typedef struct candidate {
    pages_meta meta;   /* mended */
    const char *fault; /* it cannot be mended; NULL: no fault of its own */
    int way;           /* to its number: BBOTS_OK, BBOTS_NOT_FOUND, BBOTS_CORRUPTED */
    bool mended;
} candidate;

/*
 * Whether a meta page may be of the commit of which its tree says that it is. Transaction T writes
 * meta page T modulo 2. The tree of another number is one whose pages a later commit has begun to use
 * again: of the state before the last two when the power failed after a relaxed commit.
 */
static bool is_number_of(uint64_t number, const pages_meta *found)
{
    return number == found->transaction || number % 2 == found->at;
}

static int judge_meta(const store_view *view, unsigned at, candidate *one, bbots_error *error)
{
    const pages_meta *found = &view->metas[at];
    uint8_t number[8];
    one->meta = pages_meta_mend(found, view->source.page_bytes);
    one->fault = pages_meta_fault(&one->meta, view->source.page_count);
    one->way = BBOTS_NOT_FOUND;
    if (one->fault != NULL) {
        return BBOTS_OK;
    }
    bbots_error why;
    bb_error_clear(&why);
    one->way =
        pages_meta_find(&view->source, &one->meta, STORE_COMMIT_KEY, number, sizeof number, &why);
    if (one->way == BBOTS_IO || one->way == BBOTS_NO_MEMORY) {
        return bb_fail_system(error, one->way, why.system, "cannot judge the file");
    }
    if (one->way == BBOTS_OK && is_number_of(bb_load64(number), found)) {
        one->meta.transaction = bb_load64(number);
    } else if (one->way == BBOTS_OK) {
        one->way = BBOTS_CORRUPTED;
    }
    one->mended = !pages_meta_same(&one->meta, found);
    return BBOTS_OK;
}

static int first_fault(const pages_fault *fault, void *context)
{
    char *text = context;
    if (!fault->harmless) {
        char page[32] = "";
        if (fault->page != PAGES_NONE) {
            snprintf(page, sizeof page, "page %llu of ", (unsigned long long)fault->page);
        }
        snprintf(text, FAULT_MAX, "%s%s: %s", page, fault->tree, fault->message);
        return 1;
    }
    return 0;
}

/* Walks a state. BBOTS_OK, or BBOTS_END with the first fault as text. */
static int walk_state(const store_view *view, const pages_meta *meta, char fault[FAULT_MAX],
                      bbots_error *error)
{
    pages_walk_result result;
    pages_walk_options options = {.on_fault = first_fault, .context = fault};
    fault[0] = '\0';
    int rc = pages_walk(&view->source, meta, &options, &result, error);
    return rc == BBOTS_END || rc == BBOTS_OK ? (result.faults == 0 ? BBOTS_OK : BBOTS_END) : rc;
}

static int damaged(const char *path, const char *what, bbots_error *error)
{
    return bb_fail(error, BBOTS_CORRUPTED, "file \"%s\" is damaged: %s", path, what);
}

static int needs_writing(const char *path, const char *what, bbots_error *error)
{
    return bb_fail(error, BBOTS_ACCESS_DENIED,
                   "file \"%s\" may only be read, and %s: open it once with the right to write it",
                   path, what);
}

/* Writes what a state says into meta page `at`; the bytes that say the rest come from its own. */
static int write_meta(const char *path, store_view *view, const pages_meta *state, unsigned at,
                      bbots_error *error)
{
    uint8_t bytes[PAGES_META_BYTES];
    uint64_t page_bytes = view->source.page_bytes;
    int rc = pages_read_bytes(&view->source, state->at * page_bytes, sizeof bytes, bytes, error);
    if (rc != BBOTS_OK) {
        return rc < 0 ? rc : damaged(path, "it is cut off", error);
    }
    pages_meta_write(state, at, bytes);
    if (view->unwritable) {
        return needs_writing(path, "a torn meta page has to be written anew", error);
    }
    bb_held_signal held;
    bb_signal_hold(&held);
    bool written = pwrite(view->source.fd, bytes, sizeof bytes, (off_t)(at * page_bytes)) ==
                       (ssize_t)sizeof bytes &&
                   fsync(view->source.fd) == 0;
    bb_signal_release(&held);
    if (!written) {
        return bb_fail_system(error, bb_write_status(errno), errno,
                              "cannot repair meta page %u of file \"%s\"", at, path);
    }
    view->opened |= STORE_META_REPAIRED;
    view->metas[at] = *state;
    view->metas[at].at = at;
    return BBOTS_OK;
}

static bool is_usable(const candidate *one)
{
    return one->fault == NULL && one->way == BBOTS_OK;
}

/* A page that had to be mended is believed if the state that it then names is whole. */
static int prove(const store_view *view, candidate *one, bbots_error *error)
{
    char fault[FAULT_MAX];
    if (!is_usable(one) || !one->mended) {
        return BBOTS_OK;
    }
    int rc = walk_state(view, &one->meta, fault, error);
    if (rc == BBOTS_END) {
        one->fault = "what it says does not fit together";
        return BBOTS_OK;
    }
    return rc;
}

/* One page leads to a state, the other one does not. */
static int settle_for_one(const char *path, store_view *view, const candidate *good,
                          const candidate *bad, bool go_back, bbots_error *error)
{
    char fault[FAULT_MAX];
    uint64_t said = view->metas[bad->meta.at].transaction;
    bool torn = bad->fault != NULL || bad->mended;
    if (!torn && said <= good->meta.transaction) {
        return BBOTS_OK; /* the way to an older state is damaged: nobody will take it */
    }
    if (!torn && !go_back) {
        return bb_fail(
            error, BBOTS_CORRUPTED,
            "file \"%s\" is damaged: the main tree of commit %llu, its last one, cannot be "
            "read; a repair can take the file back to commit %llu",
            path, (unsigned long long)said, (unsigned long long)good->meta.transaction);
    }
    int rc = good->mended ? BBOTS_OK : walk_state(view, &good->meta, fault, error);
    if (rc != BBOTS_OK) {
        return rc == BBOTS_END ? damaged(path, fault, error) : rc;
    }
    bool newer = said + 1 != good->meta.transaction; /* as far as anybody can tell */
    view->opened |= newer ? STORE_WENT_BACK : 0;
    return write_meta(path, view, &good->meta, bad->meta.at, error);
}

static int settle(const char *path, store_view *view, const candidate both[2], bool go_back,
                  bbots_error *error)
{
    int rc = BBOTS_OK;
    for (unsigned at = 0; at < 2 && rc == BBOTS_OK; at++) {
        if (is_usable(&both[at]) && both[at].mended) {
            rc = write_meta(path, view, &both[at].meta, at, error);
        }
    }
    unsigned good = is_usable(&both[0]) ? 0 : 1;
    return rc != BBOTS_OK || is_usable(&both[1 - good])
               ? rc
               : settle_for_one(path, view, &both[good], &both[1 - good], go_back, error);
}

/* Before the first commit of a file there is no record. Nor is there one in files of others. */
static bool is_empty(const candidate *one)
{
    return one->fault == NULL && !one->mended && one->way == BBOTS_NOT_FOUND &&
           (one->meta.transaction == 0 || one->meta.main_tree.entries == 0);
}

static bool is_foreign(const candidate *one)
{
    return one->fault == NULL && !one->mended && one->way == BBOTS_NOT_FOUND;
}

static int judge_both(const char *path, store_view *view, bool go_back, bbots_error *error)
{
    candidate both[2];
    memset(both, 0, sizeof both);
    for (unsigned at = 0; at < 2; at++) {
        int rc = judge_meta(view, at, &both[at], error);
        rc = rc == BBOTS_OK ? prove(view, &both[at], error) : rc;
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    if (is_foreign(&both[0]) && is_foreign(&both[1])) {
        return BBOTS_OK; /* the catalogue will tell */
    }
    if (!is_usable(&both[0]) && !is_usable(&both[1])) {
        const char *why = both[0].fault != NULL   ? both[0].fault
                          : both[1].fault != NULL ? both[1].fault
                                                  : "its main tree cannot be read";
        return damaged(path, why, error);
    }
    if (is_empty(&both[0]) && !both[1].mended) {
        return BBOTS_OK;
    }
    return settle(path, view, both, go_back, error);
}

/*
 * Commits that nobody flushed may be in the file. If the system went down since, the file goes back to
 * the state that was flushed before them, which view->metas say.
 */
static int go_to_anchor(const char *path, store_view *view, store_trust trust, bbots_error *error)
{
    char fault[FAULT_MAX];
    const char *rule = pages_meta_fault(&view->metas[0], view->source.page_count);
    int rc = rule != NULL                  ? damaged(path, rule, error)
             : trust == STORE_TRUST_ALWAYS ? BBOTS_OK
                                           : walk_state(view, &view->metas[0], fault, error);
    bool written = rc == BBOTS_OK;
    bb_held_signal held;
    bb_signal_hold(&held);
    for (unsigned at = 0; at < 2 && written; at++) {
        uint8_t bytes[PAGES_META_BYTES];
        memcpy(bytes, view->anchor.meta, sizeof bytes);
        pages_meta_write(&view->metas[at], at, bytes);
        written = pwrite(view->source.fd, bytes, sizeof bytes,
                         (off_t)(at * view->source.page_bytes)) == (ssize_t)sizeof bytes;
    }
    bb_signal_release(&held);
    if (rc == BBOTS_OK && !written) {
        rc = bb_fail_system(error, bb_write_status(errno), errno,
                            "cannot take file \"%s\" back to its last flush", path);
    }
    view->opened |= rc == BBOTS_OK ? STORE_TAKEN_BACK : 0;
    return rc == BBOTS_END ? damaged(path, fault, error) : rc;
}

static int settle_anchor(const char *path, store_view *view, store_trust trust, bbots_error *error)
{
    int rc = BBOTS_OK;
    bool back = store_look_at_anchor(view);
    if (view->unwritable) {
        return back ? needs_writing(path, "it has to go back to its last flush", error) : BBOTS_OK;
    }
    if (back) {
        rc = go_to_anchor(path, view, trust, error);
    }
    if (rc == BBOTS_OK && view->anchor.there &&
        !store_anchor_clear(view->source.fd, view->source.page_bytes, &view->anchor)) {
        rc = bb_fail_system(error, bb_write_status(errno), errno, "cannot flush file \"%s\"", path);
    }
    return rc;
}

static const pages_meta *newest(const store_view *view)
{
    return view->metas[0].transaction >= view->metas[1].transaction ? &view->metas[0]
                                                                    : &view->metas[1];
}

int store_judge(const char *path, store_view *view, store_trust trust, bool clean,
                bbots_error *error)
{
    char fault[FAULT_MAX];
    int rc = settle_anchor(path, view, trust, error);
    if (rc == BBOTS_OK) {
        rc = judge_both(path, view, trust == STORE_TRUST_REPAIR, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    const pages_meta *state = newest(view);
    /* Pages that were taken and given back in one transaction count but were never written: a file
     * may be shorter than its last page number, if only no tree reaches behind its end. */
    bool cut = state->last_page >= view->source.page_count;
    if (!cut && (trust == STORE_TRUST_ALWAYS || (clean && trust == STORE_TRUST_CLEAN))) {
        return BBOTS_OK;
    }
    view->opened |= STORE_WALKED;
    rc = walk_state(view, state, fault, error);
    if (rc == BBOTS_END && cut) {
        rc = bb_fail(error, BBOTS_CORRUPTED,
                     "file \"%s\" is cut off: it has %llu pages of %u bytes, and pages behind its "
                     "end are in use (the last one's number is %llu)",
                     path, (unsigned long long)view->source.page_count, view->source.page_bytes,
                     (unsigned long long)state->last_page);
    }
    return rc == BBOTS_END ? damaged(path, fault, error) : rc;
}
