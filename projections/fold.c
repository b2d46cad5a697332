/* projections/fold.c: what read models have in common when they fold an event into a row. */
#include "projections/fold.h"

#include <string.h>

#include "schemas/upcast.h"

enum hf_rc hf_fold_row(struct hf_store *store, const struct hf_table_def *table,
                       struct hf_value *row, bool *ret_found, struct hf_err *err)
{
    enum hf_rc rc = hf_store_get(store, table, row, err);
    if (ret_found != NULL) {
        *ret_found = rc == HF_OK;
    }
    if (rc == HF_ENOTFOUND) {
        for (unsigned i = table->key_columns; i < HF_COLUMNS_MAX; i++) {
            row[i] = (struct hf_value){.number = 0};
        }
        rc = HF_OK;
    }
    return rc;
}

bool hf_fold_subject(struct hf_str stream, const char *kind, struct hf_str *ret)
{
    size_t len = strlen(kind);
    if (stream.len <= len + 1 || memcmp(stream.ptr, kind, len) != 0 || stream.ptr[len] != '/') {
        return false;
    }
    *ret = (struct hf_str){stream.ptr + len + 1, stream.len - len - 1};
    return true;
}

enum hf_rc hf_fold_own(const struct hf_position *position, struct hf_str tenant, struct hf_err *err)
{
    if (position->offset == 0 || hf_str_eq(position->tenant, tenant)) {
        return HF_OK;
    }
    return hf_err_set(err, HF_EINVAL, "the log of %.*s says this of %.*s",
                      HF_STR_ARG(position->tenant), HF_STR_ARG(tenant));
}

enum hf_rc hf_fold_apply(const struct hf_fold_kind *kinds, size_t count, struct hf_fold *io_fold,
                         struct hf_err *err)
{
    uint8_t room[HF_FOLD_PAYLOAD_SIZE];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    const struct hf_envelope *event = io_fold->event;
    bool of_tenant = io_fold->position->offset != 0;
    for (size_t i = 0; i < count; i++) {
        if (kinds[i].of_tenants == of_tenant && hf_fold_is(event, kinds[i].type)) {
            enum hf_rc rc = hf_upcast_newest(event, kinds[i].version, &w, &io_fold->payload, err);
            return rc == HF_OK ? kinds[i].take(io_fold, err) : rc;
        }
    }
    return HF_OK;
}
