// Pretokens in Python, and the ids of pieces.
#include "core/pretokens.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind/arrays.hpp"
#include "core/ragged.hpp"

using namespace textmill;
using namespace textmill::bind;

namespace {

std::shared_ptr<Pretokens> make_pretokens(std::vector<std::uint64_t> cuts, std::uint64_t removed, std::uint64_t edges,
                                          const std::vector<int>& kinds, int pattern, int digits, std::string prefix,
                                          std::vector<std::string> before, std::vector<std::string> after) {
  require(pattern >= 0 && pattern <= 2 && digits >= 1, "no such pattern");
  require(cuts.size() <= Pretokens::kClasses && kinds.size() <= Pretokens::kClasses, "classes: wanted 64 at most");
  PretokenRules rules;
  rules.cuts = std::move(cuts);
  rules.removed = removed;
  rules.edges = edges;
  for (const int kind : kinds) rules.kinds.push_back(static_cast<std::uint8_t>(kind & 3));
  rules.pattern = static_cast<PretokenRules::Pattern>(pattern);
  rules.digits = static_cast<std::uint32_t>(digits);
  rules.prefix = std::move(prefix);
  rules.before = Needles(std::move(before));
  rules.after = Needles(std::move(after));
  return std::make_shared<Pretokens>(std::move(rules));
}

// A copy that knows more: what others are reading never changes.
std::shared_ptr<Pretokens> learned(const Pretokens& self, nb::list entries) {
  auto made = std::make_shared<Pretokens>(self);
  for (nb::handle one : entries) {
    const auto parts = nb::cast<nb::tuple>(one);
    Pretokens::Entry entry{nb::cast<std::int32_t>(parts[0]), 0, parts[1].is_none(), parts[2].is_none(), {}};
    if (!entry.awkward) {
      const int kind = nb::cast<int>(parts[1]);
      require(kind >= 0 && static_cast<std::size_t>(kind) < Pretokens::kClasses, "classes: wanted 64 at most");
      entry.kind = static_cast<std::uint8_t>(kind);
    }
    if (!entry.same) entry.becomes = nb::cast<std::string>(parts[2]);
    require(entry.becomes.size() <= 255, "a code point becomes more than 255 bytes");
    made->learn(entry);
  }
  return made;
}

}  // namespace

void bind_pieces(nb::module_& m);

void bind_pieces(nb::module_& m) {
  nb::class_<Pretokens>(m, "Pretokens")
      .def(nb::new_(&make_pretokens), nb::arg("cuts"), nb::arg("removed"), nb::arg("edges"), nb::arg("kinds"), nb::arg("pattern"),
           nb::arg("digits"), nb::arg("prefix"), nb::arg("before"), nb::arg("after"))
      .def("learned", &learned, nb::arg("entries"))
      .def("unknown", [](const Pretokens& self, In<std::uint8_t> bytes, In<std::int64_t> offsets) {
        const Texts texts = texts_of(bytes, offsets);
        const std::size_t first = texts.n ? static_cast<std::size_t>(offsets.data()[0]) : 0;
        std::vector<std::int32_t> found;
        released(work_in(texts), [&] { found = self.unknown({texts.bytes + first, texts.size_in_bytes()}); });
        return own(std::move(found));
      }, nb::arg("bytes"), nb::arg("offsets"));

  m.def("spell_out", [](In<std::int32_t> ids, In<std::int64_t> rows, In<std::int64_t> ends, In<std::int32_t> values, int threads) {
    require(ends.shape(0) >= 1 && ends.data()[0] == 0, "ends: wanted n + 1 of them");
    const std::size_t n_types = ends.shape(0) - 1;
    bool fits = ends.data()[n_types] == static_cast<std::int64_t>(values.shape(0));
    for (std::size_t i = 0; i < n_types; ++i) fits &= ends.data()[i] <= ends.data()[i + 1];
    require(fits, "ends do not fit the values");
    const std::size_t n = rows_of(ids, rows, n_types);
    const std::size_t n_threads = at_least_one(threads);
    Ragged found;
    released(4 * values.shape(0) + 8 * ids.shape(0), [&] { found = spell_out(ids.data(), rows.data(), n, ends.data(), values.data(), n_threads); });
    return nb::make_tuple(own(std::move(found.values)), own(std::move(found.rows)));
  }, nb::arg("ids"), nb::arg("rows"), nb::arg("ends"), nb::arg("values"), nb::arg("threads"));
}
