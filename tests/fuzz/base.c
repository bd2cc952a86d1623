/* tests/fuzz/base.c - a real store for targets that need one; see fuzz.h. */
#include "fuzz.h"

#include <bbots/sample.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static fuzz_base made;

static void put_bytes(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static int fill(bbots_txn *txn, void *context, bbots_error *error)
{
    char long_text[6000];
    int rc = BBOTS_OK;
    (void)context;
    memset(long_text, 'a', sizeof long_text);
    for (int i = 1; i <= 40 && rc == BBOTS_OK; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        sample_nodes node = {.given = SAMPLE_NODES_LABEL | SAMPLE_NODES_PARENT,
                             .label = i == 7 ? (bbots_text){long_text, sizeof long_text}
                                             : bbots_text_of(name),
                             .parent = i / 2};
        node.given = i == 1 ? SAMPLE_NODES_LABEL : node.given;
        rc = sample_nodes_insert(txn, &node, error);
        if (rc == BBOTS_OK && i < 6) {
            sample_owners owner = {.given = SAMPLE_OWNERS_CODE, .code = bbots_text_of(name)};
            rc = sample_owners_insert(txn, &owner, error);
        }
    }
    return rc;
}

static void take_away(void)
{
    char lock[128];
    snprintf(lock, sizeof lock, "%s-lock", made.path);
    unlink(lock);
    unlink(made.path);
    unlink(made.input);
    rmdir(made.folder);
}

static void make(void)
{
    bbots_options options = {
        .schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE, .durability = BBOTS_RELAXED};
    bbots_error error;
    bbots_store *store;
    struct stat status;
    bool in_memory = access("/dev/shm", W_OK) == 0;
    snprintf(made.folder, sizeof made.folder, "%s/bbots-fuzz-XXXXXX",
             in_memory ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(made.folder) != NULL);
    snprintf(made.path, sizeof made.path, "%s/store", made.folder);
    snprintf(made.input, sizeof made.input, "%s/input", made.folder);
    atexit(take_away);
    REQUIRE(bbots_open(made.path, &options, &store, &error) == BBOTS_OK);
    REQUIRE(bbots_write(store, fill, NULL, &error) == BBOTS_OK);
    REQUIRE(bbots_close(store, &error) == BBOTS_OK);
    int fd = open(made.path, O_RDONLY);
    REQUIRE(fd >= 0 && fstat(fd, &status) == 0);
    made.size = (size_t)status.st_size;
    made.bytes = malloc(made.size);
    REQUIRE(made.bytes != NULL && read(fd, made.bytes, made.size) == status.st_size);
    close(fd);
}

const fuzz_base *fuzz_base_get(void)
{
    if (made.bytes == NULL) {
        make();
        stdout = fopen("/dev/null", "w");
        stderr = fopen("/dev/null", "w");
        REQUIRE(stdout != NULL && stderr != NULL);
    }
    return &made;
}

void fuzz_base_restore(const fuzz_base *base, const uint8_t *bytes)
{
    char lock[128];
    snprintf(lock, sizeof lock, "%s-lock", base->path);
    unlink(lock);
    put_bytes(base->path, bytes, base->size);
}

void fuzz_base_input(const fuzz_base *base, const void *data, size_t size)
{
    put_bytes(base->input, data, size);
}

void fuzz_base_check(const fuzz_base *base)
{
    bbots_options options = {.flags = BBOTS_OPEN_READ_ONLY, .map_bytes = 1u << 24};
    bbots_check_options plain = {0};
    bbots_check_result result;
    bbots_error error;
    bbots_store *store;
    bbots_txn *txn;
    REQUIRE(bbots_open(base->path, &options, &store, &error) == BBOTS_OK);
    REQUIRE(bbots_begin(store, BBOTS_READ, &txn, &error) == BBOTS_OK);
    REQUIRE(bbots_check(txn, &plain, &result, &error) == BBOTS_OK);
    REQUIRE(result.damage == 0 && result.derived == 0);
    bbots_rollback(txn);
    REQUIRE(bbots_close(store, &error) == BBOTS_OK);
}

void fuzz_base_patch(const fuzz_base *base, uint8_t *copy, fuzz_input input)
{
    memcpy(copy, base->bytes, base->size);
    while (input.size >= 4) {
        size_t page = fuzz_byte(&input) % (base->size / FUZZ_PAGE);
        uint64_t place = fuzz_number(&input, 2);
        fuzz_input bytes = fuzz_take(&input, fuzz_byte(&input) % 32u + 1u);
        size_t at = page * FUZZ_PAGE + place % FUZZ_PAGE;
        for (size_t i = 0; i < bytes.size && at + i < base->size; i++) {
            copy[at + i] = (uint8_t)((place >> 15 != 0 ? copy[at + i] : 0) + bytes.at[i]);
        }
    }
}
