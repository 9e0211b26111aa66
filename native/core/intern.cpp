#include "core/intern.hpp"

#include <limits>

namespace textmill {

std::int32_t InternTable::add(std::size_t slot, const TokenHash& h, const char* bytes, std::size_t size) {
  if (ends_.size() >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw std::length_error("more than 2,147,483,647 distinct tokens");
  if (size > std::numeric_limits<std::uint32_t>::max()) throw std::length_error("a token of more than 4 GiB");
  const auto id = static_cast<std::int32_t>(ends_.size());
  const std::size_t begin = arena_.size() - kTokenPadding;
  arena_.resize(arena_.size() + size);
  std::memcpy(arena_.data() + begin, bytes, size);
  std::memset(arena_.data() + begin + size, 0, kTokenPadding);
  ends_.push_back(begin + size);
  slots_[slot] = {h.head, h.tail, h.hash, static_cast<std::uint32_t>(size), id};
  if (is_full()) rehash(slots_.size() * 2);
  return id;
}

void InternTable::reserve(std::size_t tokens) {
  std::size_t n_slots = slots_.size();
  while (3 * n_slots < 4 * tokens) n_slots *= 2;
  if (n_slots != slots_.size()) rehash(n_slots);
}

void InternTable::shrink(std::size_t tokens) {
  if (tokens >= size()) return;
  const std::size_t n_bytes = tokens ? ends_[tokens - 1] : 0;
  ends_.resize(tokens);
  arena_.resize(n_bytes + kTokenPadding);
  std::memset(arena_.data() + n_bytes, 0, kTokenPadding);
  rehash(slots_.size());  // where a later token stood an earlier one was not found: the slots of both are dealt out anew
}

// Deals out the slots of all tokens that are left anew.
void InternTable::rehash(std::size_t n_slots) {
  Slots old(n_slots, Slot());
  old.swap(slots_);
  const std::size_t mask = n_slots - 1;
  for (const Slot& slot : old) {
    if (slot.size == 0 || static_cast<std::size_t>(slot.id) >= ends_.size()) continue;
    std::size_t i = slot.hash & mask;
    while (slots_[i].size) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

}  // namespace textmill
