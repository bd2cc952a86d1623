/* tests/proving/proving.c - random numbers, folders, keys, and the whole-file check. */
#include "proving.h"

#include <dirent.h>
#include <sys/mman.h>
#include <unistd.h>

uint64_t draw(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t draw_below(uint64_t *state, uint64_t below)
{
    return draw(state) % below;
}

void demand(bool held, const char *what, const bbots_error *error)
{
    if (!held) {
        fprintf(stderr, "%s: %s\n", what, error != NULL ? error->message : "");
        exit(2);
    }
}

void folder_make(char folder[96], const char *name)
{
    const char *place = getenv("TMPDIR");
    if (place == NULL || place[0] == '\0') {
        place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    }
    snprintf(folder, 96, "%s/bbots-%s-XXXXXX", place, name);
    demand(mkdtemp(folder) != NULL, folder, NULL);
}

bool folder_has(const char *folder, const char *beginning, char *path, size_t room)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    bool found = false;
    while (entries != NULL && !found && (entry = readdir(entries)) != NULL) {
        found =
            entry->d_type == DT_REG && strncmp(entry->d_name, beginning, strlen(beginning)) == 0;
        if (found) {
            snprintf(path, room, "%s/%s", folder, entry->d_name);
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return found;
}

void folder_remove(const char *folder)
{
    char path[400];
    while (folder_has(folder, "", path, sizeof path) && unlink(path) == 0) {
    }
    rmdir(folder);
}

void remove_store(const char *path)
{
    char lock[200];
    snprintf(lock, sizeof lock, "%s-lock", path);
    unlink(path);
    unlink(lock);
}

void *shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    demand(memory != MAP_FAILED, "shared memory", NULL);
    return memory;
}

bbots_keyring *make_ring(unsigned turn)
{
    bbots_keyring *ring;
    bbots_error error;
    demand(bbots_keyring_new(&ring, &error) == BBOTS_OK, "keyring", &error);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t key[BBOTS_KEY_BYTES];
        memset(key, 1 + (int)((turn + i) % 2), sizeof key);
        demand(bbots_keyring_add(ring, key, &error) == BBOTS_OK, "key", &error);
    }
    return ring;
}

bbots_store *open_ordeal(const char *path, uint32_t flags, uint32_t durability, unsigned turn,
                         bbots_error *error)
{
    bbots_keyring *ring = make_ring(turn);
    bbots_options options = {.schema = &bbots_ordeal_schema,
                             .flags = flags,
                             .durability = durability,
                             .readers_max = 64,
                             .map_bytes = UINT64_C(64) << 20,
                             .keys = ring};
    bbots_store *store = NULL;
    int rc = bbots_open(path, &options, &store, error);
    bbots_keyring_free(ring);
    return rc == BBOTS_OK ? store : NULL;
}

typedef struct first_finding {
    char *text;
    size_t room;
} first_finding;

static void on_finding(const bbots_finding *finding, void *context)
{
    first_finding *first = context;
    if (finding->severity != BBOTS_NOTE && first->text[0] == '\0') {
        snprintf(first->text, first->room, "%s %s %s: %s", finding->table, finding->object,
                 finding->key, finding->message);
    }
}

bool check_whole(bbots_txn *txn, char *finding, size_t room)
{
    first_finding first = {finding, room};
    bbots_check_options options = {.on_finding = on_finding, .context = &first};
    bbots_check_result result;
    bbots_error error;
    finding[0] = '\0';
    int rc = bbots_check(txn, &options, &result, &error);
    if (rc != BBOTS_OK) {
        snprintf(finding, room, "check: %s", error.message);
    }
    return rc == BBOTS_OK && result.derived == 0 && result.damage == 0;
}
