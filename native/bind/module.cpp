// The whole boundary between Python and the core: check, release the GIL, map errors. See textmill/_native.pyi.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <string>

#include "bind/arrays.hpp"
#include "bind/bag.hpp"
#include "bind/chars.hpp"
#include "bind/stream.hpp"
#include "core/count.hpp"
#include "core/csv.hpp"
#include "core/emoji.hpp"
#include "core/grams.hpp"
#include "core/hashing.hpp"
#include "core/pretokens.hpp"
#include "core/rewrite.hpp"
#include "core/scan.hpp"
#include "core/segment.hpp"
#include "core/sentences.hpp"
#include "core/similar.hpp"
#include "core/skipgrams.hpp"
#include "core/sparse.hpp"
#include "core/spelling.hpp"
#include "core/treebank.hpp"
#include "core/tweet_tables.hpp"

using namespace textmill;
using namespace textmill::bind;

void bind_pieces(nb::module_& m);
void bind_row_maker(nb::module_& m);

namespace {

// Long loops that need the GIL let Python handle signals now and then.
void handle_signals() {
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

// What it was given refers to this many types.
struct CheckedCounter : GramCounter {
  std::size_t n_types = 0;
};

// A view that was checked once, and the arrays that keep it alive.
struct SparseMatrix {
  Sparse view;
  In<float> data;
  In<std::int32_t> indices, indptr;
};

Program make_program(const std::vector<std::string>& clean, bool lower_case, int min_word, const std::string& tokens,
                     std::uint32_t options, const std::shared_ptr<Punkt>& punkt, const std::shared_ptr<Pretokens>& pretokens) {
  Program program;
  program.options = options;
  program.punkt = punkt;
  program.pretokens = pretokens;
  require(pretokens || tokens != "pretokens", "tokens: wanted pretokens with them");
  require(punkt || tokens != "treebank" || !(options & treebank::kByPunkt), "options: wanted a Punkt with them");
  if (tokens != "words") {
    program.splitter = find_splitter(tokens);
    if (!program.splitter) throw nb::value_error(("no splitter is called " + tokens).c_str());
  }
  program.lower_case = lower_case;
  require(min_word >= 1, "min_word: wanted 1 or more");
  program.min_word = static_cast<std::uint32_t>(min_word);
  for (const std::string& name : clean) {
    program.stages.push_back(find_stage(name));
    if (!program.stages.back()) throw nb::value_error(("no cleaner is called " + name).c_str());
  }
  return program;
}

// Python strings from the `first` on, side by side in UTF-8, until they have `most` bytes; where the next one stands. A
// lone surrogate or no str raises, with its place, to which `before` is added.
nb::tuple pack(nb::list texts, std::size_t first, std::size_t most, std::size_t before) {
  const std::size_t n = texts.size();
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint8_t> bytes;
  // most texts are ASCII: room for them is known
  std::size_t room = 0, last = first;
  for (; last < n && room < most; ++last) {
    PyObject* text = PyList_GET_ITEM(texts.ptr(), static_cast<Py_ssize_t>(last));
    if (PyUnicode_Check(text)) room += static_cast<std::size_t>(PyUnicode_GET_LENGTH(text));
  }
  bytes.reserve(room);
  offsets.reserve(last - first + 1);
  for (std::size_t i = first; i < last; ++i) {
    if ((i - first) % 4096 == 4095) handle_signals();
    PyObject* text = PyList_GET_ITEM(texts.ptr(), static_cast<Py_ssize_t>(i));
    if (!PyUnicode_Check(text))
      throw nb::type_error(("text " + std::to_string(before + i) + " is no str but " + Py_TYPE(text)->tp_name).c_str());
    Py_ssize_t size = 0;
    const char* utf8 = nullptr;
    PyObject* made = nullptr;
    if (PyUnicode_IS_COMPACT_ASCII(text)) {
      utf8 = static_cast<const char*>(PyUnicode_DATA(text));
      size = PyUnicode_GET_LENGTH(text);
    } else {  // not PyUnicode_AsUTF8AndSize, which would keep a second copy inside every string
      made = PyUnicode_AsUTF8String(text);
      if (!made) {
        PyErr_Clear();
        throw nb::value_error(("text " + std::to_string(before + i) + " holds a lone surrogate and is no Unicode text").c_str());
      }
      utf8 = PyBytes_AS_STRING(made);
      size = PyBytes_GET_SIZE(made);
    }
    bytes.insert(bytes.end(), reinterpret_cast<const std::uint8_t*>(utf8), reinterpret_cast<const std::uint8_t*>(utf8) + size);
    offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    Py_XDECREF(made);
  }
  return nb::make_tuple(own(std::move(bytes)), own(std::move(offsets)), last);
}

// Python strings where they lie. `held` keeps them there, whatever becomes of the list while the GIL is released.
TextsInPlace texts_in_place(const nb::list& texts, nb::object& held) {
  held = nb::steal(PyList_AsTuple(texts.ptr()));
  if (!held.is_valid()) throw nb::python_error();
  const auto n = static_cast<std::size_t>(PyTuple_GET_SIZE(held.ptr()));
  TextsInPlace found(n);
  for (std::size_t i = 0; i < n; ++i) {
    PyObject* text = PyTuple_GET_ITEM(held.ptr(), static_cast<Py_ssize_t>(i));
    if (!PyUnicode_Check(text)) throw nb::type_error(("text " + std::to_string(i) + " is no str but " + Py_TYPE(text)->tp_name).c_str());
    found.push_back({PyUnicode_DATA(text), static_cast<std::size_t>(PyUnicode_GET_LENGTH(text)),
                     static_cast<std::uint8_t>(PyUnicode_IS_ASCII(text) ? 0 : PyUnicode_KIND(text))});
  }
  return found;
}

// Calls scan(source) for what holds texts: a list of str, or bytes and offsets.
template <class Scan>
void with_texts(const nb::object& texts, Scan&& scan) {
  if (nb::isinstance<nb::list>(texts)) {
    nb::object held;
    const TextsInPlace strings = texts_in_place(nb::borrow<nb::list>(texts), held);
    released(strings.size_in_bytes() + 16 * strings.n, [&] { scan(strings); });
    return;
  }
  const auto parts = nb::cast<nb::tuple>(texts);
  require(parts.size() == 2, "texts: wanted a list of str, or bytes and offsets");
  const auto bytes = nb::cast<In<std::uint8_t>>(parts[0]);
  const auto offsets = nb::cast<In<std::int64_t>>(parts[1]);
  const Texts packed = texts_of(bytes, offsets);
  released(work_in(packed), [&] { scan(packed); });
}

// The tokens of one text, without a table of types: for those who want lists of strings.
nb::list split_one(const Program& program, nb::str text) {
  nb::object kept;
  std::string_view raw;
  if (PyUnicode_IS_COMPACT_ASCII(text.ptr())) {
    raw = {static_cast<const char*>(PyUnicode_DATA(text.ptr())), static_cast<std::size_t>(PyUnicode_GET_LENGTH(text.ptr()))};
  } else {
    kept = nb::steal(PyUnicode_AsUTF8String(text.ptr()));
    if (!kept.is_valid()) {
      PyErr_Clear();
      throw nb::value_error("the text holds a lone surrogate and is no Unicode text");
    }
    raw = {PyBytes_AS_STRING(kept.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(kept.ptr()))};
  }
  Runner runner(program, false);
  std::vector<Span> spans;
  released(raw.size(), [&] { runner.run(raw, [&](std::size_t begin, std::size_t end) { spans.push_back({begin, end}); }); });
  const char* bytes = runner.text().data();
  const bool ascii = is_ascii(bytes, runner.text().size());
  nb::list found = nb::steal<nb::list>(PyList_New(static_cast<Py_ssize_t>(spans.size())));
  if (!found.is_valid()) throw nb::python_error();
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i % 4096 == 4095) handle_signals();
    const auto size = static_cast<Py_ssize_t>(spans[i].end - spans[i].begin);
    PyObject* token = ascii && size > 1 ? PyUnicode_New(size, 127) : PyUnicode_DecodeUTF8(bytes + spans[i].begin, size, "surrogatepass");
    if (!token) throw nb::python_error();
    if (ascii && size > 1) std::memcpy(PyUnicode_DATA(token), bytes + spans[i].begin, static_cast<std::size_t>(size));
    PyList_SET_ITEM(found.ptr(), static_cast<Py_ssize_t>(i), token);
  }
  return found;
}

nb::tuple scanned(Scanned&& found, bool spans) {
  const std::size_t n = found.ids.size();
  nb::object places = nb::none();
  if (spans) places = nb::cast(own(std::move(found.spans), {n, 2}));
  return nb::make_tuple(own(std::move(found.ids), {n}), own(std::move(found.rows)), places);
}

nb::tuple table_arrays(const InternTable& table, std::size_t first) {
  require(first <= table.size(), "first: wanted 0 to the number of types");
  const std::size_t begin = first ? table.ends()[first - 1] : 0;
  std::vector<std::uint8_t> bytes(table.bytes() + begin, table.bytes() + (table.size() ? table.ends().back() : 0));
  std::vector<std::int64_t> offsets{0};
  for (std::size_t i = first; i < table.size(); ++i) offsets.push_back(static_cast<std::int64_t>(table.ends()[i] - begin));
  return nb::make_tuple(own(std::move(bytes)), own(std::move(offsets)));
}

InternTable table_from(const In<std::uint8_t>& bytes, const In<std::int64_t>& offsets) {
  const Texts tokens = texts_of(bytes, offsets);
  InternTable table;
  table.reserve(tokens.n);
  std::string room;
  for (std::size_t i = 0; i < tokens.n; ++i) {
    const std::string_view token = tokens[i];
    require(!token.empty(), "a type is empty");
    require(table.intern(token, room) == static_cast<std::int32_t>(i), "a type occurs twice");
  }
  return table;
}

// The numbers of tokens in a table; -1 for one that is not there, unless it is to grow.
template <class Table, class Number>
Out<std::int32_t> numbers(Table& table, const In<std::uint8_t>& bytes, const In<std::int64_t>& offsets, Number&& number) {
  const Texts tokens = texts_of(bytes, offsets);
  std::vector<std::int32_t> found;
  found.reserve(tokens.n);
  std::string room;
  for (std::size_t i = 0; i < tokens.n; ++i) {
    const std::string_view token = tokens[i];
    require(!token.empty(), "a type is empty");
    found.push_back(number(table, padded(token, room), token.size()));
  }
  return own(std::move(found));
}

// Bytes of tokens, or as much work where n-grams may skip some.
std::size_t skipping_work(std::size_t n_tokens, int longest, std::size_t skip) {
  const double grams = skip ? n_skip_grams(n_tokens, static_cast<std::size_t>(longest), skip) : 0;
  return 4 * n_tokens + static_cast<std::size_t>(std::min(4 * grams, 1e15));
}

std::vector<std::int32_t> copied(const In<std::int32_t>& values) { return {values.data(), values.data() + values.shape(0)}; }

}  // namespace

NB_MODULE(_native, m) {
  // caches may hold objects until the very end; that is no leak to tell users of
  nb::set_leak_warnings(false);
  m.attr("UNICODE_VERSION") = kUnicodeVersion;
  m.attr("SEGMENT_VERSION") = kSegmentVersion;
  m.attr("EMOJI_VERSION") = kEmojiVersion;
  m.attr("TWEET_UNICODE_VERSION") = tweet::kUnicodeVersion;
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    try {
      std::rethrow_exception(p);
    } catch (const std::overflow_error& e) {
      PyErr_SetString(PyExc_OverflowError, e.what());
    }
  });

  nb::class_<Punkt>(m, "Punkt")
      .def("__init__", [](Punkt* self, In<std::uint8_t> bytes, In<std::int64_t> offsets, In<std::uint16_t> facts,
                          In<std::uint8_t> pair_bytes, In<std::int64_t> pair_offsets) {
        const Texts types = texts_of(bytes, offsets), pairs = texts_of(pair_bytes, pair_offsets);
        require(facts.shape(0) == types.n, "facts: wanted as many as types");
        require(pairs.n % 2 == 0, "pairs: wanted two types each");
        new (self) Punkt();
        for (std::size_t i = 0; i < types.n; ++i) self->add(types[i], facts.data()[i]);
        for (std::size_t i = 0; i < pairs.n; i += 2) self->add_collocation(pairs[i], pairs[i + 1]);
      }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("facts"), nb::arg("pair_bytes"), nb::arg("pair_offsets"));

  bind_pieces(m);

  nb::class_<Program>(m, "Program")
      .def("__init__", [](Program* self, const std::vector<std::string>& clean, bool lower_case, int min_word, const std::string& tokens,
                          std::uint32_t options, const std::shared_ptr<Punkt>& punkt,
                          const std::shared_ptr<Pretokens>& pretokens) {
        new (self) Program(make_program(clean, lower_case, min_word, tokens, options, punkt, pretokens));
      }, nb::arg("clean"), nb::arg("lower_case"), nb::arg("min_word"), nb::arg("tokens") = "words", nb::arg("options") = 0,
         nb::arg("punkt").none() = std::shared_ptr<Punkt>(),
         nb::arg("pretokens").none() = std::shared_ptr<Pretokens>())
      .def("rewrite", [](const Program& self, const std::string& raw) {
        Runner runner(self, true);
        released(raw.size(), [&] { runner.prepare(raw); });
        const Text& text = runner.text();
        return nb::bytes(text.data(), text.size());
      }, nb::arg("raw"))
      .def("split", &split_one, nb::arg("text"));

  nb::class_<InternTable>(m, "TypeTable")
      .def(nb::init<>())
      .def_static("from_arrays", &table_from, nb::arg("bytes"), nb::arg("offsets"))
      .def("__len__", &InternTable::size)
      .def("arrays", &table_arrays, nb::arg("first") = 0)
      .def_prop_ro("memory", &InternTable::memory)
      .def("intern", [](InternTable& self, In<std::uint8_t> bytes, In<std::int64_t> offsets) {
        return numbers(self, bytes, offsets, [](InternTable& table, const char* token, std::size_t size) { return table.intern(token, size); });
      }, nb::arg("bytes"), nb::arg("offsets"))
      .def("find", [](const InternTable& self, In<std::uint8_t> bytes, In<std::int64_t> offsets) {
        return numbers(self, bytes, offsets, [](const InternTable& table, const char* token, std::size_t size) { return table.find(hash_token(token, size), token, size); });
      }, nb::arg("bytes"), nb::arg("offsets"));

  m.def("last_of", [](nb::list texts, std::size_t first, std::size_t most) {
    std::size_t length = 0;
    for (const std::size_t n = texts.size(); first < n && length < most; ++first) {
      PyObject* text = PyList_GET_ITEM(texts.ptr(), static_cast<Py_ssize_t>(first));
      if (PyUnicode_Check(text)) length += static_cast<std::size_t>(PyUnicode_GET_LENGTH(text));
    }
    return first;
  }, nb::arg("texts"), nb::arg("first"), nb::arg("most"));
  m.def("pack", [](nb::list texts, std::size_t before) {
    const nb::tuple all = pack(texts, 0, std::numeric_limits<std::size_t>::max(), before);
    return nb::make_tuple(all[0], all[1]);
  }, nb::arg("texts"), nb::arg("before") = 0);
  m.def("pack_some", &pack, nb::arg("texts"), nb::arg("first"), nb::arg("most"), nb::arg("before") = 0);

  m.def("number_by_spelling", [](In<std::uint8_t> bytes, In<std::int64_t> offsets) {
    const Texts strings = texts_of(bytes, offsets);
    Spelled found;
    released(work_in(strings), [&] { found = number_by_spelling(strings); });
    return nb::make_tuple(own(std::move(found.numbers)), own(std::move(found.distinct.bytes)), own(std::move(found.distinct.offsets)));
  }, nb::arg("bytes"), nb::arg("offsets"));

  m.def("take", [](In<std::uint8_t> bytes, In<std::int64_t> offsets, In<std::int32_t> which) {
    const Texts strings = texts_of(bytes, offsets);
    for (std::size_t i = 0; i < which.shape(0); ++i)
      require(static_cast<std::uint32_t>(which.data()[i]) < strings.n, "which: a place outside the strings");
    Strings found = take(strings, which.data(), which.shape(0));
    return nb::make_tuple(own(std::move(found.bytes)), own(std::move(found.offsets)));
  }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("which"));

  m.def("scan", [](const Program& program, nb::object texts, InternTable& types, bool spans, int threads) {
    const std::size_t n_threads = at_least_one(threads);
    require(!spans || !program.pretokens, "spans: pieces of a subword tokenizer have none");
    Scanned found;
    with_texts(texts, [&](const auto& source) { found = scan(program, source, types, spans, n_threads); });
    return scanned(std::move(found), spans);
  }, nb::arg("program"), nb::arg("texts"), nb::arg("types"), nb::arg("spans"), nb::arg("threads"));

  m.def("scan_frozen", [](const Program& program, nb::object texts, const InternTable& types, InternTable& others, bool spans, int threads) {
    const std::size_t n_threads = at_least_one(threads);
    require(&types != &others, "types and others: wanted two tables");
    require(!spans || !program.pretokens, "spans: pieces of a subword tokenizer have none");
    Scanned found;
    with_texts(texts, [&](const auto& source) { found = scan_frozen(program, source, types, others, spans, n_threads); });
    return scanned(std::move(found), spans);
  }, nb::arg("program"), nb::arg("texts"), nb::arg("types"), nb::arg("others"), nb::arg("spans"), nb::arg("threads"));

  m.def("segment", [](const std::string& kind, In<std::uint8_t> bytes, In<std::int64_t> offsets, int threads) {
    const Texts texts = texts_of(bytes, offsets);
    const std::size_t n_threads = at_least_one(threads);
    const bool words = kind == "words" || kind == "all_words";
    require(words || kind == "graphemes" || kind == "sentences", "kind: wanted graphemes, words, all_words or sentences");
    const Segments wanted = kind == "words" ? Segments::words : words ? Segments::all_words
                            : kind == "graphemes" ? Segments::graphemes : Segments::sentences;
    Segmented found;
    released(work_in(texts), [&] { found = segment(texts, wanted, n_threads); });
    const std::size_t n = found.spans.size() / 2;
    return nb::make_tuple(own(std::move(found.rows)), own(std::move(found.spans), {n, 2}));
  }, nb::arg("kind"), nb::arg("bytes"), nb::arg("offsets"), nb::arg("threads"));

  m.def("sentences", [](In<std::uint8_t> bytes, In<std::int64_t> offsets, const Punkt* punkt, bool realign, int threads) {
    const Texts texts = texts_of(bytes, offsets);
    const std::size_t n_threads = at_least_one(threads);
    Segmented found;
    released(work_in(texts), [&] { found = sentence_spans(texts, punkt, realign, n_threads); });
    const std::size_t n = found.spans.size() / 2;
    return nb::make_tuple(own(std::move(found.rows)), own(std::move(found.spans), {n, 2}));
  }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("punkt").none(), nb::arg("realign"), nb::arg("threads"));

  m.def("rewrite", [](const Program& program, In<std::uint8_t> bytes, In<std::int64_t> offsets, int threads) {
    const Texts texts = texts_of(bytes, offsets);
    const std::size_t n_threads = at_least_one(threads);
    Rewritten made;
    released(work_in(texts), [&] { made = rewrite(program, texts, n_threads); });
    return nb::make_tuple(own(std::move(made.bytes)), own(std::move(made.offsets)));
  }, nb::arg("program"), nb::arg("bytes"), nb::arg("offsets"), nb::arg("threads"));

  m.def("lead_back", [](const Program& program, In<std::uint8_t> bytes, In<std::int64_t> offsets, In<std::int64_t> rows,
                        nb::ndarray<std::int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu> spans, int threads) {
    const Texts texts = texts_of(bytes, offsets);
    const std::size_t n_threads = at_least_one(threads);
    require(rows.shape(0) == texts.n + 1 && spans.shape(1) == 2 && rows.data()[0] == 0, "rows do not fit the texts");
    bool fits = rows.data()[texts.n] == static_cast<std::int64_t>(spans.shape(0));
    for (std::size_t i = 0; i < texts.n; ++i) fits &= rows.data()[i] <= rows.data()[i + 1];
    require(fits, "rows do not fit the spans");
    released(work_in(texts), [&] { lead_back(program, texts, rows.data(), spans.data(), n_threads); });
  }, nb::arg("program"), nb::arg("bytes"), nb::arg("offsets"), nb::arg("rows"), nb::arg("spans").noconvert(), nb::arg("threads"));

  m.def("fingerprints", [](In<std::uint8_t> bytes, In<std::int64_t> offsets, bool loose, int threads) {
    const Texts texts = texts_of(bytes, offsets);
    const std::size_t n_threads = at_least_one(threads);
    std::vector<std::uint64_t> found;
    released(work_in(texts), [&] { found = fingerprints(texts, loose, n_threads); });
    return own(std::move(found), {texts.n, 2});
  }, nb::arg("bytes"), nb::arg("offsets"), nb::arg("loose"), nb::arg("threads"));

  m.def("similar_texts", [](In<std::int32_t> ids, In<std::int64_t> rows, std::int64_t n_types, double threshold, int threads) {
    const std::size_t n_threads = at_least_one(threads);
    require(n_types >= 0, "n_types: wanted 0 or more");
    const std::size_t n = rows_of(ids, rows, static_cast<std::size_t>(n_types));
    SimilarTexts found;
    released(64 * ids.shape(0), [&] { found = similar_texts(ids.data(), rows.data(), n, static_cast<std::size_t>(n_types), threshold, n_threads); });
    return nb::make_tuple(own(std::move(found.first)), found.compared);
  }, nb::arg("ids"), nb::arg("rows"), nb::arg("n_types"), nb::arg("threshold"), nb::arg("threads"));

  m.def("csv_rows", [](nb::list columns, const std::string& delimiter) {
    require(delimiter.size() == 1, "delimiter: wanted one ASCII character");
    std::vector<std::pair<In<std::uint8_t>, In<std::int64_t>>> kept;
    std::vector<Texts> views;
    std::size_t size = 0;
    for (nb::handle column : columns) {
      const auto parts = nb::cast<nb::tuple>(column);
      kept.emplace_back(nb::cast<In<std::uint8_t>>(parts[0]), nb::cast<In<std::int64_t>>(parts[1]));
      views.push_back(texts_of(kept.back().first, kept.back().second));
      require(views.back().n == views.front().n, "columns of unlike lengths");
      size += work_in(views.back());
    }
    std::string rows;
    released(size, [&] { rows = csv_rows(views, delimiter[0]); });
    return nb::bytes(rows.data(), rows.size());
  }, nb::arg("columns"), nb::arg("delimiter"));

  nb::class_<CheckedCounter>(m, "GramCounter")
      .def(nb::init<>())
      .def("add", [](CheckedCounter& self, In<std::int32_t> ids, In<std::int64_t> rows) {
        std::size_t most = 0;
        const std::size_t n = rows_of(ids, rows, std::size_t{1} << 31, &most);
        nb::gil_scoped_release release;
        self.add(ids.data(), rows.data(), n);
        self.n_types = std::max(self.n_types, most);
      }, nb::arg("ids"), nb::arg("rows"))
      .def("scan", [](CheckedCounter& self, const Program& program, nb::object texts, InternTable& types, int threads) {
        const std::size_t n_threads = at_least_one(threads);
        const std::size_t before = self.n_texts();
        with_texts(texts, [&](const auto& source) { self.add(scan_pieces(program, source, types, false, n_threads)); });
        self.n_types = std::max(self.n_types, types.size());
        return self.n_texts() - before;
      }, nb::arg("program"), nb::arg("texts"), nb::arg("types"), nb::arg("threads"))
      .def("count", [](CheckedCounter& self, In<std::int32_t> type_terms, std::int64_t n_terms, int low, int high, std::int64_t min_df, int threads) {
        require(n_terms >= 0 && static_cast<std::uint64_t>(n_terms) <= type_terms.shape(0), "n_terms: wanted 0 to the number of types");
        check_terms(array(type_terms), kAnyNegative, static_cast<std::size_t>(n_terms));
        require(self.n_types <= type_terms.shape(0), "an id is outside the types");
        require(1 <= low && low <= high && high <= 8, "n-grams: wanted 1 <= low <= high <= 8");
        const std::size_t n_threads = at_least_one(threads);
        released(4 * self.n_tokens(), [&] {
          self.count(type_terms.data(), type_terms.shape(0), static_cast<std::size_t>(n_terms), low, high, min_df, n_threads);
        });
      }, nb::arg("type_terms"), nb::arg("n_terms"), nb::arg("low"), nb::arg("high"), nb::arg("min_df"), nb::arg("threads"))
      .def_prop_ro("n_columns", &CheckedCounter::n_columns)
      .def("document_frequencies", [](const CheckedCounter& self) { return own(self.document_frequencies()); })
      .def("term_frequencies", [](const CheckedCounter& self) { return own(self.term_frequencies()); })
      .def("type_frequencies", [](const CheckedCounter& self) { return own(self.type_frequencies()); })
      .def("lengths", [](const CheckedCounter& self) { return own(self.lengths()); })
      .def("matrix", [](CheckedCounter& self, In<bool> keep, int threads) {
        require(keep.shape(0) == self.n_columns(), "keep: wanted one value a column");
        const std::size_t n_threads = at_least_one(threads);
        Csr csr;
        released(4 * self.n_tokens(), [&] { csr = self.matrix(keep.data(), n_threads); });
        return sparse(std::move(csr));
      }, nb::arg("keep"), nb::arg("threads"))
      .def("vocabulary", [](const CheckedCounter& self, In<bool> keep) {
        require(keep.shape(0) == self.n_columns(), "keep: wanted one value a column");
        Vocabulary kept = self.vocabulary(keep.data());
        return nb::make_tuple(own(std::move(kept.terms)), levels_of(std::move(kept.levels)));
      }, nb::arg("keep"));

  nb::class_<SkipGramCounter>(m, "SkipGramCounter")
      .def("__init__", [](SkipGramCounter* self, In<std::int32_t> ids, In<std::int64_t> rows, In<std::int32_t> type_terms, std::int64_t n_terms,
                          int low, int high, int skip, std::int64_t min_df) {
        require(n_terms >= 0 && static_cast<std::uint64_t>(n_terms) <= type_terms.shape(0), "n_terms: wanted 0 to the number of types");
        check_terms(array(type_terms), kAnyNegative, static_cast<std::size_t>(n_terms));
        const std::size_t n = rows_of(ids, rows, type_terms.shape(0));
        require(1 <= low && low <= high && high <= 8, "n-grams: wanted 1 <= low <= high <= 8");
        require(skip >= 0, "skip: wanted 0 or more");
        released(skipping_work(ids.shape(0), high, static_cast<std::size_t>(skip)), [&] {
          new (self) SkipGramCounter(ids.data(), rows.data(), n, type_terms.data(), static_cast<std::size_t>(n_terms), low, high,
                                     static_cast<std::size_t>(skip), min_df);
        });
      }, nb::arg("ids"), nb::arg("rows"), nb::arg("type_terms"), nb::arg("n_terms"), nb::arg("low"), nb::arg("high"), nb::arg("skip"),
         nb::arg("min_df"))
      .def_prop_ro("n_columns", &SkipGramCounter::n_columns)
      .def_prop_ro("longest_text", &SkipGramCounter::longest_text)
      .def("document_frequencies", [](const SkipGramCounter& self) { return own(self.document_frequencies()); })
      .def("term_frequencies", [](const SkipGramCounter& self) { return own(self.term_frequencies()); })
      .def("vocabulary", [](const SkipGramCounter& self, In<bool> keep) {
        require(keep.shape(0) == self.n_columns(), "keep: wanted one value a column");
        Vocabulary kept = self.vocabulary(keep.data());
        return nb::make_tuple(own(std::move(kept.terms)), levels_of(std::move(kept.levels)));
      }, nb::arg("keep"));

  nb::class_<Grams>(m, "Grams")
      .def("__init__", [](Grams* self, nb::list levels, int low, int skip) {
        std::vector<KeptLevel> made;
        for (nb::handle level : levels) {
          const auto parts = nb::cast<nb::tuple>(level);
          made.push_back({copied(nb::cast<In<std::int32_t>>(parts[0])), copied(nb::cast<In<std::int32_t>>(parts[1])),
                          copied(nb::cast<In<std::int32_t>>(parts[2]))});
          const KeptLevel& last = made.back();
          require(made.size() == 1 || (last.prefix.size() == last.column.size() && last.term.size() == last.column.size()), "levels of unlike lengths");
        }
        require(!made.empty(), "levels: wanted one or more");
        require(skip >= 0, "skip: wanted 0 or more");
        new (self) Grams(std::move(made), low, static_cast<std::size_t>(skip));
      }, nb::arg("levels"), nb::arg("low"), nb::arg("skip") = 0)
      .def("find", [](const Grams& self, In<std::int32_t> terms) {
        check_terms(array(terms), kAnyNegative, self.levels()[0].column.size());
        const std::size_t width = 1 + self.levels().size();
        std::vector<std::int32_t> found;
        self.each_place(terms.data(), terms.shape(0), [&](std::int32_t column, const std::size_t* places, std::size_t length) {
          found.push_back(column);
          for (std::size_t i = 0; i < length; ++i) found.push_back(static_cast<std::int32_t>(places[i]));
          found.resize(found.size() + width - 1 - length, -1);
        });
        const std::size_t n = found.size() / width;
        return own(std::move(found), {n, width});
      }, nb::arg("terms"));

  m.def("count", [](const Grams& grams, In<std::int32_t> ids, In<std::int64_t> rows, In<std::int32_t> type_terms, int threads) {
    check_terms(array(type_terms), kUnknown, grams.levels()[0].column.size());
    const std::size_t n = rows_of(ids, rows, type_terms.shape(0));
    const std::size_t n_threads = at_least_one(threads);
    Counted found;
    released(skipping_work(ids.shape(0), static_cast<int>(grams.levels().size()), grams.skip()), [&] { found = count(grams, ids.data(), rows.data(), n, type_terms.data(), n_threads); });
    return counted(std::move(found));
  }, nb::arg("grams"), nb::arg("ids"), nb::arg("rows"), nb::arg("type_terms"), nb::arg("threads"));

  m.def("hash_counts", [](In<std::int32_t> ids, In<std::int64_t> rows, In<std::int32_t> type_terms, In<std::uint8_t> bytes,
                          In<std::int64_t> offsets, int low, int high, std::int32_t n_features, bool alternate_sign, int threads) {
    require(1 <= low && low <= high && high <= 8, "n-grams: wanted 1 <= low <= high <= 8");
    require(n_features >= 1, "n_features: wanted 1 or more");
    const Texts terms = texts_of(bytes, offsets);
    check_terms(array(type_terms), kAnyNegative, terms.n);
    const std::size_t n = rows_of(ids, rows, type_terms.shape(0));
    const std::size_t n_threads = at_least_one(threads);
    Counted found;
    released(4 * ids.shape(0), [&] { found = hash_counts(ids.data(), rows.data(), n, type_terms.data(), terms, low, high, n_features, alternate_sign, n_threads); });
    return counted(std::move(found));
  }, nb::arg("ids"), nb::arg("rows"), nb::arg("type_terms"), nb::arg("bytes"), nb::arg("offsets"), nb::arg("low"), nb::arg("high"),
     nb::arg("n_features"), nb::arg("alternate_sign"), nb::arg("threads"));

  m.def("weigh", [](InOut<std::int32_t> data, In<std::int32_t> indices, In<std::int32_t> indptr, In<std::int32_t> lengths,
                    std::optional<In<double>> idf, int tf, int norm, int low, int high, int threads, std::optional<InOut<double>> out, int skip) {
    require(checked_ends(array(indptr), data.shape(0)) == lengths.shape(0) && data.shape(0) == indices.shape(0), "no sparse matrix");
    require(tf >= 0 && tf <= 3 && norm >= 0 && norm <= 2, "no such weighting");
    require(1 <= low && low <= high && high <= 8, "n-grams: wanted 1 <= low <= high <= 8");
    require(skip >= 0, "skip: wanted 0 or more");
    const Weighting weighting{static_cast<Tf>(tf), static_cast<Norm>(norm), idf ? idf->data() : nullptr, low, high, static_cast<std::size_t>(skip), idf ? idf->shape(0) : 0};
    const std::size_t n_threads = at_least_one(threads);
    require(!out || out->shape(0) == data.shape(0), "out: wanted one value a count");
    released(4 * data.shape(0), [&] {
      if (out) weigh<double>(data.data(), out->data(), indices.data(), indptr.data(), lengths.data(), lengths.shape(0), weighting, n_threads);
      else weigh<float>(data.data(), data.data(), indices.data(), indptr.data(), lengths.data(), lengths.shape(0), weighting, n_threads);
    });
  }, nb::arg("data").noconvert(), nb::arg("indices"), nb::arg("indptr"), nb::arg("lengths"), nb::arg("idf").none(), nb::arg("tf"), nb::arg("norm"),
     nb::arg("low"), nb::arg("high"), nb::arg("threads"), nb::arg("out") = nb::none(), nb::arg("skip") = 0);

  nb::class_<SparseMatrix>(m, "SparseMatrix")
      .def("__init__", [](SparseMatrix* self, In<float> data, In<std::int32_t> indices, In<std::int32_t> indptr, std::int64_t n_columns) {
        require(n_columns >= 0, "n_columns: wanted 0 or more");
        const Sparse view = checked_sparse(array(data), array(indices), array(indptr), static_cast<std::size_t>(n_columns));
        new (self) SparseMatrix{view, std::move(data), std::move(indices), std::move(indptr)};
      }, nb::arg("data"), nb::arg("indices"), nb::arg("indptr"), nb::arg("n_columns"))
      .def("multiply", [](const SparseMatrix& self, nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu> dense, int threads) {
        require(dense.shape(0) == self.view.n_columns, "dense: wanted one row a column");
        const std::size_t n = self.view.n_rows, k = dense.shape(1), n_threads = at_least_one(threads);
        std::unique_ptr<double[]> out(new double[std::max<std::size_t>(1, n * k)]);
        released(self.data.shape(0) * k / 16, [&] { multiply(self.view, dense.data(), k, out.get(), n_threads); });
        return own(std::move(out), {n, k});
      }, nb::arg("dense"), nb::arg("threads"))
      .def("transposed", [](const SparseMatrix& self, int threads) {
        const std::size_t n = self.data.shape(0), n_threads = at_least_one(threads);
        std::unique_ptr<float[]> values(new float[std::max<std::size_t>(1, n)]);
        std::unique_ptr<std::int32_t[]> rows(new std::int32_t[std::max<std::size_t>(1, n)]);
        std::vector<std::int32_t> ends(self.view.n_columns + 1);
        released(n / 4, [&] { transpose(self.view, values.get(), rows.get(), ends.data(), n_threads); });
        return nb::make_tuple(own(std::move(values), {n}), own(std::move(rows), {n}), own(std::move(ends)));
      }, nb::arg("threads"));

  bind_row_maker(m);
  bind_stream(m);
  bind_chars(m);
  bind_bag(m);
}
