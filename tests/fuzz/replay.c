/*
 * tests/fuzz/replay.c - runs a target with inputs that were found before: files, or folders of
 * files, on the command line. An input that breaks something ends the program.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

static unsigned run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        perror(path);
        exit(2);
    }
    size_t size = (size_t)status.st_size;
    uint8_t *data = malloc(size + 1);
    /* In memory of its exact size, so that the sanitizer sees a read behind it. */
    uint8_t *exact = malloc(size > 0 ? size : 1);
    REQUIRE(data != NULL && exact != NULL && fread(data, 1, size, file) == size);
    memcpy(exact, data, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    free(data);
    fclose(file);
    return 1;
}

static unsigned run_path(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    unsigned count = 0;
    if (folder == NULL) {
        return run_file(path);
    }
    while ((entry = readdir(folder)) != NULL) {
        char inner[1024];
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.') {
            count += run_file(inner);
        }
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    FILE *out = stdout; /* a target may take it away */
    unsigned count = 0;
    for (int i = 1; i < argc; i++) {
        count += run_path(argv[i]);
    }
    fprintf(out, "%u passed, 0 failed\n", count);
    return count > 0 ? 0 : 1;
}
