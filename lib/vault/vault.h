/*
 * vault/vault.h - the room's inside: keys in hand, ciphers, and a value sealed for its place.
 *
 * A sealed value (docs/format.md, "Sealed values"):
 *
 *     offset  size  meaning
 *     0       1     C1: begins no UTF-8 text and no MessagePack, so no value that was not sealed
 *     1       1     who holds the key: VAULT_BY_RING or VAULT_BY_ROW
 *     2       8     the key's id
 *     10      24    the nonce, random
 *     34      N     the cipher text, as long as the plain one
 *     34+N    16    the tag
 *
 * The cipher is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), by libsodium. What it authenticates
 * beside the text: the first ten bytes, and the place: table, column, primary key.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include <bbots/vault.h>

/* ------------------------------------------------------------------ libsodium (start.c) */

/* Before anything else of this room is called; any thread, any number of times. */
void vault_start(void);

/* Memory that is guarded, locked and left out of dumps; zeros. NULL when there is none. */
void *vault_alloc(size_t size);
/* Wipes and frees; NULL is allowed. */
void vault_free(void *memory);
void vault_wipe(void *memory, size_t size);

/* ------------------------------------------------------------------ keys (keyring.c) */

/* One key and what is derived from it. */
typedef struct vault_key {
    uint8_t secret[BBOTS_KEY_BYTES];  /* as it was given: AES-256-GCM takes it as it is */
    uint8_t sealing[BBOTS_KEY_BYTES]; /* of XChaCha20-Poly1305 */
    bbots_key_id id;
} vault_key;

struct bbots_keyring {
    unsigned count;
    vault_key keys[BBOTS_KEYS_MAX];
};

/* Works out the derived parts of a key whose secret is set. */
void vault_key_derive(vault_key *key);

/* The key of an id, or NULL. */
const vault_key *vault_keyring_find(const bbots_keyring *ring, bbots_key_id id);

/* A copy of a ring; NULL when there is no memory. */
bbots_keyring *vault_keyring_copy(const bbots_keyring *ring);

/*
 * Whether every byte is less than 80 hex. Asked before sodium_base642bin(), which takes AF for '/'
 * (libsodium 1.0.18): a bit of a text could be turned without being noticed.
 */
bool vault_is_ascii(const char *text, size_t size);

/* A new random key as 64 hexadecimal digits and a NUL. */
void vault_key_random_text(char text[2 * BBOTS_KEY_BYTES + 1]);

/* Reads 64 hexadecimal digits or 44 characters of base64 as a key. */
bool vault_key_read(const char *text, size_t size, uint8_t key[BBOTS_KEY_BYTES]);

/* Whether a text is one that vault_key_read() reads. */
bool vault_key_fits(const char *text, size_t size);

/* ------------------------------------------------------------------ the ciphers (cipher.c) */

#define VAULT_TAG_BYTES       16
#define VAULT_NONCE_BYTES     24 /* XChaCha20-Poly1305 */
#define VAULT_GCM_NONCE_BYTES 12

typedef struct vault_text {
    const void *data;
    size_t size;
} vault_text;

/* out receives as many bytes as plain has, tag the 16 of the tag. */
void vault_encrypt(const uint8_t *key, const uint8_t *nonce, vault_text also, vault_text plain,
                   uint8_t *out, uint8_t *tag);
/* False, and nothing in out, when a bit of key, nonce, also, cipher text or tag is another. */
bool vault_decrypt(const uint8_t *key, const uint8_t *nonce, vault_text also, vault_text sealed,
                   const uint8_t *tag, uint8_t *out);

/* The same by AES-256-GCM; only where bbots_vault_is_available(). */
void vault_gcm_encrypt(const uint8_t *key, const uint8_t *nonce, vault_text also, vault_text plain,
                       uint8_t *out, uint8_t *tag);
bool vault_gcm_decrypt(const uint8_t *key, const uint8_t *nonce, vault_text also, vault_text sealed,
                       const uint8_t *tag, uint8_t *out);

/* ------------------------------------------------------------------ sealed values (seal.c) */

#define VAULT_MARK          0xC1
#define VAULT_BY_RING       1 /* the key is the host's */
#define VAULT_BY_ROW        2 /* the key is in a row of the store, sealed by the host's */
#define VAULT_HEADER_BYTES  34
#define VAULT_SEAL_BYTES    (VAULT_HEADER_BYTES + VAULT_TAG_BYTES) /* what sealing adds */
#define VAULT_PLACE_KEY_MAX 2048                                   /* bytes of a primary key */

/* Where a value belongs. It opens nowhere else. */
typedef struct vault_place {
    const char *table;
    const char *column;
    const uint8_t *key; /* the row's primary key as the tree has it */
    size_t key_size;
} vault_place;

/* Random nonces, fetched many at once: a system call for each costs more than the cipher. */
typedef struct vault_nonces {
    unsigned left;
    uint8_t bytes[64 * VAULT_NONCE_BYTES];
} vault_nonces;

/* A nonce that was never given before and never will be. */
void vault_nonce_next(vault_nonces *nonces, uint8_t nonce[VAULT_NONCE_BYTES]);

/* Whether stored bytes are sealed (a plain value never begins so). */
static inline bool vault_is_sealed(const void *data, size_t size)
{
    return size != 0 && *(const uint8_t *)data == VAULT_MARK;
}

/* Whether sealed bytes have the shape of this version; by and id (may be NULL) say which key. */
bool vault_sealed_shape(const void *data, size_t size, uint8_t *by, bbots_key_id *id);

/* Seals plain into out, which has plain.size + VAULT_SEAL_BYTES bytes. */
void vault_seal(const vault_key *key, uint8_t by, const vault_place *place, vault_nonces *nonces,
                vault_text plain, uint8_t *out);

/*
 * Opens sealed bytes into out, which has their size less VAULT_SEAL_BYTES. False when they are not
 * what this key sealed for this place.
 */
bool vault_open(const vault_key *key, const vault_place *place, vault_text sealed, uint8_t *out);

#endif
