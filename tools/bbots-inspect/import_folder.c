/*
 * import_folder.c - which file belongs to which table.
 *
 * A file that fits no table is an error before anything is read: a folder that was meant for
 * another schema should not be imported by half.
 */
#include "import_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static int failed(const command_line *line, const char *path, const char *why)
{
    (void)usage_error(line, "%s: %s", path, why);
    return EXIT_FAILED;
}

/* The table that a file's name stands for, or NULL. */
static const bbots_table *table_of(const bbots_schema *schema, const char *name)
{
    char table[BBOTS_NAME_MAX + 1];
    const char *dot = strrchr(name, '.');
    bool known = dot != NULL && (strcmp(dot, ".jsonl") == 0 || strcmp(dot, ".csv") == 0);
    if (!known || (size_t)(dot - name) >= sizeof table) {
        return NULL;
    }
    snprintf(table, sizeof table, "%.*s", (int)(dot - name), name);
    return bbots_schema_table(schema, table, NULL);
}

static int add_file(const command_line *line, const bbots_schema *schema, const char *path,
                    const char *name, import_folder *folder)
{
    struct stat status;
    char *file = NULL;
    const bbots_table *table = table_of(schema, name);
    if (asprintf(&file, "%s/%s", path, name) < 0) {
        return failed(line, path, "out of memory");
    }
    int code = EXIT_DONE;
    if (table == NULL) {
        code = failed(line, file, "the name is not that of a table with .jsonl or .csv");
    } else if (folder->files[table->number] != NULL) {
        code = failed(line, file, "the table has two files");
    } else if (stat(file, &status) != 0) {
        code = failed(line, file, strerror(errno));
    }
    if (code != EXIT_DONE) {
        free(file);
        return code;
    }
    folder->files[table->number] = file;
    folder->bytes += (uint64_t)status.st_size;
    return EXIT_DONE;
}

int import_folder_read(const command_line *line, const bbots_schema *schema, const char *path,
                       import_folder *folder)
{
    int code = EXIT_DONE;
    memset(folder, 0, sizeof *folder);
    folder->files = calloc(schema->table_count, sizeof *folder->files);
    if (folder->files == NULL) {
        return failed(line, path, "out of memory");
    }
    folder->count = schema->table_count;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return failed(line, path, strerror(errno));
    }
    struct dirent *entry;
    while (code == EXIT_DONE && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            code = add_file(line, schema, path, entry->d_name, folder);
        }
    }
    closedir(directory);
    return code;
}

void import_folder_free(import_folder *folder)
{
    for (uint32_t t = 0; t < folder->count; t++) {
        free(folder->files[t]);
    }
    free(folder->files);
}
