/* hub/flags.c: the region's feature flags, found by name. */
#include "hub/flags.h"

#include "base/assert.h"
#include "base/heap.h"

enum hf_rc hf_hub_flags_init(struct hf_hub_flags *flags, struct hf_env *env)
{
    hf_queue_init(&flags->order);
    return hf_map_init(&flags->by_name, env);
}

void hf_hub_flags_fini(struct hf_hub_flags *flags)
{
    if (flags->order.next != NULL) {
        for (struct hf_queue *node; (node = hf_queue_pop(&flags->order)) != NULL;) {
            hf_heap_free(HF_CONTAINER_OF(node, struct hf_hub_flag, order));
        }
    }
    hf_map_fini(&flags->by_name);
}

struct hf_hub_flag *hf_hub_flag_find(const struct hf_hub_flags *flags, struct hf_str name)
{
    struct hf_map_node *node = hf_map_first(&flags->by_name, hf_str_bytes(name));
    for (; node != NULL; node = hf_map_next(node)) {
        struct hf_hub_flag *flag = HF_CONTAINER_OF(node, struct hf_hub_flag, by_name);
        if (hf_str_eq(hf_str_c(flag->life.name), name)) {
            return flag;
        }
    }
    return NULL;
}

struct hf_hub_flag *hf_hub_flags_first(const struct hf_hub_flags *flags)
{
    return hf_queue_empty(&flags->order)
               ? NULL
               : HF_CONTAINER_OF(flags->order.next, struct hf_hub_flag, order);
}

struct hf_hub_flag *hf_hub_flags_next(const struct hf_hub_flags *flags,
                                      const struct hf_hub_flag *flag)
{
    struct hf_queue *node = flag->order.next;
    return node == &flags->order ? NULL : HF_CONTAINER_OF(node, struct hf_hub_flag, order);
}

static struct hf_hub_flag *get(struct hf_hub_flags *flags, struct hf_str name)
{
    struct hf_hub_flag *flag = hf_hub_flag_find(flags, name);
    if (flag == NULL && (flag = hf_heap_zalloc(1, sizeof *flag)) != NULL) {
        memcpy(flag->life.name, name.ptr, name.len);
        hf_map_insert(&flags->by_name, hf_str_bytes(name), &flag->by_name);
        hf_queue_push(&flags->order, &flag->order);
    }
    return flag;
}

enum hf_rc hf_hub_flags_fold(struct hf_hub_flags *flags, const struct hf_envelope *envelope,
                             struct hf_err *err)
{
    const size_t prefix = sizeof "flag/" - 1;
    struct hf_str stream = envelope->stream;
    if (stream.len <= prefix || stream.len > prefix + HF_FLAG_NAME_MAX ||
        memcmp(stream.ptr, "flag/", prefix) != 0) {
        return HF_OK;
    }
    struct hf_hub_flag *flag =
        get(flags, (struct hf_str){stream.ptr + prefix, stream.len - prefix});
    return flag == NULL ? hf_err_set(err, HF_ENOMEM, "no memory for a flag")
                        : hf_flag_fold(&flag->life, envelope, err);
}

enum hf_rc hf_hub_flags_restore(struct hf_hub_flags *flags, const struct hf_flag *life)
{
    struct hf_hub_flag *flag = get(flags, hf_str_c(life->name));
    if (flag == NULL) {
        return HF_ENOMEM;
    }
    flag->life = *life;
    return HF_OK;
}
