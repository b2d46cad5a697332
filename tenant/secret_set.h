/* tenant/secret_set.h: the vault's values as something to look for, and their keyed digest.
 *
 * Order: read on the loop's thread, compile on any one, free. Values stay in guarded memory.
 */
#ifndef HF_TENANT_SECRET_SET_H
#define HF_TENANT_SECRET_SET_H

#include "tenant/vault.h"
#include "wrapper/search/search.h"

struct hf_secret_set_entry {
    char name[HF_VAULT_NAME_MAX + 1];
    enum hf_vault_kind kind;
    struct hf_secret value;
};

struct hf_secret_set {
    uint64_t revision; /* of the vault */
    /* HMAC-SHA-256 under a key that is derived of the one of placeholders, over this program's
     * version (a newer one may know more spellings) and every value with its name. */
    struct hf_hash digest;
    size_t count; /* values */
    /* after compile */
    struct hf_secret_search *search; /* NULL with an error */
    enum hf_rc rc;
    struct hf_err err;
    /* private */
    struct hf_secret key;
    struct hf_secret_set_entry *entries;
    size_t room;
};

/* Gives *ret_set. Errors as hf_vault_reveal; HF_ENOMEM. */
enum hf_rc hf_secret_set_read(struct hf_vault *vault, struct hf_secret_set **ret_set,
                              struct hf_err *err);
/* Fills search, or rc and err. Blocking: a second for a full vault. The values are not kept. */
void hf_secret_set_compile(struct hf_secret_set *set);
/* NULL is fine. */
void hf_secret_set_free(struct hf_secret_set *set);

#endif
