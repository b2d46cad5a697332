/* hub/directives.c: lists by address, merged for who asks. */
#include "hub/directives.h"

#include "base/assert.h"
#include "base/heap.h"
#include "commands/directive.h"

struct address {
    struct hf_map_node by_name;
    struct hf_queue order;
    char name[HF_TENANT_NAME_MAX + 1];
    struct hf_queue waiting;
    struct hf_hub_directive *list; /* by number */
    size_t count;
    size_t cap;
};

enum hf_rc hf_hub_directives_init(struct hf_hub_directives *directives, struct hf_env *env)
{
    hf_queue_init(&directives->addresses);
    directives->last = 0;
    directives->folded = 0;
    return hf_map_init(&directives->by_name, env);
}

void hf_hub_directives_fini(struct hf_hub_directives *directives)
{
    if (directives->addresses.next == NULL) {
        return; /* of zeroes */
    }
    for (struct hf_queue *node; (node = hf_queue_pop(&directives->addresses)) != NULL;) {
        struct address *address = HF_CONTAINER_OF(node, struct address, order);
        HF_ASSERT(hf_queue_empty(&address->waiting));
        hf_heap_free(address->list);
        hf_heap_free(address);
    }
    hf_map_fini(&directives->by_name);
}

static struct address *find(const struct hf_hub_directives *directives, struct hf_str name)
{
    for (struct hf_map_node *node = hf_map_first(&directives->by_name, hf_str_bytes(name));
         node != NULL; node = hf_map_next(node)) {
        struct address *address = HF_CONTAINER_OF(node, struct address, by_name);
        if (hf_str_eq(hf_str_c(address->name), name)) {
            return address;
        }
    }
    return NULL;
}

static struct address *get(struct hf_hub_directives *directives, struct hf_str name)
{
    struct address *address = find(directives, name);
    if (address != NULL || name.len > HF_TENANT_NAME_MAX) {
        return address;
    }
    address = hf_heap_zalloc(1, sizeof *address);
    if (address != NULL) {
        memcpy(address->name, name.ptr, name.len);
        hf_queue_init(&address->waiting);
        hf_queue_push(&directives->addresses, &address->order);
        hf_map_insert(&directives->by_name, hf_str_bytes(hf_str_c(address->name)),
                      &address->by_name);
    }
    return address;
}

/* waiting */

static void wake(struct address *address)
{
    while (!hf_queue_empty(&address->waiting)) {
        hf_hub_follower_ready(HF_CONTAINER_OF(address->waiting.next, struct hf_hub_follower, node));
    }
}

void hf_hub_directives_wake_all(struct hf_hub_directives *directives)
{
    if (directives->addresses.next == NULL) {
        return; /* of zeroes */
    }
    HF_QUEUE_FOREACH (node, &directives->addresses) {
        wake(HF_CONTAINER_OF(node, struct address, order));
    }
}

enum hf_rc hf_hub_directives_wait(struct hf_hub_directives *directives, struct hf_str tenant,
                                  struct hf_hub_follower *follower)
{
    struct address *address = get(directives, tenant);
    if (address == NULL) {
        return HF_ENOMEM;
    }
    hf_hub_follower_leave(follower);
    hf_queue_push(&address->waiting, &follower->node);
    return HF_OK;
}

/* folding */

static enum hf_rc add(struct address *address, const struct hf_hub_directive *directive)
{
    if (address->count == address->cap) {
        size_t cap = address->cap == 0 ? 4 : 2 * address->cap;
        struct hf_hub_directive *list = hf_heap_zalloc(cap, sizeof *list);
        if (list == NULL) {
            return HF_ENOMEM;
        }
        if (address->count > 0) {
            memcpy(list, address->list, address->count * sizeof *list);
        }
        hf_heap_free(address->list);
        address->list = list;
        address->cap = cap;
    }
    address->list[address->count++] = *directive;
    return HF_OK;
}

enum hf_rc hf_hub_directives_restore(struct hf_hub_directives *directives, struct hf_str address,
                                     const struct hf_hub_directive *directive)
{
    struct address *a = get(directives, address);
    if (a == NULL || add(a, directive) != HF_OK) {
        return HF_ENOMEM;
    }
    if (a->count == 1) { /* its place is where the log has it, not where somebody waited first */
        hf_queue_remove(&a->order);
        hf_queue_push(&directives->addresses, &a->order);
    }
    directives->last =
        directive->sequence > directives->last ? directive->sequence : directives->last;
    directives->folded =
        directive->sequence > directives->folded ? directive->sequence : directives->folded;
    return HF_OK;
}

enum hf_rc hf_hub_directives_fold(struct hf_hub_directives *directives, uint64_t index,
                                  const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_directive_issued event;
    if (!hf_str_eq(envelope->type, HF_STR(HF_EVENT_DIRECTIVE_ISSUED_NAME))) {
        return HF_OK;
    }
    enum hf_rc rc = hf_event_directive_issued_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_hub_directive directive = {event.sequence, index, envelope->recorded_us};
    if (hf_hub_directives_restore(directives, event.address, &directive) != HF_OK) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a directive");
    }
    if (hf_str_eq(event.address, HF_STR(HF_DIRECTIVE_ALL))) {
        hf_hub_directives_wake_all(directives);
    } else {
        wake(find(directives, event.address));
    }
    return HF_OK;
}

void hf_hub_directives_visit(const struct hf_hub_directives *directives,
                             void (*visit)(void *arg, struct hf_str address,
                                           const struct hf_hub_directive *directive),
                             void *arg)
{
    HF_QUEUE_FOREACH (node, &directives->addresses) {
        const struct address *address = HF_CONTAINER_OF(node, struct address, order);
        for (size_t i = 0; i < address->count; i++) {
            visit(arg, hf_str_c(address->name), &address->list[i]);
        }
    }
}

uint64_t hf_hub_directives_last(const struct hf_hub_directives *directives)
{
    return directives->last;
}

uint64_t hf_hub_directives_folded(const struct hf_hub_directives *directives)
{
    return directives->folded;
}

void hf_hub_directives_take(struct hf_hub_directives *directives)
{
    directives->last++;
}

/* asking */

/* The first one above `after`. */
static size_t position(const struct address *address, uint64_t after)
{
    size_t low = 0;
    size_t high = address == NULL ? 0 : address->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (address->list[middle].sequence > after) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

unsigned hf_hub_directives_for(const struct hf_hub_directives *directives, struct hf_str tenant,
                               uint64_t after, int64_t since_us, struct hf_hub_directive *ret,
                               unsigned max)
{
    const struct address *own = find(directives, tenant);
    const struct address *all = find(directives, HF_STR(HF_DIRECTIVE_ALL));
    size_t own_at = position(own, after);
    size_t all_at = position(all, after);
    unsigned count = 0;
    while (after == 0 && all != NULL && all_at < all->count &&
           all->list[all_at].recorded_us < since_us) {
        all_at++;
    }
    while (count < max) {
        const struct hf_hub_directive *a =
            own != NULL && own_at < own->count ? &own->list[own_at] : NULL;
        const struct hf_hub_directive *b =
            all != NULL && all_at < all->count ? &all->list[all_at] : NULL;
        if (a == NULL && b == NULL) {
            break;
        }
        if (b == NULL || (a != NULL && a->sequence < b->sequence)) {
            ret[count++] = *a;
            own_at++;
        } else {
            ret[count++] = *b;
            all_at++;
        }
    }
    return count;
}
