// RowMaker in Python. It holds the GIL: a few short texts are done sooner than it is released and taken again.
#include "core/row_maker.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>

namespace nb = nanobind;
using namespace textmill;

namespace {

constexpr std::size_t kMostTexts = 64, kMostBytes = 64 * 1024;

struct Maker {
  RowMaker rows;
  std::int32_t n_terms;
  std::size_t n_columns;
  bool binary;
  nb::object empty, float32, float64, int64, int32;  // numpy's
  bool busy = false;  // the garbage collector may run other Python code between two lines, in this thread or another

  // An array of numpy's own and where its numbers lie; made by numpy.empty, which is several times faster than to wrap
  // memory of ours.
  template <class T>
  std::pair<nb::object, T*> array(const nb::object& dtype, std::size_t n) const {
    nb::object made = empty(n, dtype);
    Py_buffer view;
    if (PyObject_GetBuffer(made.ptr(), &view, PyBUF_WRITABLE)) throw nb::python_error();
    auto* numbers = static_cast<T*>(view.buf);
    PyBuffer_Release(&view);
    return {std::move(made), numbers};
  }
  nb::object copied(const std::vector<std::int32_t>& values) const {
    auto [made, numbers] = array<std::int32_t>(int32, values.size());
    std::copy(values.begin(), values.end(), numbers);
    return made;
  }
};

using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Ints = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

struct Busy {
  explicit Busy(Maker& maker) : maker_(maker) { maker_.busy = true; }
  ~Busy() { maker_.busy = false; }
  Maker& maker_;
};

// The texts' rows; a list of words whose terms have to be learned first; None where the batch is no small list of str.
nb::object rows_of(Maker& self, nb::handle texts, const std::optional<Doubles>& idf, char kind) {
  if (!PyList_CheckExact(texts.ptr())) return nb::none();
  const Py_ssize_t n = PyList_GET_SIZE(texts.ptr());
  if (static_cast<std::size_t>(n) > kMostTexts) return nb::none();
  if (idf && idf->shape(0) < self.n_columns) throw nb::value_error("idf: wanted one value a column");
  if (self.busy) return nb::none();
  const Busy busy(self);
  self.rows.clear();
  std::size_t size = 0;
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* text = PyList_GET_ITEM(texts.ptr(), i);
    if (!PyUnicode_Check(text)) return nb::none();
    if (PyUnicode_IS_COMPACT_ASCII(text)) {
      const auto length = static_cast<std::size_t>(PyUnicode_GET_LENGTH(text));
      if ((size += length) > kMostBytes) return nb::none();
      self.rows.add({static_cast<const char*>(PyUnicode_DATA(text)), length});
      continue;
    }
    if ((size += static_cast<std::size_t>(PyUnicode_GET_LENGTH(text))) > kMostBytes) return nb::none();
    const nb::object utf8 = nb::steal(PyUnicode_AsUTF8String(text));
    if (!utf8.is_valid()) {  // a lone surrogate: whoever takes batches says what is wrong
      PyErr_Clear();
      return nb::none();
    }
    self.rows.add({PyBytes_AS_STRING(utf8.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(utf8.ptr()))});
  }
  if (!self.rows.unknown().empty()) {
    nb::list words;
    for (const std::string& word : self.rows.unknown()) words.append(nb::str(word.data(), word.size()));
    return words;
  }
  const std::vector<std::int32_t>& counts = self.rows.counts();
  const double* weights = idf ? idf->data() : nullptr;
  nb::object data;
  if (kind == 'q') {
    auto [made, numbers] = self.array<std::int64_t>(self.int64, counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) numbers[i] = self.binary ? 1 : counts[i];
    data = std::move(made);
  } else if (kind == 'd') {
    auto [made, numbers] = self.array<double>(self.float64, counts.size());
    self.rows.weights(weights, numbers);
    data = std::move(made);
  } else {
    auto [made, numbers] = self.array<float>(self.float32, counts.size());
    self.rows.weights(weights, numbers);
    data = std::move(made);
  }
  return nb::make_tuple(std::move(data), self.copied(self.rows.columns()), self.copied(self.rows.ends()));
}

}  // namespace

void bind_row_maker(nb::module_& m) {
  nb::class_<Maker>(m, "RowMaker")
      .def("__init__", [](Maker* self, const Program& program, const InternTable& types, Ints type_terms, const Grams& grams, int tf, int norm,
                          bool plain) {
        if (type_terms.shape(0) != types.size()) throw nb::value_error("type_terms: wanted one a type");
        const auto n_terms = static_cast<std::int32_t>(grams.levels()[0].column.size());
        for (std::size_t i = 0; i < type_terms.shape(0); ++i)
          if (type_terms.data()[i] >= n_terms || type_terms.data()[i] < kUnknown) throw nb::value_error("a term is outside the terms");
        if (tf < 0 || tf > 3 || norm < 0 || norm > 2) throw nb::value_error("no such weighting");
        std::size_t n_columns = 0;
        for (const KeptLevel& level : grams.levels())
          for (const std::int32_t column : level.column) n_columns = std::max(n_columns, static_cast<std::size_t>(column + 1));
        Weighting weighting;
        weighting.tf = static_cast<Tf>(tf);
        weighting.norm = static_cast<Norm>(norm);
        weighting.low = grams.low();
        weighting.skip = grams.skip();
        weighting.high = static_cast<int>(grams.levels().size());
        const nb::module_ numpy = nb::module_::import_("numpy");
        const nb::object dtype = numpy.attr("dtype");
        new (self) Maker{{program, types, {type_terms.data(), type_terms.data() + type_terms.shape(0)}, grams, weighting, plain},
                         n_terms, n_columns, weighting.tf == Tf::binary, numpy.attr("empty"), dtype("float32"), dtype("float64"), dtype("int64"), dtype("int32")};
      }, nb::arg("program"), nb::arg("types"), nb::arg("type_terms"), nb::arg("grams"), nb::arg("tf"), nb::arg("norm"), nb::arg("plain"),
         nb::keep_alive<1, 3>(), nb::keep_alive<1, 5>())
      .def("rows", &rows_of, nb::arg("texts"), nb::arg("idf").none(), nb::arg("kind"))
      .def("learn", [](Maker& self, nb::list words, Ints terms) {
        if (words.size() != terms.shape(0)) throw nb::value_error("terms: wanted one a word");
        for (std::size_t i = 0; i < words.size(); ++i)
          if (terms.data()[i] >= self.n_terms || terms.data()[i] < kUnknown) throw nb::value_error("a term is outside the terms");
        for (std::size_t i = 0; i < words.size(); ++i) self.rows.learn(nb::cast<std::string>(words[i]), terms.data()[i]);
      }, nb::arg("words"), nb::arg("terms"));
}
