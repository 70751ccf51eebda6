#include "witness.h"

#include <algorithm>
#include <utility>

namespace structgen {

namespace {

constexpr u32 kMostDetours = 256;  // terminals that bring the end no nearer

}  // namespace

Witness::Witness(Store& store, Positions& positions, const Terminals& terminals, Meter& meter, const Place& from,
                 const UniquenessState& state)
    : store_(store),
      places_(positions.places()),
      parser_(places_.parser()),
      effects_(positions.uniqueness() ? &positions.uniqueness()->effects() : nullptr),
      terminals_(terminals),
      meter_(meter),
      place_(places_.nearest(from)),
      state_(state) {}

std::optional<std::string> Witness::find() {
  while (!(place_.fresh && parser_.accepts(place_.parse)))
    if (!step()) return std::nullopt;
  return std::move(text_);
}

// Reads one terminal.
bool Witness::step() {
  for (const Way& way : ways()) {
    if (way.total >= kFar) break;
    const auto found = word(way);
    if (!found) continue;
    // If a text that must come was recorded already, others may come for ever.
    if (parser_.shortest(way.parse) >= parser_.shortest(place_.parse) && ++detours_ > kMostDetours) return false;
    text_ += *found;
    meter_.spend(found->size() + 1);
    if (effects_) record(way, *found);
    place_ = {way.parse, kDead, true};
    return true;
  }
  return false;
}

// The terminals that may be read, those on the shortest ways first.
std::vector<Witness::Way> Witness::ways() {
  const u32 lexer = places_.lexer_state(place_);
  std::vector<Way> found;
  for (u32 i = 0; i < store_.lexer.members(lexer); ++i) {
    const ExprId rest = store_.lexer.rest(lexer, i);
    const u32 length =
        place_.fresh ? shortest_terminal_length(store_.languages, rest) : store_.languages.shortest_length(rest);
    const u32 terminal = places_.terminal(place_, lexer, i);
    const u32 parse = parser_.next(place_.parse, {terminal});
    found.push_back({add_lengths(length, parser_.shortest(parse)), terminal, parse, rest});
  }
  std::stable_sort(found.begin(), found.end(), [](const Way& a, const Way& b) { return a.total < b.total; });
  return found;
}

// The shortest text of the terminal that may be read.
std::optional<std::string> Witness::word(const Way& way) {
  const bool records = effects_ && (effects_->of(way.terminal) & Record);
  if (!records && !(place_.fresh && store_.expressions.nullable(way.rest))) return store_.languages.shortest(way.rest);
  if (!place_.fresh || !records)
    return NewTexts(store_.languages, meter_, way.rest, place_.fresh ? "" : state_.written())
        .next(records ? state_.seen() : nullptr);
  auto& texts = new_texts_.try_emplace(way.rest, store_.languages, meter_, way.rest, "").first->second;
  return texts.next(state_.seen());
}

void Witness::record(const Way& way, const std::string& word) {
  if (effects_->is_recording(place_)) state_.write(word);
  const u8 effect = effects_->of(way.terminal);
  if (effect == Item) ++recorded_.items;
  if (effect & Record) {
    ++recorded_.count;
    if (!place_.fresh) {
      recorded_.own = state_.written();
    } else if (depth_ == 0 && !outside_) {
      recorded_.later.push_back(word);
      recorded_.longest = std::max(recorded_.longest, word.size());
    }
    state_.record();
  } else {
    state_.drop();
  }
  if (effect & Open) state_.open(), ++depth_, new_texts_.clear();
  if (effect & Close) state_.close(), outside_ |= --depth_ < 0, new_texts_.clear();
}

}  // namespace structgen
