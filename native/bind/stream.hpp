// A corpus that comes in batches, see core/sketch.hpp and core/stream.hpp.
#pragma once

#include <nanobind/nanobind.h>

namespace textmill::bind {

void bind_stream(nanobind::module_& m);

}  // namespace textmill::bind
