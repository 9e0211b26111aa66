// Character n-grams, see core/chargrams.hpp.
#pragma once

#include <nanobind/nanobind.h>

namespace textmill::bind {

void bind_chars(nanobind::module_& m);

}  // namespace textmill::bind
