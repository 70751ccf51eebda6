#include "budget.h"

#include <algorithm>
#include <bit>

#include "destinations.h"
#include "finishable_tokens.h"

namespace structgen {

namespace {

constexpr u64 kFewTexts = 256, kManyTexts = 4096;  // that are looked for at least; the latter where some are excluded

}  // namespace

Budget::Budget(Store& store, Positions& positions, Masks& masks, Completions& completions, const Terminals& terminals,
               Meter& meter)
    : store_(store),
      positions_(positions),
      configurations_(positions.configurations()),
      masks_(masks),
      completions_(completions),
      terminals_(terminals),
      meter_(meter),
      uniqueness_(positions.uniqueness()) {}

Row Budget::row_within(const Position& position, u64 budget) {
  const Row all = masks_.row(position);
  if (!all || position.configuration == kFinished) return all;
  if (!is_enough(position, budget))
    return FinishableTokens(store_, positions_, completions_, meter_, budget).find(position);
  if (!uniqueness_) return all;
  const bool has_doubts =
      uniqueness_->doubtful(position.configuration) || uniqueness_->item_ends(position.configuration);
  const bool may_end_items = position.state.items().inside() || (uniqueness_->effects().has_items() && has_doubts);
  return may_end_items ? drop_unfinishable(position, all, budget) : all;
}

// The budget is enough to finish the text after any token that is allowed, as far as that is plain to see.
bool Budget::is_enough(const Position& position, u64 budget) {
  const Remaining most = max_remaining_tokens(position.configuration);
  if (most.tokens == kNone || budget <= most.tokens) return false;
  if (!uniqueness_) return true;
  const Effects& effects = uniqueness_->effects();
  const ItemScopes& items = position.state.items();
  const u64 with_slack = Completions::Cost{most.tokens, most.records, most.items}.with_slack(1);
  // Items that must differ from others are longer than those that need not.
  const bool roomy = effects.all_items_are_roomy() && (!items.inside() || items.all_roomy());
  if (most.items != 0 && !roomy) return false;
  if (effects.has_items() && roomy && (!completions_.spells_ascii() || budget <= with_slack)) return false;
  // A completion on which nothing is recorded is open whatever was recorded before.
  if (most.records == 0) return true;
  const u32 longest = longest_new_text(position.state.recorded() + store_.trie.longest() + most.records + u64{1});
  // Each text is spelt by itself then, which may part a token from what is before it and after it.
  return completions_.spells_ascii() && longest < kFar && budget > with_slack + most.records * (longest + u64{2});
}

Budget::Remaining Budget::max_remaining_tokens(u32 configuration) {
  if (configuration >= remaining_.size())
    remaining_.resize(std::max<std::size_t>(configuration + 1, remaining_.size() * 2));
  if (remaining_[configuration].tokens == kUnknown) {
    const Remaining found = find_remaining(configuration);
    remaining_[configuration] = found;
  }
  return remaining_[configuration];
}

Budget::Remaining Budget::find_remaining(u32 configuration) {
  Destinations destinations(store_, positions_, meter_);
  destinations.add(configurations_.place(configuration));
  Remaining most{1, 0, 0};
  auto add_bytes = [&](u32 bytes) {
    const bool known = completions_.spells_bytes() && most.tokens != kNone && bytes < kFar;
    most.tokens = known ? most.tokens + bytes : kNone;
  };
  if (destinations.counted_bytes() != 0) add_bytes(destinations.counted_bytes());
  for (const u32 to : destinations.configurations()) {
    if (most.tokens == kNone) break;
    const Completions::Cost cost = completions_.cost(to);
    most.tokens = std::max(most.tokens, cost.tokens);
    most.records = std::max(most.records, cost.records);
    most.items = std::max(most.items, cost.items);
  }
  for (const u32 to : destinations.after_counted()) {
    const Completions::Cost cost = completions_.own_cost(to);
    most.records = std::max(most.records, cost.records + 1);
    most.items = std::max(most.items, cost.items);
  }
  if (destinations.clipped_bytes() != 0) add_bytes(destinations.clipped_bytes());
  return most;
}

// No more bytes are in a new text, if so many texts at most were recorded; kFar if new ones may run out.
u32 Budget::longest_new_text(u64 recorded) {
  const u64 texts = std::max(kFewTexts, std::bit_ceil(2 * recorded));
  if (texts > TextCounts::kMany) return kFar;
  const std::size_t at = static_cast<std::size_t>(std::bit_width(texts));
  if (at >= longest_new_.size()) longest_new_.resize(at + 1, kNone);
  if (longest_new_[at] == kNone) longest_new_[at] = find_longest_new_text(texts);
  return longest_new_[at];
}

u32 Budget::find_longest_new_text(u64 texts) {
  u32 longest = 0;
  for (u32 t = 0; t < terminals_.size() && longest < kFar; ++t) {
    const ExprId e = terminals_.expressions[t];
    if (terminals_.effects[t] != Record || store_.languages.is_empty(e)) continue;
    const ExprId plain = store_.languages.without_exclusions(e);
    const u64 looked_for = plain == e ? texts : std::max(kManyTexts, texts);
    longest = std::max(longest, store_.counts.longest_of(plain, static_cast<u32>(looked_for)));
  }
  return longest;
}

// The budget is enough for all tokens after which no item can equal an earlier one: the others are checked.
Row Budget::drop_unfinishable(const Position& position, const Row& row, u64 budget) {
  std::vector<u32> forbidden, tokens;
  uniqueness_->forbidden().add_equal_items(position, forbidden, tokens);
  auto add = [&](const Uniqueness::Tokens& more) {
    if (more) tokens.insert(tokens.end(), more->begin(), more->end());
  };
  add(uniqueness_->doubtful(position.configuration));
  if (!position.state.items().all_roomy()) add(uniqueness_->item_ends(position.configuration));
  std::erase_if(tokens, [&](u32 token) { return !is_unfinishable(position, token, budget); });
  return Masks::without(row, tokens);
}

bool Budget::is_unfinishable(const Position& position, u32 token, u64 budget) {
  Place p = configurations_.place(position.configuration);
  UniquenessState state = position.state;
  if (!positions_.read(p, state, store_.trie.bytes(token)) || !positions_.is_alive(p, state)) return false;
  return tokens_bound(p, state) >= budget && !completions_.finishes_within(p, state, budget);
}

// An upper bound of the tokens that finish the text, which is quickly found; kFar if none is.
u64 Budget::tokens_bound(const Place& p, const UniquenessState& state) {
  if (!completions_.spells_ascii()) return kFar;
  const ItemScopes& items = state.items();
  if (items.pending() && !items.others_exist()) {
    const DistinctItems::Exit exit = uniqueness_->items().exit(p, state);
    const Completions::Cost cost = completions_.cost(exit.configuration);
    const bool known = cost.records == 0 && (cost.items == 0 || uniqueness_->effects().all_items_are_roomy());
    return known ? std::min<u64>(kFar, exit.bytes + cost.with_slack(0)) : kFar;
  }
  const Completions::Cost cost = completions_.cost(configurations_.intern(p));
  // An item may have to come, and the one that is being read may have to be another.
  const bool known = cost.records == 0 && (!items.inside() || items.all_roomy());
  return known ? cost.with_slack(1) : kFar;
}

}  // namespace structgen
