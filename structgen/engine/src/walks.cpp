#include "walks.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr u32 kUnknown = kNone - 1;
constexpr u32 kFarAway = 32;  // bytes that few tokens have

}  // namespace

Walks::Walks(const Trie& trie, Languages& languages, Lexer& lexer)
    : trie_(trie),
      languages_(languages),
      lexer_(lexer),
      comparison_(trie, lexer),
      counters_(trie, languages, lexer),
      residuals_(trie),
      subtrees_(trie) {
  Expressions& expressions = languages.expressions();
  const ExprId text = expressions.repeat(expressions.charset({{0, 0x10FFFF}}), 0, kUnbounded);
  for (const ExprId universal : {expressions.concat(text, expressions.literal("\xF5")), text})
    universal_.push_back(lexer_.normal(lexer_.state({universal}), trie_.longest()));
  for (const u32 universal : universal_) walk(0, universal);
}

Walks::View Walks::walk(u32 node, u32 state) {
  if (const auto counter = counters_.find(state)) {
    const u32 at = counted_walk(node, *counter);
    if (at < kUnknown) return {walks_[at].get(), counter->min, counter->max};
  }
  return {walks_[plain_walk(node, state)].get(), 0, kNone};
}

u32 Walks::plain_walk(u32 node, u32 state) {
  const u64 key = pair_key(node, state);
  u32 at = plain_memo_.find(key);
  if (at == kNone) {
    auto made = make(node, state);
    at = size();
    walks_.push_back(std::move(made));
    plain_memo_.put(key, at);
  }
  return at;
}

u32 Walks::counted_walk(u32 node, const Counter& counter) {
  const u32 key[] = {node, counter.prefix, counter.x, counter.rest};
  bool added = false;
  const u32 at = counted_keys_.intern(key, 4, &added);
  if (added) counted_walks_.push_back(kUnknown);
  if (counted_walks_[at] != kUnknown || (counter.min == counter.max && counters_.is_quick(counter)))
    return counted_walks_[at];
  auto made = make_counted(node, counter);
  counted_walks_[at] = made ? size() : kNone;
  if (made) walks_.push_back(std::move(made));
  return counted_walks_[at];
}

std::unique_ptr<Walk> Walks::make(u32 node, u32 state) {
  const Lexer::Unbounded found = lexer_.unbounded(state);
  const bool bounded = found.state != state && found.reach > 0;
  const Neighbour unbounded{bounded ? found.state : kDead, found.reach, false, {}};
  // Bounds that hardly any token can reach come first: fewer tokens exceed them.
  const bool is_far = unbounded.reach >= kFarAway;
  std::unique_ptr<Walk> made;
  if (is_far) made = make_in_lockstep(node, state, unbounded);
  if (!made) made = make_in_lockstep(node, state, {lexer_.without_exclusions(state), 0, false, {}});
  if (!made && !is_far) made = make_in_lockstep(node, state, unbounded);
  if (!made && node == 0 && !lexer_.guarded(state))
    made = make_in_lockstep(node, state, {comparison_.nearest(state, universal_), 0, true, {}});
  return made ? std::move(made) : search(node, state, {});
}

// Nothing if there is no such neighbour, or it differs in too much.
std::unique_ptr<Walk> Walks::make_in_lockstep(u32 node, u32 state, Neighbour neighbour) {
  if (neighbour.state == kDead) return nullptr;
  neighbour.walk = walk(node, lexer_.normal(neighbour.state, trie_.longest()));
  return search(node, state, neighbour);
}

std::unique_ptr<Walk> Walks::search(u32 node, u32 state, const Neighbour& neighbour) {
  return add_exits(WalkSearch(trie_, lexer_, comparison_, subtrees_, *this).run(node, state, neighbour, meter_));
}

std::unique_ptr<Walk> Walks::add_exits(FoundWalk found) {
  if (!found.walk) return nullptr;
  visited_ += found.steps;
  const std::vector<Exit> exits = residuals_.add(std::move(found.leaving), meter_);
  found.walk->exits.insert(found.walk->exits.end(), exits.begin(), exits.end());
  bytes_ += found.walk->bytes();
  return std::move(found.walk);
}

std::unique_ptr<Walk> Walks::make_counted(u32 node, const Counter& counter) {
  TextTokens texts;
  if (node == 0 && counter.prefix == kEpsilon) {
    texts.state = universal_[0];
    const TokenSet& tokens = walks_[plain_walk(0, texts.state)]->interior;
    if (tokens.dense()) texts.tokens = &tokens;
  }
  return add_exits(walk_counted(trie_, counters_, languages_, lexer_, node, counter, texts, meter_));
}

const TokenSet& Walks::interior(const View& view) {
  Walk& walk = *view.walk;
  if (!walk.counted) return walk.interior;
  const u32 most = static_cast<u32>(walk.starts.size()) - 2;  // starts has one entry more than there are counts
  const u32 count = std::min(view.max, most);
  if (!walk.up_to[count]) {
    walk.up_to[count] = interior_up_to(walk, count);
    bytes_ += walk.up_to[count]->bytes();
  }
  return *walk.up_to[count];
}

// From the nearest set that is there: the tokens between the two are added or removed.
std::unique_ptr<TokenSet> Walks::interior_up_to(const Walk& walk, u32 count) {
  const u32 most = static_cast<u32>(walk.starts.size()) - 2;
  u32 lower = count, upper = count;
  while (lower > 0 && !walk.up_to[lower]) --lower;
  while (!walk.up_to[upper] && upper < most) ++upper;  // that of all counts is always there
  const TokenSet* below = walk.up_to[lower].get();
  const u32 here = walk.starts[count + 1];
  const u32 to_add = below ? here - walk.starts[lower + 1] : here;
  const u32 to_remove = walk.starts[upper + 1] - here;
  if (meter_) meter_->spend(std::min(to_add, to_remove));
  if (to_remove < to_add) {
    auto made = std::make_unique<TokenSet>(*walk.up_to[upper]);
    for (u32 i = here; i < here + to_remove; ++i) made->remove(walk.by_count[i]);
    return made;
  }
  auto made = below ? std::make_unique<TokenSet>(*below) : std::make_unique<TokenSet>(trie_.words());
  for (u32 i = here - to_add; i < here; ++i) made->add(walk.by_count[i]);
  return made;
}

}  // namespace structgen
