/*
 * vault/triple.c - a secret in the platform's form: cipher text, nonce and tag of AES-256-GCM as
 * three texts.
 *
 * Whether a triple is hexadecimal or base64 is told by its nonce: 12 bytes are 24 digits or 16
 * characters, 16 bytes are 32 digits or 24 characters of which the last is '='.
 */
#include "vault/vault.h"

#include "base/error.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX (16u << 20)

static int check_ready(const bbots_keyring *ring, bbots_error *error)
{
    bb_error_clear(error);
    if (!bbots_vault_is_available()) {
        return bb_fail(
            error, BBOTS_CIPHER_UNAVAILABLE,
            "this processor has no instructions for AES-256-GCM, which the platform's form "
            "of secrets needs");
    }
    if (ring == NULL || ring->count == 0) {
        return bb_fail(error, BBOTS_KEY_MISSING, "the keyring holds no key");
    }
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ bytes as text */

static size_t text_size(bbots_vault_form form, size_t size)
{
    return form == BBOTS_VAULT_HEX
               ? 2 * size
               : sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL) - 1;
}

/* Writes size bytes as text with a NUL; returns what is behind it. */
static char *print(bbots_vault_form form, const uint8_t *bytes, size_t size, char *to,
                   bbots_text *text)
{
    text->data = to;
    text->size = text_size(form, size);
    if (form == BBOTS_VAULT_HEX) {
        (void)sodium_bin2hex(to, text->size + 1, bytes, size);
    } else {
        (void)sodium_bin2base64(to, text->size + 1, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    }
    return to + text->size + 1;
}

/* Reads a text of exactly `size` bytes. */
static bool scan(bbots_vault_form form, bbots_text text, uint8_t *bytes, size_t size)
{
    const char *end = NULL;
    size_t read = 0;
    if (text.size != text_size(form, size) || !vault_is_ascii(text.data, text.size)) {
        return false;
    }
    if (size == 0) {
        return true;
    }
    int failed = form == BBOTS_VAULT_HEX
                     ? sodium_hex2bin(bytes, size, text.data, text.size, NULL, &read, &end)
                     : sodium_base642bin(bytes, size, text.data, text.size, NULL, &read, &end,
                                         sodium_base64_VARIANT_ORIGINAL);
    return failed == 0 && read == size && end == text.data + text.size;
}

/* How many bytes a text of this form stands for; its characters are judged by scan(). */
static size_t bytes_of(bbots_vault_form form, bbots_text text)
{
    size_t padding = 0;
    while (form == BBOTS_VAULT_BASE64 && padding < 2 && text.size > padding &&
           text.data[text.size - 1 - padding] == '=') {
        padding++;
    }
    return form == BBOTS_VAULT_HEX ? text.size / 2
                                   : text.size / 4 * 3 - (text.size >= 4 ? padding : 0);
}

/* ------------------------------------------------------------------ sealing */

int bbots_vault_seal(const bbots_keyring *ring, bbots_bytes secret, bbots_vault_form form,
                     bbots_vault_triple *triple, bbots_error *error)
{
    uint8_t nonce[VAULT_GCM_NONCE_BYTES];
    uint8_t tag[VAULT_TAG_BYTES];
    memset(triple, 0, sizeof *triple);
    int rc = check_ready(ring, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if ((form != BBOTS_VAULT_HEX && form != BBOTS_VAULT_BASE64) ||
        (secret.data == NULL && secret.size != 0)) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT,
                       "an argument of bbots_vault_seal() has no such "
                       "value");
    }
    if (secret.size > SECRET_MAX) {
        return bb_fail(error, BBOTS_LIMIT_EXCEEDED, "a secret has at most %u bytes", SECRET_MAX);
    }
    uint8_t *sealed = malloc(secret.size + 1);
    char *texts = malloc(text_size(form, secret.size) + text_size(form, sizeof nonce) +
                         text_size(form, sizeof tag) + 3);
    if (sealed == NULL || texts == NULL) {
        free(sealed);
        free(texts);
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    vault_text plain = {secret.data, secret.size};
    vault_text nothing = {NULL, 0};
    randombytes_buf(nonce, sizeof nonce);
    vault_gcm_encrypt(ring->keys[0].secret, nonce, nothing, plain, sealed, tag);
    char *next = print(form, sealed, secret.size, texts, &triple->encrypted_data);
    next = print(form, nonce, sizeof nonce, next, &triple->iv);
    (void)print(form, tag, sizeof tag, next, &triple->auth_tag);
    free(sealed);
    return BBOTS_OK;
}

void bbots_vault_triple_free(bbots_vault_triple *triple)
{
    free((void *)(uintptr_t)triple->encrypted_data.data); /* all three are in its block */
    memset(triple, 0, sizeof *triple);
}

/* ------------------------------------------------------------------ opening */

/* Reads the nonce, which tells the form of all three. */
static int read_nonce(bbots_text iv, uint8_t nonce[VAULT_GCM_NONCE_BYTES], bbots_vault_form *form,
                      bbots_error *error)
{
    uint8_t other[16];
    for (int f = BBOTS_VAULT_HEX; iv.data != NULL && f <= BBOTS_VAULT_BASE64; f++) {
        *form = (bbots_vault_form)f;
        if (scan(*form, iv, nonce, VAULT_GCM_NONCE_BYTES)) {
            return BBOTS_OK;
        }
        if (scan(*form, iv, other, sizeof other)) {
            return bb_fail(error, BBOTS_INVALID_TEXT,
                           "the nonce (iv) has 16 bytes: it was sealed by another writer than the "
                           "platform, whose nonces have 12; AES-256-GCM with 16 is not supported");
        }
    }
    return bb_fail(error, BBOTS_INVALID_TEXT,
                   "the nonce (iv) is not 12 bytes in hexadecimal or base64");
}

/* Tries each key: a triple does not say which one sealed it. */
static bool open_by_any(const bbots_keyring *ring, const uint8_t *nonce, vault_text sealed,
                        const uint8_t *tag, uint8_t *out)
{
    vault_text nothing = {NULL, 0};
    for (unsigned k = 0; k < ring->count; k++) {
        if (vault_gcm_decrypt(ring->keys[k].secret, nonce, nothing, sealed, tag, out)) {
            return true;
        }
    }
    return false;
}

static int open_parts(const bbots_keyring *ring, const bbots_vault_triple *triple, uint8_t *sealed,
                      size_t size, bbots_secret *secret, bbots_error *error)
{
    uint8_t nonce[VAULT_GCM_NONCE_BYTES];
    uint8_t tag[VAULT_TAG_BYTES];
    bbots_vault_form form = BBOTS_VAULT_HEX;
    int rc = read_nonce(triple->iv, nonce, &form, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (triple->auth_tag.data == NULL || !scan(form, triple->auth_tag, tag, sizeof tag)) {
        return bb_fail(error, BBOTS_INVALID_TEXT,
                       "the tag (authTag) is not 16 bytes in the form of the nonce");
    }
    secret->size = bytes_of(form, triple->encrypted_data);
    if (secret->size > size || !scan(form, triple->encrypted_data, sealed, secret->size)) {
        return bb_fail(error, BBOTS_INVALID_TEXT,
                       "the cipher text (encryptedData) is not in the form of the nonce");
    }
    secret->data = vault_alloc(secret->size + 1);
    if (secret->data == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of guarded memory");
    }
    vault_text text = {sealed, secret->size};
    return open_by_any(ring, nonce, text, tag, secret->data)
               ? BBOTS_OK
               : bb_fail(
                     error, BBOTS_TAMPERED,
                     "the secret does not open: it was changed, or its key is not in the keyring");
}

int bbots_vault_open(const bbots_keyring *ring, const bbots_vault_triple *triple,
                     bbots_secret *secret, bbots_error *error)
{
    secret->data = NULL;
    secret->size = 0;
    int rc = check_ready(ring, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (triple->encrypted_data.data == NULL || triple->encrypted_data.size > 2 * SECRET_MAX) {
        return bb_fail(error, BBOTS_INVALID_TEXT,
                       "the cipher text (encryptedData) is missing, or "
                       "longer than any that is made here");
    }
    size_t room = triple->encrypted_data.size + 1;
    uint8_t *sealed = malloc(room);
    if (sealed == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    rc = open_parts(ring, triple, sealed, room, secret, error);
    free(sealed);
    if (rc != BBOTS_OK) {
        bbots_secret_free(secret);
    }
    return rc;
}
