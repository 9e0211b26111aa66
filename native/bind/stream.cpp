#include "bind/stream.hpp"

#include <nanobind/stl/optional.h>

#include <optional>

#include "bind/arrays.hpp"
#include "core/sketch.hpp"
#include "core/stream.hpp"

namespace textmill::bind {

void bind_stream(nb::module_& m) {
  nb::class_<GramFilter>(m, "GramFilter").def(nb::init<>());

  nb::class_<GramSketch>(m, "GramSketch")
      .def("__init__", [](GramSketch* self, std::size_t bytes, int bits, int high) {
        require(bits == 1 || bits == 2 || bits == 4 || bits == 8, "bits: wanted 1, 2, 4 or 8");
        require(1 <= high && high <= 8, "high: wanted 1 to 8");
        require(bytes >= 1 && bytes <= std::size_t{1} << 40, "bytes: wanted 1 to 2^40");
        nb::gil_scoped_release release;
        new (self) GramSketch(bytes, bits, high);
      }, nb::arg("bytes"), nb::arg("bits"), nb::arg("high"))
      .def("name", [](GramSketch& self, const InternTable& types) { self.name(types); }, nb::arg("types"))
      .def("name_terms", [](GramSketch& self, In<std::uint8_t> bytes, In<std::int64_t> offsets) { self.name(texts_of(bytes, offsets)); },
           nb::arg("bytes"), nb::arg("offsets"))
      .def("forget", &GramSketch::forget)
      .def("add", [](GramSketch& self, In<std::int32_t> ids, In<std::int64_t> rows, int threads) {
        const std::size_t n = rows_of(ids, rows, self.named()), n_threads = at_least_one(threads);
        released(4 * ids.shape(0), [&] { self.add(ids.data(), rows.data(), n, n_threads); });
      }, nb::arg("ids"), nb::arg("rows"), nb::arg("threads"))
      .def("at_least", [](GramSketch& self, std::uint32_t limit, int threads) {
        const std::size_t n_threads = at_least_one(threads);
        nb::gil_scoped_release release;
        return self.at_least(limit, n_threads);
      }, nb::arg("limit"), nb::arg("threads"))
      .def_prop_ro("memory", &GramSketch::memory);

  nb::class_<StreamCounter>(m, "StreamCounter")
      .def("__init__", [](StreamCounter* self, GramFilter& filter, int low, int high, bool plain, bool frequencies, std::size_t waiting) {
        require(1 <= low && low <= high && high <= 8, "n-grams: wanted 1 <= low <= high <= 8");
        new (self) StreamCounter(std::move(filter), low, high, plain, frequencies, waiting);
      }, nb::arg("filter"), nb::arg("low"), nb::arg("high"), nb::arg("plain"), nb::arg("frequencies"), nb::arg("waiting"))
      .def_prop_ro("types", &StreamCounter::types, nb::rv_policy::reference_internal)
      .def("add", [](StreamCounter& self, In<std::int32_t> ids, In<std::int64_t> rows, const InternTable& others,
                     std::optional<In<std::uint8_t>> bytes, std::optional<In<std::int64_t>> offsets, int threads) {
        const std::size_t n = rows_of(ids, rows, self.types().size() + others.size()), n_threads = at_least_one(threads);
        require(bytes.has_value() == offsets.has_value() && self.plain() != bytes.has_value(), "terms: wanted them where types are none");
        Texts terms{};
        if (bytes) terms = texts_of(*bytes, *offsets);
        require(!bytes || terms.n == others.size(), "terms: wanted one a type");
        released(4 * ids.shape(0), [&] { self.add(ids.data(), rows.data(), n, others, bytes ? &terms : nullptr, n_threads); });
      }, nb::arg("ids"), nb::arg("rows"), nb::arg("others"), nb::arg("bytes").none(), nb::arg("offsets").none(), nb::arg("threads"))
      .def_prop_ro("n_texts", &StreamCounter::n_texts)
      .def_prop_ro("n_grams", &StreamCounter::n_grams)
      .def_prop_ro("memory", &StreamCounter::memory)
      .def("reached", &StreamCounter::reached, nb::arg("length"))
      .def("finish", [](StreamCounter& self, std::uint32_t min_df, int threads) {
        const std::size_t n_threads = at_least_one(threads);
        released(self.memory(), [&] { self.finish(min_df, n_threads); });
      }, nb::arg("min_df"), nb::arg("threads"))
      .def_prop_ro("n_columns", &StreamCounter::n_columns)
      .def("document_frequencies", [](const StreamCounter& self) { return own(self.document_frequencies()); })
      .def("term_frequencies", [](const StreamCounter& self) { return own(self.term_frequencies()); })
      .def("vocabulary", [](const StreamCounter& self, In<bool> keep) {
        require(keep.shape(0) == self.n_columns(), "keep: wanted one value a column");
        Learned learned;
        released(self.memory(), [&] { learned = self.vocabulary(keep.data()); });
        return nb::make_tuple(std::move(learned.terms), own(std::move(learned.term_types)), std::move(learned.types),
                              own(std::move(learned.type_terms)), levels_of(std::move(learned.levels)));
      }, nb::arg("keep"));
}

}  // namespace textmill::bind
