/* tenant/invitation.c: the registration token, and whether it is for this agent. */
#include <stdio.h>

#include "tenant/agent.h"

static enum hf_rc load_token(struct hf_agent *agent, const char *path, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(4096);
    enum hf_rc rc = hf_disk_read(agent->disk, path, &text, err);
    if (rc == HF_OK) {
        rc = hf_token_parse(hf_bytes_str(hf_buf_bytes(&text)), &agent->token, err);
        rc = rc == HF_OK ? rc : hf_err_wrap(err, rc, "%s", path);
    }
    hf_wipe(text.ptr, text.len);
    hf_buf_free(&text);
    return rc;
}

/* As the Hub knows the token: by its key's hash. */
static enum hf_rc hash_token(struct hf_agent *agent, struct hf_err *err)
{
    struct hf_signing_key *key = NULL;
    enum hf_rc rc = hf_token_key(&agent->token, &key, err);
    if (rc == HF_OK) {
        hf_token_hash(hf_signing_key_public(key), &agent->token_hash);
    }
    hf_signing_key_free(key);
    return rc;
}

/* An agent that is registered gets a new token when it was let out: it registers again. The token
 * that it had may still lie there, and may be gone. */
static enum hf_rc look_for_new_token(struct hf_agent *agent, bool *ret_registered,
                                     struct hf_err *err)
{
    struct hf_err unread = {0};
    if (agent->conf.token_file == NULL || !hf_disk_exists(agent->disk, agent->conf.token_file)) {
        return HF_OK;
    }
    enum hf_rc rc = load_token(agent, agent->conf.token_file, &unread);
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "token.not_read", hf_f_err(&unread));
        return HF_OK;
    }
    rc = hash_token(agent, err);
    if (rc == HF_OK && strcmp(agent->token.tenant, agent->region.tenant) != 0) {
        rc = hf_err_set(err, HF_EINVAL,
                        "the token in %s is for the tenant %s, this folder is the one of %s",
                        agent->conf.token_file, agent->token.tenant, agent->region.tenant);
    }
    if (rc == HF_OK && !hf_hash_eq(&agent->token_hash, &agent->region.token)) {
        agent->region.tls_pin = agent->token.tls_pin;
        *ret_registered = false;
    }
    return rc;
}

enum hf_rc hf_agent_find_place(struct hf_agent *agent, bool *ret_registered, struct hf_err *err)
{
    enum hf_rc rc = hf_agent_load_region(agent, err);
    *ret_registered = rc == HF_OK;
    if (rc == HF_OK) {
        return look_for_new_token(agent, ret_registered, err);
    }
    if (rc != HF_ENOTFOUND) {
        return rc;
    }
    if (agent->region.tenant[0] != '\0' && agent->conf.token_file == NULL) {
        return hf_err_set(
            err, HF_EUSAGE,
            "%s/api.key is missing: restore it from a backup, or register anew with a "
            "new token (--token-file)",
            agent->dir);
    }
    if (agent->conf.token_file == NULL || agent->conf.hub_url == NULL) {
        return hf_err_set(err, HF_EUSAGE,
                          "this agent is not registered yet: give it a registration token with "
                          "--token-file and the Hub's address with --hub");
    }
    rc = load_token(agent, agent->conf.token_file, err);
    if (rc == HF_OK) {
        rc = hash_token(agent, err);
    }
    if (rc == HF_OK) {
        (void)snprintf(agent->region.region, sizeof agent->region.region, "%s",
                       agent->token.region);
        (void)snprintf(agent->region.tenant, sizeof agent->region.tenant, "%s",
                       agent->token.tenant);
        agent->region.tls_pin = agent->token.tls_pin;
    }
    return rc;
}
