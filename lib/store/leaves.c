/*
 * store/leaves.c - what the leaves of a file hold, however broken it is, without LMDB.
 *
 * First the trees of the best meta page are walked: a leaf that is reached belongs to a tree of a
 * known name. Then the pages that the walk complained about, and those that neither a tree nor the
 * free list knows, are taken one by one, whatever they are: what looks like a node of a leaf is
 * handed out without a name, and the caller has to prove what it is. Where the free list is
 * damaged too, that includes pages of earlier commits.
 */
#include "store/internal.h"

#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct leaves {
    const store_view *view;
    store_leaf_seen *seen;
    void *context;
    bbots_error *error;
    int rc;
    uint8_t *loose; /* a bit a page: to be taken by itself */
    uint64_t limit;
} leaves;

/* A value in an overflow run, in memory of its own. NULL: it is none. */
static int read_run(const leaves *run, const page_node *node, uint8_t **value)
{
    uint8_t header[PAGES_HEADER];
    const pages_source *source = &run->view->source;
    uint64_t first = bb_load64(node->data);
    uint64_t count = page_run_needed(node->data_size, source->page_bytes);
    if (first < 2 || first >= source->page_count || count > source->page_count - first ||
        pages_read_bytes(source, first * source->page_bytes, sizeof header, header, NULL) !=
            BBOTS_OK ||
        page_kind(header) != PAGES_OVERFLOW) {
        return BBOTS_NOT_FOUND;
    }
    *value = malloc(node->data_size + 1);
    if (*value == NULL) {
        return bb_fail(run->error, BBOTS_NO_MEMORY, "out of memory");
    }
    if (pages_read_bytes(source, first * source->page_bytes + PAGES_HEADER, node->data_size, *value,
                         NULL) != BBOTS_OK) {
        free(*value);
        *value = NULL;
        return BBOTS_NOT_FOUND;
    }
    return BBOTS_OK;
}

static int take_node(leaves *run, const char *name, size_t name_size, const page_node *node)
{
    store_bytes tree = {name, name_size};
    store_bytes key = {node->key, node->key_size};
    store_bytes value = {node->data, node->data_size};
    uint8_t *apart = NULL;
    if (node->key_size == 0 || node->key_size > PAGES_KEY_MAX || (node->flags & PAGES_TREE) != 0) {
        return BBOTS_OK;
    }
    if ((node->flags & PAGES_BIG) != 0) {
        int read = read_run(run, node, &apart);
        if (read != BBOTS_OK) {
            return read < 0 ? read : BBOTS_OK;
        }
        value.data = apart;
    }
    int rc = run->seen(tree, key, value, run->context);
    free(apart);
    return rc;
}

static int take_leaf(leaves *run, const char *name, size_t name_size, const uint8_t *page)
{
    size_t page_bytes = run->view->source.page_bytes;
    unsigned slots = page_slots(page, page_bytes);
    int rc = BBOTS_OK;
    for (unsigned slot = 0; slot < slots && rc == BBOTS_OK; slot++) {
        page_node node;
        if (page_node_at(page, page_bytes, true, slot, &node)) {
            rc = take_node(run, name, name_size, &node);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ the walk's callbacks */

static int on_leaf(const char *name, size_t name_size, const uint8_t *page, void *context)
{
    leaves *run = context;
    run->rc = take_leaf(run, name, name_size, page);
    return run->rc != BBOTS_OK;
}

static void loosen(leaves *run, uint64_t page)
{
    if (page < run->limit) {
        run->loose[page / 8] |= (uint8_t)(1u << page % 8);
    }
}

static int on_fault(const pages_fault *fault, void *context)
{
    loosen(context, fault->page);
    return 0;
}

static int on_lost(uint64_t page, void *context)
{
    loosen(context, page);
    return 0;
}

static int take_loose(leaves *run)
{
    uint8_t *buffer = malloc(run->view->source.page_bytes);
    int rc = buffer != NULL ? BBOTS_OK : bb_fail(run->error, BBOTS_NO_MEMORY, "out of memory");
    for (uint64_t number = 2; number < run->limit && rc == BBOTS_OK; number++) {
        const uint8_t *page;
        if ((run->loose[number / 8] >> number % 8 & 1) != 0 &&
            pages_read(&run->view->source, number, 1, buffer, &page, NULL) == BBOTS_OK &&
            (page_kind(page) & PAGES_BRANCH) == 0) {
            rc = take_leaf(run, NULL, 0, page);
        }
    }
    free(buffer);
    return rc;
}

/*
 * The newest meta page that holds together by itself, mended. BBOTS_NOT_FOUND: there is none.
 */
static int best_meta(const leaves *run, pages_meta *best)
{
    const store_view *view = run->view;
    int rc = BBOTS_NOT_FOUND;
    for (unsigned at = 0; at < 2; at++) {
        pages_meta one = pages_meta_mend(&view->metas[at], view->source.page_bytes);
        uint8_t number[8];
        if (pages_meta_fault(&one, view->source.page_count) != NULL) {
            continue;
        }
        int found =
            pages_meta_find(&view->source, &one, STORE_COMMIT_KEY, number, sizeof number, NULL);
        if (found == BBOTS_NO_MEMORY) {
            return bb_fail(run->error, BBOTS_NO_MEMORY, "out of memory");
        }
        if (found != BBOTS_OK) {
            continue;
        }
        one.transaction = bb_load64(number);
        if (rc != BBOTS_OK || one.transaction > best->transaction) {
            *best = one;
            rc = BBOTS_OK;
        }
    }
    return rc;
}

static int take_all(leaves *run)
{
    pages_meta meta;
    int rc = best_meta(run, &meta);
    if (rc == BBOTS_NOT_FOUND) {
        memset(run->loose, 0xff, run->limit / 8 + 1);
        return take_loose(run);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    pages_walk_result result;
    pages_walk_options options = {
        .on_fault = on_fault, .on_leaf = on_leaf, .on_lost = on_lost, .context = run};
    rc = pages_walk(&run->view->source, &meta, &options, &result, run->error);
    if (rc == BBOTS_END) {
        return run->rc;
    }
    return rc == BBOTS_OK ? take_loose(run) : rc;
}

int store_leaves(const char *path, store_leaf_seen *seen, void *context, bbots_error *error)
{
    store_view view;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return store_open_failure(path, errno, error);
    }
    int rc = store_look(path, fd, &view, error);
    if (rc == BBOTS_OK) {
        (void)store_look_at_anchor(&view);
        leaves run = {.view = &view, .seen = seen, .context = context, .error = error};
        run.limit = view.source.page_count;
        run.loose = calloc(run.limit / 8 + 2, 1);
        rc = run.loose != NULL ? take_all(&run) : bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        free(run.loose);
    }
    close(fd);
    return rc;
}
