/* hub/replay.c: answers commands that were carried out already. */
#include "hub/replay.h"

#include <stdio.h>

/* The value of the field, which may come once. */
static bool take_key(struct hf_hub_call *call, struct hf_str *ret_key)
{
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    struct hf_str key = {NULL, 0};
    unsigned count = 0;
    for (int i = 0; i < request->field_count; i++) {
        if (hf_http_name_eq(request->fields[i].name, "idempotency-key")) {
            key = hf_bytes_str(request->fields[i].value);
            count++;
        }
    }
    bool good = count <= 1 && (count == 0 || key.len > 0) && key.len <= HF_HUB_KEY_CHARS_MAX;
    for (size_t i = 0; good && i < key.len; i++) {
        good = key.ptr[i] > 0x20 && key.ptr[i] < 0x7F;
    }
    if (!good) {
        hf_call_problem(call, HF_PROBLEM_INVALID,
                        "Idempotency-Key: needs 1 to 64 printable ASCII characters without "
                        "spaces, once.");
        return false;
    }
    *ret_key = key;
    return true;
}

/* Two requests are the same when method, target and body are. */
static void hash_request(const struct hf_hub_call *call, struct hf_hash *ret_hash)
{
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    struct hf_sha256_state state;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, request->method);
    hf_sha256_update(&state, HF_BYTES("\n"));
    hf_sha256_update(&state, request->target);
    hf_sha256_update(&state, HF_BYTES("\n"));
    hf_sha256_update(&state, hf_http_exchange_body(call->exchange));
    hf_sha256_end(&state, ret_hash);
}

/* What the command was about: its event's stream is KIND/NAME; and the event itself. */
static enum hf_rc find_subject(struct hf_hub_call *call, uint64_t index, struct hf_err *err)
{
    struct hf_buf entry = hf_buf_init(HF_BUNDLE_MAX);
    struct hf_packer *packer = NULL;
    struct hf_envelope envelope;
    enum hf_rc rc = hf_packer_new(&packer);
    if (rc == HF_OK) {
        rc = hf_log_entry(call->hub->log.log, packer, index, &entry, err);
    }
    if (rc == HF_OK) {
        rc = hf_envelope_read_leaf(hf_buf_bytes(&entry), &envelope, err);
    }
    if (rc == HF_OK) {
        struct hf_str stream = envelope.stream;
        const char *slash = memchr(stream.ptr, '/', stream.len);
        size_t skipped = slash == NULL ? 0 : (size_t)(slash - stream.ptr) + 1;
        (void)snprintf(call->subject, sizeof call->subject, "%.*s", (int)(stream.len - skipped),
                       stream.ptr + skipped);
        call->tenant = hf_hub_tenant_find(call->hub->tenants, hf_str_c(call->subject));
        if (envelope.payload.len <= sizeof call->payload) {
            memcpy(call->payload, envelope.payload.ptr, envelope.payload.len);
            call->payload_len = envelope.payload.len;
        }
        call->post.append.first = index;
    }
    hf_packer_free(packer);
    hf_buf_free(&entry);
    return rc;
}

/* What was shown once is not kept; the answer says so. */
static void answer_shown(struct hf_hub_call *call)
{
    struct hf_json_out json;
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    if (call->op->shows == HF_API_SHOWS_TENANT_TOKEN) {
        hf_json_key_str(&json, "tenant", hf_str_c(call->subject));
    }
    hf_json_key(&json, HF_STR("shown_before"));
    hf_json_bool(&json, true);
    hf_json_object_end(&json);
    hf_call_answer(call, call->op->status, &call->scratch);
}

static void answer_again(struct hf_hub_call *call, uint64_t index)
{
    struct hf_err err = {0};
    if (find_subject(call, index, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_http_add_field(call->exchange, "Idempotency-Replayed", HF_STR("true"));
    switch (call->op->shows) {
    case HF_API_SHOWS_NOTHING: HF_UNREACHABLE("a principal's command shows something");
    case HF_API_SHOWS_TENANT: hf_call_answer_tenant(call, call->op->status); break;
    case HF_API_SHOWS_FLAG: hf_call_answer_flag(call); break;
    case HF_API_SHOWS_PRINCIPAL: hf_call_answer_principal(call); break;
    case HF_API_SHOWS_DIGEST: hf_call_answer_digest(call); break;
    case HF_API_SHOWS_DIRECTIVE: hf_call_answer_directive(call); break;
    case HF_API_SHOWS_APPROVAL: hf_call_answer_approval(call); break;
    case HF_API_SHOWS_ARTIFACT: hf_call_answer_artifact(call); break;
    case HF_API_SHOWS_SUBJECT: hf_call_answer_subject(call); break;
    case HF_API_SHOWS_CONTACT: hf_call_answer_contact(call); break;
    case HF_API_SHOWS_CUTOVER: hf_call_answer_cutover(call); break;
    case HF_API_SHOWS_TENANT_TOKEN:
    case HF_API_SHOWS_PRINCIPAL_TOKEN: answer_shown(call); break;
    }
}

bool hf_call_is_new(struct hf_hub_call *call)
{
    struct hf_str key = {NULL, 0};
    struct hf_hash hash;
    if (!call->op->appends || call->op->who < HF_API_VIEWER) {
        return true;
    }
    if (!take_key(call, &key)) {
        return false;
    }
    if (key.len == 0) {
        return true;
    }
    hash_request(call, &hash);
    hf_hub_key_of(hf_str_c(call->principal->life.name), key, &hash, &call->key);
    const struct hf_hub_keyed *known = hf_hub_keys_find(&call->hub->keys, &call->key);
    call->has_key = known == NULL;
    if (known == NULL) {
        return true;
    }
    if (memcmp(known->id.request, call->key.request, sizeof call->key.request) != 0) {
        hf_call_problem(call, HF_PROBLEM_KEY_REUSED,
                        "This Idempotency-Key was used for another request; draw a new key for "
                        "each command.");
    } else if (known->pending) {
        hf_call_problem(call, HF_PROBLEM_IN_PROGRESS,
                        "The same command is on its way to the log; ask again after Retry-After.");
    } else {
        answer_again(call, known->index);
    }
    return false;
}
