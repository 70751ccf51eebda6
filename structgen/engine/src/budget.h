// Budgets: the tokens after which so many more tokens can finish the text.
//
// Far from the end all tokens are. Each configuration stores the budget above which that is certain: the most tokens
// that remain after any token allowed there (max_remaining_tokens), found from the ends of its walks, without a walk
// along the vocabulary. Below it, tokens are checked one by one (finishable_tokens.h).
//
// Texts that must be unique make completions longer than they are without. A completion on which nothing is recorded is
// open whatever was recorded. Otherwise there must be room for the longest texts that may have to be recorded instead;
// if these could run out, so that other completions are needed, each token is checked.
#pragma once

#include <vector>

#include "completions.h"

namespace structgen {

class Budget {
 public:
  Budget(Store& store, Positions& positions, Masks& masks, Completions& completions, const Terminals& terminals,
         Meter& meter);
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // The tokens of the row after which `budget - 1` more tokens, the end-of-text token included, can finish the text.
  // Null if there are none.
  Row row_within(const Position& position, u64 budget);

 private:
  struct Remaining {
    u32 tokens = kUnknown;       // at most, the end-of-text token included; kNone if no bound is known
    u32 records = 0, items = 0;  // on these completions, as in Completions::Cost
  };
  static constexpr u32 kUnknown = kNone - 1;
  Remaining max_remaining_tokens(u32 configuration);
  Remaining find_remaining(u32 configuration);
  u32 longest_new_text(u64 recorded);
  u32 find_longest_new_text(u64 texts);
  bool is_enough(const Position& position, u64 budget);
  Row drop_unfinishable(const Position& position, const Row& row, u64 budget);
  bool is_unfinishable(const Position& position, u32 token, u64 budget);
  u64 tokens_bound(const Place& p, const UniquenessState& state);

  Store& store_;
  Positions& positions_;
  Configurations& configurations_;
  Masks& masks_;
  Completions& completions_;
  const Terminals& terminals_;
  Meter& meter_;
  Uniqueness* const uniqueness_;
  std::vector<Remaining> remaining_;  // by configuration
  std::vector<u32> longest_new_;      // longest_new_text(), by the width of the number of texts
};

}  // namespace structgen
