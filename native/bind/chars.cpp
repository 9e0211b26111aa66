#include "bind/chars.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <string>
#include <string_view>

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

Weighting weighting_of(const std::optional<In<double>>& idf, int tf, int norm, std::size_t n_columns) {
  require(tf >= 0 && tf <= 3 && norm >= 0 && norm <= 2, "no such weighting");
  require(!idf || idf->shape(0) == n_columns, "idf: wanted one value a column");
  Weighting weighting;
  weighting.tf = static_cast<Tf>(tf);
  weighting.norm = static_cast<Norm>(norm);
  weighting.idf = idf ? idf->data() : nullptr;
  return weighting;
}

template <class T>
nb::tuple arrays_of(WeighedRows<T>&& rows) {
  const auto n = static_cast<std::size_t>(rows.indptr.back());
  return nb::make_tuple(own(std::move(rows.data), {n}), own(std::move(rows.indices), {n}), own(std::move(rows.indptr)));
}

// make(T()) gives WeighedRows<T>; `dtype` is that of the data.
template <class Make>
nb::tuple made_as(const std::string& dtype, std::size_t work, Make&& make) {
  const auto made = [&](auto type) {
    WeighedRows<decltype(type)> rows;
    released(work, [&] { rows = make(type); });
    return arrays_of(std::move(rows));
  };
  if (dtype == "float32") return made(float{});
  if (dtype == "float64") return made(double{});
  require(dtype == "int64", "dtype: wanted float32, float64 or int64");
  return made(std::int64_t{});
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
      .def("matrix", [](CharGramCounter& self, In<bool> keep, std::optional<In<double>> idf, int tf, int norm, const std::string& dtype) {
        require(keep.shape(0) == self.n_columns(), "keep: wanted one value a column");
        const auto kept = static_cast<std::size_t>(std::count(keep.data(), keep.data() + keep.shape(0), true));
        const Weighting weighting = weighting_of(idf, tf, norm, kept);
        return made_as(dtype, kWorkAnId * self.n_columns(), [&](auto type) { return self.matrix<decltype(type)>(keep.data(), weighting); });
      }, nb::arg("keep"), nb::arg("idf").none(), nb::arg("tf"), nb::arg("norm"), nb::arg("dtype"));

  nb::class_<CharGrams>(m, "CharGrams")
      .def("__init__", [](CharGrams* self, In<std::uint8_t> bytes, In<std::int64_t> offsets, int low, int high, bool padded) {
        const Texts names = texts_of(bytes, offsets);
        const CharRange range = range_of(low, high, padded);
        released(work_in(names), [&] { new (self) CharGrams(names, range); });
      }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("low"), nb::arg("high"), nb::arg("padded"))
      .def("rows", [](const CharGrams& self, In<std::uint8_t> bytes, In<std::int64_t> offsets, In<std::int32_t> ids, In<std::int64_t> rows,
                      std::optional<In<double>> idf, int tf, int norm, const std::string& dtype, int threads) {
        const Texts units = texts_of(bytes, offsets);
        const std::size_t n = rows_of(ids, rows, units.n), n_threads = at_least_one(threads);
        const Weighting weighting = weighting_of(idf, tf, norm, self.n_columns());
        return made_as(dtype, kWorkAnId * ids.shape(0) + 16 * work_in(units), [&](auto type) {
          return weigh_chars<decltype(type)>(count_chars(self.find(units, n_threads), ids.data(), rows.data(), n, self.n_columns(), false, n_threads),
                                             self.n_columns(), nullptr, weighting);
        });
      }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("ids"), nb::arg("rows"), nb::arg("idf").none(), nb::arg("tf"), nb::arg("norm"),
         nb::arg("dtype"), nb::arg("threads"))
      .def("places", [](const CharGrams& self, In<std::uint8_t> unit) {
        std::vector<std::int32_t> found = self.places({reinterpret_cast<const char*>(unit.data()), unit.shape(0)});
        const std::size_t n = found.size() / 3;
        return own(std::move(found), {n, 3});
      }, nb::arg("unit"));

  m.def("hash_chars", [](In<std::uint8_t> bytes, In<std::int64_t> offsets, In<std::int32_t> ids, In<std::int64_t> rows, int low, int high,
                         bool padded, std::int32_t n_features, bool alternate_sign, int tf, int norm, const std::string& dtype, int threads) {
    require(n_features >= 1, "n_features: wanted 1 or more");
    const Texts units = texts_of(bytes, offsets);
    const CharRange range = range_of(low, high, padded);
    const std::size_t n = rows_of(ids, rows, units.n), n_threads = at_least_one(threads);
    const Weighting weighting = weighting_of(std::nullopt, tf, norm, 0);
    return made_as(dtype, kWorkAnId * ids.shape(0) + 16 * work_in(units), [&](auto type) {
      const auto n_columns = static_cast<std::size_t>(n_features);
      return weigh_chars<decltype(type)>(
          count_chars(hashed_chars(units, range, n_features, alternate_sign, n_threads), ids.data(), rows.data(), n, n_columns, false, n_threads),
          n_columns, nullptr, weighting);
    });
  }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("ids"), nb::arg("rows"), nb::arg("low"), nb::arg("high"), nb::arg("padded"),
     nb::arg("n_features"), nb::arg("alternate_sign"), nb::arg("tf"), nb::arg("norm"), nb::arg("dtype"), nb::arg("threads"));
}

}  // namespace textmill::bind
