/* log/store/sealer.h: what every sealed file under construction begins with; private. */
#ifndef HF_LOG_STORE_SEALER_H
#define HF_LOG_STORE_SEALER_H

#include "log/store/place.h"

struct hf_sealer {
    struct hf_place *place;
};

#endif
