/*
 * bbots/vault.h - keys, and secrets sealed in the form of the platform.
 *
 * A keyring holds keys of 32 bytes in guarded memory: between pages that may not be touched, locked
 * against swapping as far as the system allows, left out of core dumps, wiped when it is freed.
 * The first key seals; all of them open. A key has no name but its id, which is computed from it,
 * so no two people can call different keys the same.
 *
 * The platform keeps a secret as three texts: encryptedData, iv and authTag of AES-256-GCM. The
 * functions here make and open such triples; bbots/credential.h keeps them in the store. How the
 * engine seals columns by itself is told in docs/security.md.
 *
 * Threads: a keyring may be read by any number of threads once nobody adds to it.
 */
#ifndef BBOTS_VAULT_H
#define BBOTS_VAULT_H

#include <bbots/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_KEY_BYTES       32
#define BBOTS_KEYS_MAX        64 /* keys of one keyring */
#define BBOTS_KEY_ID_TEXT_MAX 17 /* 16 hexadecimal digits and NUL */

/* ------------------------------------------------------------------ keys */

/* Tells keys apart and nothing else about them. */
typedef struct bbots_key_id {
    uint8_t bytes[8];
} bbots_key_id;

typedef struct bbots_keyring bbots_keyring;

/* An empty keyring, which belongs to the caller. Errors: BBOTS_NO_MEMORY. */
BBOTS_API BBOTS_CHECKED int bbots_keyring_new(bbots_keyring **ring, bbots_error *error);

/* Wipes and frees it. NULL is allowed. */
BBOTS_API void bbots_keyring_free(bbots_keyring *ring);

/*
 * Adds a key behind those that are there. The caller wipes his copy.
 * Returns BBOTS_OK, or BBOTS_UNCHANGED when the ring has the key already. Errors:
 * BBOTS_INVALID_ARGUMENT (all bytes are zero), BBOTS_LIMIT_EXCEEDED (BBOTS_KEYS_MAX).
 */
BBOTS_API BBOTS_CHECKED int
bbots_keyring_add(bbots_keyring *ring, const uint8_t key[BBOTS_KEY_BYTES], bbots_error *error);

/*
 * Adds the keys of a text: each is 64 hexadecimal digits or 44 characters of base64; blanks, commas
 * and line ends stand between them, and from # to the end of the line is a remark.
 * Errors: as bbots_keyring_add(); BBOTS_INVALID_TEXT names the place and never shows the text.
 * Keys before the faulty one are in the ring then.
 */
BBOTS_API BBOTS_CHECKED int bbots_keyring_add_text(bbots_keyring *ring, bbots_text text,
                                                   bbots_error *error);

/*
 * Adds the keys of a file. It has to be a regular file of this user (or of root) that nobody else
 * may read or write: mode 0600 or 0400; and no symbolic link.
 * Errors: as bbots_keyring_add_text(); BBOTS_FILE_MISSING, BBOTS_ACCESS_DENIED (also: the mode or
 * the owner, and a symbolic link), BBOTS_IO.
 */
BBOTS_API BBOTS_CHECKED int bbots_keyring_add_file(bbots_keyring *ring, const char *path,
                                                   bbots_error *error);

/*
 * Adds the keys of an environment variable. Other processes of the user can read a process's
 * environment: a file is the better place.
 * Errors: as bbots_keyring_add_text(); BBOTS_KEY_MISSING (the variable is not set or empty).
 */
BBOTS_API BBOTS_CHECKED int bbots_keyring_add_environment(bbots_keyring *ring, const char *name,
                                                          bbots_error *error);

/*
 * Gives key number `number` (from 0) into key, which lies in guarded memory. Returns BBOTS_OK,
 * BBOTS_END when there are no more, or a negative status with error filled.
 */
typedef int bbots_key_source(void *context, unsigned number, uint8_t key[BBOTS_KEY_BYTES],
                             bbots_error *error);

/* Adds the keys that a function gives, such as one that asks a key service. Errors: its own. */
BBOTS_API BBOTS_CHECKED int bbots_keyring_add_source(bbots_keyring *ring, bbots_key_source *source,
                                                     void *context, bbots_error *error);

BBOTS_API unsigned bbots_keyring_count(const bbots_keyring *ring);

/* The id of key `number`, which is less than bbots_keyring_count(). */
BBOTS_API bbots_key_id bbots_keyring_id(const bbots_keyring *ring, unsigned number);

/* Writes an id as 16 hexadecimal digits and a NUL. Returns 16. */
BBOTS_API size_t bbots_key_id_print(bbots_key_id id, char buffer[BBOTS_KEY_ID_TEXT_MAX]);

/*
 * Makes a new random key and a new file for it, mode 0600. id (may be NULL) receives the key's id.
 * Errors: BBOTS_FILE_EXISTS (an existing file is never touched), BBOTS_ACCESS_DENIED,
 * BBOTS_DISK_FULL, BBOTS_IO, BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_key_file_create(const char *path, bbots_key_id *id,
                                                  bbots_error *error);

/* ------------------------------------------------------------------ the platform's form */

/* Bytes that were secret: in guarded memory, with a NUL behind them. */
typedef struct bbots_secret {
    void *data;
    size_t size;
} bbots_secret;

/* Wipes and frees it; a secret of zeros is allowed. */
BBOTS_API void bbots_secret_free(bbots_secret *secret);

typedef enum bbots_vault_form {
    BBOTS_VAULT_HEX = 0,   /* lower case digits, as the platform writes */
    BBOTS_VAULT_BASE64 = 1 /* RFC 4648, section 4, with padding */
} bbots_vault_form;

/* What is stored of a secret. */
typedef struct bbots_vault_triple {
    bbots_text encrypted_data;
    bbots_text iv;       /* 12 bytes: 24 digits or 16 characters */
    bbots_text auth_tag; /* 16 bytes */
} bbots_vault_triple;

/* Whether the processor has the instructions that AES-256-GCM needs (AES-NI and PCLMUL, or those of
 * ARMv8): libsodium has no other implementation. */
BBOTS_API bool bbots_vault_is_available(void);

/*
 * Seals a secret by the ring's first key with a random nonce. *triple points into one block of
 * memory that bbots_vault_triple_free() frees.
 *
 * One key may seal 2^32 secrets with random nonces of 12 bytes (NIST SP 800-38D, 8.3); whoever comes
 * near changes the key.
 *
 * Errors: BBOTS_CIPHER_UNAVAILABLE, BBOTS_KEY_MISSING (an empty ring), BBOTS_LIMIT_EXCEEDED (past
 * 16 MiB), BBOTS_INVALID_ARGUMENT, BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_vault_seal(const bbots_keyring *ring, bbots_bytes secret,
                                             bbots_vault_form form, bbots_vault_triple *triple,
                                             bbots_error *error);
BBOTS_API void bbots_vault_triple_free(bbots_vault_triple *triple);

/*
 * Opens a triple in either form with whichever key of the ring fits. The secret belongs to the
 * caller: bbots_secret_free().
 *
 * Errors: BBOTS_CIPHER_UNAVAILABLE; BBOTS_KEY_MISSING (an empty ring); BBOTS_INVALID_TEXT (a part is
 * neither hexadecimal nor base64 or has a wrong size; a nonce of 16 bytes, which some writers take,
 * is named as such); BBOTS_TAMPERED (changed, or sealed by a key that is not in the ring: AES-GCM
 * cannot tell which); BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_vault_open(const bbots_keyring *ring,
                                             const bbots_vault_triple *triple, bbots_secret *secret,
                                             bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
