/* tests/states/folder.c - folders, and the names of scratch files in one. */
#include "states.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

void folder_new(const char *place, const char *name, char folder[FOLDER_ROOM])
{
    snprintf(folder, FOLDER_ROOM, "%s/%s-XXXXXX", place, name);
    demand(mkdtemp(folder) != NULL, folder, NULL);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

void folder_drop(const char *folder)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void path_of(const disk *of, const char *name, char path[400])
{
    snprintf(path, 400, "%s/%s", of->folder, name);
}

/* Whether a name is wanted and leads to the file that it should lead to. */
static bool is_right(const disk *of, const names *wanted, const struct dirent *entry)
{
    for (unsigned i = 0; i < wanted->count; i++) {
        if (strcmp(wanted->list[i].name, entry->d_name) == 0) {
            return entry->d_ino == of->files[wanted->list[i].file].inode;
        }
    }
    size_t size = strlen(entry->d_name);
    return entry->d_name[0] == '.' && (size == 1 || (size == 2 && entry->d_name[1] == '.'))
               ? true
               : size >= 5 && strcmp(entry->d_name + size - 5, "-lock") == 0;
}

void folder_show(const disk *of, const names *wanted)
{
    char path[400];
    char scratch[200];
    DIR *entries = opendir(of->folder);
    struct dirent *entry;
    demand(entries != NULL, of->folder, NULL);
    while ((entry = readdir(entries)) != NULL) {
        if (!is_right(of, wanted, entry)) {
            path_of(of, entry->d_name, path);
            demand(unlink(path) == 0, path, NULL);
        }
    }
    closedir(entries);
    for (unsigned i = 0; i < wanted->count; i++) {
        path_of(of, wanted->list[i].name, path);
        snprintf(scratch, sizeof scratch, "%s/%u", of->store, wanted->list[i].file);
        if (access(path, F_OK) != 0) {
            demand(link(scratch, path) == 0, path, NULL);
        }
    }
}
