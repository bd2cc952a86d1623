/*
 * vault/cipher.c - the two ciphers, both libsodium's.
 *
 * XChaCha20-Poly1305 seals columns: its nonces of 24 bytes can be drawn at random for ever.
 * AES-256-GCM is what the platform writes; libsodium has it only where the processor does the work.
 */
#include "vault/vault.h"

#include <sodium.h>

_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == BBOTS_KEY_BYTES &&
                   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == VAULT_NONCE_BYTES &&
                   crypto_aead_xchacha20poly1305_ietf_ABYTES == VAULT_TAG_BYTES &&
                   crypto_aead_aes256gcm_KEYBYTES == BBOTS_KEY_BYTES &&
                   crypto_aead_aes256gcm_NPUBBYTES == VAULT_GCM_NONCE_BYTES &&
                   crypto_aead_aes256gcm_ABYTES == VAULT_TAG_BYTES,
               "the sizes are those of libsodium");

void vault_encrypt(const uint8_t *key, const uint8_t *nonce, vault_text also, vault_text plain,
                   uint8_t *out, uint8_t *tag)
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
        out, tag, NULL, plain.data, plain.size, also.data, also.size, NULL, nonce, key);
}

bool vault_decrypt(const uint8_t *key, const uint8_t *nonce, vault_text also, vault_text sealed,
                   const uint8_t *tag, uint8_t *out)
{
    return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
               out, NULL, sealed.data, sealed.size, tag, also.data, also.size, nonce, key) == 0;
}

bool bbots_vault_is_available(void)
{
    vault_start();
    return crypto_aead_aes256gcm_is_available() != 0;
}

void vault_gcm_encrypt(const uint8_t *key, const uint8_t *nonce, vault_text also, vault_text plain,
                       uint8_t *out, uint8_t *tag)
{
    (void)crypto_aead_aes256gcm_encrypt_detached(out, tag, NULL, plain.data, plain.size, also.data,
                                                 also.size, NULL, nonce, key);
}

bool vault_gcm_decrypt(const uint8_t *key, const uint8_t *nonce, vault_text also, vault_text sealed,
                       const uint8_t *tag, uint8_t *out)
{
    return crypto_aead_aes256gcm_decrypt_detached(out, NULL, sealed.data, sealed.size, tag,
                                                  also.data, also.size, nonce, key) == 0;
}
