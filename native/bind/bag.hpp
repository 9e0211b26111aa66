// A linear model of two factors, see core/bag.hpp.
#pragma once

#include <nanobind/nanobind.h>

namespace textmill::bind {

void bind_bag(nanobind::module_& m);

}  // namespace textmill::bind
