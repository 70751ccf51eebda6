#include "walk_search.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr u32 kCompared = 8;        // pairs of states that a walk compares
constexpr u32 kDiffering = 40'000;  // trie nodes in which a walk in lockstep may differ

}  // namespace

WalkSearch::WalkSearch(const Trie& trie, Lexer& lexer, Comparison& comparison, Subtrees& subtrees, KeptWalks& walks)
    : trie_(trie), lexer_(lexer), comparison_(comparison), subtrees_(subtrees), walks_(walks) {}

void WalkSearch::begin(u32 root, u32 state, const Neighbour& neighbour) {
  root_ = root;
  base_ = trie_.depth(root);
  neighbour_ = neighbour;
  path_.resize(path_length(trie_, root));
  path_[0] = {lexer_.row(state), state, kNone, neighbour.state};
  walk_->interior = TokenSet(trie_.words());
  if (neighbour.state == kDead) return;
  walk_->base = neighbour.walk;
  walk_->base_state = neighbour.state;
}

FoundWalk WalkSearch::run(u32 root, u32 state, const Neighbour& neighbour, Meter* meter) {
  begin(root, state, neighbour);
  u64 steps = 0;
  const u32 end = trie_.end(root);
  for (u32 node = root + 1; node < end;) {
    const Frame top = path_[trie_.depth(node) - base_ - 1];
    if (++steps % kStride == 0 && meter) meter->spend(kStride);
    if (top.neighbour == kDead) {
      node = step(node, top);
      continue;
    }
    node = step_in_lockstep(node, top);
    if (differing_ > kDiffering) return {};
  }
  if (meter) meter->spend(steps % kStride);
  const Walk* base = walk_->base.walk;
  if (neighbour.compares && base->exits.empty() && base->references.empty()) drop_base();
  std::sort(walk_->ends.begin(), walk_->ends.end());
  walk_->ends.erase(std::unique(walk_->ends.begin(), walk_->ends.end()), walk_->ends.end());
  walk_->interior.shrink();
  return {std::move(walk_), std::move(leaving_), steps};
}

// ---- steps: each returns the node at which the walk continues

inline u32 WalkSearch::step(u32 node, const Frame& top) {
  const u8 byte = trie_.byte(node);
  trie_.prefetch(trie_.end(node));
  u32 to = top.row[byte];
  if (to == kNone) to = lexer_.compute_next(top.state, byte);
  return to <= kBlocked ? leave(node, top, to) : enter(node, top, to);
}

u32 WalkSearch::step_in_lockstep(u32 node, const Frame& top) {
  if (trie_.deepest(node) - base_ <= neighbour_.reach) return trie_.end(node);
  trie_.prefetch(trie_.end(node));
  const Pair pair = read_pair(node, top);
  node = pair.node;
  if (pair.to == pair.neighbour) {
    meets_ |= pair.to != kDead;
    return trie_.end(node);
  }
  ++differing_;
  if (comparison_.alike(pair.to, pair.neighbour)) return enter_in_lockstep(top, pair);
  walk_->cut.push_back(node);
  return pair.to <= kBlocked ? leave(node, top, pair.to) : enter(node, top, pair.to);
}

inline u32 WalkSearch::leave(u32 node, const Frame& top, u32 to) {
  if (to == kDead && top.accept != kNone) leaving_.push_back({top.accept, node, 0, Leaving::BeforeNode});
  return trie_.end(node);
}

u32 WalkSearch::enter(u32 node, const Frame& top, u32 to) {
  const bool same = to == top.state;  // what is known of the parent holds here too
  if (!same && lexer_.ended(to)) return end_terminal(node, to);
  const u32 first = trie_.first_token(node), last = trie_.first_token(node + 1);
  if (first != last) ends_in(to);
  for (u32 i = first; i < last; ++i) walk_->interior.add(trie_.order()[i]);
  if (trie_.end(node) == node + 1) return node + 1;
  const u32* row = same ? top.row : lexer_.row(to);
  const ByteSet* below = trie_.bytes_below(node);
  if (below != nullptr && lexer_.stays(to, trie_.kinds_below(node), *below)) return take_subtree(node, to);
  if (is_part(node, to) && add_part(node, to)) return trie_.end(node);
  path_[trie_.depth(node) - base_] = {row, to, accept_or_refer(node, row, to), kDead};
  return node + 1;
}

u32 WalkSearch::enter_in_lockstep(const Frame& top, const Pair& pair) {
  const u32 node = pair.node;
  if (trie_.first_token(node) != trie_.first_token(node + 1)) ends_in(pair.to);
  if (trie_.end(node) == node + 1) return node + 1;
  if (neighbour_.compares && is_in_step(node, pair)) return trie_.end(node);
  const u32 accept = lexer_.accepting(pair.to) ? lexer_.accept_set(pair.to) : kNone;
  const u32* row = pair.to == top.state ? top.row : lexer_.row(pair.to);
  path_[trie_.depth(node) - base_] = {row, pair.to, accept, pair.neighbour};
  return node + 1;
}

u32 WalkSearch::end_terminal(u32 node, u32 to) {
  const u32 accept = lexer_.accept_set(to);
  const bool large = trie_.subtree_tokens(node) > kLarge;
  leaving_.push_back({accept, node, 0, large ? Leaving::AtNode : Leaving::AfterNode});
  if (large) walk_->references.push_back({accept, node, 0, {}});
  return trie_.end(node);
}

inline u32 WalkSearch::take_subtree(u32 node, u32 to) {
  const u32 last = trie_.first_token(trie_.end(node));
  for (u32 i = trie_.first_token(node + 1); i < last; ++i) walk_->interior.add(trie_.order()[i]);
  ends_in(to);
  return trie_.end(node);
}

// The accept set of a state; kNone if there is none, or a reference covers the tokens that leave below the node.
inline u32 WalkSearch::accept_or_refer(u32 node, const u32* row, u32 to) {
  if (!lexer_.accepting(to)) return kNone;
  const u32 accept = lexer_.accept_set(to);
  if (trie_.subtree_tokens(node) <= kLarge) return accept;
  std::vector<u32> goes_on = children_inside(node, row, to);
  if (tokens_of_other_children(trie_, node, goes_on) <= kLarge) return accept;
  walk_->references.push_back({accept, node, 0, std::move(goes_on)});
  return kNone;
}

// The children of a node whose byte does not end the terminal.
std::vector<u32> WalkSearch::children_inside(u32 node, const u32* row, u32 state) {
  std::vector<u32> found;
  for (u32 child = node + 1; child < trie_.end(node); child = trie_.end(child)) {
    u32 to = row[trie_.byte(child)];
    if (to == kNone) to = lexer_.compute_next(state, trie_.byte(child));
    if (to != kDead) found.push_back(child);
  }
  return found;
}

// ---- in lockstep

// Where tokens of many equal bytes, such as blanks, have to be read until a bound can be exceeded, all of these bytes
// are read at once, and no states are made for the nodes between.
WalkSearch::Pair WalkSearch::read_pair(u32 node, const Frame& top) {
  const u8 byte = trie_.byte(node);
  const u32 depth = trie_.depth(node);  // bytes up to and with this one
  if (depth - base_ < neighbour_.reach) {
    if (const u32 last = run_of_byte(node, base_ + neighbour_.reach); last != node) {
      const u32 count = trie_.depth(last) - depth + 1;
      for (u32 at = depth; at < trie_.depth(last); ++at) path_[at - base_] = top;
      return {last, lexer_.run(top.state, byte, count), lexer_.run(top.neighbour, byte, count)};
    }
  }
  u32 to = top.row[byte];
  if (to == kNone) to = lexer_.compute_next(top.state, byte);
  return {node, to, lexer_.next(top.neighbour, byte)};
}

// The last node, no deeper than `depth`, of a path from a node on which each byte is the same and next to which no node
// is deeper than that.
u32 WalkSearch::run_of_byte(u32 node, u32 depth) const {
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

// Returns true if the two states find the same tokens below the node.
bool WalkSearch::is_in_step(u32 node, const Pair& pair) {
  if (trie_.bytes_below(node) == nullptr) return false;
  if (!comparison_.is_known(pair.to, pair.neighbour) && ++compared_ > kCompared) return false;
  const Comparison::InStep& found = comparison_.in_step(pair.to, pair.neighbour);
  if (!trie_.all_below(node, found.bytes, found.kinds, found.other_kinds)) return false;
  if (&found != followed_) walk_->ends.insert(walk_->ends.end(), found.inside.begin(), found.inside.end());
  followed_ = &found;
  return true;
}

// ---- parts

// Below the first byte of a longer character, states that differ for ASCII are often the same: these walks are kept by
// themselves.
inline bool WalkSearch::is_part(u32 node, u32 state) const {
  return root_ == 0 && trie_.depth(node) == 1 && trie_.byte(node) >= 0x80 && !lexer_.accepting(state) &&
         lexer_.members(state) == 1 && lexer_.index(state, 0) == 0 && trie_.subtree_tokens(node) > kLarge;
}

// Returns false if the walk below this node is given as a difference.
bool WalkSearch::add_part(u32 node, u32 state) {
  const Walk& part = walks_.kept(node, state);
  if (part.base.walk != nullptr) return false;
  Walk& walk = *walk_;
  walk.interior.add(part.interior);
  walk.exits.insert(walk.exits.end(), part.exits.begin(), part.exits.end());
  walk.references.insert(walk.references.end(), part.references.begin(), part.references.end());
  walk.ends.insert(walk.ends.end(), part.ends.begin(), part.ends.end());
  return true;
}

// ---- the end

// A base of which no token leaves need not be kept: its tokens become those of the walk.
void WalkSearch::drop_base() {
  const Walk& base = *walk_->base.walk;
  TokenSet interior = base.interior;
  subtrees_.remove(interior, walk_->cut);
  interior.add(walk_->interior);
  walk_->interior = std::move(interior);
  if (meets_)
    for (u32 end : base.ends) walk_->ends.push_back(lexer_.renumbered(end, lexer_.indices(walk_->base_state)));
  walk_->base = {};
  walk_->cut.clear();
}

}  // namespace structgen
