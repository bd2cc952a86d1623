/*
 * store/registry.c - the files that this process has open: the library's only global state.
 *
 * A second environment on the same file in one process would, when it is closed, take the first
 * one's reader slots with it; so there is one, known by device and inode. Nor are there two
 * with one lock file, known by the path: one that is put in the place of an open file would take that one's.
 */
#include "store/internal.h"

#include "base/error.h"

#include <string.h>

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static store_file *registry_first;

static bool is_same(const store_file *other, const store_file *file)
{
    return other->device == file->device && other->inode == file->inode;
}

/* Who may only read has no lock file. */
static bool shares_lock(const store_file *other, const store_file *file)
{
    return !other->unwritable && !file->unwritable && strcmp(other->path, file->path) == 0;
}

int store_registry_add(store_file *file, bbots_error *error)
{
    pthread_mutex_lock(&registry_mutex);
    store_file *other = registry_first;
    while (other != NULL &&
           (*other->alive == 0 || !(is_same(other, file) || shares_lock(other, file)))) {
        other = other->next;
    }
    if (other == NULL) {
        file->next = registry_first;
        registry_first = file;
    }
    pthread_mutex_unlock(&registry_mutex);
    if (other != NULL && atomic_load(&other->abandoned)) {
        return bb_fail(
            error, BBOTS_ALREADY_OPEN,
            "writing to file \"%s\" met damage in this process: another one has to open it",
            file->path);
    }
    return other == NULL ? BBOTS_OK
                         : bb_fail(error, BBOTS_ALREADY_OPEN,
                                   "file \"%s\" is already open in this process", file->path);
}

void store_registry_remove(store_file *file)
{
    pthread_mutex_lock(&registry_mutex);
    store_file **at = &registry_first;
    while (*at != NULL && *at != file) {
        at = &(*at)->next;
    }
    if (*at == file) {
        *at = file->next;
    }
    pthread_mutex_unlock(&registry_mutex);
}
