/* base/queue.h: intrusive doubly linked queues.
 *
 * The node lives in the queued struct; find that again with HF_CONTAINER_OF. A head and an
 * unqueued node point at themselves, so removing twice is harmless. No memory, no failure.
 */
#ifndef HF_BASE_QUEUE_H
#define HF_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct hf_queue {
    struct hf_queue *next;
    struct hf_queue *prev;
};

static inline void hf_queue_init(struct hf_queue *q)
{
    q->next = q;
    q->prev = q;
}

static inline bool hf_queue_empty(const struct hf_queue *q)
{
    return q->next == q;
}

static inline void hf_queue_push(struct hf_queue *head, struct hf_queue *node)
{
    node->next = head;
    node->prev = head->prev;
    head->prev->next = node;
    head->prev = node;
}

/* Before all others. */
static inline void hf_queue_push_first(struct hf_queue *head, struct hf_queue *node)
{
    hf_queue_push(head->next, node);
}

static inline void hf_queue_remove(struct hf_queue *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    hf_queue_init(node);
}

/* The oldest node, taken off; NULL if there is none. */
static inline struct hf_queue *hf_queue_pop(struct hf_queue *head)
{
    struct hf_queue *node = head->next;
    if (node == head) {
        return NULL;
    }
    hf_queue_remove(node);
    return node;
}

/* Moves all of `from` to the end of `to`. */
static inline void hf_queue_splice(struct hf_queue *to, struct hf_queue *from)
{
    if (hf_queue_empty(from)) {
        return;
    }
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    hf_queue_init(from);
}

// NOLINTBEGIN(bugprone-macro-parentheses): a declared name cannot stand in parentheses
#define HF_QUEUE_FOREACH(node, head)                                                               \
    for (struct hf_queue *node = (head)->next; node != (head); node = node->next)

/* The same, where the body may remove the node. */
#define HF_QUEUE_FOREACH_SAFE(node, head)                                                          \
    for (struct hf_queue *node = (head)->next, *node##_next = node->next; node != (head);          \
         node = node##_next, node##_next = node->next)

// NOLINTEND(bugprone-macro-parentheses)

#endif
