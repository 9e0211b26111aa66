#include "core/sentence_words.hpp"

#include <algorithm>
#include <iterator>

namespace textmill {
namespace {

struct Known {
  std::string_view word;
  Abbreviation kind;
};

using enum Abbreviation;

// English first; then what German, French, Spanish, Portuguese, Italian and Dutch write often. In the order of bytes.
constexpr Known kAbbreviations[] = {
    {"abbr", leads}, {"abs", leads}, {"adm", leads}, {"ala", may_end}, {"alt", leads}, {"approx", leads}, {"apr", may_end}, {"apt", may_end},
    {"ariz", may_end}, {"ark", may_end}, {"art", counts}, {"assn", may_end}, {"asst", leads}, {"attn", leads}, {"atty", leads}, {"aug", may_end},
    {"av", leads}, {"ave", may_end}, {"avg", may_end}, {"avv", leads}, {"bc", may_end}, {"bd", leads}, {"bldg", may_end}, {"blvd", may_end},
    {"bros", may_end}, {"bspw", leads}, {"bzw", leads}, {"ca", leads}, {"calif", may_end}, {"capt", leads}, {"cf", leads}, {"ch", leads},
    {"chap", leads}, {"cie", may_end}, {"cm", may_end}, {"cmdr", leads}, {"co", may_end}, {"col", leads}, {"colo", may_end}, {"conn", may_end},
    {"corp", may_end}, {"cos", may_end}, {"cpl", leads}, {"cpt", leads}, {"dec", may_end}, {"del", may_end}, {"dept", leads}, {"depts", leads},
    {"dir", leads}, {"dist", may_end}, {"div", may_end}, {"dott", leads}, {"dr", leads}, {"dra", leads}, {"drs", leads}, {"ds", leads},
    {"ed", counts}, {"eds", leads}, {"eg", leads}, {"env", leads}, {"eq", leads}, {"eqs", leads}, {"esp", leads}, {"esq", may_end},
    {"est", leads}, {"etc", ends}, {"eu", may_end}, {"evtl", leads}, {"ex", leads}, {"ext", leads}, {"feb", may_end}, {"fig", leads},
    {"figs", leads}, {"fla", may_end}, {"fr", leads}, {"fri", may_end}, {"ft", counts}, {"ga", may_end}, {"gen", leads}, {"ggf", leads},
    {"gov", leads}, {"govs", leads}, {"govt", may_end}, {"hon", leads}, {"hr", may_end}, {"hrs", may_end}, {"hrsg", leads}, {"hwy", leads},
    {"ie", leads}, {"ill", may_end}, {"inc", may_end}, {"incl", leads}, {"ind", may_end}, {"ing", leads}, {"inkl", leads}, {"intl", may_end},
    {"jan", may_end}, {"jg", leads}, {"jh", leads}, {"jr", may_end}, {"jul", may_end}, {"jun", may_end}, {"kan", may_end}, {"kans", may_end},
    {"kg", may_end}, {"km", may_end}, {"ky", may_end}, {"la", may_end}, {"lb", may_end}, {"lbs", may_end}, {"llc", may_end}, {"ln", may_end},
    {"lt", leads}, {"ltd", may_end}, {"maj", leads}, {"mar", may_end}, {"mass", may_end}, {"max", may_end}, {"md", may_end}, {"messrs", leads},
    {"mfg", may_end}, {"mg", may_end}, {"mgmt", may_end}, {"mgr", leads}, {"mich", may_end}, {"min", may_end}, {"minn", may_end}, {"mins", may_end},
    {"misc", may_end}, {"miss", may_end}, {"mlle", leads}, {"mm", may_end}, {"mme", leads}, {"mo", may_end}, {"mon", may_end}, {"mont", may_end},
    {"mr", leads}, {"mrs", leads}, {"ms", leads}, {"mt", leads}, {"mx", leads}, {"nat", leads}, {"natl", may_end}, {"nb", leads},
    {"neb", may_end}, {"nebr", may_end}, {"nev", may_end}, {"no", counts}, {"nos", leads}, {"nov", may_end}, {"nr", leads}, {"num", leads},
    {"oct", may_end}, {"okla", may_end}, {"op", leads}, {"ore", may_end}, {"oz", may_end}, {"pa", may_end}, {"pag", leads}, {"par", leads},
    {"penn", may_end}, {"pf", leads}, {"ph", may_end}, {"pl", may_end}, {"plc", may_end}, {"pm", may_end}, {"pp", leads}, {"pres", leads},
    {"prof", leads}, {"profs", leads}, {"pt", counts}, {"pts", leads}, {"pvt", leads}, {"rd", may_end}, {"rep", leads}, {"reps", leads},
    {"resp", leads}, {"rev", leads}, {"rm", leads}, {"sa", may_end}, {"sat", may_end}, {"sec", leads}, {"secs", leads}, {"sen", leads},
    {"sens", leads}, {"sep", may_end}, {"sept", may_end}, {"sgt", leads}, {"sig", leads}, {"sog", leads}, {"sq", may_end}, {"sr", may_end},
    {"sra", leads}, {"srta", leads}, {"st", counts}, {"std", may_end}, {"ste", leads}, {"str", may_end}, {"sun", may_end}, {"supt", leads},
    {"tab", leads}, {"tel", leads}, {"temp", may_end}, {"tenn", may_end}, {"tex", may_end}, {"thu", may_end}, {"thur", may_end}, {"thurs", may_end},
    {"trans", leads}, {"tue", may_end}, {"tues", may_end}, {"ud", leads}, {"uds", leads}, {"uk", may_end}, {"univ", leads}, 
    {"usw", ends}, {"uva", leads}, {"va", may_end}, {"vd", leads}, {"vds", leads}, {"vgl", leads}, {"viz", leads}, {"vol", leads},
    {"vols", leads}, {"vs", leads}, {"vt", may_end}, {"wash", may_end}, {"wed", may_end}, {"wis", may_end}, {"wisc", may_end}, {"wyo", may_end},
    {"yr", may_end}, {"yrs", may_end}, {"zb", leads}, {"zzgl", leads},
};

constexpr std::string_view kStarters[] = {
    "a", "according", "after", "all", "also", "although", "among", "an", "and", "another", "any", "are", "as", "at", "because", "before", "both",
    "but", "by", "can", "could", "despite", "did", "do", "does", "during", "each", "even", "for", "from", "had", "has", "have", "he", "her", "here",
    "his", "how", "however", "i", "if", "in", "instead", "is", "it", "its", "just", "let", "many", "maybe", "meanwhile", "moreover", "most", "my",
    "no", "nor", "not", "now", "of", "on", "once", "one", "only", "or", "other", "our", "over", "perhaps", "please", "several", "she", "should",
    "since", "so", "some", "still", "such", "thank", "thanks", "that", "the", "their", "then", "there", "these", "they", "this", "those", "though",
    "thus", "to", "today", "two", "under", "was", "we", "well", "were", "what", "when", "where", "which", "while", "who", "why", "will", "with",
    "would", "yes", "yet", "you", "your",
};

constexpr std::string_view kShortWords[] = {
    "all", "am", "any", "are", "as", "ask", "at", "bad", "be", "big", "buy", "by", "can", "car", "cat", "day", "did", "die", "do", "dog", "eat",
    "end", "far", "few", "for", "fun", "get", "go", "had", "has", "he", "her", "him", "his", "hot", "how", "if", "in", "is", "it", "its", "job",
    "lol", "lot", "man", "me", "men", "my", "new", "not", "now", "off", "old", "on", "one", "our", "out", "own", "pay", "put", "run", "sad", "say",
    "see", "set", "she", "so", "son", "tax", "the", "too", "try", "two", "up", "us", "use", "war", "was", "way", "we", "who", "why", "win", "yes",
    "yet", "you",
};

static_assert(std::is_sorted(std::begin(kAbbreviations), std::end(kAbbreviations), [](const Known& a, const Known& b) { return a.word < b.word; }));
static_assert(std::is_sorted(std::begin(kStarters), std::end(kStarters)));
static_assert(std::is_sorted(std::begin(kShortWords), std::end(kShortWords)));

}  // namespace

Abbreviation abbreviation(std::string_view word) {
  const auto* end = std::end(kAbbreviations);
  const auto* found = std::lower_bound(std::begin(kAbbreviations), end, word, [](const Known& known, std::string_view w) { return known.word < w; });
  return found != end && found->word == word ? found->kind : none;
}

bool is_starter(std::string_view word) { return std::binary_search(std::begin(kStarters), std::end(kStarters), word); }
bool is_short_word(std::string_view word) { return std::binary_search(std::begin(kShortWords), std::end(kShortWords), word); }

}  // namespace textmill
