/* tests/sim/region/link.c: carries bytes between two streams through the weather. */
#include "tests/sim/region/link.h"

#include "base/assert.h"
#include "base/heap.h"
#include "base/net/pair.h"

#define KEEP_MAX (1u << 20) /* of what a client sends */

struct way {
    struct link *link;
    struct hf_stream *from; /* the link's end of the sender's pair */
    struct hf_timer timer;
    struct hf_buf held;
    bool ended; /* the sender is at its end, or gone */
    enum hf_rc why;
};

struct link {
    struct hf_queue node;
    struct sim_links *links;
    const void *owner;
    const struct sim_weather *weather;
    struct way way[2]; /* from the client, from the server */
    struct hf_buf kept;
    bool closing;
    bool lost; /* something vanished on it: nothing comes through any more */
    int open;  /* streams */
};

static uint64_t draw(struct sim_links *links, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(links->env, &number, sizeof number);
    return number % below;
}

static void break_link(struct link *link)
{
    if (link->closing) {
        return;
    }
    link->closing = true;
    for (int i = 0; i < 2; i++) {
        hf_timer_cancel(&link->way[i].timer);
        hf_stream_close(link->way[i].from);
    }
}

static void closed(struct hf_stream *stream)
{
    struct link *link = ((struct way *)stream->user)->link;
    if (--link->open > 0) {
        return;
    }
    if (link->links->sent != NULL && link->kept.failed == HF_OK) {
        link->links->sent(link->links->arg, hf_buf_bytes(&link->kept));
    }
    hf_queue_remove(&link->node);
    hf_buf_free(&link->kept);
    hf_buf_free(&link->way[0].held);
    hf_buf_free(&link->way[1].held);
    hf_heap_free(link);
}

static struct hf_stream *target(const struct way *way)
{
    struct link *link = way->link;
    return link->way[way == &link->way[0] ? 1 : 0].from;
}

static void schedule(struct way *way)
{
    const struct sim_weather *weather = way->link->weather;
    if (way->link->closing || hf_timer_armed(&way->timer) || (way->held.len == 0 && !way->ended)) {
        return;
    }
    uint64_t wait = 1 + draw(way->link->links, weather->delay_ns + 1);
    if (weather->rate > 0) {
        wait += way->held.len * UINT64_C(1000000000) / weather->rate;
    }
    (void)hf_timer_arm(&way->timer, wait);
}

static void arrive(struct hf_timer *timer)
{
    struct way *way = HF_CONTAINER_OF(timer, struct way, timer);
    const struct sim_weather *weather = way->link->weather;
    if (way->link->lost) {
        hf_buf_clear(&way->held);
    }
    if (way->held.len > 0 && weather->alter_one > 0 &&
        draw(way->link->links, weather->alter_one) == 0) {
        break_link(way->link); /* what arrives is not what was sent: TLS sees it */
        return;
    }
    if (way->held.len > 0) {
        /* A part of it, so that messages arrive torn anywhere. */
        size_t len = draw(way->link->links, 4) == 0
                         ? 1 + (size_t)draw(way->link->links, way->held.len)
                         : way->held.len;
        struct hf_buf rest = hf_buf_init(64u << 20);
        hf_buf_put(&rest, way->held.ptr + len, way->held.len - len);
        HF_ASSERT(hf_stream_write(target(way), hf_bytes_of(way->held.ptr, len)) == HF_OK);
        hf_buf_free(&way->held);
        way->held = rest;
    }
    if (way->held.len == 0 && way->ended) {
        if (way->why != HF_EEND || way->link->way[0].ended == way->link->way[1].ended) {
            break_link(way->link);
        } else {
            hf_stream_finish(target(way));
        }
        return;
    }
    schedule(way);
}

static void on_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct way *way = stream->user;
    struct link *link = way->link;
    link->lost = link->lost || link->weather->mute;
    if (link->closing || link->lost) {
        return;
    }
    if (way == &link->way[0]) {
        hf_buf_put(&link->kept, data.ptr, data.len);
    }
    hf_buf_put(&way->held, data.ptr, data.len);
    HF_ASSERT(way->held.failed == HF_OK);
    schedule(way);
}

static void on_end(struct hf_stream *stream, enum hf_rc why)
{
    struct way *way = stream->user;
    way->ended = true;
    way->why = why;
    schedule(way);
}

void sim_links_init(struct sim_links *links, struct hf_loop *loop)
{
    *links = (struct sim_links){.loop = loop, .env = hf_loop_env(loop)};
    hf_queue_init(&links->links);
}

enum hf_rc sim_link_open(struct sim_links *links, const void *owner,
                         const struct sim_weather *weather, struct hf_stream **ret_near,
                         struct hf_stream **ret_far)
{
    if (weather->cut) {
        return HF_EIO;
    }
    struct link *link = hf_heap_zalloc(1, sizeof *link);
    HF_ASSERT(link != NULL);
    *link = (struct link){.links = links, .owner = owner, .weather = weather, .open = 2};
    link->kept = hf_buf_init(KEEP_MAX);
    HF_ASSERT(hf_pair_new(links->loop, 1000, ret_near, &link->way[0].from) == HF_OK);
    HF_ASSERT(hf_pair_new(links->loop, 1000, ret_far, &link->way[1].from) == HF_OK);
    for (int i = 0; i < 2; i++) {
        struct way *way = &link->way[i];
        way->link = link;
        way->held = hf_buf_init(64u << 20);
        hf_timer_init(&way->timer, links->loop, arrive);
        way->from->user = way;
        way->from->on_data = on_data;
        way->from->on_end = on_end;
        way->from->on_closed = closed;
        hf_stream_read(way->from, true);
    }
    hf_queue_push(&links->links, &link->node);
    return HF_OK;
}

void sim_links_cut(struct sim_links *links, const void *owner)
{
    for (struct hf_queue *node = links->links.next; node != &links->links; node = node->next) {
        struct link *link = HF_CONTAINER_OF(node, struct link, node);
        if (owner == NULL || link->owner == owner) {
            break_link(link);
        }
    }
}
