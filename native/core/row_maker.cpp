#include "core/row_maker.hpp"

#include <algorithm>
#include <utility>

namespace textmill {
namespace {
constexpr std::size_t kMostMet = 200'000, kMostMetBytes = 16 << 20;
}

RowMaker::RowMaker(Program program, const InternTable& types, std::vector<std::int32_t> type_terms, const Grams& grams,
                   Weighting weighting, bool plain)
    : program_(std::move(program)),
      runner_(program_, false),
      types_(types),
      type_terms_(std::move(type_terms)),
      grams_(grams),
      weighting_(weighting),
      plain_(plain) {
  clear();
}

void RowMaker::clear() {
  counts_.clear();
  columns_.clear();
  ends_.assign(1, 0);
  lengths_.clear();
  unknown_.clear();
}

void RowMaker::add(std::string_view raw) {
  terms_.clear();
  found_.clear();
  runner_.run(raw, [&](std::size_t begin, std::size_t end) {
    const char* bytes = runner_.text().data() + begin;
    const std::size_t size = end - begin;
    const TokenHash hash = hash_token(bytes, size);
    std::int32_t term = kUnknown;
    if (const std::int32_t id = types_.find(hash, bytes, size); id >= 0) {
      term = type_terms_[static_cast<std::size_t>(id)];
    } else if (!plain_) {
      const std::int32_t met = met_.find(hash, bytes, size);
      if (met < 0) unknown_.emplace_back(bytes, size);
      else term = met_terms_[static_cast<std::size_t>(met)];
    }
    if (term != kLeftOut) terms_.push_back(term);
  });
  grams_.each(terms_.data(), terms_.size(), [&](std::int32_t column) { found_.push_back(column); });
  std::sort(found_.begin(), found_.end());
  for (std::size_t i = 0; i < found_.size();) {
    std::size_t next = i + 1;
    while (next < found_.size() && found_[next] == found_[i]) ++next;
    columns_.push_back(found_[i]);
    counts_.push_back(static_cast<std::int32_t>(next - i));
    i = next;
  }
  ends_.push_back(static_cast<std::int32_t>(columns_.size()));
  lengths_.push_back(static_cast<std::int32_t>(terms_.size()));
}

void RowMaker::learn(std::string_view word, std::int32_t term) {
  if (word.empty()) return;
  if (met_.size() >= kMostMet || (met_.size() && met_.ends().back() > kMostMetBytes)) {
    met_ = InternTable();
    met_terms_.clear();
  }
  std::string room;
  const std::int32_t id = met_.intern(word, room);
  if (static_cast<std::size_t>(id) == met_terms_.size()) met_terms_.push_back(term);
}

template <class T>
void RowMaker::weights(const double* idf, T* out) const {
  Weighting weighting = weighting_;
  weighting.idf = idf;
  weighting.n_columns = grams_.n_columns();
  weigh<T>(counts_.data(), out, columns_.data(), ends_.data(), lengths_.data(), lengths_.size(), weighting, 1);
}

template void RowMaker::weights<float>(const double*, float*) const;
template void RowMaker::weights<double>(const double*, double*) const;

}  // namespace textmill
