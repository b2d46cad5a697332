/* log/store/place.c: hands calls on to the place that was opened. */
#include "log/store/place.h"

#include "log/store/sealer.h"

void hf_place_close(struct hf_place *place)
{
    if (place != NULL) {
        place->ops->close(place);
    }
}

enum hf_rc hf_place_env(struct hf_place *place, const char *name, const struct hf_kv_conf *conf,
                        struct hf_kv **ret_kv, struct hf_err *err)
{
    return place->ops->env(place, name, conf, ret_kv, err);
}

enum hf_rc hf_seal_begin(struct hf_place *place, const char *name, uint64_t bytes_max,
                         struct hf_sealer **ret_sealer, struct hf_err *err)
{
    return place->ops->seal_begin(place, name, bytes_max, ret_sealer, err);
}

enum hf_rc hf_seal_put(struct hf_sealer *sealer, struct hf_bytes key, struct hf_bytes value,
                       struct hf_err *err)
{
    return sealer->place->ops->seal_put(sealer, key, value, err);
}

enum hf_rc hf_seal_finish(struct hf_sealer *sealer, struct hf_err *err)
{
    return sealer->place->ops->seal_finish(sealer, err);
}

void hf_seal_abort(struct hf_sealer *sealer)
{
    sealer->place->ops->seal_abort(sealer);
}

enum hf_rc hf_sealed_open(struct hf_place *place, const char *name, struct hf_kv **ret_kv,
                          struct hf_err *err)
{
    return place->ops->sealed_open(place, name, ret_kv, err);
}

enum hf_rc hf_place_set_aside(struct hf_place *place, const char *name, struct hf_err *err)
{
    return place->ops->set_aside(place, name, err);
}

enum hf_rc hf_mark_write(struct hf_place *place, const char *name, struct hf_bytes bytes,
                         struct hf_err *err)
{
    return place->ops->mark_write(place, name, bytes, err);
}

enum hf_rc hf_mark_read(struct hf_place *place, const char *name, uint8_t *out, size_t cap,
                        size_t *ret_len, struct hf_err *err)
{
    return place->ops->mark_read(place, name, out, cap, ret_len, err);
}

enum hf_rc hf_place_room(struct hf_place *place, uint64_t *ret_free, uint64_t *ret_total,
                         struct hf_err *err)
{
    return place->ops->room(place, ret_free, ret_total, err);
}

bool hf_place_foreign_owner(struct hf_place *place, char *out, size_t cap)
{
    return place->ops->foreign_owner(place, out, cap);
}
