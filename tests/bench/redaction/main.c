/* tests/bench/redaction/main.c: text through a redactor, beside memcpy of the same bytes.
 *
 *   bench_redaction [SECRETS [MIB [SEED]]]    200 registered secrets, 64 MiB of text; the seed of
 *                                             what is drawn
 *
 * All sides go over the same text, in turns; of each MiB the best of several rounds counts, so that
 * what else the machine does weighs on all of them the same.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/crypto.h"
#include "base/heap.h"
#include "base/parse.h"
#include "tests/bench/load/must.h"
#include "wrapper/redaction/redaction.h"
#include "wrapper/redaction/sample.h"

#define ROUNDS     9
#define BLOCK      1048576
#define BLOCKS_MAX 1024

static uint64_t state = 88172645463325252u;

static uint32_t draw(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

/* -- registered secrets: passwords and keys of 16 to 48 characters, every fourth with others -- */

static struct hf_secret values[HF_REDACTION_SECRETS_MAX];

static void draw_secrets(size_t count)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=&%$!-_\"";
    for (size_t i = 0; i < count; i++) {
        char text[48];
        size_t len = 16 + draw(33);
        for (size_t k = 0; k < len; k++) {
            text[k] = alphabet[draw(i % 4 == 0 ? sizeof alphabet - 1 : 62)];
        }
        must(hf_secret_copy(hf_bytes_of(text, len), &values[i]), NULL, "secret");
    }
}

/* -- the text: what goes through an agent, every 25 KB with a token or a registered secret -- */

static void put_word(struct hf_buf *out)
{
    static const char *const words[] = {
        "the ",
        "service ",
        "answered ",
        "with ",
        "an error ",
        "in ",
        "request ",
        "user ",
        "data: {\"id\":\"chatcmpl-8f3a9bQwErTyUiOp\",\"choices\":[{\"delta\":{\"content\":\"",
        "\"}}]}\n\n",
        "\\n",
        "id=550e8400-e29b-41d4-a716-446655440000 ",
        "key",
        "session",
        "{\"",
        "}",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 ",
        "2026-11-30T12:34:56Z INFO ",
        "path=/usr/lib/python3/dist-packages/",
        "\":",
        "\n",
        "\"integrity\": \"sha512-oSbQ9Zt0Xh1W2e3R4t5Y6u7I8o9P0aSdFgHjKlQwErTy==\"",
        "GET ",
        "200 "};
    hf_buf_str(out, hf_str_c(words[draw((uint32_t)HF_LEN(words))]));
}

static void make_text(struct hf_buf *out, size_t len, size_t secrets)
{
    size_t next = 0;
    while (out->len < len && out->failed == HF_OK) {
        put_word(out);
        if (out->len >= next) {
            size_t at;
            next = out->len + 25000;
            if (secrets > 0 && draw(4) == 0) {
                struct hf_bytes value = hf_secret_reveal(&values[draw((uint32_t)secrets)]);
                hf_buf_put(out, value.ptr, value.len);
            } else {
                hf_shape_sample(&hf_shapes[draw((uint32_t)hf_shape_count)], state, out, &at);
            }
        }
    }
}

static struct hf_redactor *make_redactor(size_t count, bool without_tokens)
{
    struct hf_err err = {0};
    struct hf_redaction_secret *secrets = hf_heap_zalloc(count + 1, sizeof *secrets);
    struct hf_secret key;
    must(secrets == NULL ? HF_ENOMEM : HF_OK, NULL, "memory");
    for (size_t i = 0; i < count; i++) {
        secrets[i] = (struct hf_redaction_secret){HF_STR("bench"), HF_STR("bench"), &values[i]};
    }
    must(hf_secret_copy(HF_BYTES("0123456789abcdef0123456789abcdef"), &key), NULL, "key");
    struct hf_redactor_config config = {&key, secrets, count, without_tokens};
    struct hf_redactor *redactor = NULL;
    must(hf_redactor_new(&config, &redactor, &err), &err, "redactor");
    hf_secret_free(&key);
    hf_heap_free(secrets);
    return redactor;
}

/* -- the sides -- */

struct side {
    const char *name;
    size_t piece;
    struct hf_redactor *redactor;       /* NULL: memcpy */
    struct hf_redaction_stream *stream; /* of this redactor */
    double wanted;
    double best[BLOCKS_MAX];
};

static enum hf_rc take(void *arg, struct hf_bytes bytes)
{
    *(uint64_t *)arg += bytes.len;
    return HF_OK;
}

static void run_block(struct side *side, struct hf_bytes text, uint8_t *copy)
{
    struct hf_err err = {0};
    for (size_t at = 0; at < text.len; at += side->piece) {
        size_t len = text.len - at < side->piece ? text.len - at : side->piece;
        if (side->redactor == NULL) {
            memcpy(copy + at, text.ptr + at, len);
        } else {
            must(hf_redaction_feed(side->stream, hf_bytes_of(text.ptr + at, len), &err), &err,
                 "feed");
        }
    }
}

static void run_side(struct side *side, struct hf_bytes text, uint8_t *copy, bool first)
{
    for (size_t block = 0; block < text.len / BLOCK; block++) {
        double began = now_s();
        run_block(side, hf_bytes_of(text.ptr + block * BLOCK, BLOCK), copy + block * BLOCK);
        double took = now_s() - began;
        if (first || took < side->best[block]) {
            side->best[block] = took;
        }
    }
}

static double rate(const struct side *side, size_t blocks)
{
    double sum = 0;
    for (size_t block = 0; block < blocks; block++) {
        sum += side->best[block];
    }
    return (double)blocks * BLOCK / sum / 1e9;
}

static void print(const struct side *sides, size_t count, size_t blocks)
{
    double bare = rate(&sides[0], blocks);
    printf("| text in pieces | GB/s | of memcpy | wanted |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        double ours = rate(&sides[i], blocks);
        char wanted[16] = "";
        if (sides[i].wanted > 0) {
            (void)snprintf(wanted, sizeof wanted, ">= %.2f", sides[i].wanted);
        }
        printf("| %s | %.2f | %.3f | %s |\n", sides[i].name, ours, ours / bare, wanted);
    }
}

static void measure(size_t secrets, size_t mib)
{
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(mib * BLOCK + 65536);
    uint64_t emitted = 0;
    struct hf_redaction_sink sink = {.emit = take, .arg = &emitted};
    draw_secrets(secrets);
    make_text(&text, mib * BLOCK, secrets);
    uint8_t *copy = hf_heap_zalloc(mib, BLOCK);
    must(copy == NULL ? HF_ENOMEM : text.failed, NULL, "text");
    double began = now_s();
    struct hf_redactor *all = make_redactor(secrets, false);
    double compiled = now_s() - began;
    began = now_s();
    must(hf_redaction_self_test(all, &err), &err, "self-test");
    double tested = now_s() - began;
    struct hf_redactor *known = make_redactor(secrets, true), *tokens = make_redactor(0, false);
    static struct side sides[] = {
        {.name = "memcpy, 16 KiB", .piece = 16384},
        {.name = "secrets and tokens, 16 KiB", .piece = 16384, .wanted = 0.15},
        {.name = "secrets and tokens, 4 KiB", .piece = 4096},
        {.name = "secrets and tokens, 64 bytes", .piece = 64},
        {.name = "secrets alone, 16 KiB", .piece = 16384},
        {.name = "tokens alone, 16 KiB", .piece = 16384}};
    for (size_t i = 1; i < HF_LEN(sides); i++) {
        sides[i].redactor = i == 4 ? known : i == 5 ? tokens : all;
        must(hf_redaction_stream_open(sides[i].redactor, &sink, &sides[i].stream, &err), &err,
             "stream");
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < HF_LEN(sides); i++) {
            run_side(&sides[i], hf_bytes_of(text.ptr, mib * BLOCK), copy, round == 0);
        }
    }
    printf("%zu registered secrets, %zu shapes, %zu MiB; compiled in %.2f s, self-test %.2f s\n\n",
           secrets, hf_shape_count, mib, compiled, tested);
    print(sides, HF_LEN(sides), mib);
    const struct hf_redaction_counts *counts = hf_redaction_counts(sides[1].stream);
    printf("\n%" PRIu64 " tokens and %" PRIu64 " secrets replaced a round, at most %" PRIu64
           " bytes held\n",
           counts->matches[HF_REDACTION_TOKEN] / ROUNDS,
           counts->matches[HF_REDACTION_KNOWN] / ROUNDS, counts->held_bytes_max);
    for (size_t i = 1; i < HF_LEN(sides); i++) {
        hf_redaction_stream_close(sides[i].stream);
    }
    for (size_t i = 0; i < secrets; i++) {
        hf_secret_free(&values[i]);
    }
    hf_redactor_free(all);
    hf_redactor_free(known);
    hf_redactor_free(tokens);
    hf_heap_free(copy);
    hf_buf_free(&text);
}

int main(int argc, char **argv)
{
    struct hf_err err = {0};
    uint64_t secrets = 200, mib = 64;
    bool good = argc <= 4;
    good = good && (argc < 2 || hf_parse_u64(hf_str_c(argv[1]), 0, HF_REDACTION_SECRETS_MAX,
                                             &secrets) == HF_OK);
    good = good && (argc < 3 || hf_parse_u64(hf_str_c(argv[2]), 1, BLOCKS_MAX, &mib) == HF_OK);
    good = good && (argc < 4 || hf_parse_u64(hf_str_c(argv[3]), 1, UINT64_MAX, &state) == HF_OK);
    if (!good) {
        (void)fprintf(stderr, "usage: bench_redaction [SECRETS [MIB [SEED]]]\n");
        return 2;
    }
    must(hf_crypto_init(&err), &err, "crypto");
    must(hf_redaction_init(&err), &err, "redaction");
    measure(secrets, mib);
    return 0;
}
