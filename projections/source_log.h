/* projections/source_log.h: a log that is here as a projector's source. */
#ifndef HF_PROJECTIONS_SOURCE_LOG_H
#define HF_PROJECTIONS_SOURCE_LOG_H

#include "log/core/log.h"
#include "projections/source.h"

/* Borrows the log. Roots are known when it is loaded (hf_log_load) or sealed. Gives *ret_source. */
enum hf_rc hf_source_log_new(struct hf_log *log, struct hf_source **ret_source, struct hf_err *err);

#endif
