/* tests/unit/http/probes.h: raw requests, most of them hostile, and what has to become of each. */
#ifndef HF_TESTS_UNIT_HTTP_PROBES_H
#define HF_TESTS_UNIT_HTTP_PROBES_H

#include "base/http/request_parser.h"

struct probe {
    const char *name;
    struct hf_bytes bytes;
    int accepted;     /* requests that end before anything is refused */
    int status;       /* 0: nothing is refused */
    const char *body; /* the bodies of the accepted requests, joined */
};

extern const struct probe probes[];
extern const size_t probe_count;
extern const struct hf_http_limits probe_limits;

#endif
