/*
 * measure.c - the clock, memory, files, and the end when something goes wrong.
 *
 * Peak memory is the kernel's VmHWM of a process that did one work on one engine. It counts mapped
 * pages of the file as well, which are the page cache's and can be dropped; RssAnon, memory that is
 * the process's own, is reported beside it.
 */
#include "bench/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

void die(const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL) {
        die("out of memory");
    }
    return memory;
}

bool list_has(const char *list, const char *word, size_t size)
{
    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, ",");
        if (length == size && strncmp(list, word, size) == 0) {
            return true;
        }
        list += length + (list[length] == ',');
    }
    return list == NULL;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

uint64_t memory_kib(const char *field)
{
    char line[256];
    uint64_t kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            kib = strtoull(line + strlen(field), NULL, 10);
        }
    }
    fclose(status);
    return kib;
}

uint64_t file_bytes(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/*
 * A page at a time, as engines write: Linux 6.16 and later keeps what is written to ext4 at once in one piece
 * of the page cache, and a page that is written into a large piece later costs the whole of it.
 */
void file_copy(const char *from, const char *to)
{
    static char buffer[4096];
    int source = open(from, O_RDONLY | O_CLOEXEC);
    int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t count = -1;
    if (source >= 0 && target >= 0) {
        while ((count = read(source, buffer, sizeof buffer)) > 0) {
            if (write(target, buffer, (size_t)count) != count) {
                count = -1;
                break;
            }
        }
    }
    /* Flushed here, so that no work pays for the copy. */
    if (count < 0 || fsync(target) != 0 || close(target) != 0) {
        die("cannot copy %s to %s: %s", from, to, strerror(errno));
    }
    close(source);
}

void file_remove(const char *path)
{
    static const char *const endings[] = {"", "-lock", "-wal", "-shm", ".wal"};
    char name[4096];
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        if (unlink(name) != 0 && errno != ENOENT) {
            die("cannot remove %s: %s", name, strerror(errno));
        }
    }
}

bool files_equal(const char *left, const char *right)
{
    static char buffers[2][1 << 20];
    FILE *files[2] = {fopen(left, "rb"), fopen(right, "rb")};
    bool equal = files[0] != NULL && files[1] != NULL;
    size_t size = 1;
    while (equal && size > 0) {
        size = fread(buffers[0], 1, sizeof buffers[0], files[0]);
        equal = fread(buffers[1], 1, sizeof buffers[1], files[1]) == size &&
                memcmp(buffers[0], buffers[1], size) == 0;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (files[i] != NULL) {
            fclose(files[i]);
        }
    }
    return equal;
}

void program_line(const char *program, char *const *arguments, char *line, size_t size)
{
    int ends[2];
    int status = 0;
    pid_t child;
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0) {
        die("no pipe: %s", strerror(errno));
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int failure = posix_spawnp(&child, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failure != 0) {
        die("cannot start %s: %s", program, strerror(failure));
    }
    FILE *output = fdopen(ends[0], "r");
    bool told = output != NULL && fgets(line, (int)size, output) != NULL;
    if (output != NULL) {
        fclose(output);
    }
    if (waitpid(child, &status, 0) != child || status != 0 || !told) {
        die("%s %s failed", program, arguments[1]);
    }
}

double flush_seconds(const char *folder)
{
    enum { FLUSHES = 21 };
    static const char block[4096];
    double seconds[FLUSHES];
    char path[4096];
    snprintf(path, sizeof path, "%s/flush", folder);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (unsigned i = 0; i < FLUSHES; i++) {
        double start = clock_seconds();
        if (file < 0 || write(file, block, sizeof block) != (ssize_t)sizeof block ||
            fdatasync(file) != 0) {
            die("cannot write %s: %s", path, strerror(errno));
        }
        seconds[i] = clock_seconds() - start;
    }
    close(file);
    unlink(path);
    return median(seconds, FLUSHES);
}

void folder_make(const char *path)
{
    char name[4096];
    snprintf(name, sizeof name, "%s", path);
    for (char *slash = name + 1;; slash++) {
        if (*slash != '/' && *slash != '\0') {
            continue;
        }
        char ending = *slash;
        *slash = '\0';
        if (mkdir(name, 0777) != 0 && errno != EEXIST) {
            die("cannot make the folder %s: %s", name, strerror(errno));
        }
        if (ending == '\0') {
            return;
        }
        *slash = ending;
    }
}
