/*
 * Keys, ciphers and the platform's triples: published test vectors, where keys may come from, every
 * bit of a triple, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vault/vault.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bbots_error fault;
static bool processor_without_aes;

/* Stands before libsodium's own: a processor without the instructions. */
int crypto_aead_aes256gcm_is_available(void)
{
    int (*real)(void);
    *(void **)&real = dlsym(RTLD_NEXT, "crypto_aead_aes256gcm_is_available");
    return processor_without_aes ? 0 : real();
}

static size_t from_hex(const char *hex, uint8_t *bytes)
{
    size_t size;
    assert_int_equal(sodium_hex2bin(bytes, 256, hex, strlen(hex), NULL, &size, NULL), 0);
    return size;
}

/* ------------------------------------------------------------------ the standards' vectors */

typedef struct vector {
    const char *key;
    const char *nonce;
    const char *also;
    const char *plain;
    const char *sealed;
    const char *tag;
} vector;

/* Cases 13 to 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", which NIST gives out
 * with SP 800-38D. */
static const vector gcm[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

/* draft-irtf-cfrg-xchacha-03, A.3.1. */
static const vector xchacha = {"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
                               "404142434445464748494a4b4c4d4e4f5051525354555657",
                               "50515253c0c1c2c3c4c5c6c7",
                               "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
                               "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
                               "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
                               "637265656e20776f756c642062652069742e",
                               "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
                               "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
                               "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                               "21f9664c97637da9768812f615c68b13b52e",
                               "c0875924c1c7987947deafd8780acf49"};

typedef void encrypt_function(const uint8_t *key, const uint8_t *nonce, vault_text also,
                              vault_text plain, uint8_t *out, uint8_t *tag);
typedef bool decrypt_function(const uint8_t *key, const uint8_t *nonce, vault_text also,
                              vault_text sealed, const uint8_t *tag, uint8_t *out);

static void try_vector(const vector *one, encrypt_function *encrypt, decrypt_function *decrypt)
{
    uint8_t key[256], nonce[256], also[256], plain[256], sealed[256], tag[256], out[256];
    uint8_t out_tag[VAULT_TAG_BYTES];
    from_hex(one->key, key);
    from_hex(one->nonce, nonce);
    vault_text beside = {also, from_hex(one->also, also)};
    vault_text text = {plain, from_hex(one->plain, plain)};
    vault_text cipher = {sealed, from_hex(one->sealed, sealed)};
    from_hex(one->tag, tag);
    encrypt(key, nonce, beside, text, out, out_tag);
    assert_memory_equal(out, sealed, text.size);
    assert_memory_equal(out_tag, tag, sizeof out_tag);
    assert_true(decrypt(key, nonce, beside, cipher, tag, out));
    assert_memory_equal(out, plain, text.size);
    tag[15] ^= 1;
    assert_false(decrypt(key, nonce, beside, cipher, tag, out));
}

static void published_vectors_pass_through(void **state)
{
    (void)state;
    vault_start();
    try_vector(&xchacha, vault_encrypt, vault_decrypt);
    if (!bbots_vault_is_available()) {
        skip();
    }
    for (size_t i = 0; i < sizeof gcm / sizeof *gcm; i++) {
        try_vector(&gcm[i], vault_gcm_encrypt, vault_gcm_decrypt);
    }
}

/* ------------------------------------------------------------------ keys */

static const char hex_key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char base64_key[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="; /* the same */
static const char other_key[] = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static bbots_keyring *ring_of(const char *text)
{
    bbots_keyring *ring;
    assert_int_equal(bbots_keyring_new(&ring, &fault), BBOTS_OK);
    assert_int_equal(bbots_keyring_add_text(ring, bbots_text_of(text), &fault), BBOTS_OK);
    return ring;
}

static void a_key_is_known_by_what_it_is(void **state)
{
    (void)state;
    char text[512];
    char a[BBOTS_KEY_ID_TEXT_MAX];
    char b[BBOTS_KEY_ID_TEXT_MAX];
    snprintf(text, sizeof text, "# a remark, 00\n%s# behind\r\n\n%s,\t%s", hex_key, base64_key,
             other_key);
    bbots_keyring *ring = ring_of(text);
    assert_int_equal(bbots_keyring_count(ring), 2);
    bbots_keyring *again = ring_of(base64_key);
    assert_int_equal(bbots_key_id_print(bbots_keyring_id(ring, 0), a), 16);
    bbots_key_id_print(bbots_keyring_id(again, 0), b);
    assert_string_equal(a, b);
    bbots_key_id_print(bbots_keyring_id(ring, 1), b);
    assert_string_not_equal(a, b);
    static const bbots_key_id none;
    bbots_key_id past = bbots_keyring_id(ring, 2);
    assert_memory_equal(&past, &none, sizeof none);
    assert_int_equal(bbots_keyring_add_text(ring, (bbots_text){NULL, 0}, &fault), BBOTS_OK);
    bbots_keyring_free(again);
    bbots_keyring_free(ring);
    bbots_keyring_free(NULL);
}

static void what_is_no_key_is_refused_and_not_shown(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "0001",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh==",
        "00010203040506070809\xc3\xa4"
        "0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh==",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=AAECAwQFBgcICQoLDA0O",
        "\n\nsecret-key"};
    bbots_keyring *ring;
    assert_int_equal(bbots_keyring_new(&ring, &fault), BBOTS_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(bbots_keyring_add_text(ring, bbots_text_of(wrong[i]), &fault),
                         BBOTS_INVALID_TEXT);
        assert_null(strstr(fault.message, "0001"));
        assert_null(strstr(fault.message, "AAEC"));
        assert_null(strstr(fault.message, "secret"));
    }
    assert_non_null(strstr(fault.message, "line 3"));
    uint8_t zeros[BBOTS_KEY_BYTES] = {0};
    assert_int_equal(bbots_keyring_add(ring, zeros, &fault), BBOTS_INVALID_ARGUMENT);
    assert_int_equal(bbots_keyring_count(ring), 0);
    for (unsigned i = 0; i < BBOTS_KEYS_MAX; i++) {
        zeros[0] = (uint8_t)(i + 1);
        assert_int_equal(bbots_keyring_add(ring, zeros, &fault), BBOTS_OK);
        assert_int_equal(bbots_keyring_add(ring, zeros, &fault),
                         i + 1 < BBOTS_KEYS_MAX ? BBOTS_UNCHANGED : BBOTS_LIMIT_EXCEEDED);
    }
    bbots_keyring_free(ring);
}

static int give_two(void *context, unsigned number, uint8_t *key, bbots_error *error)
{
    (void)error;
    if (number == 2) {
        return *(int *)context;
    }
    memset(key, (int)number + 7, BBOTS_KEY_BYTES);
    return BBOTS_OK;
}

static void keys_come_from_a_function_or_the_environment(void **state)
{
    (void)state;
    bbots_keyring *ring;
    int end = BBOTS_END;
    int failure = BBOTS_IO;
    assert_int_equal(bbots_keyring_new(&ring, &fault), BBOTS_OK);
    assert_int_equal(bbots_keyring_add_source(ring, give_two, &end, &fault), BBOTS_OK);
    assert_int_equal(bbots_keyring_count(ring), 2);
    assert_int_equal(bbots_keyring_add_source(ring, give_two, &failure, &fault), BBOTS_IO);
    unsetenv("BBOTS_TEST_KEYS");
    assert_int_equal(bbots_keyring_add_environment(ring, "BBOTS_TEST_KEYS", &fault),
                     BBOTS_KEY_MISSING);
    setenv("BBOTS_TEST_KEYS", "", 1);
    assert_int_equal(bbots_keyring_add_environment(ring, "BBOTS_TEST_KEYS", &fault),
                     BBOTS_KEY_MISSING);
    setenv("BBOTS_TEST_KEYS", hex_key, 1);
    assert_int_equal(bbots_keyring_add_environment(ring, "BBOTS_TEST_KEYS", &fault), BBOTS_OK);
    assert_int_equal(bbots_keyring_count(ring), 3);
    char several[256];
    snprintf(several, sizeof several, "\r\n%s,\r%s\t# the same, and another\n", hex_key, other_key);
    assert_int_equal(bbots_keyring_add_text(ring, bbots_text_of(several), &fault), BBOTS_OK);
    assert_int_equal(bbots_keyring_count(ring), 4);
    bbots_keyring_free(ring);
}

#define LONGEST (64u << 10) /* bytes of a key file at most */

static void a_key_file_that_others_can_use_is_refused(void **state)
{
    (void)state;
    char folder[] = "/tmp/bbots-keys-XXXXXX";
    char path[64];
    char link_path[64];
    bbots_key_id made;
    struct stat status;
    bbots_keyring *ring;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/key", folder);
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    assert_int_equal(bbots_keyring_new(&ring, &fault), BBOTS_OK);
    assert_int_equal(bbots_keyring_add_file(ring, path, &fault), BBOTS_FILE_MISSING);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(bbots_key_file_create(link_path, &made, &fault), BBOTS_FILE_EXISTS);
    assert_int_equal(bbots_key_file_create(path, &made, &fault), BBOTS_OK);
    assert_int_equal(bbots_key_file_create(path, &made, &fault), BBOTS_FILE_EXISTS);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(bbots_keyring_add_file(ring, link_path, &fault), BBOTS_ACCESS_DENIED);
    static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0777};
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        assert_int_equal(chmod(path, open_modes[i]), 0);
        assert_int_equal(bbots_keyring_add_file(ring, path, &fault), BBOTS_ACCESS_DENIED);
        assert_non_null(strstr(fault.message, "0600"));
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(bbots_keyring_count(ring), 0);
    assert_int_equal(bbots_keyring_add_file(ring, path, &fault), BBOTS_OK);
    bbots_key_id id = bbots_keyring_id(ring, 0);
    assert_memory_equal(&id, &made, sizeof made);
    assert_int_equal(bbots_keyring_add_file(ring, folder, &fault), BBOTS_ACCESS_DENIED);
    if (geteuid() == 0) { /* nobody else can give a file away */
        assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
        assert_int_equal(bbots_keyring_add_file(ring, path, &fault), BBOTS_ACCESS_DENIED);
        assert_non_null(strstr(fault.message, "another user"));
        assert_int_equal(chown(path, 0, (gid_t)-1), 0);
    }
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 1 << 20), 0);
    assert_int_equal(bbots_keyring_add_file(ring, path, &fault), BBOTS_LIMIT_EXCEEDED);
    /* Beneath a file there is none; and one of remarks alone may be as long as one can be. */
    char beneath[80];
    snprintf(beneath, sizeof beneath, "%s/key", path);
    assert_int_equal(bbots_keyring_add_file(ring, beneath, &fault), BBOTS_IO);
    assert_int_equal(bbots_key_file_create(beneath, &made, &fault), BBOTS_IO);
    assert_int_equal(truncate(path, 0), 0);
    FILE *longest = fopen(path, "we");
    assert_non_null(longest);
    for (unsigned i = 0; i < LONGEST; i++) {
        fputc(i % 64 == 63 ? '\n' : '#', longest);
    }
    assert_int_equal(fclose(longest), 0);
    unsigned count = bbots_keyring_count(ring);
    assert_int_equal(bbots_keyring_add_file(ring, path, &fault), BBOTS_OK);
    assert_int_equal(bbots_keyring_count(ring), count);
    bbots_keyring_free(ring);
    unlink(path);
    unlink(link_path);
    rmdir(folder);
}

/* ------------------------------------------------------------------ triples */

static void a_triple_opens_in_both_forms(void **state)
{
    (void)state;
    static const char secret[] = "correct horse \xf0\x9f\x90\xb4 battery";
    static const size_t iv_size[] = {24, 16};
    static const size_t tag_size[] = {32, 24};
    if (!bbots_vault_is_available()) {
        skip();
    }
    bbots_keyring *ring = ring_of(hex_key);
    for (int form = BBOTS_VAULT_HEX; form <= BBOTS_VAULT_BASE64; form++) {
        for (size_t size = 0; size < sizeof secret; size++) {
            bbots_vault_triple triple;
            bbots_secret opened;
            bbots_bytes plain = {secret, size};
            assert_int_equal(bbots_vault_seal(ring, plain, (bbots_vault_form)form, &triple, &fault),
                             BBOTS_OK);
            assert_int_equal(triple.iv.size, iv_size[form]);
            assert_int_equal(triple.auth_tag.size, tag_size[form]);
            assert_int_equal(bbots_vault_open(ring, &triple, &opened, &fault), BBOTS_OK);
            assert_int_equal(opened.size, size);
            assert_memory_equal(opened.data, secret, size);
            assert_int_equal(((char *)opened.data)[size], 0);
            bbots_secret_free(&opened);
            bbots_vault_triple_free(&triple);
        }
    }
    bbots_keyring_free(ring);
}

/* Changes each bit and each length of one text of a triple; none may open. */
static void spoil(const bbots_keyring *ring, const bbots_vault_triple *triple, bbots_text *part,
                  const bbots_vault_triple *spoiled)
{
    char copy[128];
    bbots_secret opened;
    bbots_text whole = *part;
    memcpy(copy, whole.data, whole.size);
    part->data = copy;
    for (size_t i = 0; i < whole.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            copy[i] = (char)(copy[i] ^ 1 << bit);
            bool same_digit = triple->iv.size == 24 && (copy[i] ^ whole.data[i]) == 0x20 &&
                              ((whole.data[i] >= 'a' && whole.data[i] <= 'f'));
            int rc = bbots_vault_open(ring, spoiled, &opened, &fault);
            if (same_digit) { /* a capital stands for the same number */
                assert_int_equal(rc, BBOTS_OK);
                bbots_secret_free(&opened);
            } else {
                assert_true(rc == BBOTS_TAMPERED || rc == BBOTS_INVALID_TEXT);
                assert_null(opened.data);
            }
            copy[i] = (char)(copy[i] ^ 1 << bit);
        }
        part->size = i;
        assert_true(bbots_vault_open(ring, spoiled, &opened, &fault) < 0);
        part->size = whole.size;
    }
    *part = whole;
}

static void every_bit_and_every_cut_of_a_triple_is_noticed(void **state)
{
    (void)state;
    if (!bbots_vault_is_available()) {
        skip();
    }
    bbots_keyring *ring = ring_of(hex_key);
    for (int form = BBOTS_VAULT_HEX; form <= BBOTS_VAULT_BASE64; form++) {
        bbots_vault_triple triple;
        bbots_bytes plain = {"sk-live-0123456789abcdef", 24};
        assert_int_equal(bbots_vault_seal(ring, plain, (bbots_vault_form)form, &triple, &fault),
                         BBOTS_OK);
        bbots_vault_triple spoiled = triple;
        spoil(ring, &triple, &spoiled.encrypted_data, &spoiled);
        spoil(ring, &triple, &spoiled.iv, &spoiled);
        spoil(ring, &triple, &spoiled.auth_tag, &spoiled);
        bbots_vault_triple_free(&triple);
    }
    bbots_keyring_free(ring);
}

static void old_keys_open_and_the_first_one_seals(void **state)
{
    (void)state;
    char both[200];
    bbots_vault_triple triple;
    bbots_secret opened;
    bbots_bytes plain = {"s", 1};
    if (!bbots_vault_is_available()) {
        skip();
    }
    snprintf(both, sizeof both, "%s %s", other_key, hex_key);
    bbots_keyring *old = ring_of(hex_key);
    bbots_keyring *new_ring = ring_of(other_key);
    bbots_keyring *two = ring_of(both);
    assert_int_equal(bbots_vault_seal(old, plain, BBOTS_VAULT_HEX, &triple, &fault), BBOTS_OK);
    assert_int_equal(bbots_vault_open(new_ring, &triple, &opened, &fault), BBOTS_TAMPERED);
    assert_int_equal(bbots_vault_open(two, &triple, &opened, &fault), BBOTS_OK);
    bbots_secret_free(&opened);
    bbots_vault_triple_free(&triple);
    assert_int_equal(bbots_vault_seal(two, plain, BBOTS_VAULT_HEX, &triple, &fault), BBOTS_OK);
    assert_int_equal(bbots_vault_open(new_ring, &triple, &opened, &fault), BBOTS_OK);
    bbots_secret_free(&opened);
    bbots_vault_triple_free(&triple);
    bbots_keyring_free(two);
    bbots_keyring_free(new_ring);
    bbots_keyring_free(old);
}

static void foreign_nonces_and_missing_means_are_named(void **state)
{
    (void)state;
    bbots_secret opened;
    bbots_vault_triple triple = {bbots_text_of("00"),
                                 bbots_text_of("0123456789abcdef0123456789abcdef"),
                                 bbots_text_of("00000000000000000000000000000000")};
    bbots_keyring *ring = ring_of(hex_key);
    bbots_keyring *empty = ring_of("");
    bbots_bytes plain = {"s", 1};
    processor_without_aes = true;
    assert_int_equal(bbots_vault_open(ring, &triple, &opened, &fault), BBOTS_CIPHER_UNAVAILABLE);
    assert_int_equal(bbots_vault_seal(ring, plain, BBOTS_VAULT_HEX, &triple, &fault),
                     BBOTS_CIPHER_UNAVAILABLE);
    assert_null(triple.iv.data);
    processor_without_aes = false;
    if (bbots_vault_is_available()) {
        static const char *const long_nonces[] = {"0123456789abcdef0123456789abcdef",
                                                  "ASNFZ4mrze8BI0VniavN7w=="};
        triple.encrypted_data = bbots_text_of("00");
        triple.auth_tag = bbots_text_of("00000000000000000000000000000000");
        for (int i = 0; i < 2; i++) {
            triple.iv = bbots_text_of(long_nonces[i]);
            assert_int_equal(bbots_vault_open(ring, &triple, &opened, &fault), BBOTS_INVALID_TEXT);
            assert_non_null(strstr(fault.message, "16 bytes"));
        }
        const bbots_text ciphers[] = {{NULL, 0}, {"0", (size_t)1 << 40}}; /* it is not looked at */
        triple.iv = bbots_text_of("000000000000000000000000");
        for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++) {
            triple.encrypted_data = ciphers[i];
            assert_int_equal(bbots_vault_open(ring, &triple, &opened, &fault), BBOTS_INVALID_TEXT);
            assert_non_null(strstr(fault.message, "missing, or longer"));
        }
        triple.encrypted_data = bbots_text_of("00");
        assert_int_equal(bbots_vault_open(empty, &triple, &opened, &fault), BBOTS_KEY_MISSING);
    }
    bbots_keyring_free(empty);
    bbots_keyring_free(ring);
}

/* ------------------------------------------------------------------ sealed values */

static int compare_starts(const void *a, const void *b)
{
    return memcmp(a, b, 8);
}

static void no_nonce_comes_twice(void **state)
{
    (void)state;
    const char *wanted = getenv("N");
    size_t count = wanted != NULL ? strtoull(wanted, NULL, 10) : 200000;
    /* The first 8 bytes are enough: 100 million of them are equal by chance once in 3,700 runs. */
    uint8_t *starts = malloc(count * 8);
    vault_nonces nonces = {0};
    vault_key key = {.secret = {1}};
    vault_place place = {"tab", "col", (const uint8_t *)"key", 3};
    vault_text plain = {"a", 1};
    assert_non_null(starts);
    vault_start();
    vault_key_derive(&key);
    for (size_t i = 0; i < count; i++) {
        uint8_t sealed[1 + VAULT_SEAL_BYTES];
        vault_seal(&key, VAULT_BY_RING, &place, &nonces, plain, sealed);
        memcpy(starts + 8 * i, sealed + VAULT_HEADER_BYTES - VAULT_NONCE_BYTES, 8);
    }
    qsort(starts, count, 8, compare_starts);
    for (size_t i = 1; i < count; i++) {
        assert_memory_not_equal(starts + 8 * i, starts + 8 * (i - 1), 8);
    }
    free(starts);
}

static void a_sealed_value_opens_at_its_place_only(void **state)
{
    (void)state;
    static const char text[] = "a secret of a hundred bytes or so";
    uint8_t sealed[sizeof text + VAULT_SEAL_BYTES];
    uint8_t out[sizeof text];
    vault_nonces nonces = {0};
    vault_key key = {.secret = {1}};
    vault_key other = {.secret = {2}};
    vault_place place = {"tab", "col", (const uint8_t *)"key", 3};
    vault_text plain = {text, sizeof text};
    vault_text whole = {sealed, sizeof sealed};
    vault_key_derive(&key);
    vault_key_derive(&other);
    vault_seal(&key, VAULT_BY_RING, &place, &nonces, plain, sealed);
    assert_true(vault_open(&key, &place, whole, out));
    assert_memory_equal(out, text, sizeof text);
    assert_false(vault_open(&other, &place, whole, out));
    other.id = key.id; /* two keys of one id, as an attacker may wish */
    assert_false(vault_open(&other, &place, whole, out));
    static const vault_place others[] = {
        {"tac", "col", (const uint8_t *)"key", 3}, {"tab", "com", (const uint8_t *)"key", 3},
        {"tab", "col", (const uint8_t *)"kez", 3}, {"tab", "col", (const uint8_t *)"ke", 2},
        {"ta", "bcol", (const uint8_t *)"key", 3}, {"tab", "colk", (const uint8_t *)"ey", 2}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(vault_open(&key, &others[i], whole, out));
    }
    for (size_t i = 0; i < sizeof sealed; i++) {
        for (int bit = 0; bit < 8; bit++) {
            sealed[i] = (uint8_t)(sealed[i] ^ 1 << bit);
            assert_false(vault_open(&key, &place, whole, out));
            sealed[i] = (uint8_t)(sealed[i] ^ 1 << bit);
        }
        vault_text cut = {sealed, i};
        assert_false(vault_open(&key, &place, cut, out));
    }
    assert_true(vault_open(&key, &place, whole, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_pass_through),
        cmocka_unit_test(a_key_is_known_by_what_it_is),
        cmocka_unit_test(what_is_no_key_is_refused_and_not_shown),
        cmocka_unit_test(keys_come_from_a_function_or_the_environment),
        cmocka_unit_test(a_key_file_that_others_can_use_is_refused),
        cmocka_unit_test(a_triple_opens_in_both_forms),
        cmocka_unit_test(every_bit_and_every_cut_of_a_triple_is_noticed),
        cmocka_unit_test(old_keys_open_and_the_first_one_seals),
        cmocka_unit_test(foreign_nonces_and_missing_means_are_named),
        cmocka_unit_test(no_nonce_comes_twice),
        cmocka_unit_test(a_sealed_value_opens_at_its_place_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
