/* tests/corrupt/world.c - a store with a history, and all that it ever held. */
#include "corrupt.h"

#include <bbots/sample.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NODES (&sample_nodes_table)

void demand(bool held, const char *what, const bbots_error *error)
{
    if (!held) {
        fprintf(stderr, "corrupt: %s: %s\n", what, error != NULL ? error->message : "");
        exit(2);
    }
}

void put_file(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    demand(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, path, NULL);
    close(fd);
}

static image take_image(const char *path)
{
    struct stat status;
    image taken;
    int fd = open(path, O_RDONLY);
    demand(fd >= 0 && fstat(fd, &status) == 0, path, NULL);
    taken.size = (size_t)status.st_size;
    taken.bytes = malloc(taken.size);
    demand(taken.bytes != NULL && read(fd, taken.bytes, taken.size) == status.st_size, path, NULL);
    close(fd);
    return taken;
}

/* ------------------------------------------------------------------ rows by their hashes */

/* One step of a hash by other means than the library's own: eight bytes are multiplied and folded. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static uint64_t mix_bytes(uint64_t hash, const uint8_t *bytes, size_t size)
{
    uint64_t word;
    hash = mix(hash, size);
    for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, size);
    return mix(hash, word);
}

static uint64_t hash_row(const bbots_row *row)
{
    uint64_t hash = mix(row->table->number, row->table->column_count);
    for (unsigned c = 0; c < row->table->column_count; c++) {
        bbots_value value = bbots_row_value(row, c);
        const uint8_t *bytes = (const uint8_t *)&value.integer;
        size_t size = sizeof value.integer;
        if (value.kind == BBOTS_TEXT || value.kind == BBOTS_BYTES || value.kind == BBOTS_JSON ||
            value.kind == BBOTS_VECTOR) {
            bytes = value.data;
            size = value.size;
        } else if (value.kind == BBOTS_UUID) {
            bytes = value.uuid.bytes;
            size = 16;
        } else if (value.kind == BBOTS_NULL) {
            size = 0;
        } else if (value.kind == BBOTS_BOOLEAN) {
            size = 1;
        }
        hash = mix_bytes(mix(hash, (uint64_t)value.kind), bytes, size);
    }
    return hash;
}

bool world_scan(bbots_store *store, uint64_t *sum, bool (*on_row)(uint64_t hash, void *context),
                void *context)
{
    const bbots_schema *schema = bbots_store_schema(store);
    bbots_txn *txn;
    bool whole = bbots_begin(store, BBOTS_READ, &txn, NULL) == BBOTS_OK;
    *sum = 0;
    if (!whole) {
        return false;
    }
    for (uint32_t t = 0; t < schema->table_count; t++) {
        bbots_cursor *cursor;
        bbots_row row;
        int rc = bbots_cursor_open(txn, schema->tables[t], 0, NULL, &cursor, NULL);
        if (rc != BBOTS_OK) {
            whole = false;
            continue;
        }
        while ((rc = bbots_cursor_next(cursor, &row, NULL)) == BBOTS_OK) {
            uint64_t hash = hash_row(&row);
            *sum += hash;
            if (on_row != NULL && !on_row(hash, context)) {
                break;
            }
        }
        whole = whole && rc == BBOTS_END;
        bbots_cursor_close(cursor);
    }
    bbots_rollback(txn);
    return whole;
}

static bool note_row(uint64_t hash, void *context)
{
    world *all = context;
    if (all->row_count == all->row_room) {
        all->row_room = all->row_room * 2 + 1024;
        all->rows = realloc(all->rows, all->row_room * sizeof *all->rows);
        demand(all->rows != NULL, "memory", NULL);
    }
    all->rows[all->row_count++] = hash;
    return true;
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

bool world_knows_row(const world *all, uint64_t hash)
{
    return bsearch(&hash, all->rows, all->row_count, sizeof hash, compare_hashes) != NULL;
}

bool world_knows_sum(const world *all, uint64_t sum)
{
    for (unsigned i = 0; i < all->image_count; i++) {
        if (all->sums[i] == sum) {
            return true;
        }
    }
    return sum == 0; /* the new file, before its first rows */
}

/* ------------------------------------------------------------------ a history */

static void add_node(bbots_txn *txn, uint64_t *random)
{
    static char text[12000];
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_error error;
    int label = bbots_table_column(NODES, bbots_text_of("label"));
    size_t size =
        draw_below(random, 40) == 0 ? draw_below(random, sizeof text) : draw_below(random, 60);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)('a' + draw_below(random, 26));
    }
    memset(values, 0, sizeof values);
    values[label] = bbots_value_of_bytes(BBOTS_TEXT, text, size);
    demand(bbots_insert(txn, NODES, values, BBOTS_COLUMN_BIT(label), NULL, &error) == BBOTS_OK,
           "insert", &error);
}

static void change_nodes(bbots_txn *txn, unsigned rows, uint64_t *random)
{
    bbots_error error;
    for (unsigned i = 0; i < rows; i++) {
        add_node(txn, random);
    }
    for (unsigned i = 0; i < rows / 3; i++) {
        bbots_value key = bbots_value_integer((int64_t)draw_below(random, rows * 4) + 1);
        int rc = bbots_delete(txn, NODES, 0, &key, NULL, &error);
        demand(rc >= 0 || rc == BBOTS_FOREIGN_KEY_VIOLATION, "delete", &error);
    }
}

static int remove_folder(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/*
 * Leaves a process behind that removes the folder when this one and its children have ended, however
 * they do: none of them closes the pipe before.
 */
static void remove_at_the_end(const char *folder)
{
    char none;
    int ends[2];
    demand(pipe(ends) == 0, "a pipe", NULL);
    fflush(NULL);
    pid_t child = fork();
    demand(child >= 0, "a process", NULL);
    if (child == 0) {
        setsid(); /* who is stopped by the terminal does not stop it */
        close(ends[1]);
        close(STDOUT_FILENO);
        while (read(ends[0], &none, 1) < 0 && errno == EINTR) {
        }
        _exit(remove_folder(folder) == 0 ? 0 : 1);
    }
    close(ends[0]);
}

void world_make(world *made, unsigned rows, uint64_t seed)
{
    world_make_of(made, &bbots_sample_schema, change_nodes, rows, seed);
}

void world_make_of(world *made, const bbots_schema *schema, world_change *change, unsigned rows,
                   uint64_t seed)
{
    bbots_options options = {.schema = schema, .flags = BBOTS_OPEN_CREATE};
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    memset(made, 0, sizeof *made);
    made->schema = schema;
    snprintf(made->folder, sizeof made->folder, "%s/bbots-corrupt-XXXXXX", base);
    demand(mkdtemp(made->folder) != NULL, "temporary folder", NULL);
    remove_at_the_end(made->folder);
    snprintf(made->path, sizeof made->path, "%s/store", made->folder);
    for (unsigned i = 0; i < IMAGES_MAX; i++) {
        bbots_store *store;
        bbots_txn *txn;
        bbots_error error;
        bbots_stat stat;
        demand(bbots_open(made->path, &options, &store, &error) == BBOTS_OK, "open", &error);
        demand(bbots_begin(store, BBOTS_WRITE, &txn, &error) == BBOTS_OK, "begin", &error);
        change(txn, rows / IMAGES_MAX + 1, &seed);
        demand(bbots_commit(txn, &error) == BBOTS_OK, "commit", &error);
        demand(world_scan(store, &made->sums[i], note_row, made), "scan", NULL);
        demand(bbots_store_stat(store, &stat, &error) == BBOTS_OK, "stat", &error);
        made->page_bytes = stat.page_bytes;
        demand(bbots_close(store, &error) == BBOTS_OK, "close", &error);
        made->images[i] = take_image(made->path);
        made->image_count++;
    }
    qsort(made->rows, made->row_count, sizeof *made->rows, compare_hashes);
}

void world_free(world *made)
{
    for (unsigned i = 0; i < made->image_count; i++) {
        free(made->images[i].bytes);
    }
    free(made->rows);
    demand(remove_folder(made->folder) == 0, "removing the temporary folder", NULL);
}
