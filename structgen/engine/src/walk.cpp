#include "walk.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr u32 kAsked = 8;           // pairs of states of which a walk asks where they are in step
constexpr u32 kFarAway = 32;        // bytes that few tokens have
constexpr u32 kDiffering = 40'000;  // trie nodes that a walk in lockstep may differ in

}  // namespace

Walks::Walks(const Trie& trie, Expressions& expressions, Lexer& lexer)
    : trie_(trie), expressions_(expressions), lexer_(lexer) {
  const ExprId text = expressions_.repeat(expressions_.charset({{0, 0x10FFFF}}), 0, kUnbounded);
  for (const ExprId landmark : {expressions_.concat(text, expressions_.literal("\xF5")), text})
    landmarks_.push_back(lexer_.normal(lexer_.state({landmark}), trie_.longest()));
  for (const u32 landmark : landmarks_) walk(0, landmark);
}

u32 Walks::accepting_members(u32 state) {
  if (state >= accepting_.size()) accepting_.resize(lexer_.size(), kNone);
  if (accepting_[state] != kNone) return accepting_[state];
  std::vector<u32> found;
  for (u32 i = 0; i < lexer_.members(state); ++i)
    if (expressions_.nullable(lexer_.rest(state, i))) found.push_back(lexer_.index(state, i));
  return accepting_[state] = accept_sets_.intern(found);
}

Walks::View Walks::walk(u32 node, u32 state) {
  if (const auto counter = find_counter(state)) {
    const u32 key[] = {node, counter->prefix, counter->x, counter->rest};
    bool added = false;
    const u32 at = counted_keys_.intern(key, 4, &added);
    if (added) counted_walks_.push_back(kNone - 1);
    if (counted_walks_[at] == kNone - 1 && (counter->min != counter->max || !is_quick(*counter))) {
      auto made = counted(node, *counter);
      counted_walks_[at] = made ? size() : kNone;
      if (made) walks_.push_back(std::move(made));
    }
    if (counted_walks_[at] < kNone - 1) return {walks_[counted_walks_[at]].get(), counter->min, counter->max};
  }
  return {walks_[plain_walk(node, state)].get(), 0, kNone};
}

u32 Walks::plain_walk(u32 node, u32 state) {
  const u64 key = pair_key(node, state);
  u32 at = plain_memo_.find(key);
  if (at == kNone) {
    auto made = plain(node, state);
    at = size();
    walks_.push_back(std::move(made));
    plain_memo_.put(key, at);
  }
  return at;
}

const TokenSet& Walks::interior(const View& view) {
  Walk& walk = *view.walk;
  if (!walk.counted) return walk.interior;
  const u32 most = static_cast<u32>(walk.starts.size()) - 2;  // starts has one entry behind the last count
  const u32 cap = std::min(view.max, most);
  auto& made = walk.up_to[cap];
  if (!made) {
    // From the nearest that is there: tokens in between are added or removed.
    u32 lower = cap, upper = cap;
    while (lower > 0 && !walk.up_to[lower]) --lower;
    while (upper < most && !walk.up_to[upper]) ++upper;
    const u32 here = walk.starts[cap + 1];
    const u32 to_add = walk.up_to[lower] ? here - walk.starts[lower + 1] : here;
    const u32 to_remove = walk.up_to[upper] ? walk.starts[upper + 1] - here : kNone;
    if (to_remove < to_add) {
      made = std::make_unique<TokenSet>(*walk.up_to[upper]);
      for (u32 i = here; i < here + to_remove; ++i) made->remove(walk.by_count[i]);
    } else {
      made = walk.up_to[lower] ? std::make_unique<TokenSet>(*walk.up_to[lower])
                               : std::make_unique<TokenSet>(trie_.words());
      for (u32 i = here - to_add; i < here; ++i) made->add(walk.by_count[i]);
    }
    bytes_ += made->bytes();
    if (meter_) meter_->spend(std::min(to_add, to_remove));
  }
  return *made;
}

// The tokens of a large subtree as bits, kept: so that taking them out of a mask is one pass.
const std::vector<u32>& Walks::subtree_bits(u32 node) {
  u32 at = subtree_memo_.find(node);
  if (at == kNone) {
    std::vector<u32> words(trie_.words(), 0);
    const u32 last = trie_.first_token(trie_.end(node));
    for (u32 i = trie_.first_token(node); i < last; ++i) words[trie_.order()[i] >> 5] |= 1u << (trie_.order()[i] & 31);
    bytes_ += words.size() * 4;
    at = static_cast<u32>(subtree_bits_.size());
    subtree_bits_.push_back(std::make_unique<std::vector<u32>>(std::move(words)));
    subtree_memo_.put(node, at);
  }
  return *subtree_bits_[at];
}

void Walks::remove_subtrees(TokenSet& set, const std::vector<u32>& nodes) {
  if (nodes.empty()) return;
  if (!set.dense()) {
    const auto behind = [this](u32 rank, u32 node) { return rank < trie_.first_token(node); };
    set.keep_if([&](u32 token) {
      const u32 rank = trie_.rank(token);
      const auto next = std::upper_bound(nodes.begin(), nodes.end(), rank, behind);
      return next == nodes.begin() || rank >= trie_.first_token(trie_.end(next[-1]));
    });
    return;
  }
  for (u32 node : nodes) {
    const u32 first = trie_.first_token(node), last = trie_.first_token(trie_.end(node));
    if (last - first > 1024)
      set.remove(subtree_bits(node));
    else
      for (u32 i = first; i < last; ++i) set.remove(trie_.order()[i]);
  }
}

void Walks::add_without(TokenSet& out, const TokenSet& from, u32 node, const std::vector<u32>& children) {
  if (children.empty()) return out.add(from);
  if (from.dense()) {
    u32 forbidden = 0;
    for (u32 child : children) forbidden += trie_.subtree_tokens(child);
    if (trie_.subtree_tokens(node) / 2 > forbidden) {
      TokenSet left = from;
      remove_subtrees(left, children);
      return out.add(left);
    }
    // Few are left: these are looked at instead.
    auto next = children.begin();
    for (u32 child = node + 1; child < trie_.end(node); child = trie_.end(child)) {
      if (next != children.end() && *next == child) {
        ++next;
        continue;
      }
      const u32 last = trie_.first_token(trie_.end(child));
      for (u32 i = trie_.first_token(child); i < last; ++i)
        if (from.has(trie_.order()[i])) out.add(trie_.order()[i]);
    }
    return;
  }
  TokenSet left = from;
  remove_subtrees(left, children);
  out.add(left);
}

std::vector<u32> Walks::forbidden(u32 node, const u32* row, u32 state) {
  std::vector<u32> found;
  for (u32 child = node + 1; child < trie_.end(node); child = trie_.end(child)) {
    u32 to = row[trie_.byte(child)];
    if (to == kNone) to = lexer_.compute_next(state, trie_.byte(child));
    if (to != kDead) found.push_back(child);
  }
  return found;
}

// How many tokens are below the children of a node that are not among these.
u32 Walks::leaving_tokens(u32 node, const std::vector<u32>& children) const {
  u32 tokens = trie_.first_token(trie_.end(node)) - trie_.first_token(node + 1);
  for (u32 child : children) tokens -= trie_.subtree_tokens(child);
  return tokens;
}

// What lies below a leading byte of longer characters: states that differ for ASCII are often the same after it, so
// these walks are kept by themselves. False if this one is no walk of its own.
bool Walks::add_part(Walk& walk, u32 node, u32 state) {
  const Walk& part = *walks_[plain_walk(node, state)];
  if (part.base.walk != nullptr) return false;
  walk.interior.add(part.interior);
  walk.exits.insert(walk.exits.end(), part.exits.begin(), part.exits.end());
  walk.references.insert(walk.references.end(), part.references.begin(), part.references.end());
  walk.ends.insert(walk.ends.end(), part.ends.begin(), part.ends.end());
  return true;
}

// The last node, no deeper than `depth`, of a path from a node on which each byte is the same, and beside which no node
// is deeper than that.
u32 Walks::run(u32 node, u32 depth) const {
  const u8 byte = trie_.byte(node);
  while (trie_.depth(node) < depth) {
    u32 deep = kNone;
    for (u32 child = node + 1; child < trie_.end(node); child = trie_.end(child)) {
      if (trie_.deepest(child) <= depth) continue;
      if (deep != kNone || trie_.byte(child) != byte) return node;
      deep = child;
    }
    if (deep == kNone) return node;
    node = deep;
  }
  return node;
}

std::unique_ptr<Walk> Walks::plain(u32 root, u32 state) {
  const Lexer::Wider wider = lexer_.wider(state);
  const bool bounded = wider.state != state && wider.reach > 0;
  // Bounds that hardly any token can reach first: what is left differs less often.
  if (bounded && wider.reach >= kFarAway)
    if (auto made = search(root, state, wider.state, false, wider.reach)) return made;
  if (const u32 plainer = lexer_.plainer(state); plainer != kDead)
    if (auto made = search(root, state, plainer, false)) return made;
  if (bounded && wider.reach < kFarAway)
    if (auto made = search(root, state, wider.state, false, wider.reach)) return made;
  if (const u32 beside = root == 0 && !lexer_.guarded(state) ? landmark(state) : kDead; beside != kDead)
    if (auto made = search(root, state, beside, true)) return made;
  return search(root, state, kDead, false);
}

// Finds the tokens, in lockstep with `neighbour` unless that is kDead: nothing if too much is different.
std::unique_ptr<Walk> Walks::search(u32 root, u32 state, u32 neighbour, bool follow, u32 reach) {
  auto walk = std::make_unique<Walk>();
  walk->interior = TokenSet(trie_.words());
  if (neighbour != kDead) {
    walk->base = this->walk(root, lexer_.normal(neighbour, trie_.longest()));
    walk->base_state = neighbour;
  }
  std::vector<Leaving> leaving;
  struct Frame {
    const u32* row;
    u32 state;
    u32 accept;     // kNone: the state does not accept, or a reference covers it
    u32 neighbour;  // accepts what the state accepts; kDead: the base says nothing of what is below
  };
  const u32 base = trie_.depth(root);
  // By depth below the root. That a terminal may end where the walk begins is left to the caller, who knows whether
  // anything of it was read.
  std::vector<Frame> path(trie_.longest() + 6 - std::min(base, trie_.longest()));
  path[0] = {lexer_.row(state), state, kNone, neighbour};
  u32 last_end = kNone;
  u64 steps = 0, differing = 0;
  u32 asked = 0;
  bool meets = false;  // with the base: tokens end in its states
  const InStep* followed = nullptr;
  auto ends_in = [&](u32 end) {
    if (end != last_end) walk->ends.push_back(end);
    last_end = end;
  };
  const u32 end = trie_.end(root);
  for (u32 node = root + 1; node < end;) {
    u32 depth = trie_.depth(node);  // bytes up to and with this one
    const Frame top = path[depth - base - 1];
    if (++steps % kStride == 0 && meter_) meter_->spend(kStride);
    if (top.neighbour != kDead && trie_.deepest(node) - base <= reach) {
      node = trie_.end(node);
      continue;
    }
    const u8 byte = trie_.byte(node);
    trie_.prefetch(trie_.end(node));
    u32 to = kNone, beside = kDead;
    if (top.neighbour != kDead && depth - base < reach) {
      // Tokens of so many equal bytes that the bounds come into sight, such as blanks: the states on the way are
      // skipped.
      if (const u32 behind = run(node, base + reach); behind != node) {
        const u32 count = trie_.depth(behind) - depth + 1;
        for (u32 at = depth; at < trie_.depth(behind); ++at) path[at - base] = top;
        node = behind;
        depth = trie_.depth(behind);
        to = lexer_.run(top.state, byte, count);
        beside = lexer_.run(top.neighbour, byte, count);
      }
    }
    if (to == kNone) {
      to = top.row[byte];
      if (to == kNone) to = lexer_.compute_next(top.state, byte);
      if (top.neighbour != kDead) beside = lexer_.next(top.neighbour, byte);
    }
    if (top.neighbour != kDead) {
      if (to == beside) {
        meets |= to != kDead;
        node = trie_.end(node);
        continue;
      }
      if (++differing > kDiffering) return nullptr;
      if (!alike(to, beside)) {
        walk->cut.push_back(node);
        beside = kDead;
      }
    }
    if (to == kDead || to == kBlocked) {
      if (to == kDead && top.accept != kNone) leaving.push_back({top.accept, node, 0, Leaving::With});
      node = trie_.end(node);
      continue;
    }
    const u32 first = trie_.first_token(node), behind = trie_.first_token(node + 1);
    const bool same = to == top.state;  // what was found out about the parent holds here too
    if (!same && lexer_.ended(to)) {
      const u32 accept = accepting_members(to);
      if (trie_.subtree_tokens(node) > kLarge) {
        leaving.push_back({accept, node, 0, Leaving::Own});
        walk->references.push_back({accept, node, 0, {}});
      } else {
        leaving.push_back({accept, node, 0, Leaving::Behind});
      }
      node = trie_.end(node);
      continue;
    }
    if (first != behind) ends_in(to);
    if (beside == kDead)
      for (u32 i = first; i < behind; ++i) walk->interior.add(trie_.order()[i]);
    if (trie_.end(node) == node + 1) {
      ++node;
      continue;
    }
    Frame next{same ? top.row : lexer_.row(to), to, kNone, beside};
    if (beside != kDead) {
      const ByteSet* below = follow ? trie_.bytes_below(node) : nullptr;
      if (below != nullptr && (in_step_memo_.find(pair_key(to, beside)) != kNone || ++asked <= kAsked)) {
        const InStep& found = in_step(to, beside);
        if (trie_.all_below(node, found.bytes, found.kinds, found.other_kinds)) {
          if (&found != followed) walk->ends.insert(walk->ends.end(), found.inside.begin(), found.inside.end());
          followed = &found;
          node = trie_.end(node);
          continue;
        }
      }
      if (lexer_.accepting(to)) next.accept = accepting_members(to);
      path[depth - base] = next;
      ++node;
      continue;
    }
    const ByteSet* below = trie_.bytes_below(node);
    if (below != nullptr && lexer_.stays(to, trie_.kinds_below(node), *below)) {
      const u32 last = trie_.first_token(trie_.end(node));
      for (u32 i = behind; i < last; ++i) walk->interior.add(trie_.order()[i]);
      ends_in(to);
      node = trie_.end(node);
      continue;
    }
    if (root == 0 && depth == 1 && byte >= 0x80 && !lexer_.accepting(to) && lexer_.members(to) == 1 &&
        lexer_.index(to, 0) == 0 && trie_.subtree_tokens(node) > kLarge && add_part(*walk, node, to)) {
      node = trie_.end(node);
      continue;
    }
    if (lexer_.accepting(to)) {
      next.accept = accepting_members(to);
      if (trie_.subtree_tokens(node) > kLarge) {
        std::vector<u32> goes_on = forbidden(node, next.row, to);
        if (leaving_tokens(node, goes_on) > kLarge) {
          walk->references.push_back({next.accept, node, 0, std::move(goes_on)});
          next.accept = kNone;
        }
      }
    }
    path[depth - base] = next;
    ++node;
  }
  visited_ += steps;
  if (meter_) meter_->spend(steps % kStride);
  // A base of which nothing leaves need not be kept.
  if (const Walk* plain = walk->base.walk; follow && plain->exits.empty() && plain->references.empty()) {
    TokenSet interior = plain->interior;
    remove_subtrees(interior, walk->cut);
    interior.add(walk->interior);
    walk->interior = std::move(interior);
    if (meets)
      for (u32 inside : plain->ends) walk->ends.push_back(lexer_.renumbered(inside, lexer_.indices(walk->base_state)));
    walk->base = {};
    walk->cut.clear();
  }
  finish(*walk, std::move(leaving));
  return walk;
}

}  // namespace structgen
