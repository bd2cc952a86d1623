/*
 * output.c - everything is made in memory first.
 *
 * A build tool that leaves half of its files behind makes the next build fail in strange ways. So
 * no file is touched until the whole schema is right; then each is written under a temporary name,
 * and when all are there they are renamed. What can still fail is the disk, and then the temporary
 * files are taken away again.
 */
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct output {
    struct output *next;
    const char *path;
    const char *final_path;
    const char *temporary;
    char *data;
    size_t size;
} output;

static output *first;
static output *last;
static FILE *stream;

FILE *gen_output_begin(const char *path)
{
    output *made = gen_alloc(1, sizeof *made);
    made->path = path;
    if (last != NULL)
        last->next = made;
    else
        first = made;
    last = made;
    stream = open_memstream(&made->data, &made->size);
    if (stream == NULL)
        gen_give_up("memory is exhausted");
    return stream;
}

void gen_output_end(void)
{
    if (ferror(stream) != 0 || fclose(stream) != 0)
        gen_give_up("memory is exhausted");
}

static _Noreturn void fail(const char *path)
{
    int number = errno;
    for (const output *each = first; each != NULL; each = each->next) {
        if (each->temporary != NULL)
            unlink(each->temporary);
    }
    gen_give_up("%s: %s", path, strerror(number));
}

/* Makes the folders on the way to a file. */
static void make_folders(const char *path)
{
    char *copy = gen_copy(path, strlen(path));
    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            fail(copy);
        *slash = '/';
    }
}

static void write_temporary(output *file)
{
    make_folders(file->temporary);
    FILE *to = fopen(file->temporary, "wb");
    if (to == NULL)
        fail(file->temporary);
    bool written = fwrite(file->data, 1, file->size, to) == file->size;
    if (fclose(to) != 0 || !written)
        fail(file->temporary);
}

void gen_output_write(const char *folder)
{
    for (output *each = first; each != NULL; each = each->next) {
        each->final_path = gen_format("%s/%s", folder, each->path);
        each->temporary = gen_format("%s.%ld.tmp", each->final_path, (long)getpid());
        write_temporary(each);
    }
    for (output *each = first; each != NULL; each = each->next) {
        if (rename(each->temporary, each->final_path) != 0)
            fail(each->final_path);
        each->temporary = NULL; /* it is the file now */
        free(each->data);
    }
}
