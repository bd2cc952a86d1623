/*
 * export_file.c - write beside, then rename.
 *
 * An export may hold every secret of the store, so the file is its owner's alone from its first
 * byte on. It is on the disk before it gets its name: whoever sees the name sees a whole export,
 * also after a power failure. A process that is killed leaves PATH.PID.tmp behind, never half a
 * PATH.
 */
#include "export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const command_line *line, const char *path, const char *why)
{
    (void)usage_error(line, "%s: %s", path, why);
    return EXIT_FAILED;
}

static bool is_store(const command_line *line, const struct stat *status)
{
    struct stat store;
    return stat(line->file, &store) == 0 && store.st_dev == status->st_dev &&
           store.st_ino == status->st_ino;
}

static int open_stream(export_file *file, const char *path, int flags)
{
    int descriptor = open(path, flags | O_WRONLY | O_CLOEXEC, 0600);
    file->out = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    return file->out != NULL ? EXIT_DONE : failed(file->line, path, strerror(errno));
}

int export_file_open(export_file *file, const command_line *line, const char *path)
{
    struct stat status;
    memset(file, 0, sizeof *file);
    file->line = line;
    file->out = stdout;
    if (path == NULL || strcmp(path, "-") == 0) {
        return EXIT_DONE;
    }
    bool exists = stat(path, &status) == 0;
    if (exists && is_store(line, &status)) {
        return failed(line, path, "is the store itself");
    }
    if (exists && !S_ISREG(status.st_mode)) {
        return open_stream(file, path, 0);
    }
    file->path = strdup(path);
    if (file->path == NULL || asprintf(&file->temporary, "%s.%ld.tmp", path, (long)getpid()) < 0) {
        free(file->path);
        return failed(line, path, "out of memory");
    }
    int code = open_stream(file, file->temporary, O_CREAT | O_EXCL);
    if (code != EXIT_DONE) {
        free(file->path);
        free(file->temporary);
    }
    return code;
}

/* Everything to the disk, then closed. Returns 0, or an errno. */
static int finish_stream(export_file *file)
{
    int failure = fflush(file->out) != 0 || ferror(file->out) ? (errno != 0 ? errno : EIO) : 0;
    if (failure == 0 && file->path != NULL && fsync(fileno(file->out)) != 0) {
        failure = errno;
    }
    if (file->out != stdout && fclose(file->out) != 0 && failure == 0) {
        failure = errno;
    }
    return failure;
}

int export_file_close(export_file *file, bool keep)
{
    const char *shown = file->path != NULL ? file->path : "output";
    errno = 0;
    int failure = finish_stream(file);
    int code = failure == 0 || !keep ? EXIT_DONE : failed(file->line, shown, strerror(failure));
    if (file->path != NULL) {
        if (keep && code == EXIT_DONE && rename(file->temporary, file->path) != 0) {
            code = failed(file->line, file->path, strerror(errno));
        }
        if (!keep || code != EXIT_DONE) {
            unlink(file->temporary);
        }
    }
    free(file->path);
    free(file->temporary);
    return code;
}
