/* wrapper/secrets.c: asks for registered secrets, and compiles them into a redactor. */
#include "wrapper/secrets.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/heap.h"
#include "base/json_in.h"

#define SECOND     UINT64_C(1000000000)
#define ASK_NS     (5 * SECOND)
#define WAIT_NS    (10 * SECOND)
#define ANSWER_MAX (4u << 20)
#define NAME_LEN   128

struct entry {
    char name[NAME_LEN + 1];
    char kind[HF_REDACTION_KIND_MAX + 1];
    struct hf_secret value;
};

struct hf_secrets_batch {
    struct hf_secret key;
    struct hf_redactor *redactor; /* what came out of it */
    struct hf_disguises *disguises;
    enum hf_rc rc;
    struct hf_err err;
    char tag[HF_SECRETS_TAG_MAX];
    struct hf_redact_tested tested;
    size_t skipped; /* that are too short or too plain to be looked for */
    size_t count;
    struct entry entries[];
};

static void free_batch(struct hf_secrets_batch *batch)
{
    if (batch == NULL) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        hf_secret_free(&batch->entries[i].value);
    }
    hf_secret_free(&batch->key);
    hf_redactor_free(batch->redactor);
    hf_disguises_free(batch->disguises);
    hf_heap_free(batch);
}

/* reading */

static enum hf_rc take_secret(struct hf_str base64, struct hf_secret *ret)
{
    size_t len = 0;
    struct hf_secret room = {0};
    enum hf_rc rc = hf_secret_alloc(base64.len / 4 * 3 + 3, &room);
    if (rc == HF_OK) {
        rc = hf_base64_decode(base64, hf_secret_fill(&room), base64.len / 4 * 3 + 3, &len);
    }
    if (rc == HF_OK) {
        rc = hf_secret_copy(hf_bytes_of(hf_secret_reveal(&room).ptr, len), ret);
    }
    hf_secret_free(&room);
    return rc;
}

/* In a placeholder stand small letters and digits only. */
static void take_kind(struct hf_str kind, char out[HF_REDACTION_KIND_MAX + 1])
{
    size_t len = 0;
    for (size_t i = 0; i < kind.len && len < HF_REDACTION_KIND_MAX; i++) {
        char c = kind.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            out[len++] = c;
        }
    }
    out[len] = '\0';
    if (len == 0) {
        (void)snprintf(out, HF_REDACTION_KIND_MAX + 1, "secret");
    }
}

static enum hf_rc read_entries(const struct hf_json *list, struct hf_secrets_batch *batch)
{
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; i < hf_json_count(list) && rc == HF_OK; i++) {
        const struct hf_json *item = hf_json_at(list, i);
        struct entry *entry = &batch->entries[batch->count];
        struct hf_str name = hf_json_get_str(item, "name");
        rc = take_secret(hf_json_get_str(item, "value"), &entry->value);
        if (rc == HF_OK && hf_redaction_unfit(hf_secret_reveal(&entry->value)) != NULL) {
            /* it would be found in ordinary text; how many these are is logged */
            hf_secret_free(&entry->value);
            batch->skipped++;
        } else if (rc == HF_OK) {
            (void)snprintf(entry->name, sizeof entry->name, "%.*s", HF_STR_ARG(name));
            take_kind(hf_json_get_str(item, "kind"), entry->kind);
            batch->count++;
        }
    }
    return rc;
}

static enum hf_rc read_batch(struct hf_bytes answer, struct hf_secrets_batch **ret)
{
    struct hf_json_doc *doc = NULL;
    struct hf_secrets_batch *batch = NULL;
    enum hf_rc rc = hf_json_parse(answer, &doc, /* err= */ NULL);
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_json *root = hf_json_root(doc);
    const struct hf_json *list =
        hf_json_kind(root) == HF_JSON_OBJECT ? hf_json_get(root, "secrets") : NULL;
    rc = list == NULL || hf_json_kind(list) != HF_JSON_ARRAY ||
                 hf_json_count(list) > HF_REDACTION_SECRETS_MAX
             ? HF_EINVAL
             : HF_OK;
    if (rc == HF_OK) {
        batch = hf_heap_zalloc(1, sizeof *batch + hf_json_count(list) * sizeof batch->entries[0]);
        rc = batch == NULL ? HF_ENOMEM : HF_OK;
    }
    if (rc == HF_OK) {
        (void)snprintf(batch->tag, sizeof batch->tag, "%.*s",
                       HF_STR_ARG(hf_json_get_str(root, "tag")));
        rc = take_secret(hf_json_get_str(root, "placeholder_key"), &batch->key);
    }
    rc = rc == HF_OK ? read_entries(list, batch) : rc;
    hf_json_free(doc);
    if (rc != HF_OK) {
        free_batch(batch);
        return rc;
    }
    *ret = batch;
    return HF_OK;
}

/* making */

static enum hf_rc make_disguises(struct hf_secrets_batch *batch)
{
    const struct hf_secret **values = hf_heap_zalloc(batch->count + 1, sizeof(void *));
    if (values == NULL) {
        return hf_err_set(&batch->err, HF_ENOMEM, "no memory for registered secrets");
    }
    for (size_t i = 0; i < batch->count; i++) {
        values[i] = &batch->entries[i].value;
    }
    enum hf_rc rc = hf_disguises_new(values, batch->count, &batch->disguises, &batch->err);
    hf_heap_free(values);
    return rc;
}

static void make(struct hf_work *work)
{
    struct hf_secrets *secrets = HF_CONTAINER_OF(work, struct hf_secrets, work);
    struct hf_secrets_batch *batch = secrets->batch;
    struct hf_redaction_secret *list = hf_heap_zalloc(batch->count + 1, sizeof *list);
    if (list == NULL) {
        batch->rc = hf_err_set(&batch->err, HF_ENOMEM, "no memory for registered secrets");
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        list[i] = (struct hf_redaction_secret){.name = hf_str_c(batch->entries[i].name),
                                               .kind = hf_str_c(batch->entries[i].kind),
                                               .value = &batch->entries[i].value};
    }
    const struct hf_redactor_config config = {
        .key = &batch->key, .secrets = list, .secret_count = batch->count};
    batch->rc = hf_redactor_new(&config, &batch->redactor, &batch->err);
    if (batch->rc == HF_OK) {
        batch->tested.env = secrets->redact->env;
        hf_redact_test(batch->redactor, &batch->tested);
        batch->rc = batch->tested.rc;
        batch->err = batch->tested.err;
    }
    batch->rc = batch->rc == HF_OK ? make_disguises(batch) : batch->rc;
    hf_heap_free(list);
}

static void made(struct hf_work *work)
{
    struct hf_secrets *secrets = HF_CONTAINER_OF(work, struct hf_secrets, work);
    struct hf_secrets_batch *batch = secrets->batch;
    secrets->batch = NULL;
    if (secrets->closing) {
        free_batch(batch);
        secrets->closed(secrets->arg);
        return;
    }
    if (batch->rc == HF_OK) {
        hf_redact_swap(secrets->redact, batch->redactor, batch->disguises, batch->count);
        batch->redactor = NULL;
        batch->disguises = NULL;
        memcpy(secrets->tag, batch->tag, sizeof secrets->tag);
        hf_log(secrets->logger, HF_LOG_INFO, "redaction.secrets", hf_f_u64("secrets", batch->count),
               hf_f_u64("skipped", batch->skipped));
    } else {
        hf_log(secrets->logger, HF_LOG_ERROR, "redaction.stale", hf_f_err(&batch->err));
        if (batch->rc == HF_ECORRUPT) {
            /* The one before does not know the new secrets, and what it knows it knew by the same
             * code: nothing passes. */
            hf_redact_failed(secrets->redact, &batch->tested);
        }
    }
    free_batch(batch);
    (void)hf_timer_arm(&secrets->timer, ASK_NS);
}

/* asking */

static void complain(struct hf_secrets *secrets, const struct hf_http_call *call)
{
    if (!secrets->complained) {
        secrets->complained = true;
        hf_log(secrets->logger, HF_LOG_WARN, "vault.unreadable",
               hf_f_u64("status", (uint64_t)call->status), hf_f_err(&call->err),
               hf_f_c("effect", "registered secrets are not known; tokens are still found"));
    }
}

static void answered(struct hf_http_call *call)
{
    struct hf_secrets *secrets = HF_CONTAINER_OF(call, struct hf_secrets, call);
    struct hf_secrets_batch *batch = NULL;
    secrets->asking = false;
    bool came = call->rc == HF_OK && call->status == 200 &&
                read_batch(hf_buf_bytes(&call->answer), &batch) == HF_OK;
    if (call->answer.ptr != NULL) {
        hf_wipe(call->answer.ptr, call->answer.len);
    }
    hf_buf_free(&call->answer);
    if (came) {
        secrets->complained = false;
        secrets->batch = batch;
        secrets->work = (struct hf_work){.run = make, .done = made};
        if (hf_work_submit(secrets->loop, &secrets->work) == HF_OK) {
            return;
        }
        secrets->batch = NULL;
        free_batch(batch);
    } else if (call->rc != HF_OK || call->status != 304) {
        complain(secrets, call);
    }
    (void)hf_timer_arm(&secrets->timer, ASK_NS);
}

static void ask(struct hf_timer *timer)
{
    struct hf_secrets *secrets = HF_CONTAINER_OF(timer, struct hf_secrets, timer);
    (void)snprintf(secrets->field, sizeof secrets->field, "If-None-Match: %s", secrets->tag);
    secrets->fields[0] = secrets->field;
    secrets->call = (struct hf_http_call){.method = "GET",
                                          .url = "http://agent/v1/vault/redaction",
                                          .fields = secrets->fields,
                                          .field_count = secrets->tag[0] == '\0' ? 0 : 1,
                                          .timeout_ns = WAIT_NS,
                                          .answer_max = ANSWER_MAX,
                                          .done = answered};
    secrets->asking = true;
    hf_http_call_start(secrets->client, &secrets->call);
}

void hf_secrets_open(struct hf_secrets *secrets, struct hf_loop *loop,
                     const struct hf_logger *logger, struct hf_http_client *client,
                     struct hf_redact *redact)
{
    *secrets =
        (struct hf_secrets){.loop = loop, .logger = logger, .client = client, .redact = redact};
    hf_timer_init(&secrets->timer, loop, ask);
    (void)hf_timer_arm(&secrets->timer, 0);
}

void hf_secrets_close(struct hf_secrets *secrets, void (*closed)(void *arg), void *arg)
{
    secrets->closing = true;
    secrets->closed = closed;
    secrets->arg = arg;
    if (secrets->loop != NULL) {
        hf_timer_cancel(&secrets->timer);
    }
    if (secrets->asking) {
        hf_http_call_cancel(&secrets->call);
        secrets->asking = false;
    }
    if (secrets->batch == NULL) {
        closed(arg);
    }
}
