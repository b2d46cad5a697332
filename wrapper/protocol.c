/* wrapper/protocol.c: messages of the plugin's socket, from JSON and to JSON. */
#include "wrapper/protocol.h"

#include "base/assert.h"
#include "wrapper/frames.h"

static const char *const names[] = {
    [HF_PLUGIN_HELLO] = "hello",       [HF_PLUGIN_CALL] = "call",
    [HF_PLUGIN_RUN] = "run",           [HF_PLUGIN_ABORT] = "abort",
    [HF_PLUGIN_RESULT] = "result",     [HF_PLUGIN_CANARY_DONE] = "ended",
    [HF_PLUGIN_USAGE] = "usage",       [HF_PLUGIN_LIFE] = "life",
    [HF_PLUGIN_WELCOME] = "welcome",   [HF_PLUGIN_REFUSED] = "refused",
    [HF_PLUGIN_PENDING] = "pending",   [HF_PLUGIN_VERDICT] = "verdict",
    [HF_PLUGIN_REDACTED] = "redacted", [HF_PLUGIN_CANARY] = "canary",
};

const char *hf_plugin_kind_name(enum hf_plugin_kind kind)
{
    return names[kind];
}

/* reading */

/* A message that is read: the first thing that is wrong with it is kept. */
struct input {
    const struct hf_json *root;
    enum hf_rc rc;
    struct hf_err *err;
};

static void wrong(struct input *in, const char *key, const char *what)
{
    if (in->rc == HF_OK) {
        in->rc = hf_err_set(in->err, HF_EINVAL, "%s: %s", key, what);
    }
}

/* Without the member: empty. */
static struct hf_str text(struct input *in, const char *key, size_t max)
{
    const struct hf_json *value = hf_json_get(in->root, key);
    if (value == NULL) {
        return HF_STR("");
    }
    if (hf_json_kind(value) != HF_JSON_STR) {
        wrong(in, key, "is no string");
        return HF_STR("");
    }
    struct hf_str found = hf_json_as_str(value);
    if (found.len > max) {
        wrong(in, key, "is too long");
        return HF_STR("");
    }
    return found;
}

static struct hf_str needed(struct input *in, const char *key, size_t max)
{
    struct hf_str found = text(in, key, max);
    if (found.len == 0) {
        wrong(in, key, "is missing or empty");
    }
    return found;
}

static uint64_t number(struct input *in, const char *key)
{
    const struct hf_json *value = hf_json_get(in->root, key);
    if (value == NULL) {
        return 0;
    }
    if (hf_json_kind(value) != HF_JSON_INT || hf_json_as_i64(value) < 0 ||
        hf_json_as_i64(value) > HF_PLUGIN_ID_MAX) {
        wrong(in, key, "is no whole number up to 2^53");
        return 0;
    }
    return (uint64_t)hf_json_as_i64(value);
}

static bool truth(struct input *in, const char *key)
{
    const struct hf_json *value = hf_json_get(in->root, key);
    if (value != NULL && hf_json_kind(value) != HF_JSON_BOOL) {
        wrong(in, key, "is neither true nor false");
        return false;
    }
    return value != NULL && hf_json_as_bool(value);
}

static const struct hf_json *list(struct input *in, const char *key, bool pairs)
{
    const struct hf_json *value = hf_json_get(in->root, key);
    if (value == NULL || hf_json_kind(value) != HF_JSON_ARRAY) {
        wrong(in, key, "is no list");
        return NULL;
    }
    size_t count = hf_json_count(value);
    if (count > HF_PLUGIN_STRINGS_MAX) {
        wrong(in, key, "is too long");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const struct hf_json *item = hf_json_at(value, i);
        bool fits = pairs ? hf_json_kind(item) == HF_JSON_ARRAY && hf_json_count(item) == 2 &&
                                hf_json_kind(hf_json_at(item, 0)) == HF_JSON_INT &&
                                hf_json_as_i64(hf_json_at(item, 0)) >= 0 &&
                                hf_json_kind(hf_json_at(item, 1)) == HF_JSON_STR
                          : hf_json_kind(item) == HF_JSON_STR;
        if (!fits) {
            wrong(in, key, pairs ? "needs [index, string]" : "needs strings");
            return NULL;
        }
    }
    return value;
}

static void read_call(struct input *in, struct hf_plugin_call *call)
{
    *call = (struct hf_plugin_call){
        .call = needed(in, "call", HF_PLUGIN_NAME_MAX),
        .tool = needed(in, "tool", HF_PLUGIN_TOOL_MAX),
        .params = needed(in, "params", HF_PLUGIN_PARAMS_MAX),
        .session = text(in, "session", HF_PLUGIN_NAME_MAX),
        .run = text(in, "run", HF_PLUGIN_NAME_MAX),
        .agent = text(in, "agent", HF_PLUGIN_NAME_MAX),
        .channel = text(in, "channel", HF_PLUGIN_NAME_MAX),
        .requester = text(in, "requester", HF_PLUGIN_NAME_MAX),
        .owner = truth(in, "owner"),
        .origin = text(in, "origin", HF_PLUGIN_TOOL_MAX),
    };
}

static void read_run(struct input *in, struct hf_plugin_run *run)
{
    *run = (struct hf_plugin_run){
        .run = needed(in, "run", HF_PLUGIN_NAME_MAX),
        .session = text(in, "session", HF_PLUGIN_NAME_MAX),
        .channel = text(in, "channel", HF_PLUGIN_NAME_MAX),
        .requester = text(in, "requester", HF_PLUGIN_NAME_MAX),
        .owner = truth(in, "owner"),
        .tokens = number(in, "tokens"),
    };
}

static void read_usage(struct input *in, struct hf_plugin_usage *usage)
{
    *usage = (struct hf_plugin_usage){
        .session = text(in, "session", HF_PLUGIN_NAME_MAX),
        .provider = text(in, "provider", HF_PLUGIN_NAME_MAX),
        .model = text(in, "model", HF_PLUGIN_NAME_MAX),
        .request = text(in, "request", HF_PLUGIN_NAME_MAX),
        .run = text(in, "run", HF_PLUGIN_NAME_MAX),
        .last = truth(in, "last"),
        .at_ms = number(in, "at_ms"),
        .input = number(in, "input"),
        .output = number(in, "output"),
        .cache_read = number(in, "cache_read"),
        .cache_write = number(in, "cache_write"),
        .reasoning = number(in, "reasoning"),
    };
}

static void read_body(struct input *in, struct hf_plugin_message *m)
{
    switch (m->kind) {
    case HF_PLUGIN_HELLO:
        m->hello = (struct hf_plugin_hello){.protocol = number(in, "protocol"),
                                            .plugin = needed(in, "plugin", HF_PLUGIN_TOOL_MAX),
                                            .openclaw = text(in, "openclaw", HF_PLUGIN_TOOL_MAX),
                                            .workspace = text(in, "workspace", HF_PLUGIN_TEXT_MAX),
                                            .gateway = truth(in, "gateway")};
        break;
    case HF_PLUGIN_CALL: read_call(in, &m->call); break;
    case HF_PLUGIN_RUN: read_run(in, &m->run); break;
    case HF_PLUGIN_RESULT:
        m->result = (struct hf_plugin_result){text(in, "call", HF_PLUGIN_NAME_MAX),
                                              needed(in, "tool", HF_PLUGIN_TOOL_MAX),
                                              text(in, "session", HF_PLUGIN_NAME_MAX),
                                              truth(in, "error"), list(in, "strings", false)};
        break;
    case HF_PLUGIN_USAGE: read_usage(in, &m->usage); break;
    case HF_PLUGIN_LIFE:
        m->life = (struct hf_plugin_life){
            needed(in, "what", HF_PLUGIN_TOOL_MAX), text(in, "session", HF_PLUGIN_NAME_MAX),
            text(in, "call", HF_PLUGIN_NAME_MAX), text(in, "tool", HF_PLUGIN_TOOL_MAX),
            text(in, "text", HF_PLUGIN_TEXT_MAX)};
        break;
    case HF_PLUGIN_CANARY_DONE:
    case HF_PLUGIN_CANARY:
        m->canary =
            (struct hf_plugin_canary){needed(in, "nonce", HF_PLUGIN_TOOL_MAX), number(in, "status"),
                                      text(in, "text", HF_PLUGIN_TEXT_MAX)};
        break;
    case HF_PLUGIN_WELCOME:
        m->hello = (struct hf_plugin_hello){.protocol = number(in, "protocol"),
                                            .budgets = text(in, "budgets", 16)};
        break;
    case HF_PLUGIN_ABORT:
    case HF_PLUGIN_REFUSED:
    case HF_PLUGIN_PENDING:
    case HF_PLUGIN_VERDICT:
        m->answer =
            (struct hf_plugin_answer){.allow = hf_str_eq(text(in, "verdict", 16), HF_STR("allow")),
                                      .reason = text(in, "reason", HF_PLUGIN_TEXT_MAX),
                                      .rule = text(in, "rule", HF_PLUGIN_TOOL_MAX),
                                      .wait_ms = number(in, "wait_ms"),
                                      .budgets = text(in, "budgets", 16)};
        break;
    case HF_PLUGIN_REDACTED:
        m->answer = (struct hf_plugin_answer){.changed = list(in, "changed", true)};
        break;
    }
}

/* Questions, and what belongs to one, have a number. */
static bool numbered(enum hf_plugin_kind kind)
{
    return kind == HF_PLUGIN_CALL || kind == HF_PLUGIN_RUN || kind == HF_PLUGIN_ABORT ||
           kind == HF_PLUGIN_RESULT || kind == HF_PLUGIN_PENDING || kind == HF_PLUGIN_VERDICT ||
           kind == HF_PLUGIN_REDACTED;
}

enum hf_rc hf_plugin_message_parse(struct hf_bytes bytes, struct hf_plugin_message *ret,
                                   struct hf_err *err)
{
    struct hf_plugin_message m = {0};
    enum hf_rc rc = hf_json_parse(bytes, &m.doc, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct input in = {.root = hf_json_root(m.doc), .rc = HF_OK, .err = err};
    if (hf_json_kind(in.root) != HF_JSON_OBJECT) {
        in.rc = hf_err_set(err, HF_EINVAL, "a message is an object");
    } else {
        struct hf_str name = needed(&in, "t", HF_PLUGIN_TOOL_MAX);
        size_t kind = 0;
        while (kind < HF_LEN(names) && !hf_str_eq(name, hf_str_c(names[kind]))) {
            kind++;
        }
        if (kind == HF_LEN(names)) {
            wrong(&in, "t", "is no message");
        } else {
            m.kind = (enum hf_plugin_kind)kind;
            m.id = number(&in, "id");
            if (numbered(m.kind) && m.id == 0) {
                wrong(&in, "id", "is missing");
            }
            read_body(&in, &m);
        }
    }
    if (in.rc != HF_OK) {
        hf_json_free(m.doc);
        return in.rc;
    }
    *ret = m;
    return HF_OK;
}

void hf_plugin_message_free(struct hf_plugin_message *message)
{
    hf_json_free(message->doc);
    message->doc = NULL;
}

/* writing */

static void put(struct hf_json_out *json, const char *key, struct hf_str value)
{
    if (value.len > 0) {
        hf_json_key_str(json, key, value);
    }
}

static void put_u64(struct hf_json_out *json, const char *key, uint64_t value)
{
    if (value > 0) {
        hf_json_key_u64(json, key, value);
    }
}

static void put_truth(struct hf_json_out *json, const char *key, bool value)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_bool(json, value);
}

static void put_list(struct hf_json_out *json, const char *key, const struct hf_json *value)
{
    hf_json_key(json, hf_str_c(key));
    if (value == NULL) {
        hf_json_array_begin(json);
        hf_json_array_end(json);
    } else {
        hf_json_copy(json, value);
    }
}

static void put_call(struct hf_json_out *json, const struct hf_plugin_call *call)
{
    put(json, "call", call->call);
    put(json, "tool", call->tool);
    put(json, "params", call->params);
    put(json, "session", call->session);
    put(json, "run", call->run);
    put(json, "agent", call->agent);
    put(json, "channel", call->channel);
    put(json, "requester", call->requester);
    put_truth(json, "owner", call->owner);
    put(json, "origin", call->origin);
}

static void put_run(struct hf_json_out *json, const struct hf_plugin_run *run)
{
    put(json, "run", run->run);
    put(json, "session", run->session);
    put(json, "channel", run->channel);
    put(json, "requester", run->requester);
    put_truth(json, "owner", run->owner);
    put_u64(json, "tokens", run->tokens);
}

static void put_usage(struct hf_json_out *json, const struct hf_plugin_usage *usage)
{
    put(json, "session", usage->session);
    put(json, "provider", usage->provider);
    put(json, "model", usage->model);
    put(json, "request", usage->request);
    put(json, "run", usage->run);
    put_truth(json, "last", usage->last);
    put_u64(json, "at_ms", usage->at_ms);
    put_u64(json, "input", usage->input);
    put_u64(json, "output", usage->output);
    put_u64(json, "cache_read", usage->cache_read);
    put_u64(json, "cache_write", usage->cache_write);
    put_u64(json, "reasoning", usage->reasoning);
}

static void put_answer(struct hf_json_out *json, const struct hf_plugin_message *m)
{
    if (m->kind == HF_PLUGIN_VERDICT) {
        hf_json_key_str(json, "verdict", m->answer.allow ? HF_STR("allow") : HF_STR("deny"));
    }
    put(json, "reason", m->answer.reason);
    put(json, "rule", m->answer.rule);
    put_u64(json, "wait_ms", m->answer.wait_ms);
    put(json, "budgets", m->answer.budgets);
}

static void put_body(struct hf_json_out *json, const struct hf_plugin_message *m)
{
    switch (m->kind) {
    case HF_PLUGIN_HELLO:
    case HF_PLUGIN_WELCOME:
        put_u64(json, "protocol", m->hello.protocol);
        put(json, "plugin", m->hello.plugin);
        put(json, "openclaw", m->hello.openclaw);
        put(json, "workspace", m->hello.workspace);
        put_truth(json, "gateway", m->hello.gateway);
        put(json, "budgets", m->hello.budgets);
        break;
    case HF_PLUGIN_CALL: put_call(json, &m->call); break;
    case HF_PLUGIN_RUN: put_run(json, &m->run); break;
    case HF_PLUGIN_RESULT:
        put(json, "call", m->result.call);
        put(json, "tool", m->result.tool);
        put(json, "session", m->result.session);
        put_truth(json, "error", m->result.error);
        put_list(json, "strings", m->result.strings);
        break;
    case HF_PLUGIN_USAGE: put_usage(json, &m->usage); break;
    case HF_PLUGIN_LIFE:
        put(json, "what", m->life.what);
        put(json, "session", m->life.session);
        put(json, "call", m->life.call);
        put(json, "tool", m->life.tool);
        put(json, "text", m->life.text);
        break;
    case HF_PLUGIN_CANARY_DONE:
    case HF_PLUGIN_CANARY:
        put(json, "nonce", m->canary.nonce);
        put_u64(json, "status", m->canary.status);
        put(json, "text", m->canary.text);
        break;
    case HF_PLUGIN_ABORT:
    case HF_PLUGIN_REFUSED:
    case HF_PLUGIN_PENDING:
    case HF_PLUGIN_VERDICT: put_answer(json, m); break;
    case HF_PLUGIN_REDACTED: put_list(json, "changed", m->answer.changed); break;
    }
}

static void begin(struct hf_json_out *json, struct hf_buf *buf, enum hf_plugin_kind kind,
                  uint64_t id)
{
    hf_frame_open(buf);
    hf_json_init(json, buf);
    hf_json_object_begin(json);
    hf_json_key_str(json, "t", hf_str_c(names[kind]));
    put_u64(json, "id", id);
}

static enum hf_rc end(struct hf_json_out *json, struct hf_buf *buf, size_t start)
{
    hf_json_object_end(json);
    return hf_frame_close(buf, start);
}

enum hf_rc hf_plugin_message_put(struct hf_buf *buf, const struct hf_plugin_message *message)
{
    struct hf_json_out json;
    size_t start = buf->len;
    begin(&json, buf, message->kind, message->id);
    put_body(&json, message);
    return end(&json, buf, start);
}

void hf_plugin_redacted_open(struct hf_plugin_redacted *r, struct hf_buf *buf, uint64_t id)
{
    r->buf = buf;
    r->begin = buf->len;
    begin(&r->json, buf, HF_PLUGIN_REDACTED, id);
    hf_json_key(&r->json, HF_STR("changed"));
    hf_json_array_begin(&r->json);
}

void hf_plugin_redacted_change(struct hf_plugin_redacted *r, uint64_t index, struct hf_str value)
{
    hf_json_array_begin(&r->json);
    hf_json_u64(&r->json, index);
    hf_json_str(&r->json, value);
    hf_json_array_end(&r->json);
}

enum hf_rc hf_plugin_redacted_close(struct hf_plugin_redacted *r)
{
    hf_json_array_end(&r->json);
    return end(&r->json, r->buf, r->begin);
}
