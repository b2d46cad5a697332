/* tenant/vault_limits.h: what a vault takes, whoever asks. Pure; any thread. */
#ifndef HF_TENANT_VAULT_LIMITS_H
#define HF_TENANT_VAULT_LIMITS_H

#include "tenant/vault.h"

/* HF_EINVAL: it is no name of a secret, or one of the vault's own. */
enum hf_rc hf_vault_check_name(struct hf_str name, struct hf_err *err);
/* The name too. HF_EINVAL: it would be found everywhere (hf_redaction_unfit); HF_ETOOBIG. */
enum hf_rc hf_vault_check_value(const struct hf_vault_value *value, struct hf_err *err);
/* Is there room for so many bytes more of the secret that was surveyed? HF_EINVAL. */
enum hf_rc hf_vault_check_room(const struct hf_vault_survey *survey, size_t more,
                               struct hf_err *err);

#endif
