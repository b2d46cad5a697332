/* hub/principals.c: everybody who may use the Hub, found by token and by name. */
#include "hub/principals.h"

#include "base/assert.h"
#include "base/heap.h"

enum hf_rc hf_hub_principals_init(struct hf_hub_principals *principals, struct hf_env *env)
{
    hf_queue_init(&principals->order);
    enum hf_rc rc = hf_map_init(&principals->by_name, env);
    if (rc == HF_OK) {
        rc = hf_map_init(&principals->by_token, env);
    }
    return rc == HF_OK ? hf_map_init(&principals->by_previous, env) : rc;
}

void hf_hub_principals_fini(struct hf_hub_principals *principals)
{
    if (principals->order.next != NULL) {
        for (struct hf_queue *node; (node = hf_queue_pop(&principals->order)) != NULL;) {
            hf_heap_free(HF_CONTAINER_OF(node, struct hf_hub_principal, order));
        }
    }
    hf_map_fini(&principals->by_name);
    hf_map_fini(&principals->by_token);
    hf_map_fini(&principals->by_previous);
}

static struct hf_bytes hash_bytes(const struct hf_hash *hash)
{
    return hf_bytes_of(hash->b, HF_HASH_SIZE);
}

struct hf_hub_principal *hf_hub_principal_by_token(const struct hf_hub_principals *principals,
                                                   const struct hf_hash *token_hash, int64_t now_us)
{
    struct hf_bytes key = hash_bytes(token_hash);
    struct hf_map_node *node = hf_map_first(&principals->by_token, key);
    for (; node != NULL; node = hf_map_next(node)) {
        struct hf_hub_principal *p = HF_CONTAINER_OF(node, struct hf_hub_principal, by_token);
        if (hf_principal_takes(&p->life, token_hash, now_us)) {
            return p;
        }
    }
    node = hf_map_first(&principals->by_previous, key);
    for (; node != NULL; node = hf_map_next(node)) {
        struct hf_hub_principal *p = HF_CONTAINER_OF(node, struct hf_hub_principal, by_previous);
        if (hf_principal_takes(&p->life, token_hash, now_us)) {
            return p;
        }
    }
    return NULL;
}

struct hf_hub_principal *hf_hub_principal_find(const struct hf_hub_principals *principals,
                                               struct hf_str name)
{
    struct hf_map_node *node = hf_map_first(&principals->by_name, hf_str_bytes(name));
    for (; node != NULL; node = hf_map_next(node)) {
        struct hf_hub_principal *p = HF_CONTAINER_OF(node, struct hf_hub_principal, by_name);
        if (hf_str_eq(hf_str_c(p->life.name), name)) {
            return p;
        }
    }
    return NULL;
}

struct hf_hub_principal *hf_hub_principals_first(const struct hf_hub_principals *principals)
{
    return hf_queue_empty(&principals->order)
               ? NULL
               : HF_CONTAINER_OF(principals->order.next, struct hf_hub_principal, order);
}

struct hf_hub_principal *hf_hub_principals_next(const struct hf_hub_principals *principals,
                                                const struct hf_hub_principal *principal)
{
    struct hf_queue *node = principal->order.next;
    return node == &principals->order ? NULL
                                      : HF_CONTAINER_OF(node, struct hf_hub_principal, order);
}

unsigned hf_hub_principals_admins(const struct hf_hub_principals *principals, int64_t now_us)
{
    unsigned count = 0;
    for (struct hf_hub_principal *p = hf_hub_principals_first(principals); p != NULL;
         p = hf_hub_principals_next(principals, p)) {
        bool expired = p->life.expires_us != 0 && p->life.expires_us <= now_us;
        count += p->life.role == HF_ROLE_ADMIN && !p->life.revoked && !expired ? 1 : 0;
    }
    return count;
}

/* folding */

static void link_tokens(struct hf_hub_principals *principals, struct hf_hub_principal *p)
{
    if (p->has_token) {
        hf_map_remove(&principals->by_token, &p->by_token);
    }
    if (p->has_previous) {
        hf_map_remove(&principals->by_previous, &p->by_previous);
    }
    p->has_token = p->life.version > 0 && !p->life.revoked;
    p->has_previous = p->has_token && p->life.previous_until_us > 0;
    if (p->has_token) {
        hf_map_insert(&principals->by_token, hash_bytes(&p->life.token_hash), &p->by_token);
    }
    if (p->has_previous) {
        hf_map_insert(&principals->by_previous, hash_bytes(&p->life.previous_hash),
                      &p->by_previous);
    }
}

static struct hf_hub_principal *get(struct hf_hub_principals *principals, struct hf_str name)
{
    struct hf_hub_principal *p = hf_hub_principal_find(principals, name);
    if (p != NULL) {
        return p;
    }
    p = hf_heap_zalloc(1, sizeof *p);
    if (p != NULL) {
        memcpy(p->life.name, name.ptr, name.len);
        hf_map_insert(&principals->by_name, hf_str_bytes(name), &p->by_name);
        hf_queue_push(&principals->order, &p->order);
    }
    return p;
}

static bool behind(struct hf_str text, const char *prefix, struct hf_str *ret_rest)
{
    size_t len = strlen(prefix);
    if (text.len <= len || memcmp(text.ptr, prefix, len) != 0) {
        return false;
    }
    *ret_rest = (struct hf_str){text.ptr + len, text.len - len};
    return ret_rest->len <= HF_PRINCIPAL_NAME_MAX;
}

enum hf_rc hf_hub_principals_fold(struct hf_hub_principals *principals,
                                  const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_str name;
    if (!behind(envelope->stream, "principal/", &name) &&
        !behind(envelope->stream, "use/", &name)) {
        return HF_OK;
    }
    struct hf_hub_principal *p = get(principals, name);
    if (p == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a principal");
    }
    enum hf_rc rc = hf_principal_fold(&p->life, envelope, err);
    link_tokens(principals, p);
    return rc;
}

enum hf_rc hf_hub_principals_restore(struct hf_hub_principals *principals,
                                     const struct hf_principal *life)
{
    struct hf_hub_principal *p = get(principals, hf_str_c(life->name));
    if (p == NULL) {
        return HF_ENOMEM;
    }
    p->life = *life;
    link_tokens(principals, p);
    return HF_OK;
}
