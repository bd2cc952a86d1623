/* tests/states/trace.c - what a process did to the files of one folder, and what it promised. */
#include "states.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_lock(const char *name)
{
    size_t size = strlen(name);
    return size >= 5 && strcmp(name + size - 5, "-lock") == 0;
}

static void read_start(trace *run, const char *name)
{
    char path[400];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", run->folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    demand(fd >= 0 && fstat(fd, &status) == 0 && run->start_count < FILES_MAX, path, NULL);
    file_start *start = &run->starts[run->start_count++];
    demand(strlen(name) < sizeof start->name, path, NULL);
    memcpy(start->name, name, strlen(name) + 1);
    start->file = trace_file(run, run->device, status.st_ino);
    if (start->file == FILES_MAX) {
        start->file = trace_new_file(run, status.st_ino);
        start->size = (size_t)status.st_size;
        start->bytes = malloc(start->size + 1);
        demand(start->bytes != NULL &&
                   pread(fd, start->bytes, start->size, 0) == (ssize_t)start->size,
               path, NULL);
    }
    close(fd);
}

void trace_begin(trace *run, const char *folder)
{
    struct stat status;
    memset(run, 0, sizeof *run);
    demand(stat(folder, &status) == 0, folder, NULL);
    char *real = realpath(folder, NULL);
    demand(real != NULL && strlen(real) < sizeof run->folder, folder, NULL);
    snprintf(run->folder, sizeof run->folder, "%s", real);
    free(real);
    run->folder_size = strlen(run->folder);
    run->device = status.st_dev;
    run->folder_inode = status.st_ino;
    DIR *entries = opendir(folder);
    struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (entry->d_type == DT_REG && !is_lock(entry->d_name)) {
            read_start(run, entry->d_name);
        }
    }
    closedir(entries);
}

void trace_end(trace *run)
{
    for (size_t i = 0; i < run->count; i++) {
        free(run->events[i].bytes);
    }
    for (unsigned i = 0; i < run->start_count; i++) {
        free(run->starts[i].bytes);
    }
    free(run->events);
    memset(run, 0, sizeof *run);
}

event *trace_add(trace *run, event_kind kind, unsigned file)
{
    if (run->count == run->room) {
        run->room = run->room == 0 ? 1024 : run->room * 2;
        run->events = realloc(run->events, run->room * sizeof *run->events);
        demand(run->events != NULL, "memory for events", NULL);
    }
    event *next = &run->events[run->count++];
    memset(next, 0, sizeof *next);
    next->kind = kind;
    next->file = file;
    return next;
}

const char *trace_name(const trace *run, const char *path)
{
    const char *name = path + run->folder_size + 1;
    if (strncmp(path, run->folder, run->folder_size) != 0 || path[run->folder_size] != '/' ||
        strchr(name, '/') != NULL || is_lock(name)) {
        return NULL;
    }
    demand(strlen(name) < NAME_ROOM, name, NULL);
    return name;
}

unsigned trace_file(const trace *run, dev_t device, ino_t inode)
{
    /* An inode's number may be used again: the last file that has it is meant. */
    for (unsigned i = run->file_count; i > 0 && device == run->device; i--) {
        if (run->inodes[i - 1] == inode) {
            return i - 1;
        }
    }
    return FILES_MAX;
}

unsigned trace_new_file(trace *run, ino_t inode)
{
    demand(run->file_count < FILES_MAX, "too many files", NULL);
    run->inodes[run->file_count] = inode;
    return run->file_count++;
}

/* ------------------------------------------------------------------ promises */

unsigned trace_object(trace *run, const char *name)
{
    demand(run->object_count < OBJECTS_MAX, "too many stores", NULL);
    object *made = &run->objects[run->object_count];
    snprintf(made->name, sizeof made->name, "%s", name);
    return run->object_count++;
}

static unsigned add_moment(trace *run, unsigned number, const bbots_digest *digest)
{
    object *of = &run->objects[number];
    demand(of->count < MOMENTS_MAX, "too many transactions", NULL);
    moment *next = &of->moments[of->count];
    next->absent = digest == NULL;
    if (digest != NULL) {
        next->digest = *digest;
    }
    next->noted = run->count;
    next->acknowledged = SIZE_MAX;
    trace_add(run, EVENT_MOMENT, 0);
    return of->count++;
}

unsigned trace_note(trace *run, unsigned number, const bbots_digest *digest)
{
    system_lock();
    unsigned noted = add_moment(run, number, digest);
    system_unlock();
    return noted;
}

static void acknowledge(trace *run, unsigned number, unsigned noted)
{
    run->objects[number].moments[noted].acknowledged = run->count;
    trace_add(run, EVENT_MOMENT, 0);
}

void trace_acknowledge(trace *run, unsigned number, unsigned noted)
{
    system_lock();
    acknowledge(run, number, noted);
    system_unlock();
}

void trace_told(trace *run, unsigned number, const bbots_digest *digest)
{
    system_lock();
    acknowledge(run, number, add_moment(run, number, digest));
    system_unlock();
}
