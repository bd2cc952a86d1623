/*
 * bbots/credential.h - users' passwords and keys for outside services, in the form of the platform.
 *
 * The table is credentials ("userId", name, service, type, "encryptedData", iv, "authTag", metadata,
 * "lastUsedAt", "useCount", "isActive", "deletedAt", "createdAt", "updatedAt"), found by these names in
 * the store's schema. The secret is sealed as bbots_vault_seal() does it, so that the platform's other
 * programs open it; the keyring is given with each call and need not be that of the store.
 *
 * A credential belongs to a user: who asks by another user's number is told BBOTS_NOT_FOUND, as for
 * one that is not there or was deleted. All functions run in the caller's transaction.
 *
 * Errors of every function: those of bbots/table.h; BBOTS_UNKNOWN_TABLE or BBOTS_UNKNOWN_COLUMN when
 * the schema lacks what is named above, BBOTS_WRONG_TYPE when a column cannot hold it,
 * BBOTS_UNKNOWN_INDEX when its primary key is not (id). Of those that take a keyring also the ones of
 * bbots_vault_seal() and bbots_vault_open(): BBOTS_CIPHER_UNAVAILABLE, BBOTS_KEY_MISSING and others,
 * always before anything is written.
 */
#ifndef BBOTS_CREDENTIAL_H
#define BBOTS_CREDENTIAL_H

#include <bbots/store.h>
#include <bbots/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All that is known of a credential but its secret. Times that are NULL are
 * BBOTS_TIMESTAMP_MINUS_INFINITY. Texts point into the store, as those of a row. */
typedef struct bbots_credential {
    int64_t id;
    int64_t user_id;
    bbots_text name;
    bbots_text service;
    bbots_text type;
    bbots_json metadata;
    int64_t use_count;
    bbots_timestamp last_used_at;
    bool is_active;
    bbots_timestamp deleted_at;
    bbots_timestamp created_at;
    bbots_timestamp updated_at;
} bbots_credential;

/*
 * Stores a new credential: of *of count user_id, name, service, type and metadata. id (may be NULL)
 * receives its number. form: how its three texts are written.
 * Errors: BBOTS_FOREIGN_KEY_VIOLATION (no such user) and those of bbots_insert().
 */
BBOTS_API BBOTS_CHECKED int bbots_credential_store(bbots_txn *txn, const bbots_keyring *ring,
                                                   const bbots_credential *of, bbots_bytes secret,
                                                   bbots_vault_form form, int64_t *id,
                                                   bbots_error *error);

/*
 * Opens a credential's secret for use: useCount goes up by one, lastUsedAt becomes the transaction's
 * time, updatedAt stays. The secret belongs to the caller: bbots_secret_free().
 * Returns BBOTS_OK or BBOTS_NOT_FOUND (also: inactive or deleted). Errors also:
 * BBOTS_NUMERIC_OUT_OF_RANGE (useCount can go no further).
 */
BBOTS_API BBOTS_CHECKED int bbots_credential_fetch(bbots_txn *txn, const bbots_keyring *ring,
                                                   int64_t user_id, int64_t id,
                                                   bbots_secret *secret, bbots_error *error);

/* Sees one credential; anything but 0 ends the list. */
typedef int bbots_credential_visit(const bbots_credential *credential, void *context);

/*
 * Shows a user's credentials, without their secrets, in the order of their ids; deleted ones only when
 * asked for. visit must not write.
 */
BBOTS_API BBOTS_CHECKED int bbots_credential_list(bbots_txn *txn, int64_t user_id, bool deleted_too,
                                                  bbots_credential_visit *visit, void *context,
                                                  bbots_error *error);

/*
 * Puts a new secret into a credential; name, service, use count and the rest stay. secret.data NULL
 * keeps the secret and seals it anew by the ring's first key: what was sealed by an older key of the
 * ring, or in another form, is brought to today's.
 * Returns BBOTS_OK or BBOTS_NOT_FOUND (also: deleted).
 */
BBOTS_API BBOTS_CHECKED int bbots_credential_rotate(bbots_txn *txn, const bbots_keyring *ring,
                                                    int64_t user_id, int64_t id, bbots_bytes secret,
                                                    bbots_vault_form form, bbots_error *error);

/*
 * Marks a credential as deleted: isActive becomes false, deletedAt the transaction's time. The row
 * stays, with its sealed secret, and is not opened any more.
 * Returns BBOTS_OK, or BBOTS_NOT_FOUND (also: deleted already).
 */
BBOTS_API BBOTS_CHECKED int bbots_credential_delete(bbots_txn *txn, int64_t user_id, int64_t id,
                                                    bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
