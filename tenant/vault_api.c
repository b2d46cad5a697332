/* tenant/vault_api.c: calls about the vault: who may, and the answer once it is told. */
#include "tenant/vault_api.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/heap.h"
#include "base/http/tags.h"
#include "base/json_out.h"
#include "tenant/agent.h"
#include "tenant/decisions.h"

#define PREFIX     "/v1/vault"
#define SECRETS    "/v1/vault/secrets/"
#define ROTATE     "/rotate"
#define KIND_QUERY "kind="
/* All values in base64, and of each its name, kind and version. */
#define ANSWER_MAX                                                                                 \
    (HF_BASE64_LEN(HF_VAULT_BYTES_MAX) +                                                           \
     (size_t)HF_VAULT_SECRETS_MAX * HF_VAULT_KEPT_MAX * (HF_VAULT_NAME_MAX + 96) + 4096)

enum action {
    LIST,
    PUT,
    ROTATED,
    DELETE,
    READ,
    REDACTION,
    NOTHING,
};

/* What a request asks for. */
struct asked {
    enum action action;
    struct hf_str name;
    struct hf_str query;
};

struct vault_call {
    struct hf_agent_holder holder;
    struct hf_agent_vault_wait wait;
    struct hf_agent *agent;
    struct hf_http_exchange *exchange; /* NULL when it is over */
    enum action action;
    struct hf_vault_note note;
    bool waiting;
};

bool hf_agent_vault_is_target(struct hf_str target)
{
    struct hf_str prefix = HF_STR(PREFIX);
    return hf_str_starts(target, prefix) &&
           (target.len == prefix.len || target.ptr[prefix.len] == '/' ||
            target.ptr[prefix.len] == '?');
}

static struct hf_str from(struct hf_str text, size_t at)
{
    return (struct hf_str){text.ptr + at, text.len - at};
}

static struct asked parse(struct hf_str method, struct hf_str target)
{
    static const struct {
        const char *method;
        bool rotate;
        enum action action;
    } table[] = {
        {"PUT", false, PUT},
        {"POST", true, ROTATED},
        {"DELETE", false, DELETE},
        {"GET", false, READ},
    };
    struct asked asked = {.action = NOTHING};
    const char *mark = memchr(target.ptr, '?', target.len);
    struct hf_str path = {target.ptr, mark == NULL ? target.len : (size_t)(mark - target.ptr)};
    struct hf_str rotate = HF_STR(ROTATE);
    asked.query = mark == NULL ? HF_STR("") : from(target, path.len + 1);
    if (hf_str_eq(method, HF_STR("GET")) && asked.query.len == 0) {
        asked.action = hf_str_eq(path, HF_STR(PREFIX))                ? LIST
                       : hf_str_eq(path, HF_STR(PREFIX "/redaction")) ? REDACTION
                                                                      : NOTHING;
    }
    if (asked.action != NOTHING || !hf_str_starts(path, HF_STR(SECRETS))) {
        return asked;
    }
    asked.name = from(path, sizeof SECRETS - 1);
    bool rotates = asked.name.len > rotate.len &&
                   hf_str_eq(from(asked.name, asked.name.len - rotate.len), rotate);
    asked.name.len -= rotates ? rotate.len : 0;
    for (size_t i = 0; i < HF_LEN(table); i++) {
        if (hf_str_eq(method, hf_str_c(table[i].method)) && rotates == table[i].rotate &&
            (asked.query.len == 0 || table[i].action == PUT)) {
            asked.action = table[i].action;
        }
    }
    return asked;
}

static void refuse(struct hf_http_exchange *exchange, enum hf_rc rc, const struct hf_err *err)
{
    static const struct {
        enum hf_rc rc;
        int status;
        const char *type;
    } table[] = {
        {HF_EINVAL, 400, "invalid"},  {HF_ENOTFOUND, 404, "not-found"}, {HF_EEXIST, 409, "exists"},
        {HF_ETOOBIG, 413, "too-big"}, {HF_ECORRUPT, 500, "damaged"},
    };

    const char *text = err->text[0] == '\0' ? hf_rc_text(rc) : err->text;
    for (size_t i = 0; i < HF_LEN(table); i++) {
        if (table[i].rc == rc) {
            hf_http_problem(exchange, table[i].status, table[i].type, text);
            return;
        }
    }
    hf_http_problem(exchange, 503, "try-again", text);
}

/* answers */

static enum hf_rc put_secret(void *arg, const struct hf_vault_row *row,
                             const struct hf_secret *value, struct hf_err *err)
{
    struct hf_json_out *json = arg;
    (void)err;
    hf_json_object_begin(json);
    hf_json_key_str(json, "name", row->name);
    hf_json_key_str(json, "kind", hf_str_c(hf_vault_kind_name(row->kind)));
    hf_json_key_u64(json, "version", row->version);
    if (value != NULL) {
        hf_json_key(json, HF_STR("value"));
        hf_json_base64(json, hf_secret_reveal(value));
    } else {
        hf_json_key_u64(json, "kept", row->kept);
        hf_json_key(json, HF_STR("changed"));
        hf_json_time_us(json, row->changed_us);
    }
    hf_json_object_end(json);
    return HF_OK;
}

static enum hf_rc put_placeholder_key(struct hf_vault *vault, struct hf_json_out *json,
                                      struct hf_err *err)
{
    struct hf_secret key = {0};
    enum hf_rc rc = hf_vault_placeholder_key(vault, &key, err);
    if (rc == HF_OK) {
        hf_json_key(json, HF_STR("placeholder_key"));
        hf_json_base64(json, hf_secret_reveal(&key));
    }
    hf_secret_free(&key);
    return rc;
}

static void write_tag(struct hf_vault *vault, char out[64])
{
    (void)snprintf(out, 64, "\"%s-%llu\"", hf_vault_id(vault),
                   (unsigned long long)hf_vault_revision(vault));
}

/* `text` does not grow, which would leave copies of values behind. */
static enum hf_rc put_all(struct hf_vault *vault, bool reveal, struct hf_buf *text,
                          struct hf_err *err)
{
    struct hf_json_out json;
    char tag[64];
    enum hf_rc rc = HF_OK;
    if (hf_buf_reserve(text, ANSWER_MAX) == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the answer");
    }
    hf_json_init(&json, text);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "revision", hf_vault_revision(vault));
    write_tag(vault, tag);
    hf_json_key_str(&json, "tag", hf_str_c(tag));
    if (reveal) {
        rc = put_placeholder_key(vault, &json, err);
    }
    hf_json_key(&json, HF_STR("secrets"));
    hf_json_array_begin(&json);
    if (rc == HF_OK) {
        rc = reveal ? hf_vault_reveal(vault, put_secret, &json, err)
                    : hf_vault_list(vault, put_secret, &json, err);
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    return rc == HF_OK && text->failed != HF_OK
               ? hf_err_set(err, text->failed, "no memory for the answer")
               : rc;
}

static void answer_all(struct hf_agent *agent, struct hf_http_exchange *exchange, bool reveal)
{
    char tag[64];
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(ANSWER_MAX);
    enum hf_rc rc = put_all(agent->vault.store, reveal, &text, &err);
    if (rc == HF_OK) {
        write_tag(agent->vault.store, tag);
        hf_http_add_field(exchange, "ETag", hf_str_c(tag));
        hf_http_answer(exchange, 200, "application/json", hf_buf_bytes(&text));
    } else {
        refuse(exchange, rc, &err);
    }
    hf_wipe(text.ptr, text.len);
    hf_buf_free(&text);
}

static void answer_value(struct hf_agent *agent, struct hf_http_exchange *exchange,
                         const struct hf_vault_note *note)
{
    struct hf_err err = {0};
    struct hf_secret value = {0};
    enum hf_rc rc = hf_vault_get(agent->vault.store, hf_str_c(note->secret), &value, &err);
    if (rc == HF_OK) {
        hf_http_answer(exchange, 200, "application/octet-stream", hf_secret_reveal(&value));
    } else {
        refuse(exchange, rc, &err);
    }
    hf_secret_free(&value);
}

static void answer_change(struct hf_http_exchange *exchange, const struct vault_call *call)
{
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(1024);
    bool changed = call->note.sequence > 0;
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "version", call->note.version);
    hf_json_key_str(&json, "kind", hf_str_c(hf_vault_kind_name(call->note.kind)));
    hf_json_key(&json, HF_STR("changed"));
    hf_json_bool(&json, changed);
    hf_json_object_end(&json);
    hf_http_answer(exchange, call->action == PUT && changed ? 201 : 200, "application/json",
                   hf_buf_bytes(&text));
    hf_buf_free(&text);
}

static void answer(struct vault_call *call)
{
    struct hf_http_exchange *exchange = call->exchange;
    if (call->action == READ) {
        answer_value(call->agent, exchange, &call->note);
    } else if (call->action == REDACTION) {
        answer_all(call->agent, exchange, true);
    } else {
        answer_change(exchange, call);
    }
}

/* a call's life */

static void over(struct hf_agent_holder *holder)
{
    struct vault_call *call = HF_CONTAINER_OF(holder, struct vault_call, holder);
    if (call->waiting) {
        hf_queue_remove(&call->wait.node);
    }
    hf_heap_free(call);
}

/* The answer may be the exchange's end, and with it the call's. */
static void told(struct hf_agent_vault_wait *wait, const struct hf_err *err)
{
    struct vault_call *call = HF_CONTAINER_OF(wait, struct vault_call, wait);
    char text[200];
    call->waiting = false;
    if (err == NULL) {
        answer(call);
        return;
    }
    (void)snprintf(text, sizeof text, "%s: %.120s",
                   call->action == READ || call->action == REDACTION
                       ? "the reading could not be recorded, so nothing is given"
                       : "it is done, and recorded as soon as the log takes events",
                   err->text);
    hf_http_problem(call->exchange, 503, "try-again", text);
}

/* The tenant's name is in every event: nothing more could be written, nor anything read. */
static bool is_in_every_event(const struct hf_agent *agent, struct hf_bytes value)
{
    const char *tenant = agent->region.tenant;
    return value.len > 0 && memmem(tenant, strlen(tenant), value.ptr, value.len) != NULL;
}

static enum hf_rc change(struct vault_call *call, const struct asked *asked, struct hf_err *err)
{
    struct hf_vault *vault = call->agent->vault.store;
    struct hf_str kind = HF_STR(KIND_QUERY);
    uint32_t uid = hf_http_exchange_peer(call->exchange)->uid;
    struct hf_vault_value value = {
        .name = asked->name, .value = hf_http_exchange_body(call->exchange), .uid = uid};
    if (asked->action == PUT && (!hf_str_starts(asked->query, kind) ||
                                 !hf_vault_kind_parse(from(asked->query, kind.len), &value.kind))) {
        return hf_err_set(err, HF_EINVAL,
                          "say what it is: ?kind=modelkey, credential or registered");
    }
    if ((asked->action == PUT || asked->action == ROTATED) &&
        is_in_every_event(call->agent, value.value)) {
        return hf_err_set(err, HF_EINVAL,
                          "the value is in the tenant's name, and so in every event: nothing could "
                          "be written any more; take another one");
    }
    return asked->action == PUT       ? hf_vault_put(vault, &value, &call->note, err)
           : asked->action == ROTATED ? hf_vault_rotate(vault, &value, &call->note, err)
           : asked->action == DELETE  ? hf_vault_delete(vault, asked->name, uid, &call->note, err)
           : asked->action == REDACTION
               ? hf_vault_note_read(vault, HF_STR("*"), uid, &call->note, err)
               : hf_vault_note_read(vault, asked->name, uid, &call->note, err);
}

static void begin(struct hf_agent *agent, struct hf_http_exchange *exchange,
                  const struct asked *asked)
{
    struct hf_err err = {0};
    struct vault_call *call = hf_heap_zalloc(1, sizeof *call);
    if (call == NULL) {
        hf_http_problem(exchange, 503, "try-again", "no memory for the call");
        return;
    }
    call->holder.over = over;
    call->agent = agent;
    call->exchange = exchange;
    call->action = asked->action;
    hf_http_exchange_set_user(exchange, &call->holder);
    enum hf_rc rc = change(call, asked, &err);
    hf_http_exchange_wipe(exchange);
    if (rc != HF_OK) {
        refuse(exchange, rc, &err);
        return;
    }
    if (call->note.sequence == 0) {
        answer(call);
        return;
    }
    call->wait.sequence = call->note.sequence;
    call->wait.told = told;
    call->waiting = true;
    hf_queue_push(&agent->vault.waiting, &call->wait.node);
    hf_agent_vault_tell(agent);
}

/* who may */

static bool may(const struct hf_agent *agent, const struct hf_peer *peer, enum action action)
{
    const struct hf_peers nobody_else = {.count = 0};
    return action == READ || action == REDACTION ? hf_peers_named(&agent->conf.vault_peers, peer)
                                                 : hf_peers_allow(&nobody_else, geteuid(), peer);
}

static bool is_known(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    char mine[64];
    struct hf_str tag;
    bool weak = false;
    write_tag(agent->vault.store, mine);
    struct hf_str inner = {mine + 1, strlen(mine) - 2};
    struct hf_http_tags tags = hf_http_tags_of(hf_http_exchange_request(exchange), "if-none-match");
    while (hf_http_tags_next(&tags, &tag, &weak)) {
        if (hf_str_eq(tag, inner)) {
            return true;
        }
    }
    return false;
}

struct refusal {
    int status; /* 0: go on */
    const char *type;
    const char *text;
};

static struct refusal look(const struct hf_agent *agent, const struct hf_peer *peer,
                           enum action action)
{
    bool reads = action == READ || action == REDACTION;
    if (action == NOTHING) {
        return (struct refusal){404, "not-found",
                                "The vault has GET /v1/vault and /v1/vault/redaction, PUT, GET and "
                                "DELETE /v1/vault/secrets/NAME, and POST "
                                "/v1/vault/secrets/NAME/rotate."};
    }
    if (!may(agent, peer, action)) {
        return (struct refusal){403, "not-permitted",
                                reads ? "Only the users of vault_uids in the agent's configuration "
                                        "may read values."
                                      : "Only root and the agent's own user may look after the "
                                        "vault."};
    }
    if (agent->vault.store == NULL) {
        return (struct refusal){503, "vault-off",
                                agent->vault.trouble.text[0] == '\0' ? "The vault is not open."
                                                                     : agent->vault.trouble.text};
    }
    return action == LIST || hf_agent_vault_ready(agent)
               ? (struct refusal){.status = 0}
               : (struct refusal){503, "try-again", "The log takes no events just now."};
}

void hf_agent_vault_serve(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    const struct hf_http_request *request = hf_http_exchange_request(exchange);
    struct asked asked = parse(hf_bytes_str(request->method), hf_bytes_str(request->target));
    struct refusal refusal = look(agent, hf_http_exchange_peer(exchange), asked.action);
    if (refusal.status != 0) {
        hf_http_exchange_wipe(exchange);
        hf_http_problem(exchange, refusal.status, refusal.type, refusal.text);
    } else if (asked.action == LIST) {
        answer_all(agent, exchange, false);
    } else if (asked.action == REDACTION && is_known(agent, exchange)) {
        hf_http_answer(exchange, 304, NULL, (struct hf_bytes){NULL, 0});
    } else {
        begin(agent, exchange, &asked);
    }
}
