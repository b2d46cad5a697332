/* commands/flag.h: feature flags: on or off for a region, a ring, a tenant; the narrower counts.
 *
 * The state is a fold of the stream flag/FLAG. A flag that nobody set is off. Pure.
 */
#ifndef HF_COMMANDS_FLAG_H
#define HF_COMMANDS_FLAG_H

#include <stdbool.h>

#include "base/err.h"
#include "commands/tenant.h"
#include "schemas/envelope.h"

#define HF_FLAG_NAME_MAX     48
#define HF_FLAG_SETTINGS_MAX 64 /* of one flag: a flag for more tenants is a ring's */

enum hf_flag_scope {
    HF_FLAG_REGION,
    HF_FLAG_RING,
    HF_FLAG_TENANT,
};

enum hf_flag_value {
    HF_FLAG_ON,
    HF_FLAG_OFF,
    HF_FLAG_UNSET, /* as the wider scope says */
};

struct hf_flag_setting {
    enum hf_flag_scope scope;
    char subject[HF_TENANT_NAME_MAX + 1];
    bool on;
    int64_t since_us;
};

struct hf_flag {
    char name[HF_FLAG_NAME_MAX + 1];
    uint64_t version; /* of its stream; 0: never set */
    struct hf_flag_setting settings[HF_FLAG_SETTINGS_MAX];
    unsigned count;
};

/* Takes one event of its stream, in order. HF_ECORRUPT. */
enum hf_rc hf_flag_fold(struct hf_flag *flag, const struct hf_envelope *envelope,
                        struct hf_err *err);
/* Is it on for this tenant? */
bool hf_flag_is_on(const struct hf_flag *flag, struct hf_str tenant, enum hf_ring ring);

struct hf_flag_wish {
    struct hf_str region; /* this one's name */
    struct hf_str flag;
    enum hf_flag_scope scope;
    struct hf_str subject; /* the region's, the ring's or the tenant's name */
    enum hf_flag_value value;
};
/* HF_EINVAL; HF_EEXIST when it is so already; HF_ENOSPC with too many settings. Whether the tenant
 * exists is the caller's to know. */
enum hf_rc hf_flag_may_set(const struct hf_flag *flag, const struct hf_flag_wish *wish,
                           struct hf_err *err);

const char *hf_flag_scope_name(enum hf_flag_scope scope);
const char *hf_flag_value_name(enum hf_flag_value value);
/* HF_EINVAL names the choices. */
enum hf_rc hf_flag_scope_parse(struct hf_str text, enum hf_flag_scope *ret, struct hf_err *err);
enum hf_rc hf_flag_value_parse(struct hf_str text, enum hf_flag_value *ret, struct hf_err *err);

#endif
