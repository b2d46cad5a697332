/* base/rc.c: names and texts of result codes, from the one map. */
#include "base/rc.h"

const char *hf_rc_name(enum hf_rc rc)
{
    switch (rc) {
#define XX(name, number, text)                                                                     \
    case HF_##name: return "HF_" #name;
        HF_RC_MAP(XX)
#undef XX
    }
    return "HF_?";
}

const char *hf_rc_text(enum hf_rc rc)
{
    switch (rc) {
#define XX(name, number, text)                                                                     \
    case HF_##name: return text;
        HF_RC_MAP(XX)
#undef XX
    }
    return "unknown result";
}
