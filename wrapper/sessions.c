/* wrapper/sessions.c: sessions by name, and the tenant's counters. */
#include "wrapper/sessions.h"

#include "base/assert.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/parse.h"

#define SECOND UINT64_C(1000000000)
#define ALL    ((uint8_t)((1u << HF_SESSION_LABELS) - 1))
#define LINE   (2 * HF_HASH_SIZE + 3) /* hash, space, one digit, line end */

struct tool {
    struct hf_map_node node;
    struct hf_queue list;
    struct hf_rate rate;
    size_t len;
    char name[];
};

struct hf_sessions {
    struct hf_env *env;
    const char *state;
    struct hf_map map;
    struct hf_queue age; /* the longest idle first */
    struct hf_map tools;
    struct hf_queue tool_list;
    struct hf_rate all;
    struct hf_rate other; /* tools beyond HF_RATE_TOOLS share one counter */
    struct hf_rate classes[HF_RATE_CLASSES];
    uint8_t lost; /* labels of sessions that had to go, and of all after damage */
};

/* rates */

static uint64_t part_of(unsigned window, uint64_t now_ns)
{
    static const uint64_t lengths[HF_RATE_WINDOWS] = {60 * SECOND, 3600 * SECOND, 86400 * SECOND};
    return now_ns / (lengths[window] / HF_RATE_PARTS) + 1;
}

void hf_rate_add(struct hf_rate *rate, uint64_t now_ns)
{
    for (unsigned w = 0; w < HF_RATE_WINDOWS; w++) {
        uint64_t part = part_of(w, now_ns);
        if (part - rate->part[w] >= HF_RATE_PARTS) {
            memset(rate->counts[w], 0, sizeof rate->counts[w]);
        } else {
            for (uint64_t p = rate->part[w] + 1; p <= part; p++) {
                rate->counts[w][p % HF_RATE_PARTS] = 0;
            }
        }
        rate->part[w] = part;
        rate->counts[w][part % HF_RATE_PARTS]++;
    }
}

uint64_t hf_rate_count(const struct hf_rate *rate, unsigned window, uint64_t now_ns)
{
    uint64_t part = part_of(window, now_ns);
    uint64_t sum = 0;
    for (uint64_t back = 0; back < HF_RATE_PARTS; back++) {
        if (part > back && part - back <= rate->part[window] &&
            rate->part[window] - (part - back) < HF_RATE_PARTS) {
            sum += rate->counts[window][(part - back) % HF_RATE_PARTS];
        }
    }
    return sum;
}

/* the file of labels */

static struct hf_bytes key_bytes(const struct hf_hash *key)
{
    return hf_bytes_of(key->b, sizeof key->b);
}

static enum hf_rc save(struct hf_sessions *s, struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init((HF_SESSIONS_MAX + 1) * LINE);
    char hex[2 * HF_HASH_SIZE + 1];
    if (s->state == NULL) {
        return HF_OK;
    }
    hf_buf_printf(&buf, "%0*d %u\n", 2 * HF_HASH_SIZE, 0, s->lost);
    HF_QUEUE_FOREACH (node, &s->age) {
        struct hf_session *session = HF_CONTAINER_OF(node, struct hf_session, age);
        if (session->taint != s->lost) {
            hf_hex_encode(key_bytes(&session->key), hex);
            hf_buf_printf(&buf, "%s %u\n", hex, session->taint);
        }
    }
    enum hf_rc rc = buf.failed != HF_OK
                        ? hf_err_set(err, buf.failed, "no memory for the labels of sessions")
                        : hf_file_replace(s->state, hf_buf_bytes(&buf), 0600, err);
    hf_buf_free(&buf);
    return rc;
}

static struct hf_session *find(const struct hf_sessions *s, const struct hf_hash *key)
{
    struct hf_map_node *n = hf_map_first(&s->map, key_bytes(key));
    for (; n != NULL; n = hf_map_next(n)) {
        struct hf_session *session = HF_CONTAINER_OF(n, struct hf_session, node);
        if (hf_hash_eq(&session->key, key)) {
            return session;
        }
    }
    return NULL;
}

static struct hf_session *add(struct hf_sessions *s, const struct hf_hash *key, uint8_t taint)
{
    struct hf_session *session = hf_heap_zalloc(1, sizeof *session);
    if (session != NULL) {
        session->key = *key;
        session->taint = taint;
        hf_map_insert(&s->map, key_bytes(key), &session->node);
        hf_queue_push(&s->age, &session->age);
    }
    return session;
}

static bool take_line(struct hf_sessions *s, struct hf_str line, bool first)
{
    struct hf_hash key;
    size_t len = 0;
    uint64_t labels = 0;
    if (line.len != LINE - 1 || line.ptr[2 * HF_HASH_SIZE] != ' ' ||
        hf_hex_decode((struct hf_str){line.ptr, 2 * HF_HASH_SIZE}, key.b, sizeof key.b, &len,
                      NULL) != HF_OK ||
        hf_parse_u64((struct hf_str){line.ptr + 2 * HF_HASH_SIZE + 1, 1}, 0, ALL, &labels) !=
            HF_OK) {
        return false;
    }
    if (first) {
        s->lost = (uint8_t)labels;
        return true;
    }
    return s->map.count < HF_SESSIONS_MAX && find(s, &key) == NULL &&
           add(s, &key, (uint8_t)labels) != NULL;
}

/* What cannot be read cannot say which session is clean. */
static enum hf_rc load(struct hf_sessions *s, struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init((HF_SESSIONS_MAX + 2) * LINE);
    enum hf_rc rc = s->state == NULL ? HF_ENOTFOUND : hf_file_read(s->state, &buf, err);
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(&buf));
    struct hf_str line;
    bool good = true;
    for (bool first = true; rc == HF_OK && good && c.left > 0; first = false) {
        good = hf_cursor_line(&c, &line) && take_line(s, line, first);
    }
    if (!good || rc == HF_ETOOBIG) {
        s->lost = ALL;
        rc = HF_OK;
    }
    hf_buf_free(&buf);
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

/* sessions */

/* The longest idle one that nobody uses. */
static void make_room(struct hf_sessions *s)
{
    HF_QUEUE_FOREACH_SAFE (node, &s->age) {
        struct hf_session *session = HF_CONTAINER_OF(node, struct hf_session, age);
        if (s->map.count < HF_SESSIONS_MAX) {
            return;
        }
        if (session->deciding == 0 && session->waiting == 0) {
            s->lost |= session->taint;
            hf_queue_remove(&session->age);
            hf_map_remove(&s->map, &session->node);
            hf_heap_free(session);
        }
    }
}

struct hf_session *hf_sessions_get(struct hf_sessions *s, struct hf_str name)
{
    struct hf_hash key;
    hf_sha256(hf_str_bytes(name), &key);
    struct hf_session *session = find(s, &key);
    if (session != NULL) {
        hf_queue_remove(&session->age);
        hf_queue_push(&s->age, &session->age);
        return session;
    }
    make_room(s);
    return s->map.count < HF_SESSIONS_MAX ? add(s, &key, s->lost) : NULL;
}

void hf_sessions_peek(const struct hf_sessions *s, struct hf_str name,
                      struct hf_session *ret_session)
{
    struct hf_hash key;
    hf_sha256(hf_str_bytes(name), &key);
    const struct hf_session *session = find(s, &key);
    if (session != NULL) {
        *ret_session = *session;
    } else {
        *ret_session = (struct hf_session){.taint = s->lost};
    }
}

enum hf_rc hf_sessions_taint(struct hf_sessions *s, struct hf_session *session, uint8_t labels,
                             struct hf_err *err)
{
    if ((session->taint | labels) == session->taint) {
        return HF_OK;
    }
    session->taint |= labels;
    return save(s, err);
}

static struct tool *find_tool(const struct hf_sessions *s, struct hf_str name)
{
    struct hf_map_node *n = hf_map_first(&s->tools, hf_str_bytes(name));
    for (; n != NULL; n = hf_map_next(n)) {
        struct tool *tool = HF_CONTAINER_OF(n, struct tool, node);
        if (hf_str_eq((struct hf_str){tool->name, tool->len}, name)) {
            return tool;
        }
    }
    return NULL;
}

static struct hf_rate *rate_of_tool(struct hf_sessions *s, struct hf_str name)
{
    struct tool *tool = find_tool(s, name);
    if (tool == NULL && s->tools.count < HF_RATE_TOOLS) {
        tool = hf_heap_zalloc(1, sizeof *tool + name.len);
        if (tool != NULL) {
            memcpy(tool->name, name.ptr, name.len);
            tool->len = name.len;
            hf_map_insert(&s->tools, hf_str_bytes(name), &tool->node);
            hf_queue_push(&s->tool_list, &tool->list);
        }
    }
    return tool == NULL ? &s->other : &tool->rate;
}

void hf_sessions_count(struct hf_sessions *s, struct hf_session *session,
                       const struct hf_session_call *call, uint64_t now_ns)
{
    hf_rate_add(&s->all, now_ns);
    hf_rate_add(&session->rate, now_ns);
    hf_rate_add(rate_of_tool(s, hf_str_c(call->tool)), now_ns);
    for (unsigned c = 0; c < HF_RATE_CLASSES; c++) {
        if ((call->classes & (1u << c)) != 0) {
            hf_rate_add(&s->classes[c], now_ns);
        }
    }
    size_t kept =
        session->recent_count < HF_SESSION_RECENT ? session->recent_count : HF_SESSION_RECENT - 1;
    memmove(session->recent + 1, session->recent, kept * sizeof session->recent[0]);
    session->recent[0] = *call;
    session->recent_count = kept + 1;
}

const struct hf_rate *hf_sessions_all(const struct hf_sessions *s)
{
    return &s->all;
}

const struct hf_rate *hf_sessions_tool(const struct hf_sessions *s, struct hf_str name)
{
    const struct tool *tool = find_tool(s, name);
    if (tool != NULL) {
        return &tool->rate;
    }
    return s->tools.count < HF_RATE_TOOLS ? NULL : &s->other;
}

const struct hf_rate *hf_sessions_class(const struct hf_sessions *s, unsigned class_number)
{
    return &s->classes[class_number];
}

enum hf_rc hf_session_open_call(struct hf_sessions *s, struct hf_session *session,
                                const struct hf_session_open *call, struct hf_err *err)
{
    struct hf_session_open *at = &session->open[session->open_next];
    uint8_t labels = at->used ? at->labels : 0;
    *at = *call;
    at->used = true;
    session->open_next = (session->open_next + 1) % (sizeof session->open / sizeof *call);
    return hf_sessions_taint(s, session, labels, err);
}

struct hf_session_open *hf_session_find_call(struct hf_session *session, const struct hf_hash *call)
{
    for (size_t i = 0; i < sizeof session->open / sizeof session->open[0]; i++) {
        if (session->open[i].used && hf_hash_eq(&session->open[i].call, call)) {
            return &session->open[i];
        }
    }
    return NULL;
}

enum hf_rc hf_sessions_new(struct hf_env *env, const char *state, struct hf_sessions **ret_sessions,
                           struct hf_err *err)
{
    struct hf_sessions *s = hf_heap_zalloc(1, sizeof *s);
    if (s == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for sessions");
    }
    s->env = env;
    s->state = state;
    hf_queue_init(&s->age);
    hf_queue_init(&s->tool_list);
    enum hf_rc rc = hf_map_init(&s->map, env);
    rc = rc == HF_OK ? hf_map_init(&s->tools, env) : rc;
    rc = rc == HF_OK ? load(s, err) : hf_err_set(err, rc, "no memory for sessions");
    if (rc != HF_OK) {
        hf_sessions_free(s);
        return rc;
    }
    *ret_sessions = s;
    return HF_OK;
}

void hf_sessions_free(struct hf_sessions *s)
{
    if (s == NULL) {
        return;
    }
    HF_QUEUE_FOREACH_SAFE (node, &s->age) {
        hf_heap_free(HF_CONTAINER_OF(node, struct hf_session, age));
    }
    HF_QUEUE_FOREACH_SAFE (node, &s->tool_list) {
        hf_heap_free(HF_CONTAINER_OF(node, struct tool, list));
    }
    hf_map_fini(&s->map);
    hf_map_fini(&s->tools);
    hf_heap_free(s);
}
