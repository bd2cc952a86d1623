/*
 * triple_tool.c - for test_triples.sh: seals or opens a triple of the platform's form.
 *
 *     triple_tool seal KEY hex|base64 TEXT      prints encryptedData, iv and authTag, one a line
 *     triple_tool open KEY ENCRYPTED IV TAG     prints the secret
 */
#include <bbots/vault.h>

#include <stdio.h>

static int seal(const bbots_keyring *ring, const char *form, const char *text, bbots_error *error)
{
    bbots_vault_triple triple;
    bbots_bytes plain = {text, strlen(text)};
    int rc = bbots_vault_seal(ring, plain, strcmp(form, "hex") == 0 ? BBOTS_VAULT_HEX
                                                                    : BBOTS_VAULT_BASE64,
                              &triple, error);
    if (rc == BBOTS_OK) {
        printf("%s\n%s\n%s\n", triple.encrypted_data.data, triple.iv.data, triple.auth_tag.data);
        bbots_vault_triple_free(&triple);
    }
    return rc;
}

static int open_triple(const bbots_keyring *ring, char **parts, bbots_error *error)
{
    bbots_vault_triple triple = {bbots_text_of(parts[0]), bbots_text_of(parts[1]),
                                 bbots_text_of(parts[2])};
    bbots_secret secret;
    int rc = bbots_vault_open(ring, &triple, &secret, error);
    if (rc == BBOTS_OK) {
        printf("%s\n", (const char *)secret.data);
        bbots_secret_free(&secret);
    }
    return rc;
}

int main(int count, char **arguments)
{
    bbots_error error;
    bbots_keyring *ring;
    if (count < 5) {
        return 2;
    }
    int rc = bbots_keyring_new(&ring, &error);
    if (rc == BBOTS_OK) {
        rc = bbots_keyring_add_text(ring, bbots_text_of(arguments[2]), &error);
        if (rc == BBOTS_OK) {
            rc = strcmp(arguments[1], "seal") == 0 ? seal(ring, arguments[3], arguments[4], &error)
                 : count == 6                      ? open_triple(ring, arguments + 3, &error)
                                                   : 2;
        }
        bbots_keyring_free(ring);
    }
    if (rc < 0) {
        printf("%s: %s\n", bbots_status_name(rc), error.message);
    }
    return rc == BBOTS_OK ? 0 : 1;
}
