/* tenant/vault_limits.c: names, values, and how much of them. */
#include "tenant/vault_limits.h"

#include "wrapper/redaction/redaction.h"

static bool is_name(struct hf_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
              c == '-')) {
            return false;
        }
    }
    return name.len > 0 && name.len <= HF_VAULT_NAME_MAX;
}

enum hf_rc hf_vault_check_name(struct hf_str name, struct hf_err *err)
{
    if (!is_name(name)) {
        return hf_err_set(err, HF_EINVAL,
                          "a secret's name is 1 to %d of a-z, 0-9, dot, underscore and dash",
                          HF_VAULT_NAME_MAX);
    }
    return hf_vault_is_reserved(name)
               ? hf_err_set(err, HF_EINVAL,
                            "names that begin with \"" HF_VAULT_RESERVED "\" are the vault's "
                            "own; take another one")
               : HF_OK;
}

enum hf_rc hf_vault_check_value(const struct hf_vault_value *value, struct hf_err *err)
{
    enum hf_rc rc = hf_vault_check_name(value->name, err);
    const char *unfit = hf_redaction_unfit(value->value);
    if (rc == HF_OK && unfit != NULL) {
        rc = hf_err_set(err, value->value.len > HF_VAULT_VALUE_MAX ? HF_ETOOBIG : HF_EINVAL,
                        "the value %s", unfit);
    }
    return rc;
}

enum hf_rc hf_vault_check_room(const struct hf_vault_survey *survey, size_t more,
                               struct hf_err *err)
{
    if (survey->version == 0 && survey->secrets >= HF_VAULT_SECRETS_MAX) {
        return hf_err_set(err, HF_EINVAL,
                          "the vault has %d secrets, which is all it takes; delete one first",
                          HF_VAULT_SECRETS_MAX);
    }
    if (survey->bytes - survey->oldest_bytes + more > HF_VAULT_BYTES_MAX) {
        return hf_err_set(err, HF_EINVAL,
                          "the vault's values would have more than %u bytes together; delete a "
                          "secret first",
                          HF_VAULT_BYTES_MAX);
    }
    return survey->version == UINT32_MAX
               ? hf_err_set(err, HF_EINVAL, "this secret had all versions that there are")
               : HF_OK;
}
