/* tests/sim/region/secrets.c: looks through logs as the product does (wrapper/search). */
#include "tests/sim/region/secrets.h"

#include "base/heap.h"
#include "log/core/reader.h"
#include "tests/harness/test.h"
#include "tests/sim/region/world.h"
#include "wrapper/search/search.h"

void sim_secrets_add(struct sim_world *w, struct hf_bytes value)
{
    struct sim_secrets *s = &w->secrets;
    for (unsigned i = 0; i < s->count; i++) {
        if (hf_bytes_eq(hf_secret_reveal(&s->values[i]), value)) {
            return;
        }
    }
    HF_ASSERT(s->count < SIM_SECRETS_MAX);
    HF_ASSERT(hf_secret_copy(value, &s->values[s->count++]) == HF_OK);
}

void sim_secrets_fini(struct sim_world *w)
{
    for (unsigned i = 0; i < w->secrets.count; i++) {
        hf_secret_free(&w->secrets.values[i]);
    }
    w->secrets.count = 0;
}

static struct hf_secret_search *compile(struct sim_world *w)
{
    struct sim_secrets *s = &w->secrets;
    struct hf_secret_search *search = NULL;
    struct hf_secret key = {0};
    struct hf_redaction_secret *list = hf_heap_zalloc(s->count + 1, sizeof *list);
    HF_ASSERT(list != NULL && hf_secret_alloc(HF_REDACTION_KEY_SIZE, &key) == HF_OK);
    for (unsigned i = 0; i < s->count; i++) {
        list[i] =
            (struct hf_redaction_secret){HF_STR("drawn"), HF_STR("registered"), &s->values[i]};
    }
    const struct hf_redactor_config config = {&key, list, s->count, /* without_tokens= */ true};
    HF_ASSERT(hf_redaction_init(&w->err) == HF_OK);
    enum hf_rc rc = hf_secret_search_new(&config, &search, &w->err);
    if (rc != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "the secrets cannot be looked for: %s", w->err.text);
    }
    hf_secret_free(&key);
    hf_heap_free(list);
    return search;
}

static enum hf_rc found(void *arg, const struct hf_secret_finding *finding)
{
    (void)arg;
    (void)finding;
    return HF_OK;
}

/* Everything that the log has and all that it brought. */
static void look_through(struct hf_secret_search *search, struct hf_log *log)
{
    struct hf_reader *reader = NULL;
    const struct hf_reader_options options = {.from = 0};
    struct hf_err err = {0};
    uint64_t index = 0;
    struct hf_bytes entry;
    enum hf_rc rc = hf_reader_open(log, &options, &reader, &err);
    while (rc == HF_OK) {
        rc = hf_reader_next(reader, &index, &entry, &err);
        if (rc == HF_OK) {
            rc = hf_secret_search_entry(search, log, index, entry, found, NULL, &err);
        }
    }
    hf_reader_close(reader);
    if (rc != HF_EEND) {
        hf_test_fail(__FILE__, __LINE__, "entry %llu cannot be searched: %s",
                     (unsigned long long)index, err.text);
    }
}

static unsigned findings(struct hf_secret_search *search)
{
    return search == NULL ? 0 : (unsigned)hf_secret_search_counts(search)->findings;
}

unsigned sim_secrets_in_region(struct sim_world *w)
{
    struct hf_secret_search *search = compile(w);
    if (search != NULL) {
        look_through(search, w->hub->log.log);
    }
    unsigned count = findings(search);
    hf_secret_search_free(search);
    return count;
}

unsigned sim_secrets_in_tenants(struct sim_world *w)
{
    struct hf_secret_search *search = compile(w);
    for (unsigned i = 0; search != NULL && i < w->count; i++) {
        if (w->tenants[i].machine.life == SIM_UP && w->tenants[i].agent->log.log != NULL) {
            look_through(search, w->tenants[i].agent->log.log);
        }
    }
    unsigned count = findings(search);
    hf_secret_search_free(search);
    return count;
}

void sim_check_secrets(struct sim_world *w)
{
    HF_CHECK(w->secrets.count > 0);
    HF_CHECK_U64(sim_secrets_in_region(w), 0);
    HF_CHECK_U64(sim_secrets_in_tenants(w), 0);
}
