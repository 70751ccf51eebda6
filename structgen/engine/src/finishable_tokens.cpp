#include "finishable_tokens.h"

#include <algorithm>
#include <string>
#include <utility>

namespace structgen {

namespace {

constexpr u32 kMostJudged = 1000;  // completions of single tokens, for a mask

}  // namespace

FinishableTokens::FinishableTokens(Store& store, Positions& positions, Completions& completions, Meter& meter,
                                   u64 budget)
    : trie_(store.trie),
      positions_(positions),
      configurations_(positions.configurations()),
      places_(positions.places()),
      completions_(completions),
      meter_(meter),
      uniqueness_(positions.uniqueness()),
      budget_(budget),
      kept_(store.trie.words()) {}

Row FinishableTokens::find(const Position& position) {
  states_.push_back(position.state);
  stack_.push_back({configurations_.place(position.configuration), 0, trie_.end(0), 0});
  for (u32 node = 1; node < trie_.end(0);) {
    while (node >= stack_.back().end) stack_.pop_back();
    node = enter(node) ? node + 1 : trie_.end(node);
  }
  meter_.spend(trie_.nodes());
  // Not all tokens were judged: the completion that is known stays open.
  if (judged_ > kMostJudged)
    if (const auto out = completions_.find(position); out && !out->tokens.empty() && out->tokens.size() < budget_)
      kept_.add(out->tokens[0]);
  if (budget_ >= 1 && positions_.can_stop(position))
    for (u32 t : configurations_.end_tokens()) kept_.add(t);
  if (kept_.empty()) return nullptr;
  return std::make_shared<const TokenSet>(std::move(kept_));
}

// Keeps the tokens that end at a node. False if its byte cannot come.
bool FinishableTokens::enter(u32 node) {
  const Frame top = stack_.back();
  states_.resize(top.state + 1);
  Frame next{top.place, top.state, trie_.end(node), trie_.depth(node)};
  if (!read(node, top, next)) return false;
  const u32 first = trie_.first_token(node), last = trie_.first_token(node + 1);
  if (first != last && fits(next, node))
    for (u32 i = first; i < last; ++i) kept_.add(trie_.order()[i]);
  stack_.push_back(next);
  return true;
}

// Reads the byte of a node into `next`, which has the place and the state of `top`.
bool FinishableTokens::read(u32 node, const Frame& top, Frame& next) {
  bool ends = false;
  if (!places_.read(next.place, trie_.byte(node), [&](u32, u32, bool) { ends = true; })) return false;
  if (!uniqueness_) return true;
  const bool in_items = states_.back().items().inside();
  if (!ends && !in_items && states_.back().differs()) {
    next.written = top.written;
    return true;
  }
  if (!ends && !in_items && (next.place.fresh || !uniqueness_->effects().is_recording(next.place))) return true;
  UniquenessState state = states_.back();
  if (state.writing() && top.written + 1 < next.written) state.write(bytes_on_way(node, top.written, next.written - 1));
  next.place = top.place;
  if (!positions_.read_alive(next.place, state, trie_.byte(node))) return false;
  states_.push_back(std::move(state));
  next.state = top.state + 1;
  return true;
}

// Bytes on the way to a node. (Not kept with every node, as they lie far apart.)
std::string_view FinishableTokens::bytes_on_way(u32 node, u32 from, u32 to) const {
  return trie_.bytes(trie_.order()[trie_.first_token(node)]).substr(from, to - from);
}

bool FinishableTokens::fits(const Frame& at, u32 node) {
  if (uniqueness_) return fits_with_state(at, node);
  const u32 needed = completions_.own_cost(configurations_.intern(at.place)).tokens;
  return needed != kNone && needed < budget_;
}

bool FinishableTokens::fits_with_state(const Frame& at, u32 node) {
  const UniquenessState& state = states_.back();
  const bool in_items = state.items().inside();
  const bool shared = (!state.writing() || state.differs()) && !(in_items && state.items().pending());
  const Place& p = at.place;
  const Key key{p.parse, p.fresh ? kNone : p.lexer, state.scopes(), state.items().values()};
  if (const auto known = shared ? verdicts_.find(key) : verdicts_.end(); known != verdicts_.end())
    if (const auto found = fits_as(known->second, at, node)) return *found;
  if (in_items && shared && has_slack(state)) {
    const Completions::Cost cost = completions_.cost(configurations_.intern(p));
    if (cost.records == 0 && cost.with_slack(1) < budget_) return true;
  }
  // Near the end of a budget some tokens are left out rather than all judged.
  if (in_items && judged_++ >= kMostJudged) return false;
  return judge(at, node, shared ? &key : nullptr);
}

// What was found for the same place and the same recorded texts, if it holds here.
std::optional<bool> FinishableTokens::fits_as(const Verdict& verdict, const Frame& at, u32 node) {
  const UniquenessState& state = states_.back();
  const RecordedTexts& recorded = verdict.recorded;
  // The item that is being read may be one of those after it: that one is another then, and somewhat longer.
  if (recorded.items != 0 && verdict.fits)
    return verdict.needed + ItemScopes::kSlack + 2 < budget_ ||
           (judged_++ < kMostJudged && completions_.finishes_within(at.place, state, budget_));
  if (!state.writing() || recorded.later.empty()) return verdict.fits;
  const u32 depth = trie_.depth(node);
  const std::size_t rest = recorded.own.size() - verdict.begun;
  if (state.length() + (depth - at.written) + rest > recorded.longest) return verdict.fits;
  std::string own = state.written();
  own.append(bytes_on_way(node, at.written, depth)).append(recorded.own, verdict.begun);
  if (std::find(recorded.later.begin(), recorded.later.end(), own) == recorded.later.end()) return verdict.fits;
  return std::nullopt;
}

// Finds a completion, and keeps the verdict under `shared`, if it holds for other texts too.
bool FinishableTokens::judge(const Frame& at, u32 node, const Key* shared) {
  UniquenessState whole = states_.back();
  if (at.written < trie_.depth(node)) whole.write(bytes_on_way(node, at.written, trie_.depth(node)));
  RecordedTexts recorded;
  const auto found = completions_.find(at.place, whole, &recorded);
  const u32 needed = found ? static_cast<u32>(found->tokens.size()) + 1 : kNone;
  const bool fits = needed != kNone && needed < budget_;
  const UniquenessState& state = states_.back();
  const bool items_allow = !state.items().inside() || recorded.items == 0 || has_slack(state);
  // What is longer than all that comes after it takes none of these away.
  const bool texts_allow = !state.writing() || recorded.own.size() > recorded.longest;
  if (shared != nullptr && items_allow && texts_allow)
    verdicts_.try_emplace(*shared, Verdict{fits, needed, std::move(recorded), whole.length()});
  return fits;
}

// In all arrays that the state is in, and in others, another item exists that is somewhat longer.
bool FinishableTokens::has_slack(const UniquenessState& state) const {
  return uniqueness_->effects().all_items_are_roomy() && state.items().all_roomy() && completions_.spells_ascii();
}

}  // namespace structgen
