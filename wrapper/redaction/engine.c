/* wrapper/redaction/engine.c: the home of Hyperscan. */
#include "wrapper/redaction/engine.h"

#include <hs.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/secret.h"

struct hf_engine {
    hs_database_t *database;
    hs_scratch_t *scratch; /* cloned for each scanner */
};

struct hf_scanner {
    hs_stream_t *stream;
    hs_scratch_t *scratch;
    hf_hit_fn *fn; /* during a scan */
    void *arg;
    enum hf_rc rc;
};

static enum hf_rc translate(hs_error_t error)
{
    switch (error) {
    case HS_SUCCESS: return HF_OK;
    case HS_NOMEM: return HF_ENOMEM;
    case HS_ARCH_ERROR: return HF_ENOSYS;
    default: return HF_EIO;
    }
}

/* In front of each block: the secret that it lies in, and room so that the block stays aligned. */
#define BLOCK_HEAD 64

static void *guarded_alloc(size_t size)
{
    struct hf_secret block;
    size_t whole = (size + 2 * (size_t)BLOCK_HEAD - 1) / BLOCK_HEAD * BLOCK_HEAD;
    /* The gate of the heap is asked as well, so that tests can let this fail. */
    void *asked = hf_heap_alloc(0);
    hf_heap_free(asked);
    if (asked == NULL || whole < size || hf_secret_alloc(whole, &block) != HF_OK) {
        return NULL;
    }
    uint8_t *ptr = hf_secret_fill(&block);
    memcpy(ptr, &block, sizeof block);
    return ptr + BLOCK_HEAD;
}

static void guarded_free(void *ptr)
{
    if (ptr != NULL) {
        struct hf_secret block;
        memcpy(&block, (uint8_t *)ptr - BLOCK_HEAD, sizeof block);
        hf_secret_free(&block);
    }
}

enum hf_rc hf_engine_init(struct hf_err *err)
{
    if (hs_valid_platform() != HS_SUCCESS) {
        return hf_err_set(err, HF_ENOSYS,
                          "this processor lacks the instructions that redaction needs (SSSE3 on "
                          "amd64); run on another machine");
    }
    hs_error_t error = hs_set_allocator(hf_heap_alloc, hf_heap_free);
    error = error == HS_SUCCESS ? hs_set_database_allocator(guarded_alloc, guarded_free) : error;
    enum hf_rc rc = translate(error);
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "the matching engine does not start");
}

enum hf_rc hf_engine_new(const char *const *patterns, const unsigned *ids, size_t count,
                         struct hf_engine **ret_engine, struct hf_err *err)
{
    struct hf_engine *engine = hf_heap_zalloc(1, sizeof *engine);
    unsigned *flags = hf_heap_zalloc(count, sizeof *flags);
    hs_error_t error = engine != NULL && flags != NULL ? HS_SUCCESS : HS_NOMEM;
    for (size_t i = 0; error == HS_SUCCESS && i < count; i++) {
        flags[i] = HS_FLAG_DOTALL;
    }
    if (error == HS_SUCCESS) {
        hs_compile_error_t *why = NULL;
        /* For a processor without AVX2: with it, Hyperscan 5.4.0 takes for few patterns (up to
         * about 90) another matcher, which reads past the end of what it is given; for many the
         * code is the same, and as fast. */
        const hs_platform_info_t platform = {.tune = HS_TUNE_FAMILY_GENERIC, .cpu_features = 0};
        error = hs_compile_multi(patterns, flags, ids, (unsigned)count, HS_MODE_STREAM, &platform,
                                 &engine->database, &why);
        hs_free_compile_error(why);
        /* All patterns are ours and well-formed: what can fail is memory. */
        error = error == HS_COMPILER_ERROR ? HS_NOMEM : error;
    }
    if (error == HS_SUCCESS) {
        error = hs_alloc_scratch(engine->database, &engine->scratch);
    }
    hf_heap_free(flags);
    if (error != HS_SUCCESS) {
        hf_engine_free(engine);
        return hf_err_set(err, translate(error), "cannot compile what is looked for: %s",
                          hf_rc_text(translate(error)));
    }
    *ret_engine = engine;
    return HF_OK;
}

void hf_engine_free(struct hf_engine *engine)
{
    if (engine != NULL) {
        (void)hs_free_scratch(engine->scratch);
        (void)hs_free_database(engine->database);
        hf_heap_free(engine);
    }
}

enum hf_rc hf_scanner_new(const struct hf_engine *engine, struct hf_scanner **ret_scanner)
{
    struct hf_scanner *scanner = hf_heap_zalloc(1, sizeof *scanner);
    if (scanner == NULL) {
        return HF_ENOMEM;
    }
    enum hf_rc rc = translate(hs_clone_scratch(engine->scratch, &scanner->scratch));
    rc = rc == HF_OK ? translate(hs_open_stream(engine->database, 0, &scanner->stream)) : rc;
    if (rc != HF_OK) {
        hf_scanner_free(scanner);
        return rc;
    }
    *ret_scanner = scanner;
    return HF_OK;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *arg)
{
    (void)from;
    (void)flags;
    struct hf_scanner *scanner = arg;
    struct hf_hit hit = {to, id};
    scanner->rc = scanner->fn(scanner->arg, &hit);
    return scanner->rc != HF_OK;
}

enum hf_rc hf_scanner_feed(struct hf_scanner *scanner, struct hf_bytes bytes, hf_hit_fn *fn,
                           void *arg)
{
    HF_ASSERT(bytes.len <= UINT32_MAX);
    scanner->fn = fn;
    scanner->arg = arg;
    scanner->rc = HF_OK;
    hs_error_t error = hs_scan_stream(scanner->stream, (const char *)bytes.ptr, (unsigned)bytes.len,
                                      0, scanner->scratch, on_match, scanner);
    return error == HS_SCAN_TERMINATED ? scanner->rc : translate(error);
}

enum hf_rc hf_scanner_reset(struct hf_scanner *scanner)
{
    /* Without a callback nothing is reported for the end, and no anchor is bound to it. */
    return translate(hs_reset_stream(scanner->stream, 0, scanner->scratch, NULL, NULL));
}

void hf_scanner_free(struct hf_scanner *scanner)
{
    if (scanner != NULL) {
        if (scanner->stream != NULL) {
            (void)hs_close_stream(scanner->stream, scanner->scratch, NULL, NULL);
        }
        (void)hs_free_scratch(scanner->scratch);
        hf_heap_free(scanner);
    }
}
