#include "bind/chars.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include "bind/arrays.hpp"
#include "bind/released.hpp"
#include "core/chargrams.hpp"

namespace textmill::bind {
namespace {

constexpr int kLongest = 255;
constexpr std::size_t kWorkAnId = 64;  // bytes gone through for each

CharRange range_of(int low, int high, bool padded) {
  require(1 <= low && low <= high && high <= kLongest, "n-grams: wanted 1 <= low <= high <= 255");
  return {low, high, padded};
}

}  // namespace

void bind_chars(nb::module_& m) {
  nb::class_<CharGramCounter>(m, "CharGramCounter")
      .def("__init__", [](CharGramCounter* self, In<std::uint8_t> bytes, In<std::int64_t> offsets, int low, int high, bool padded, int threads) {
        const Texts units = texts_of(bytes, offsets);
        const CharRange range = range_of(low, high, padded);
        const std::size_t n_threads = at_least_one(threads);
        released(64 * work_in(units), [&] { new (self) CharGramCounter(units, range, n_threads); });
      }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("low"), nb::arg("high"), nb::arg("padded"), nb::arg("threads"))
      .def("count", [](CharGramCounter& self, In<std::int32_t> ids, In<std::int64_t> rows, int threads) {
        const std::size_t n = rows_of(ids, rows, self.n_units()), n_threads = at_least_one(threads);
        released(kWorkAnId * ids.shape(0), [&] { self.count(ids.data(), rows.data(), n, n_threads); });
      }, nb::arg("ids"), nb::arg("rows"), nb::arg("threads"))
      .def_prop_ro("n_columns", &CharGramCounter::n_columns)
      .def("document_frequencies", [](const CharGramCounter& self) { return own(std::vector<std::int64_t>(self.document_frequencies())); })
      .def("term_frequencies", [](const CharGramCounter& self) { return own(self.term_frequencies()); })
      .def("names", [](const CharGramCounter& self, In<bool> keep) {
        require(keep.shape(0) == self.n_columns(), "keep: wanted one value a column");
        auto [bytes, ends] = self.names(keep.data());
        return nb::make_tuple(own(std::move(bytes)), own(std::move(ends)));
      }, nb::arg("keep"))
      .def("matrix", [](CharGramCounter& self, In<bool> keep, int threads) {
        require(keep.shape(0) == self.n_columns(), "keep: wanted one value a column");
        const std::size_t n_threads = at_least_one(threads);
        Counted found;
        released(kWorkAnId * self.n_columns(), [&] { found = self.matrix(keep.data(), n_threads); });
        return counted(std::move(found));
      }, nb::arg("keep"), nb::arg("threads"));

  nb::class_<CharGrams>(m, "CharGrams")
      .def("__init__", [](CharGrams* self, In<std::uint8_t> bytes, In<std::int64_t> offsets, int low, int high, bool padded) {
        const Texts names = texts_of(bytes, offsets);
        const CharRange range = range_of(low, high, padded);
        released(work_in(names), [&] { new (self) CharGrams(names, range); });
      }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("low"), nb::arg("high"), nb::arg("padded"))
      .def("count", [](const CharGrams& self, In<std::uint8_t> bytes, In<std::int64_t> offsets, In<std::int32_t> ids, In<std::int64_t> rows,
                       int threads) {
        const Texts units = texts_of(bytes, offsets);
        const std::size_t n = rows_of(ids, rows, units.n), n_threads = at_least_one(threads);
        Counted found;
        released(kWorkAnId * ids.shape(0) + 16 * work_in(units), [&] { found = self.count(units, ids.data(), rows.data(), n, n_threads); });
        return counted(std::move(found));
      }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("ids"), nb::arg("rows"), nb::arg("threads"))
      .def("places", [](const CharGrams& self, In<std::uint8_t> unit) {
        std::vector<std::int32_t> found = self.places({reinterpret_cast<const char*>(unit.data()), unit.shape(0)});
        const std::size_t n = found.size() / 3;
        return own(std::move(found), {n, 3});
      }, nb::arg("unit"));

  m.def("hash_chars", [](In<std::uint8_t> bytes, In<std::int64_t> offsets, In<std::int32_t> ids, In<std::int64_t> rows, int low, int high,
                         bool padded, std::int32_t n_features, bool alternate_sign, int threads) {
    require(n_features >= 1, "n_features: wanted 1 or more");
    const Texts units = texts_of(bytes, offsets);
    const CharRange range = range_of(low, high, padded);
    const std::size_t n = rows_of(ids, rows, units.n), n_threads = at_least_one(threads);
    Counted found;
    released(kWorkAnId * ids.shape(0) + 16 * work_in(units), [&] {
      found = hash_chars(units, range, ids.data(), rows.data(), n, n_features, alternate_sign, n_threads);
    });
    return counted(std::move(found));
  }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("ids"), nb::arg("rows"), nb::arg("low"), nb::arg("high"), nb::arg("padded"),
     nb::arg("n_features"), nb::arg("alternate_sign"), nb::arg("threads"));
}

}  // namespace textmill::bind
