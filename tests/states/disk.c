/*
 * tests/states/disk.c - what a disk may hold of what was recorded, and how a state gets into files.
 *
 * Of each file there is what is on the disk for certain and what the process sees; between them stand the
 * blocks that were written and not flushed. A state is put together of both in scratch files that stay
 * from state to state: only blocks that differ are written.
 */
#include "states.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------------------ files */

static void make_room(disk_file *file, uint64_t size)
{
    size_t room = file->room == 0 ? 64 * BLOCK : file->room;
    while (room < size) {
        room *= 2;
    }
    if (room == file->room) {
        return;
    }
    file->durable = realloc(file->durable, room);
    file->live = realloc(file->live, room);
    file->stale = realloc(file->stale, room / BLOCK);
    demand(file->durable != NULL && file->live != NULL && file->stale != NULL, "memory", NULL);
    memset(file->durable + file->room, 0, room - file->room);
    memset(file->live + file->room, 0, room - file->room);
    memset(file->stale + file->room / BLOCK, 0, (room - file->room) / BLOCK);
    file->room = room;
}

static void mark_stale(disk_file *file, uint64_t block)
{
    file->stale[block] = 1;
    file->stale_from = block < file->stale_from ? block : file->stale_from;
    file->stale_to = block + 1 > file->stale_to ? block + 1 : file->stale_to;
}

static void begin_file(disk *of, unsigned number, const uint8_t *bytes, size_t size)
{
    char path[160];
    struct stat status;
    demand(number == of->file_count && number < FILES_MAX, "files out of order", NULL);
    disk_file *file = &of->files[of->file_count++];
    memset(file, 0, sizeof *file);
    make_room(file, size);
    snprintf(path, sizeof path, "%s/%u", of->store, number);
    file->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    demand(file->fd >= 0 && fstat(file->fd, &status) == 0, path, NULL);
    file->inode = status.st_ino;
    file->durable_size = file->live_size = size;
    if (size != 0) {
        memcpy(file->durable, bytes, size);
        memcpy(file->live, bytes, size);
    }
    for (uint64_t b = 0; b * BLOCK < size; b++) {
        mark_stale(file, b);
    }
}

void disk_begin(disk *of, const trace *run, const char *place)
{
    memset(of, 0, sizeof *of);
    of->run = run;
    folder_new(place, "names", of->folder);
    folder_new(place, "files", of->store);
    for (unsigned i = 0; i < run->start_count; i++) {
        const file_start *start = &run->starts[i];
        if (start->bytes != NULL) {
            begin_file(of, start->file, start->bytes, start->size);
        }
        name_of *name = &of->durable.list[of->durable.count++];
        snprintf(name->name, sizeof name->name, "%s", start->name);
        name->file = start->file;
    }
}

static void forget(disk *of, size_t at)
{
    for (unsigned v = 0; v < of->dirty[at].count; v++) {
        free(of->dirty[at].versions[v]);
    }
    memmove(&of->dirty[at], &of->dirty[at + 1], (of->dirty_count - at - 1) * sizeof *of->dirty);
    of->dirty_count--;
}

void disk_end(disk *of)
{
    while (of->dirty_count > 0) {
        forget(of, of->dirty_count - 1);
    }
    free(of->dirty);
    for (unsigned f = 0; f < of->file_count; f++) {
        free(of->files[f].durable);
        free(of->files[f].live);
        free(of->files[f].stale);
        close(of->files[f].fd);
    }
    folder_drop(of->folder);
    folder_drop(of->store);
}

void disk_touched(disk *of, ino_t inode, uint64_t offset, uint64_t size)
{
    for (unsigned f = 0; f < of->file_count; f++) {
        disk_file *file = &of->files[f];
        uint64_t end = size > file->room || offset + size > file->room ? file->room : offset + size;
        for (uint64_t b = offset / BLOCK; file->inode == inode && b * BLOCK < end; b++) {
            mark_stale(file, b);
        }
    }
}

/* ------------------------------------------------------------------ what happens */

static dirty_block *dirty_at(disk *of, unsigned file, uint64_t block)
{
    for (size_t i = of->dirty_count; i > 0; i--) {
        if (of->dirty[i - 1].file == file && of->dirty[i - 1].block == block) {
            return &of->dirty[i - 1];
        }
    }
    if (of->dirty_count == of->dirty_room) {
        of->dirty_room = of->dirty_room == 0 ? 64 : of->dirty_room * 2;
        of->dirty = realloc(of->dirty, of->dirty_room * sizeof *of->dirty);
        demand(of->dirty != NULL, "memory", NULL);
    }
    dirty_block *made = &of->dirty[of->dirty_count++];
    memset(made, 0, sizeof *made);
    made->file = file;
    made->block = block;
    return made;
}

static void add_version(disk *of, unsigned file, uint64_t block)
{
    dirty_block *at = dirty_at(of, file, block);
    if (at->count == COUNT(at->versions)) {
        free(at->versions[0]);
        memmove(at->versions, at->versions + 1, sizeof at->versions - sizeof *at->versions);
        at->count--;
    }
    uint8_t *version = malloc(BLOCK);
    demand(version != NULL, "memory", NULL);
    memcpy(version, of->files[file].live + block * BLOCK, BLOCK);
    at->versions[at->count++] = version;
}

static void apply_write(disk *of, const event *next)
{
    disk_file *file = &of->files[next->file];
    uint64_t end = next->offset + next->size;
    make_room(file, (end + BLOCK - 1) / BLOCK * BLOCK);
    memcpy(file->live + next->offset, next->bytes, next->size);
    file->live_size = end > file->live_size ? end : file->live_size;
    for (uint64_t b = next->offset / BLOCK; b * BLOCK < end; b++) {
        add_version(of, next->file, b);
    }
}

static void apply_size(disk *of, const event *next)
{
    disk_file *file = &of->files[next->file];
    make_room(file, (next->offset + BLOCK - 1) / BLOCK * BLOCK);
    if (next->offset < file->live_size) {
        memset(file->live + next->offset, 0, file->live_size - next->offset);
    }
    file->live_size = next->offset;
}

static void apply_flush(disk *of, const event *next, bool whole)
{
    disk_file *file = &of->files[next->file];
    uint64_t end = next->offset + next->size;
    for (size_t i = of->dirty_count; i > 0; i--) {
        const dirty_block *at = &of->dirty[i - 1];
        uint64_t begins = at->block * BLOCK;
        if (at->file == next->file && (whole || (begins < end && begins + BLOCK > next->offset))) {
            memcpy(file->durable + begins, at->versions[at->count - 1], BLOCK);
            mark_stale(file, at->block);
            forget(of, i - 1);
        }
    }
    if (whole) {
        if (file->live_size < file->durable_size) {
            memset(file->durable + file->live_size, 0, file->durable_size - file->live_size);
        }
        file->durable_size = file->live_size;
    } else if (end > file->durable_size) {
        file->durable_size = end;
    }
}

/* ------------------------------------------------------------------ names */

static name_of *find_name(names *in, const char *name)
{
    for (unsigned i = 0; i < in->count; i++) {
        if (strcmp(in->list[i].name, name) == 0) {
            return &in->list[i];
        }
    }
    return NULL;
}

static void set_name(names *in, const char *name, unsigned file)
{
    name_of *at = find_name(in, name);
    if (at == NULL) {
        demand(in->count < NAMES_MAX, "too many names", NULL);
        at = &in->list[in->count++];
        snprintf(at->name, sizeof at->name, "%s", name);
    }
    at->file = file;
}

static void take_name(names *in, const char *name)
{
    name_of *at = find_name(in, name);
    demand(at != NULL, name, NULL);
    *at = in->list[--in->count];
}

static void change_names(names *in, const event *next)
{
    if (next->kind == EVENT_LINK) {
        set_name(in, next->name, next->file);
    } else if (next->kind == EVENT_UNLINK) {
        take_name(in, next->name);
    } else {
        const name_of *from = find_name(in, next->name);
        demand(from != NULL, next->name, NULL);
        unsigned file = from->file;
        take_name(in, next->name);
        set_name(in, next->other, file);
    }
}

void disk_names(const disk *of, unsigned pending, names *found)
{
    *found = of->durable;
    for (unsigned i = 0; i < pending; i++) {
        change_names(found, of->pending[i]);
    }
}

void disk_apply(disk *of, const event *next, bool lied)
{
    switch (next->kind) {
    case EVENT_WRITE:
        apply_write(of, next);
        break;
    case EVENT_SIZE:
        apply_size(of, next);
        break;
    case EVENT_FLUSH:
    case EVENT_FLUSH_PART:
        if (!lied) {
            apply_flush(of, next, next->kind == EVENT_FLUSH);
        }
        break;
    case EVENT_FLUSH_FOLDER:
        if (!lied) {
            disk_names(of, of->pending_count, &of->durable);
            of->pending_count = 0;
        }
        break;
    case EVENT_LINK:
        if (next->file == of->file_count) {
            begin_file(of, next->file, NULL, 0);
        } /* falls through */
    case EVENT_RENAME:
    case EVENT_UNLINK:
        demand(of->pending_count < COUNT(of->pending), "too many changes of names", NULL);
        of->pending[of->pending_count++] = next;
        break;
    case EVENT_MOMENT:
        break;
    }
}

void disk_confirm(const disk *of)
{
    names found;
    char path[256];
    struct stat status;
    static uint8_t bytes[BLOCK];
    disk_names(of, of->pending_count, &found);
    for (unsigned i = 0; i < found.count; i++) {
        const disk_file *file = &of->files[found.list[i].file];
        snprintf(path, sizeof path, "%s/%s", of->run->folder, found.list[i].name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        demand(fd >= 0 && fstat(fd, &status) == 0 && (uint64_t)status.st_size == file->live_size,
               "a file that was not recorded", NULL);
        for (uint64_t at = 0; at < file->live_size; at += BLOCK) {
            ssize_t got = pread(fd, bytes, BLOCK, (off_t)at);
            demand(got > 0 && memcmp(bytes, file->live + at, (size_t)got) == 0,
                   "a write that was not recorded", NULL);
        }
        close(fd);
    }
}

/* ------------------------------------------------------------------ a state becomes files */

static void put_block(const disk_file *file, uint64_t block, const uint8_t *bytes, uint64_t size)
{
    uint64_t begins = block * BLOCK;
    size_t part = size - begins < BLOCK ? (size_t)(size - begins) : BLOCK;
    demand(begins >= size || pwrite(file->fd, bytes, part, (off_t)begins) == (ssize_t)part,
           "a scratch file", NULL);
}

/* The scratch file becomes what is on the disk for certain. */
static void restore(disk_file *file)
{
    struct stat status;
    demand(fstat(file->fd, &status) == 0, "a scratch file", NULL);
    if ((uint64_t)status.st_size != file->durable_size) {
        demand(ftruncate(file->fd, (off_t)file->durable_size) == 0, "a scratch file", NULL);
    }
    for (uint64_t b = file->stale_from; b < file->stale_to; b++) {
        if (file->stale[b] != 0) {
            put_block(file, b, file->durable + b * BLOCK, file->durable_size);
            file->stale[b] = 0;
        }
    }
    file->stale_from = UINT64_MAX;
    file->stale_to = 0;
}

/* How long the file is: as long as its blocks need, or as it was to become. */
static uint64_t size_of(const disk *of, const choice *chosen, unsigned number)
{
    const disk_file *file = &of->files[number];
    uint64_t size = file->durable_size;
    if (file->live_size < size) {
        return chosen->extended ? file->live_size : size;
    }
    for (size_t i = 0; i < of->dirty_count; i++) {
        uint64_t end = (of->dirty[i].block + 1) * BLOCK;
        end = end < file->live_size ? end : file->live_size;
        if (of->dirty[i].file == number && chosen->picks[i].version != 0 && end > size) {
            size = end;
        }
    }
    return chosen->extended ? file->live_size : size;
}

/* A block of which some sectors are of one version, and the others of the one before. */
static void compose(const disk *of, size_t at, pick picked, uint8_t bytes[BLOCK])
{
    const dirty_block *block = &of->dirty[at];
    const disk_file *file = &of->files[block->file];
    const uint8_t *before = picked.version > 1 ? block->versions[picked.version - 2]
                                               : file->durable + block->block * BLOCK;
    const uint8_t *after = block->versions[picked.version - 1];
    for (unsigned s = 0; s < SECTORS; s++) {
        const uint8_t *from = (picked.sectors >> s & 1) != 0 ? after : before;
        memcpy(bytes + (size_t)s * SECTOR, from + (size_t)s * SECTOR, SECTOR);
    }
}

static void show_file(disk *of, const choice *chosen, unsigned number)
{
    disk_file *file = &of->files[number];
    uint8_t bytes[BLOCK];
    uint64_t size = size_of(of, chosen, number);
    restore(file);
    for (size_t i = 0; i < of->dirty_count; i++) {
        if (of->dirty[i].file == number && chosen->picks[i].version != 0) {
            compose(of, i, chosen->picks[i], bytes);
            put_block(file, of->dirty[i].block, bytes, size);
            mark_stale(file, of->dirty[i].block);
        }
    }
    struct stat status;
    demand(fstat(file->fd, &status) == 0 &&
               ((uint64_t)status.st_size == size || ftruncate(file->fd, (off_t)size) == 0),
           "a scratch file", NULL);
}

void disk_show(disk *of, const choice *chosen)
{
    names wanted;
    disk_names(of, chosen->pending, &wanted);
    for (unsigned i = 0; i < wanted.count; i++) {
        show_file(of, chosen, wanted.list[i].file);
    }
    folder_show(of, &wanted);
}
