// HTML's named and numbered character references.
#pragma once

#include <cstddef>
#include <cstdint>

namespace textmill {

struct Entity {
  const char* name;   // without '&'; with ';' where the standard has it
  const char* value;  // UTF-8, one or two code points
};
struct Remapped {
  std::uint32_t number, code;
};

extern const std::size_t kEntityCount;  // sorted by name
extern const Entity kEntities[];
extern const std::size_t kRemappedCount;  // sorted by number
extern const Remapped kRemapped[];
extern const std::size_t kDroppedCount;  // sorted
extern const std::uint32_t kDropped[];

}  // namespace textmill
