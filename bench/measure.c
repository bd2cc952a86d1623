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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void die(const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fputs("bbots-bench: ", stderr);
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

void file_copy(const char *from, const char *to)
{
    static char buffer[1 << 20];
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
    static const char *const endings[] = {"", "-lock", "-wal", "-shm"};
    char name[4096];
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        if (unlink(name) != 0 && errno != ENOENT) {
            die("cannot remove %s: %s", name, strerror(errno));
        }
    }
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
