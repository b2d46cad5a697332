/* schemas/pack.c: canonical MessagePack by msgpack-c's packer. */
#include "schemas/pack.h"

#include "base/assert.h"
#include "schemas/canonical.h"

/* The library's inline functions convert without saying so; they are not ours to fix. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wundef"
#include <msgpack/pack.h>
#pragma GCC diagnostic pop

/* Never fails: the writer remembers its own overflow. */
static int write_to_writer(void *data, const char *buf, size_t len)
{
    hf_writer_put((struct hf_writer *)data, buf, len);
    return 0;
}

static msgpack_packer packer_of(struct hf_writer *w)
{
    return (msgpack_packer){.data = w, .callback = write_to_writer};
}

void hf_pack_nil(struct hf_writer *w)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_nil(&packer);
}

void hf_pack_bool(struct hf_writer *w, bool value)
{
    msgpack_packer packer = packer_of(w);
    (void)(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void hf_pack_u64(struct hf_writer *w, uint64_t value)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_uint64(&packer, value);
}

void hf_pack_i64(struct hf_writer *w, int64_t value)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_int64(&packer, value);
}

void hf_pack_str(struct hf_writer *w, struct hf_str value)
{
    /* Most are short, all names of members are: those take a byte and a copy, not two calls. */
    if (value.len < 32 && !w->overflow && value.len < w->cap - w->len) {
        w->ptr[w->len] = (uint8_t)(0xa0u | value.len);
        memcpy(w->ptr + w->len + 1, value.len > 0 ? value.ptr : "", value.len);
        w->len += 1 + value.len;
        return;
    }
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_str(&packer, value.len);
    hf_writer_str(w, value);
}

void hf_pack_bin(struct hf_writer *w, struct hf_bytes value)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_bin(&packer, value.len);
    hf_writer_bytes(w, value);
}

void hf_pack_array(struct hf_writer *w, size_t count)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_array(&packer, count);
}

void hf_pack_map(struct hf_writer *w, size_t count)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_map(&packer, count);
}

void hf_pack_sealed(struct hf_writer *w, struct hf_bytes value)
{
    HF_ASSERT(value.len >= HF_SEALED_MIN);
    HF_ASSERT(value.ptr[0] == HF_SEALED_FORMAT);
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_ext(&packer, value.len, HF_SEALED_TYPE);
    hf_writer_bytes(w, value);
}
