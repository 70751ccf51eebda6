// Completions: how a text can be finished, and what must come in any case. (Which tokens leave enough of a budget:
// budget.h.)
//
// A completion is a witness (witness.h) that is read back through lexer and parser. That nearly always works, and then
// the text is a shortest one, since nothing is below the bound of the parser. Where the longest match gets in the way
// (`a` and `ab` both terminals), a search over configurations decides. Where items must differ, a completion leaves the
// items that may be equal to earlier ones first (distinct_items.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "masks.h"
#include "witness.h"

namespace structgen {

struct Completion {
  std::string text;         // bytes that finish the text
  std::vector<u32> tokens;  // the fewest tokens that spell them; the end-of-text token not included
};

class Completions {
 public:
  Completions(Store& store, Positions& positions, Masks& masks, const Terminals& terminals, Meter& meter);
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;

  std::optional<Completion> find(const Position& position);
  std::optional<Completion> find(const Place& p, const UniquenessState& state, RecordedTexts* recorded = nullptr);
  // An upper bound of the tokens that finish the text, the end-of-text token included; kNone if none is known.
  u32 tokens(const Position& position);
  // What finishing costs in a configuration where nothing is recorded.
  struct Cost {
    u32 tokens;   // at most, the end-of-text token included; kNone if none is known
    u32 records;  // texts that are recorded then
    u32 items;    // that come after others from which they must differ
    // Tokens if these items, and some more, are not the shortest ones (ItemScopes::kSlack).
    u64 with_slack(u64 more_items) const { return tokens + (items + more_items) * (ItemScopes::kSlack + 2); }
  };
  // The terminal that is being read is finished by itself: what comes after it is the same for many tokens.
  Cost cost(u32 configuration);
  Cost own_cost(u32 configuration);  // by the completion of the configuration itself
  // Fewer tokens than the budget finish the text, the end-of-text token included.
  bool finishes_within(const Place& p, const UniquenessState& state, u64 budget) {
    const auto found = find(p, state);
    return found && found->tokens.size() + 1 < budget;
  }

  // Bytes that must come, `most` at most; the same as tokens, the longest first.
  std::string forced_bytes(const Position& position, std::size_t most);
  std::vector<u32> forced_tokens(const Position& position, std::size_t most_bytes);

  bool spells_bytes() const { return spells_bytes_; }  // every byte of UTF-8 is a token
  bool spells_ascii() const { return spells_ascii_; }  // every printed one of ASCII

 private:
  struct Known {  // of a configuration with a blank state
    u32 tokens = kUnknown;
    u32 first = kNone;  // byte of the completion; kNone: it is empty
    u32 records = 0, items = 0;
  };
  static constexpr u32 kUnknown = kNone - 1;
  Known& known(u32 configuration);
  std::optional<std::string> shortest_text(const Place& from, const UniquenessState& state, RecordedTexts* recorded);
  std::optional<std::string> text_with_distinct_items(const Place& from, const UniquenessState& state);
  std::optional<std::string> search_text(const Place& from, const UniquenessState& state);
  std::optional<std::vector<u32>> search_tokens(const Position& from);
  std::optional<u8> only_byte(Place& p, UniquenessState& state);

  Store& store_;
  Positions& positions_;
  Configurations& configurations_;
  Places& places_;
  Masks& masks_;
  const Terminals& terminals_;
  Meter& meter_;
  bool spells_bytes_ = true, spells_ascii_ = true;
  std::vector<Known> known_;  // by configuration
};

}  // namespace structgen
