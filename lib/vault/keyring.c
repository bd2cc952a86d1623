/*
 * vault/keyring.c - keys in guarded memory, and where they come from.
 *
 * A key is read straight into its place in the ring, so that no copy lies about on a stack. Nothing
 * of a text that could not be read as a key gets into a message.
 */
#include "vault/vault.h"

#include "base/error.h"
#include "base/room.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX (64u << 10)
#define HEX_SIZE     (2 * BBOTS_KEY_BYTES)
#define BASE64_SIZE  44

/* ------------------------------------------------------------------ one key */

/*
 * The key itself seals nothing here and names nothing: what does is derived from it (crypto_kdf,
 * BLAKE2b with the key), so that neither a key id nor the platform's AES tells about the other.
 */
void vault_key_derive(vault_key *key)
{
    uint8_t id[crypto_kdf_BYTES_MIN];
    vault_start();
    (void)crypto_kdf_derive_from_key(key->sealing, sizeof key->sealing, 1, "bbotsKEY", key->secret);
    (void)crypto_kdf_derive_from_key(id, sizeof id, 2, "bbotsKEY", key->secret);
    memcpy(key->id.bytes, id, sizeof key->id.bytes);
}

bool vault_is_ascii(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)text[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

bool vault_key_read(const char *text, size_t size, uint8_t key[BBOTS_KEY_BYTES])
{
    const char *end = NULL;
    size_t read = 0;
    if (!vault_is_ascii(text, size)) {
        return false;
    }
    int failed =
        size == HEX_SIZE      ? sodium_hex2bin(key, BBOTS_KEY_BYTES, text, size, NULL, &read, &end)
        : size == BASE64_SIZE ? sodium_base642bin(key, BBOTS_KEY_BYTES, text, size, NULL, &read,
                                                  &end, sodium_base64_VARIANT_ORIGINAL)
                              : -1;
    return failed == 0 && read == BBOTS_KEY_BYTES && end == text + size;
}

bool vault_key_fits(const char *text, size_t size)
{
    uint8_t key[BBOTS_KEY_BYTES];
    bool fits = vault_key_read(text, size, key);
    vault_wipe(key, sizeof key);
    return fits;
}

void vault_key_random_text(char text[HEX_SIZE + 1])
{
    uint8_t bytes[BBOTS_KEY_BYTES];
    vault_start();
    randombytes_buf(bytes, sizeof bytes);
    (void)sodium_bin2hex(text, HEX_SIZE + 1, bytes, sizeof bytes);
    vault_wipe(bytes, sizeof bytes);
}

size_t bbots_key_id_print(bbots_key_id id, char buffer[BBOTS_KEY_ID_TEXT_MAX])
{
    (void)sodium_bin2hex(buffer, BBOTS_KEY_ID_TEXT_MAX, id.bytes, sizeof id.bytes);
    return BBOTS_KEY_ID_TEXT_MAX - 1;
}

/* ------------------------------------------------------------------ the ring */

int bbots_keyring_new(bbots_keyring **ring, bbots_error *error)
{
    bb_error_clear(error);
    *ring = vault_alloc(sizeof **ring);
    return *ring != NULL ? BBOTS_OK : bb_fail(error, BBOTS_NO_MEMORY, "out of guarded memory");
}

void bbots_keyring_free(bbots_keyring *ring)
{
    vault_free(ring);
}

bbots_keyring *vault_keyring_copy(const bbots_keyring *ring)
{
    bbots_keyring *copy = vault_alloc(sizeof *copy);
    if (copy != NULL) {
        *copy = *ring;
    }
    return copy;
}

const vault_key *vault_keyring_find(const bbots_keyring *ring, bbots_key_id id)
{
    for (unsigned k = 0; ring != NULL && k < ring->count; k++) {
        if (memcmp(ring->keys[k].id.bytes, id.bytes, sizeof id.bytes) == 0) {
            return &ring->keys[k];
        }
    }
    return NULL;
}

unsigned bbots_keyring_count(const bbots_keyring *ring)
{
    return ring->count;
}

bbots_key_id bbots_keyring_id(const bbots_keyring *ring, unsigned number)
{
    static const bbots_key_id none;
    return number < ring->count ? ring->keys[number].id : none;
}

/* The place of the next key. */
static int reserve(bbots_keyring *ring, vault_key **key, bbots_error *error)
{
    *key = &ring->keys[ring->count];
    return ring->count < BBOTS_KEYS_MAX ? BBOTS_OK
                                        : bb_fail(error, BBOTS_LIMIT_EXCEEDED,
                                                  "a keyring has at most %d keys", BBOTS_KEYS_MAX);
}

/* Takes in the key whose bytes were put into its place. */
static int complete(bbots_keyring *ring, vault_key *key, bbots_error *error)
{
    if (sodium_is_zero(key->secret, sizeof key->secret)) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "a key of zeros is no key");
    }
    vault_key_derive(key);
    if (vault_keyring_find(ring, key->id) != NULL) {
        vault_wipe(key, sizeof *key);
        return BBOTS_UNCHANGED;
    }
    ring->count++;
    return BBOTS_OK;
}

int bbots_keyring_add(bbots_keyring *ring, const uint8_t bytes[BBOTS_KEY_BYTES], bbots_error *error)
{
    vault_key *key;
    bb_error_clear(error);
    int rc = reserve(ring, &key, error);
    if (rc == BBOTS_OK) {
        memcpy(key->secret, bytes, BBOTS_KEY_BYTES);
        rc = complete(ring, key, error);
    }
    return rc;
}

int bbots_keyring_add_source(bbots_keyring *ring, bbots_key_source *source, void *context,
                             bbots_error *error)
{
    bb_error_clear(error);
    for (unsigned number = 0;; number++) {
        vault_key *key;
        int rc = reserve(ring, &key, error);
        if (rc == BBOTS_OK) {
            rc = source(context, number, key->secret, error);
        }
        if (rc == BBOTS_OK) {
            rc = complete(ring, key, error);
        }
        if (rc != BBOTS_OK && rc != BBOTS_UNCHANGED) {
            if (rc < 0) {
                bb_fail(error, rc, "the source of keys failed");
            }
            return rc < 0 ? rc : BBOTS_OK;
        }
    }
}

/* ------------------------------------------------------------------ keys as text */

static bool is_space(char one)
{
    return one == ' ' || one == '\t' || one == '\r' || one == '\n' || one == ',';
}

/* Over blanks and remarks, to the next key or the end. */
static const char *skip(const char *at, const char *end, unsigned *line)
{
    bool remark = false;
    while (at < end && (remark || is_space(*at) || *at == '#')) {
        remark = (remark || *at == '#') && *at != '\n';
        *line += *at == '\n';
        at++;
    }
    return at;
}

/* `from` says where the text comes from, in a message. */
static int add_text(bbots_keyring *ring, const char *at, size_t size, const char *from,
                    bbots_error *error)
{
    const char *end = at + size;
    unsigned line = 1;
    for (at = skip(at, end, &line); at < end; at = skip(at, end, &line)) {
        const char *last = at;
        vault_key *key;
        while (last < end && !is_space(*last) && *last != '#') {
            last++;
        }
        int rc = reserve(ring, &key, error);
        if (rc == BBOTS_OK && !vault_key_read(at, (size_t)(last - at), key->secret)) {
            vault_wipe(key, sizeof *key);
            rc = bb_fail(error, BBOTS_INVALID_TEXT,
                         "%s, line %u: a key is 64 hexadecimal digits or 44 characters of base64",
                         from, line);
        }
        if (rc == BBOTS_OK) {
            rc = complete(ring, key, error);
        }
        if (rc < 0) {
            return rc;
        }
        at = last;
    }
    return BBOTS_OK;
}

int bbots_keyring_add_text(bbots_keyring *ring, bbots_text text, bbots_error *error)
{
    bb_error_clear(error);
    return text.data != NULL ? add_text(ring, text.data, text.size, "the keys' text", error)
                             : BBOTS_OK;
}

int bbots_keyring_add_environment(bbots_keyring *ring, const char *name, bbots_error *error)
{
    char shown[BB_QUOTE_MAX];
    char from[BB_QUOTE_MAX + 32];
    bb_error_clear(error);
    const char *value = getenv(name);
    bb_quote(name, strlen(name), shown);
    if (value == NULL || value[0] == '\0') {
        return bb_fail(error, BBOTS_KEY_MISSING, "environment variable %s holds no key", shown);
    }
    snprintf(from, sizeof from, "environment variable %s", shown);
    return add_text(ring, value, strlen(value), from, error);
}

/* ------------------------------------------------------------------ key files */

static int file_failure(const char *path, int system, bbots_error *error)
{
    int status = system == ENOENT                                         ? BBOTS_FILE_MISSING
                 : system == EACCES || system == EPERM || system == ELOOP ? BBOTS_ACCESS_DENIED
                 : system == EEXIST                                       ? BBOTS_FILE_EXISTS
                                                                          : bb_write_status(system);
    return bb_fail_system(error, status, system, "key file \"%s\"", path);
}

/* A key that others may read is none: better refused than used. */
static int judge_file(const char *path, const struct stat *status, bbots_error *error)
{
    if (!S_ISREG(status->st_mode)) {
        return bb_fail(error, BBOTS_ACCESS_DENIED, "key file \"%s\" is no regular file", path);
    }
    if (status->st_uid != geteuid() && status->st_uid != 0) {
        return bb_fail(error, BBOTS_ACCESS_DENIED, "key file \"%s\" belongs to another user", path);
    }
    if ((status->st_mode & 0077) != 0) {
        return bb_fail(error, BBOTS_ACCESS_DENIED,
                       "key file \"%s\" has mode %04o, so others may use it: it has to be 0600",
                       path, (unsigned)(status->st_mode & 07777));
    }
    if (status->st_size > (off_t)KEY_FILE_MAX) {
        return bb_fail(error, BBOTS_LIMIT_EXCEEDED, "key file \"%s\" is longer than %u bytes", path,
                       KEY_FILE_MAX);
    }
    return BBOTS_OK;
}

static int read_file(const char *path, int fd, char *text, size_t *size, bbots_error *error)
{
    *size = 0;
    while (*size < KEY_FILE_MAX) {
        ssize_t got = read(fd, text + *size, KEY_FILE_MAX - *size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return file_failure(path, errno, error);
        }
        if (got == 0) {
            break;
        }
        *size += (size_t)got;
    }
    return BBOTS_OK;
}

int bbots_keyring_add_file(bbots_keyring *ring, const char *path, bbots_error *error)
{
    struct stat status;
    size_t size;
    bb_error_clear(error);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return file_failure(path, errno, error);
    }
    int rc = fstat(fd, &status) == 0 ? judge_file(path, &status, error)
                                     : file_failure(path, errno, error);
    char *text = rc == BBOTS_OK ? vault_alloc(KEY_FILE_MAX) : NULL;
    if (rc == BBOTS_OK && text == NULL) {
        rc = bb_fail(error, BBOTS_NO_MEMORY, "out of guarded memory");
    }
    if (rc == BBOTS_OK) {
        rc = read_file(path, fd, text, &size, error);
    }
    close(fd);
    if (rc == BBOTS_OK) {
        char from[512];
        snprintf(from, sizeof from, "key file \"%.300s\"", path);
        rc = add_text(ring, text, size, from, error);
    }
    vault_free(text);
    return rc;
}

static bool write_key(int fd, const char *text)
{
    bb_held_signal held;
    bb_signal_hold(&held);
    bool written =
        write(fd, text, HEX_SIZE) == HEX_SIZE && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    bb_signal_release(&held);
    return written;
}

int bbots_key_file_create(const char *path, bbots_key_id *id, bbots_error *error)
{
    bb_error_clear(error);
    vault_key *key = vault_alloc(sizeof *key);
    char *text = vault_alloc(HEX_SIZE + 1);
    int rc = BBOTS_OK;
    if (key == NULL || text == NULL) {
        rc = bb_fail(error, BBOTS_NO_MEMORY, "out of guarded memory");
    }
    int fd = rc == BBOTS_OK ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)
                            : -1;
    if (rc == BBOTS_OK && fd < 0) {
        rc = file_failure(path, errno, error);
    }
    if (rc == BBOTS_OK) {
        vault_key_random_text(text);
        (void)vault_key_read(text, HEX_SIZE, key->secret);
        if (!write_key(fd, text)) {
            rc = file_failure(path, errno != 0 ? errno : EIO, error);
            unlink(path);
        }
        vault_key_derive(key);
        if (id != NULL) {
            *id = key->id;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    vault_free(text);
    vault_free(key);
    return rc;
}
