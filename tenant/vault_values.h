/* tenant/vault_values.h: the sealed values of the vault, as rows of its database.
 *
 * A secret keeps its newest HF_VAULT_KEPT_MAX values; a further one takes the place of the oldest.
 * Each is sealed for itself and bound to its name, version and kind, so that none can be put in
 * another's place. Names that begin with "holdfast." are the vault's own and never shown.
 * Private to tenant/vault.c. Threads: one.
 */
#ifndef HF_TENANT_VAULT_VALUES_H
#define HF_TENANT_VAULT_VALUES_H

#include "base/buf.h"
#include "base/crypto.h"
#include "projections/store.h"
#include "tenant/vault_notes.h"
#include "wrapper/redaction/redaction.h"

#define HF_VAULT_VALUE_MAX   HF_REDACTION_SECRET_MAX /* it takes whatever is in a vault */
#define HF_VAULT_KEPT_MAX    5 /* values of a secret: the newest and those before it */
#define HF_VAULT_SECRETS_MAX 256
#define HF_VAULT_BYTES_MAX   (1u << 20) /* of all values: they travel in one answer */

/* What there is of one secret, and in all. */
struct hf_vault_survey {
    uint32_t version; /* the newest; 0: there is no such secret */
    enum hf_vault_kind kind;
    int64_t changed_us;
    uint64_t oldest_bytes; /* of the value whose place the next one takes */
    uint32_t secrets;      /* of the vault */
    uint32_t values;
    uint64_t bytes;
};

struct hf_vault_values {
    struct hf_env *env;
    struct hf_store *store;      /* borrowed */
    const struct hf_secret *key; /* borrowed */
};

/* What a value belongs to. */
struct hf_vault_place {
    struct hf_str name;
    uint32_t version;
    enum hf_vault_kind kind;
};

enum hf_rc hf_vault_values_create(struct hf_vault_values *v, struct hf_err *err);
enum hf_rc hf_vault_values_survey(struct hf_vault_values *v, struct hf_str name,
                                  struct hf_vault_survey *ret, struct hf_err *err);
enum hf_rc hf_vault_values_put(struct hf_vault_values *v, const struct hf_vault_place *place,
                               struct hf_bytes value, struct hf_err *err);
/* Gives *ret_value. HF_ENOTFOUND; HF_ECORRUPT: it was altered, or is not of this key. */
enum hf_rc hf_vault_values_get(struct hf_vault_values *v, struct hf_str name, uint32_t version,
                               struct hf_secret *ret_value, struct hf_err *err);
enum hf_rc hf_vault_values_remove(struct hf_vault_values *v, struct hf_str name,
                                  struct hf_err *err);

/* The same for rows of another table: appends the sealed value to ret_text, in base64. */
enum hf_rc hf_vault_values_seal(struct hf_vault_values *v, const struct hf_vault_place *place,
                                struct hf_bytes value, struct hf_buf *ret_text, struct hf_err *err);
/* Gives *ret_value. HF_ECORRUPT: it was altered, or is not of this key or place. */
enum hf_rc hf_vault_values_unseal(struct hf_vault_values *v, const struct hf_vault_place *place,
                                  struct hf_str text, struct hf_secret *ret_value,
                                  struct hf_err *err);

/* A secret, or one of its values. */
struct hf_vault_row {
    struct hf_str name; /* borrowed until the call returns */
    enum hf_vault_kind kind;
    uint32_t version; /* the newest, or that of the value */
    uint32_t kept;    /* values of the secret that are kept; 0 when the row is a value */
    int64_t changed_us;
};

/* value: NULL when the row is a secret. An answer other than HF_OK ends it and comes back. */
typedef enum hf_rc hf_vault_row_fn(void *arg, const struct hf_vault_row *row,
                                   const struct hf_secret *value, struct hf_err *err);
/* Every secret, by name. */
enum hf_rc hf_vault_values_list(struct hf_vault_values *v, hf_vault_row_fn *take, void *arg,
                                struct hf_err *err);
/* Every value of every secret, by name. */
enum hf_rc hf_vault_values_reveal(struct hf_vault_values *v, hf_vault_row_fn *take, void *arg,
                                  struct hf_err *err);

#endif
