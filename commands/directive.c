/* commands/directive.c: kinds of directives and their bounds. */
#include "commands/directive.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "base/parse.h"

static const struct hf_str kinds[] = {
    [HF_DIRECTIVE_REFRESH] = {"refresh", 7},
    [HF_DIRECTIVE_PAUSE_UPLOADS] = {"pause-uploads", 13},
    [HF_DIRECTIVE_ROTATE_KEY] = {"rotate-key", 10},
    [HF_DIRECTIVE_DECIDE] = {"decide", 6},
    [HF_DIRECTIVE_BUDGET] = {"budget", 6},
    [HF_DIRECTIVE_ACTIVATE] = {"activate", 8},
    [HF_DIRECTIVE_PROBE] = {"probe", 5},
    [HF_DIRECTIVE_ERASE] = {"erase", 5},
};

static enum hf_rc read_seconds(struct hf_str parameters, uint64_t *ret_seconds, struct hf_err *err)
{
    struct hf_str key = HF_STR("seconds=");
    if (!hf_str_starts(parameters, key) ||
        hf_parse_u64((struct hf_str){parameters.ptr + key.len, parameters.len - key.len}, 1,
                     HF_DIRECTIVE_PAUSE_MAX_S, ret_seconds) != HF_OK) {
        return hf_err_set(err, HF_EINVAL, "parameters: a pause takes seconds=N, N from 1 to %d",
                          HF_DIRECTIVE_PAUSE_MAX_S);
    }
    return HF_OK;
}

struct hf_str hf_directive_decide_write(const struct hf_directive *directive,
                                        char out[HF_DIRECTIVE_PARAMETERS])
{
    char hex[2 * HF_HASH_SIZE + 1];
    hf_hex_encode(hf_bytes_of(directive->request.b, HF_HASH_SIZE), hex);
    int len = snprintf(out, HF_DIRECTIVE_PARAMETERS, "approval=%s,request=%s,decision=%s",
                       directive->approval, hex, directive->approved ? "approved" : "denied");
    HF_ASSERT(len > 0 && len < HF_DIRECTIVE_PARAMETERS);
    return (struct hf_str){out, (size_t)len};
}

static enum hf_rc read_decision(struct hf_str parameters, struct hf_directive *ret,
                                struct hf_err *err)
{
    struct hf_str name = HF_STR("");
    struct hf_str request = HF_STR("");
    struct hf_str decision = HF_STR("");
    bool good = hf_parse_pair(&parameters, HF_STR("approval="), &name) &&
                hf_parse_pair(&parameters, HF_STR("request="), &request) &&
                hf_parse_pair(&parameters, HF_STR("decision="), &decision) && parameters.len == 0;
    if (good) {
        size_t len = 0;
        ret->approved = hf_str_eq(decision, HF_STR("approved"));
        good = hf_tenant_name_ok(name) && name.len < sizeof ret->approval &&
               request.len == 2 * HF_HASH_SIZE &&
               hf_hex_decode(request, ret->request.b, HF_HASH_SIZE, &len, NULL) == HF_OK &&
               (ret->approved || hf_str_eq(decision, HF_STR("denied")));
    }
    if (!good) {
        return hf_err_set(
            err, HF_EINVAL,
            "parameters: a decision takes approval=NAME,request=HEX,decision=approved "
            "or denied");
    }
    memcpy(ret->approval, name.ptr, name.len);
    ret->approval[name.len] = '\0';
    return HF_OK;
}

static enum hf_rc read_activation(const struct hf_event_directive_issued *event,
                                  struct hf_str parameters, struct hf_directive *ret,
                                  struct hf_err *err)
{
    struct hf_str slot = HF_STR("");
    if (!event->has_artifact || event->artifact.len != HF_HASH_SIZE ||
        !hf_parse_pair(&parameters, HF_STR("slot="), &slot) || parameters.len > 0 ||
        hf_slot_parse(slot, &ret->slot, err) != HF_OK) {
        return hf_err_set(err, HF_EINVAL,
                          "artifact, parameters: an activation takes the artifact's digest and "
                          "slot=SLOT, one of policy, wrapper, plugin, openclaw, node");
    }
    memcpy(ret->artifact.b, event->artifact.ptr, HF_HASH_SIZE);
    return HF_OK;
}

static enum hf_rc read_probe(struct hf_str parameters, struct hf_directive *ret, struct hf_err *err)
{
    struct hf_str name = HF_STR("");
    if (!hf_parse_pair(&parameters, HF_STR("approval="), &name) || parameters.len > 0 ||
        !hf_tenant_name_ok(name) || name.len >= sizeof ret->approval ||
        !hf_str_starts(name, HF_STR(HF_DIRECTIVE_PROBE_PREFIX))) {
        return hf_err_set(err, HF_EINVAL, "parameters: a probe takes approval=%sNAME",
                          HF_DIRECTIVE_PROBE_PREFIX);
    }
    memcpy(ret->approval, name.ptr, name.len);
    ret->approval[name.len] = '\0';
    return HF_OK;
}

struct hf_str hf_directive_erase_write(const struct hf_subject *subject,
                                       char out[HF_DIRECTIVE_PARAMETERS])
{
    char text[HF_SUBJECT_TEXT];
    hf_subject_text(subject, text);
    int len = snprintf(out, HF_DIRECTIVE_PARAMETERS, "subject=%s", text);
    return (struct hf_str){out, (size_t)len};
}

static enum hf_rc read_erasure(struct hf_str parameters, struct hf_directive *ret,
                               struct hf_err *err)
{
    struct hf_str subject = HF_STR("");
    if (!hf_parse_pair(&parameters, HF_STR("subject="), &subject) || parameters.len > 0 ||
        !hf_subject_parse(subject, &ret->subject)) {
        return hf_err_set(err, HF_EINVAL,
                          "parameters: an erasure takes subject=ID, of 32 hexadecimal digits");
    }
    return HF_OK;
}

/* Kinds that are about one thing of one tenant. */
static enum hf_rc read_of_tenant(const struct hf_event_directive_issued *event,
                                 struct hf_str parameters, struct hf_directive *ret,
                                 struct hf_err *err)
{
    if (hf_str_eq(event->address, HF_STR(HF_DIRECTIVE_ALL))) {
        return hf_err_set(err, HF_EINVAL, "address: this kind is for one tenant");
    }
    return ret->kind == HF_DIRECTIVE_DECIDE  ? read_decision(parameters, ret, err)
           : ret->kind == HF_DIRECTIVE_PROBE ? read_probe(parameters, ret, err)
                                             : read_erasure(parameters, ret, err);
}

enum hf_rc hf_directive_read(const struct hf_event_directive_issued *event,
                             struct hf_directive *ret, struct hf_err *err)
{
    size_t kind = 0;
    while (kind < HF_LEN(kinds) && !hf_str_eq(kinds[kind], event->kind)) {
        kind++;
    }
    if (kind == HF_LEN(kinds)) {
        return hf_err_set(err, HF_ENOSYS,
                          "kind: refresh, pause-uploads, rotate-key, budget and activate are "
                          "known here");
    }
    struct hf_str parameters = event->has_parameters ? event->parameters : HF_STR("");
    *ret = (struct hf_directive){.kind = (enum hf_directive_kind)kind};
    if (ret->kind == HF_DIRECTIVE_PAUSE_UPLOADS) {
        return read_seconds(parameters, &ret->seconds, err);
    }
    if (ret->kind == HF_DIRECTIVE_DECIDE || ret->kind == HF_DIRECTIVE_PROBE ||
        ret->kind == HF_DIRECTIVE_ERASE) {
        return read_of_tenant(event, parameters, ret, err);
    }
    if (ret->kind == HF_DIRECTIVE_BUDGET) {
        return hf_budget_read(parameters, &ret->budget, err);
    }
    if (ret->kind == HF_DIRECTIVE_ACTIVATE) {
        return read_activation(event, parameters, ret, err);
    }
    if (parameters.len > 0 || event->has_artifact) {
        return hf_err_set(err, HF_EINVAL, "parameters, artifact: this kind takes none");
    }
    return HF_OK;
}

enum hf_rc hf_directive_may_issue(const struct hf_event_directive_issued *event, uint64_t last,
                                  const struct hf_tenant *tenant, int64_t now_us,
                                  struct hf_err *err)
{
    struct hf_directive directive;
    enum hf_rc rc = hf_directive_read(event, &directive, err);
    if (rc == HF_ENOSYS) {
        err->rc = HF_EINVAL; /* here it is the caller's mistake */
        return HF_EINVAL;
    }
    if (rc != HF_OK) {
        return rc;
    }
    if (directive.kind == HF_DIRECTIVE_DECIDE) {
        return hf_err_set(err, HF_EINVAL,
                          "kind: an approval is answered by its decision, not by a directive");
    }
    if (directive.kind == HF_DIRECTIVE_PROBE) {
        return hf_err_set(err, HF_EINVAL, "kind: probes are the region's own (probe-every)");
    }
    if (directive.kind == HF_DIRECTIVE_ERASE) {
        return hf_err_set(err, HF_EINVAL,
                          "kind: a subject is erased by its own command, not by a directive");
    }
    if (event->sequence != last + 1) {
        return hf_err_set(err, HF_EINVAL, "sequence: the next directive is number %llu",
                          (unsigned long long)last + 1);
    }
    if (event->not_after <= now_us || event->not_after - now_us > HF_DIRECTIVE_LIFE_MAX_US) {
        return hf_err_set(err, HF_EINVAL, "not_after: at most 7 days from now on");
    }
    if (tenant != NULL && tenant->status != HF_TENANT_ACTIVE) {
        return hf_err_set(err, HF_EPERM, "the tenant %s is not active: nobody would hear it",
                          tenant->name);
    }
    return HF_OK;
}
