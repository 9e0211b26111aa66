#include "core/chargrams.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/cancel.hpp"
#include "core/charwords.hpp"
#include "core/parallel.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

constexpr std::size_t kItemsAPart = 32 * 1024;

// A place at which n-grams begin, and the next few letters as a number that sorts as they do.
struct Item {
  std::uint64_t key;
  std::uint32_t slot;
};

// Ascending by the bits of the keys from `low_bit` on.
void sort_items(Item* items, std::size_t n, int low_bit, std::vector<Item>& spare) {
  if (n < 256) {
    std::sort(items, items + n, [](const Item& a, const Item& b) { return a.key < b.key; });
    return;
  }
  constexpr int kDigit = 8;
  if (spare.size() < n) spare.resize(n);
  Item* from = items;
  Item* to = spare.data();
  for (int shift = low_bit; shift < 64; shift += kDigit) {
    std::array<std::uint32_t, 1 << kDigit> places{};
    for (std::size_t i = 0; i < n; ++i) ++places[from[i].key >> shift & ((1 << kDigit) - 1)];
    if (places[from[0].key >> shift & ((1 << kDigit) - 1)] == n) continue;  // all alike
    std::uint32_t before = 0;
    for (std::uint32_t& place : places) before += std::exchange(place, before);
    for (std::size_t i = 0; i < n; ++i) to[places[from[i].key >> shift & ((1 << kDigit) - 1)]++] = from[i];
    std::swap(from, to);
  }
  if (from != items) std::copy(from, from + n, items);
}

// Sorts the places of n-grams by what stands there. Letters are numbered in the order of code points, so that as many of
// them as fit a number are compared at once.
class PlaceSorter {
 public:
  PlaceSorter(const PageVector<std::uint32_t>& codes, const PageVector<std::uint32_t>& at, std::uint32_t most_code, int high)
      : codes_(codes), at_(at), high_(static_cast<std::size_t>(high)), ranks_(std::size_t{most_code} + 1, 0) {
    for (const std::uint32_t code : codes) ranks_[code] = 1;
    std::uint32_t n = 0;
    ranks_[0] = 0;
    for (std::size_t code = 1; code < ranks_.size(); ++code)
      if (ranks_[code]) ranks_[code] = ++n;
    width_ = std::max(1, static_cast<int>(std::bit_width(n)));
    most_ = std::min<std::size_t>(high_, static_cast<std::size_t>(64 / width_));
  }

  int width() const { return width_; }
  Item item(std::uint32_t slot) const { return {key(slot, 0, most_), slot}; }
  // The key of the first two letters.
  std::uint64_t first_letters(std::uint32_t slot) const { return key(slot, 0, std::min<std::size_t>(2, most_)); }
  void sort(Item* items, std::size_t n, std::vector<Item>& spare) const { sort(items, n, 0, spare); }

  // How many letters of an n-gram two items of a sorted row share, `other` may be null; how many `item` has.
  std::size_t common(const Item* other, const Item& item) const {
    if (!other) return 0;
    if (most_ == high_) {
      const std::uint64_t unlike = other->key ^ item.key;
      return unlike ? static_cast<std::size_t>(std::countl_zero(unlike) / width_) : length(item);
    }
    const std::uint32_t* a = &codes_[at_[other->slot]];
    const std::uint32_t* b = &codes_[at_[item.slot]];
    std::size_t n = 0;
    while (n < high_ && a[n] == b[n] && a[n]) ++n;
    return n;
  }
  std::size_t length(const Item& item) const {
    if (most_ == high_) return static_cast<std::size_t>((64 - std::countr_zero(item.key) + width_ - 1) / width_);
    const std::uint32_t* a = &codes_[at_[item.slot]];
    std::size_t n = 0;
    while (n < high_ && a[n]) ++n;
    return n;
  }

 private:
  // Of so many letters of an n-gram behind the first `depth`.
  std::uint64_t key(std::uint32_t slot, std::size_t depth, std::size_t n) const {
    const std::uint32_t* code = &codes_[at_[slot]] + depth;
    std::uint64_t key = 0;
    int shift = 64 - width_;
    for (n = std::min(n, high_ - depth); n > 0 && *code; --n, ++code, shift -= width_)
      key |= static_cast<std::uint64_t>(ranks_[*code]) << shift;
    return key;
  }
  void sort(Item* items, std::size_t n, std::size_t depth, std::vector<Item>& spare) const {
    sort_items(items, n, 64 - width_ * static_cast<int>(most_), spare);
    if (depth + most_ >= high_) return;
    // those that are alike so far, unless a word has ended, by what follows
    const int last = 64 - width_ * static_cast<int>(most_);
    const std::uint64_t last_letter = ((std::uint64_t{1} << width_) - 1) << last;
    for (std::size_t i = 0; i < n;) {
      const std::size_t first = i;
      while (i < n && items[i].key == items[first].key) ++i;
      if (i - first < 2 || !(items[first].key & last_letter)) continue;
      for (std::size_t k = first; k < i; ++k) items[k].key = key(items[k].slot, depth + most_, most_);
      sort(items + first, i - first, depth + most_, spare);
    }
  }

  const PageVector<std::uint32_t>& codes_;
  const PageVector<std::uint32_t>& at_;
  std::size_t high_, most_ = 1;  // letters a key holds
  std::vector<std::uint32_t> ranks_;
  int width_ = 1;  // bits a letter
};

}  // namespace

CharGramCounter::CharGramCounter(const Texts& units, const CharRange& range, std::size_t threads) {
  PageVector<std::uint32_t> at;  // where in codes_ n-grams begin: a place, an entry
  units_.starts.reserve(units.n + 1);
  units_.totals.reserve(units.n);
  codes_.reserve(units.size_in_bytes() + (range.padded ? 3 : 1) * units.n);
  at.reserve(range.padded ? codes_.capacity() : units.n);
  std::uint32_t most_code = 0;
  CharWords words(range);
  CancelWatch watch;
  for (std::size_t u = 0; u < units.n; ++u) {
    watch.at(codes_.size());
    std::int64_t total = 0;
    words.each(units[u], [&](std::int64_t) {
      const std::size_t base = codes_.size();
      if (base + words.n_codes() >= std::numeric_limits<std::uint32_t>::max()) throw std::overflow_error("more than 4,294,967,294 letters of distinct words");
      for (std::size_t k = 0; k < words.n_codes(); ++k) {
        const char* p = words.bytes() + words.begin(k);
        codes_.push_back(1 + (static_cast<unsigned char>(*p) < 0x80 ? static_cast<unsigned char>(*p) : decode(p, words.bytes() + words.end(k)).code));
        most_code = std::max(most_code, codes_.back());
      }
      codes_.push_back(0);
      words.each_place([&](std::size_t first, std::size_t shortest, std::size_t longest) {
        at.push_back(static_cast<std::uint32_t>(base + first));
        total += static_cast<std::int64_t>(longest - shortest + 1);
      });
    });
    units_.end_string(at.size(), total);
  }

  // dealt out by their first letters, so that no n-gram is in two parts, and parts can be sorted side by side
  const PlaceSorter sorter(codes_, at, most_code, range.high);
  const int head = range.low >= 2 && 2 * sorter.width() <= 20 ? 2 * sorter.width() : sorter.width();
  const std::size_t n_heads = std::size_t{1} << head, shards = worthwhile(threads, at.size(), kItemsAPart);
  PageVector<Item> items(at.size());
  std::vector<std::uint32_t> part_of(n_heads, 0);
  {
    std::vector<std::vector<std::uint32_t>> places(shards);  // of each first letters, at first how many a shard has
    const auto each = [&](std::size_t s, auto&& slot) {
      for (std::size_t i = at.size() * s / shards; i < at.size() * (s + 1) / shards; ++i) slot(static_cast<std::uint32_t>(i));
    };
    in_parallel(shards, [&](std::size_t s) {
      places[s].assign(n_heads, 0);
      each(s, [&](std::uint32_t slot) { ++places[s][sorter.first_letters(slot) >> (64 - head)]; });
    });
    std::uint32_t before = 0;
    for (std::size_t h = 0; h < n_heads; ++h)
      for (std::vector<std::uint32_t>& of : places) {
        part_of[h] += of[h];
        before += std::exchange(of[h], before);
      }
    in_parallel(shards, [&](std::size_t s) {
      each(s, [&](std::uint32_t slot) {
        const Item item = sorter.item(slot);
        items[places[s][item.key >> (64 - head)]++] = item;
      });
    });
  }
  std::vector<std::size_t> cuts{0};
  std::size_t in_part = 0, seen = 0;
  for (const std::uint32_t n : part_of) {
    in_part += n;
    seen += n;
    if (in_part >= kItemsAPart) {
      cuts.push_back(seen);
      in_part = 0;
    }
  }
  if (cuts.back() < items.size()) cuts.push_back(items.size());
  const std::size_t n_parts = cuts.size() - 1;

  const auto low = static_cast<std::size_t>(range.low);
  // found(item, length, first new length): all n-grams of a part in the order of spelling
  const auto each = [&](std::size_t part, auto&& found) {
    const Item* before = nullptr;
    for (std::size_t i = cuts[part]; i < cuts[part + 1]; ++i) {
      const std::size_t length = sorter.length(items[i]);
      found(items[i], length, std::max(sorter.common(before, items[i]) + 1, length < low ? length : low));
      before = &items[i];
    }
  };
  std::vector<std::size_t> firsts(n_parts + 1, 0);
  std::atomic<std::size_t> next{0};
  in_parallel(std::min(shards, n_parts), [&](std::size_t) {
    std::vector<Item> spare;
    for (std::size_t part; (part = next++) < n_parts;) {
      stop_if_cancelled();
      sorter.sort(items.data() + cuts[part], cuts[part + 1] - cuts[part], spare);
      each(part, [&](const Item&, std::size_t length, std::size_t first) { firsts[part + 1] += first <= length ? length - first + 1 : 0; });
    }
  });
  for (std::size_t part = 0; part < n_parts; ++part) firsts[part + 1] += firsts[part];
  const std::size_t n_grams = firsts[n_parts];
  if (n_grams >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) throw std::overflow_error("more than 2,147,483,646 n-grams");
  places_.resize(n_grams);
  lengths_.resize(n_grams);
  parents_.resize(n_grams);
  units_.entries.resize(at.size());
  next = 0;
  in_parallel(std::min(shards, n_parts), [&](std::size_t) {
    std::vector<std::int32_t> now(static_cast<std::size_t>(range.high) + 1);  // the n-gram of each length at the item
    for (std::size_t part; (part = next++) < n_parts;) {
      stop_if_cancelled();
      std::size_t gram = firsts[part];
      each(part, [&](const Item& item, std::size_t length, std::size_t first) {
        for (std::size_t n = first; n <= length; ++n) {
          places_[gram] = at[item.slot];
          lengths_[gram] = static_cast<std::uint8_t>(n);
          parents_[gram] = n > low ? now[n - 1] : -1;
          now[n] = static_cast<std::int32_t>(gram++);
        }
        units_.entries[item.slot] = static_cast<std::uint32_t>(now[length]) << 1;
      });
    }
  });
}

void CharGramCounter::count(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, std::size_t threads) {
  if (std::exchange(counting_, true)) throw std::logic_error("counted already");
  counted_ = count_chars(units_, parents_.data(), ids, rows, n_texts, n_columns(), &df_, threads);
}

std::vector<std::int64_t> CharGramCounter::term_frequencies() const {
  if (!counting_ || taken_) throw std::logic_error("not counted, or taken already");
  std::vector<std::int64_t> out(n_columns(), 0);
  for (std::size_t i = 0; i < counted_.size(); ++i) out[static_cast<std::size_t>(counted_.indices[i])] += counted_.data[i];
  return out;
}

std::pair<std::vector<std::uint8_t>, std::vector<std::int64_t>> CharGramCounter::names(const bool* keep) const {
  std::size_t most = 0, n_kept = 0;
  for (std::size_t gram = 0; gram < n_columns(); ++gram) {
    most += keep[gram] ? lengths_[gram] : 0u;
    n_kept += keep[gram];
  }
  std::vector<std::uint8_t> bytes(4 * most);
  std::vector<std::int64_t> ends{0};
  ends.reserve(n_kept + 1);
  std::uint8_t* to = bytes.data();
  for (std::size_t gram = 0; gram < n_columns(); ++gram) {
    if (!keep[gram]) continue;
    const std::uint32_t* code = &codes_[places_[gram]];
    for (std::size_t k = 0; k < lengths_[gram]; ++k) to += encode(code[k] - 1, reinterpret_cast<char*>(to));
    ends.push_back(to - bytes.data());
  }
  bytes.resize(static_cast<std::size_t>(to - bytes.data()));
  bytes.shrink_to_fit();
  return {std::move(bytes), std::move(ends)};
}

Counted CharGramCounter::matrix(const bool* keep, std::size_t threads) {
  if (!counting_ || std::exchange(taken_, true)) throw std::logic_error("not counted, or taken already");
  units_ = UnitGrams();
  if (std::find(keep, keep + n_columns(), false) != keep + n_columns()) {
    std::vector<std::int32_t> renumbered(n_columns(), -1);
    std::int32_t n_kept = 0;
    for (std::size_t column = 0; column < n_columns(); ++column)
      if (keep[column]) renumbered[column] = n_kept++;
    renumber(counted_, renumbered.data(), threads);
  }
  return std::move(counted_);
}

}  // namespace textmill
