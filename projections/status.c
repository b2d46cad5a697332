/* projections/status.c: where a read model is. */
#include "projections/status.h"

#include "projections/promote.h"

enum hf_rc hf_projection_status(struct hf_store *store, const struct hf_projection *projection,
                                uint64_t size, struct hf_projection_status *ret, struct hf_err *err)
{
    const struct hf_projection *promoted = NULL;
    *ret = (struct hf_projection_status){.projection = projection};
    enum hf_rc rc = hf_store_get_position(store, projection->name, &ret->position, err);
    if (rc == HF_OK) {
        rc = hf_count_dead(store, projection, &ret->dead, err);
    }
    if (rc == HF_OK) {
        rc = hf_promoted(store, hf_str_c(projection->model), &promoted, err);
    }
    ret->promoted = promoted == projection;
    ret->lag = size > ret->position ? size - ret->position : 0;
    return rc;
}

void hf_projection_status_to_json(const struct hf_projection_status *status,
                                  struct hf_json_out *json)
{
    const struct hf_projection *p = status->projection;
    hf_json_key_str(json, "projection", hf_str_c(p->name));
    hf_json_key_str(json, "model", hf_str_c(p->model));
    hf_json_key_u64(json, "version", p->version);
    hf_json_key(json, HF_STR("promoted"));
    hf_json_bool(json, status->promoted);
    hf_json_key_u64(json, "position", status->position);
    hf_json_key_u64(json, "lag", status->lag);
    hf_json_key_u64(json, "dead_letters", status->dead);
}
