/* tenant/secret_set.c: values out of the vault, their digest, and the search for them. */
#include "tenant/secret_set.h"

#include <stdio.h>

#include "base/heap.h"

/* What names a value in the digest stands before it, each part with its length or end. */
static void add_to_digest(struct hf_secret_set *set, const struct hf_hmac_key *key,
                          const struct hf_vault_row *row, struct hf_bytes value)
{
    uint8_t head[HF_HASH_SIZE + HF_VAULT_NAME_MAX + 16];
    struct hf_writer w = hf_writer_init(head, sizeof head);
    hf_writer_put(&w, set->digest.b, HF_HASH_SIZE);
    hf_writer_u8(&w, (uint8_t)row->name.len);
    hf_writer_str(&w, row->name);
    hf_writer_u8(&w, (uint8_t)row->kind);
    hf_hmac_key_sha256(key, hf_writer_done(&w), value, &set->digest);
}

struct reading {
    struct hf_secret_set *set;
    struct hf_secret hmac; /* a struct hf_hmac_key */
};

static const struct hf_hmac_key *key_of(const struct reading *reading)
{
    return (const struct hf_hmac_key *)(const void *)hf_secret_reveal(&reading->hmac).ptr;
}

static enum hf_rc take(void *arg, const struct hf_vault_row *row, const struct hf_secret *value,
                       struct hf_err *err)
{
    struct reading *reading = arg;
    struct hf_secret_set *set = reading->set;
    if (hf_redaction_unfit(hf_secret_reveal(value)) != NULL) {
        return HF_OK; /* of a vault that took common words yet: it would be found in every log */
    }
    if (set->count == set->room) {
        size_t room = set->room == 0 ? 16 : 2 * set->room;
        struct hf_secret_set_entry *more = hf_heap_resize(set->entries, room, sizeof *set->entries);
        if (more == NULL) {
            return hf_err_set(err, HF_ENOMEM, "no memory for the set of secrets");
        }
        set->entries = more;
        set->room = room;
    }
    struct hf_secret_set_entry *entry = &set->entries[set->count];
    (void)snprintf(entry->name, sizeof entry->name, "%.*s", HF_STR_ARG(row->name));
    entry->kind = row->kind;
    if (hf_secret_copy(hf_secret_reveal(value), &entry->value) != HF_OK) {
        return hf_err_set(err, HF_ENOMEM, "no locked memory for a secret");
    }
    set->count++;
    add_to_digest(set, key_of(reading), row, hf_secret_reveal(value));
    return HF_OK;
}

enum hf_rc hf_secret_set_read(struct hf_vault *vault, struct hf_secret_set **ret_set,
                              struct hf_err *err)
{
    struct reading reading = {.set = hf_heap_zalloc(1, sizeof *reading.set)};
    if (reading.set == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the set of secrets");
    }
    reading.set->revision = hf_vault_revision(vault);
    enum hf_rc rc = hf_vault_placeholder_key(vault, &reading.set->key, err);
    if (rc == HF_OK) {
        rc = hf_secret_alloc(sizeof(struct hf_hmac_key), &reading.hmac);
        rc = rc == HF_OK ? rc : hf_err_set(err, rc, "no locked memory for a key");
    }
    if (rc == HF_OK) {
        struct hf_hmac_key *hmac = (struct hf_hmac_key *)(void *)hf_secret_fill(&reading.hmac);
        struct hf_hash derived;
        hf_hmac_sha256(&reading.set->key, HF_BYTES("holdfast/secret-set@v1"), HF_BYTES(""),
                       &derived);
        hf_hmac_key_init(hf_bytes_of(derived.b, HF_HASH_SIZE), hmac);
        hf_wipe(&derived, sizeof derived);
        hf_hmac_key_sha256(key_of(&reading), HF_BYTES(HF_VERSION), HF_BYTES(""),
                           &reading.set->digest);
        rc = hf_vault_reveal(vault, take, &reading, err);
    }
    hf_secret_free(&reading.hmac);
    if (rc != HF_OK) {
        hf_secret_set_free(reading.set);
        return rc;
    }
    *ret_set = reading.set;
    return HF_OK;
}

static void forget_values(struct hf_secret_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        hf_secret_free(&set->entries[i].value);
    }
    hf_heap_free(set->entries);
    set->entries = NULL;
    hf_secret_free(&set->key);
}

void hf_secret_set_compile(struct hf_secret_set *set)
{
    struct hf_redaction_secret *list = hf_heap_zalloc(set->count + 1, sizeof *list);
    if (list == NULL) {
        set->rc = hf_err_set(&set->err, HF_ENOMEM, "no memory for the set of secrets");
    } else {
        for (size_t i = 0; i < set->count; i++) {
            struct hf_secret_set_entry *entry = &set->entries[i];
            list[i] = (struct hf_redaction_secret){
                hf_str_c(entry->name), hf_str_c(hf_vault_kind_name(entry->kind)), &entry->value};
        }
        const struct hf_redactor_config config = {&set->key, list, set->count,
                                                  /* without_tokens= */ true};
        set->rc = hf_secret_search_new(&config, &set->search, &set->err);
    }
    hf_heap_free(list);
    forget_values(set);
}

void hf_secret_set_free(struct hf_secret_set *set)
{
    if (set != NULL) {
        if (set->entries != NULL) {
            forget_values(set);
        }
        hf_secret_free(&set->key);
        hf_secret_search_free(set->search);
        hf_heap_free(set);
    }
}
