/*
 * vault/seal.c - a value sealed for its place.
 */
#include "vault/vault.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define NAMED_BYTES 10 /* of the header: mark, holder, key id */
#define PLACE_MAX   (NAMED_BYTES + 2 * (1 + BBOTS_NAME_MAX) + VAULT_PLACE_KEY_MAX)

void vault_nonce_next(vault_nonces *nonces, uint8_t nonce[VAULT_NONCE_BYTES])
{
    if (nonces->left == 0) {
        randombytes_buf(nonces->bytes, sizeof nonces->bytes);
        nonces->left = sizeof nonces->bytes / VAULT_NONCE_BYTES;
    }
    nonces->left--;
    memcpy(nonce, nonces->bytes + (size_t)nonces->left * VAULT_NONCE_BYTES, VAULT_NONCE_BYTES);
}

bool vault_sealed_shape(const void *data, size_t size, uint8_t *by, bbots_key_id *id)
{
    const uint8_t *at = data;
    if (size < VAULT_SEAL_BYTES || at[0] != VAULT_MARK ||
        (at[1] != VAULT_BY_RING && at[1] != VAULT_BY_ROW)) {
        return false;
    }
    if (by != NULL) {
        *by = at[1];
    }
    if (id != NULL) {
        memcpy(id->bytes, at + 2, sizeof id->bytes);
    }
    return true;
}

static uint8_t *put_name(uint8_t *to, const char *name)
{
    size_t size = strlen(name);
    assert(size <= BBOTS_NAME_MAX);
    *to = (uint8_t)size;
    memcpy(to + 1, name, size);
    return to + 1 + size;
}

/*
 * What is authenticated beside the text: names with their lengths in front, and the key last, so
 * that no two places give the same bytes.
 */
static vault_text describe(const uint8_t *header, const vault_place *place,
                           uint8_t bytes[PLACE_MAX])
{
    assert(place->key_size <= VAULT_PLACE_KEY_MAX);
    memcpy(bytes, header, NAMED_BYTES);
    uint8_t *end = put_name(bytes + NAMED_BYTES, place->table);
    end = put_name(end, place->column);
    memcpy(end, place->key, place->key_size);
    vault_text also = {bytes, (size_t)(end - bytes) + place->key_size};
    return also;
}

void vault_seal(const vault_key *key, uint8_t by, const vault_place *place, vault_nonces *nonces,
                vault_text plain, uint8_t *out)
{
    uint8_t bytes[PLACE_MAX];
    out[0] = VAULT_MARK;
    out[1] = by;
    memcpy(out + 2, key->id.bytes, sizeof key->id.bytes);
    vault_nonce_next(nonces, out + NAMED_BYTES);
    vault_encrypt(key->sealing, out + NAMED_BYTES, describe(out, place, bytes), plain,
                  out + VAULT_HEADER_BYTES, out + VAULT_HEADER_BYTES + plain.size);
}

bool vault_open(const vault_key *key, const vault_place *place, vault_text sealed, uint8_t *out)
{
    uint8_t bytes[PLACE_MAX];
    const uint8_t *at = sealed.data;
    bbots_key_id id;
    if (!vault_sealed_shape(sealed.data, sealed.size, NULL, &id) ||
        memcmp(id.bytes, key->id.bytes, sizeof id.bytes) != 0) {
        return false;
    }
    vault_text text = {at + VAULT_HEADER_BYTES, sealed.size - VAULT_SEAL_BYTES};
    return vault_decrypt(key->sealing, at + NAMED_BYTES, describe(at, place, bytes), text,
                         at + VAULT_HEADER_BYTES + text.size, out);
}
