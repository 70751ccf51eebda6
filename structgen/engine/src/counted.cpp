#include "counted.h"

#include <algorithm>
#include <unordered_map>

namespace structgen {

namespace {

constexpr u32 kShort = 8;     // repetitions that are walked one by one, if few tokens begin like them
constexpr u32 kSearched = 8;  // parts of a concatenation among which a counter is searched for

}  // namespace

// ---- the automaton

// The index of the repetition with the largest bounds, kNone if there is none.
u32 Counters::largest_repeat(const std::vector<ExprId>& parts) const {
  u32 best = 1, where = kNone;
  for (u32 i = 0; i < parts.size() && i < kSearched; ++i) {
    if (expressions_.kind(parts[i]) != Expressions::Repeat) continue;
    const Span a = expressions_.args(parts[i]);
    const u32 size = a[2] == kUnbounded ? a[1] : a[2];
    if (size > best && !expressions_.nullable(a[0])) best = size, where = i;
  }
  return where;
}

std::optional<Counter> Counters::find(u32 state) const {
  if (lexer_.members(state) != 1 || lexer_.guarded(state)) return std::nullopt;
  ExprId at = lexer_.rest(state, 0);
  std::vector<ExprId> parts;
  for (; expressions_.kind(at) == Expressions::Concat; at = expressions_.args(at)[1])
    parts.push_back(expressions_.args(at)[0]);
  const u32 where = largest_repeat(parts);
  if (where == kNone) return std::nullopt;
  const Span a = expressions_.args(parts[where]);
  Counter counter{kEpsilon, a[0], at, a[1], a[2]};
  Expressions& make = expressions_;
  for (u32 i = static_cast<u32>(parts.size()); i-- > where + 1;) counter.rest = make.concat(parts[i], counter.rest);
  for (u32 i = where; i-- > 0;) counter.prefix = make.concat(parts[i], counter.prefix);
  if (make.nullable(counter.rest)) return std::nullopt;
  for (const ExprId part : {counter.rest, counter.x, counter.prefix})
    if (languages_.is_empty(part)) return std::nullopt;
  return counter;
}

bool Counters::is_quick(const Counter& counter) const {
  if (counter.prefix != kEpsilon || counter.max > kShort) return false;
  u32 tokens = 0;
  for (u32 child = 1; child < trie_.end(0); child = trie_.end(child))
    if (expressions_.derive(counter.x, trie_.byte(child)) != kEmpty) tokens += trie_.subtree_tokens(child);
  return tokens < trie_.subtree_tokens(0) / 4;
}

u32 Counters::intern(ExprId x, ExprId rest, bool in_rest, ExprId e) {
  const u32 key[] = {x, rest, in_rest, e};
  bool added = false;
  const u32 id = keys_.intern(key, 4, &added);
  if (added) {
    states_.push_back({x, rest, in_rest, e, std::make_unique<u32[]>(256)});
    std::fill_n(states_.back().next.get(), 256, kNone);
    bytes_ += 1024;
  }
  return id;
}

ExprId Counters::derivative(ExprId e, u8 byte) const {
  const ExprId found = expressions_.derive(e, byte);
  return found == kEmpty || languages_.is_empty(found) ? kEmpty : found;
}

u32 Counters::compute_next(u32 state, u8 byte) {
  const ExprId x = states_[state].x, rest = states_[state].rest, e = states_[state].e;
  const bool in_rest = states_[state].in_rest;
  const bool border = !in_rest && expressions_.nullable(e);  // an X or P may end here
  const ExprId inside = derivative(e, byte);
  const ExprId begin = border ? derivative(x, byte) : kEmpty, leave = border ? derivative(rest, byte) : kEmpty;
  u32 result = kStop;
  if ((inside != kEmpty) + (begin != kEmpty) + (leave != kEmpty) > 1)
    result = kAmbiguous;
  else if (inside != kEmpty)
    result = intern(x, rest, in_rest, inside) << 1;
  else if (begin != kEmpty)
    result = (intern(x, rest, false, begin) << 1) | 1;
  else if (leave != kEmpty)
    result = intern(x, rest, true, leave) << 1;
  states_[state].next[byte] = result;
  return result;
}

// The automaton without numbers reads the bytes; the numbers are put in at the end, instead of after every byte.
std::optional<u32> Counters::read(u32 state, std::string_view bytes) {
  const auto counter = find(state);
  if (!counter) return std::nullopt;
  u32 at = start(*counter), count = 0;
  for (const char c : bytes) {
    const u32 to = next(at, static_cast<u8>(c));
    if (to == kStop || to == kAmbiguous) return std::nullopt;
    count += to & 1;
    at = to >> 1;
  }
  if (in_rest(at) || count > counter->max) return std::nullopt;
  const u32 min = counter->min - std::min(counter->min, count);
  const u32 max = counter->max == kUnbounded ? kUnbounded : counter->max - count;
  const ExprId rest = expressions_.concat(expressions_.repeat(counter->x, min, max), counter->rest);
  return lexer_.single(lexer_.index(state, 0), expressions_.concat(expression(at), rest));
}

// ---- the walk

namespace {

class CountedSearch {
 public:
  CountedSearch(const Trie& trie, Counters& counters, Languages& languages, Lexer& lexer, u32 root, TextTokens texts,
                Meter* meter)
      : trie_(trie),
        counters_(counters),
        languages_(languages),
        expressions_(languages.expressions()),
        lexer_(lexer),
        texts_(texts),
        meter_(meter),
        root_(root),
        base_(trie.depth(root)),
        accept_first_(lexer.first_alone()),
        path_(path_length(trie, root)) {}

  FoundWalk run(const Counter& counter) {
    walk_->counted = true;
    path_[0] = {counters_.start(counter), 0, kNone};
    u64 steps = 0;
    const u32 end = trie_.end(root_);
    for (u32 node = root_ + 1; node < end && !ambiguous_;) {
      if (++steps % kStride == 0 && meter_) meter_->spend(kStride);
      node = step(node, path_[trie_.depth(node) - base_ - 1]);
    }
    if (ambiguous_) return {};
    if (meter_) meter_->spend(steps % kStride);
    sort_by_count();
    return {std::move(walk_), std::move(leaving_), steps};
  }

 private:
  struct Frame {
    u32 state, count;
    u32 accept;  // kNone: the state does not accept, or a reference covers it
  };

  // Each step returns the node at which the walk continues.
  u32 step(u32 node, const Frame top) {
    const u32 to = counters_.next(top.state, trie_.byte(node));
    if (to == Counters::kAmbiguous) {
      ambiguous_ = true;
      return node;
    }
    if (to == Counters::kStop) return stop(node, top);
    const Frame next{to >> 1, top.count + (to & 1), kNone};
    const bool in_rest = counters_.in_rest(next.state);
    if (in_rest && counters_.expression(next.state) == kEpsilon) return end_terminal(node, next.count);
    add_own(node, next, in_rest);
    if (trie_.end(node) == node + 1) return node + 1;
    return in_rest ? enter_rest(node, next) : enter_x(node, next);
  }

  // No text goes on with this byte: the terminal ends before it, or the tokens below are forbidden.
  u32 stop(u32 node, const Frame& top) {
    if (top.accept != kNone) leaving_.push_back({top.accept, node, top.count, Leaving::BeforeNode});
    return trie_.end(node);
  }

  // Nothing of R remains: the terminal ends after this byte.
  u32 end_terminal(u32 node, u32 count) {
    const bool large = trie_.subtree_tokens(node) > kLarge;
    leaving_.push_back({accept_first_, node, count, large ? Leaving::AtNode : Leaving::AfterNode});
    if (large) walk_->references.push_back({accept_first_, node, count, {}});
    return trie_.end(node);
  }

  void add_own(u32 node, const Frame& at, bool in_rest) {
    for (u32 i = trie_.first_token(node); i < trie_.first_token(node + 1); ++i) {
      const u32 token = trie_.order()[i];
      if (in_rest)
        walk_->tail.push_back({token, at.count});
      else
        add_inside(token, at.count);
      end_in(at.state);
    }
  }
  void add_inside(u32 token, u32 count) {
    inside_.push_back({token, count});
    most_ = std::max(most_, count);
  }
  void end_in(u32 state) {
    if (state == last_end_) return;
    last_end_ = state;
    walk_->max_remaining = std::max(walk_->max_remaining, languages_.shortest_length(counters_.expression(state)));
  }

  u32 enter_x(u32 node, const Frame& next) {
    const ByteSet* below = trie_.bytes_below(node);
    if (below != nullptr && within(*below, whole(next.state))) return take_subtree(node, next, *below);
    path_[trie_.depth(node) - base_] = next;
    return node + 1;
  }

  u32 enter_rest(u32 node, Frame next) {
    if (expressions_.nullable(counters_.expression(next.state))) next.accept = accept_or_refer(node, next);
    path_[trie_.depth(node) - base_] = next;
    return node + 1;
  }

  // The accept set of a node where R may end; kNone if a reference covers the tokens that leave there.
  u32 accept_or_refer(u32 node, const Frame& at) {
    if (trie_.subtree_tokens(node) <= kLarge) return accept_first_;
    std::vector<u32> goes_on;
    for (u32 child = node + 1; child < trie_.end(node); child = trie_.end(child))
      if (counters_.next(at.state, trie_.byte(child)) != Counters::kStop) goes_on.push_back(child);
    if (tokens_of_other_children(trie_, node, goes_on) <= kLarge) return accept_first_;
    walk_->references.push_back({accept_first_, node, at.count, std::move(goes_on)});
    return kNone;
  }

  // Below the node every character is one X: its number is that of the characters.
  u32 take_subtree(u32 node, const Frame& at, const ByteSet& below) {
    const u32 from = trie_.first_token(node + 1), last = trie_.first_token(trie_.end(node));
    const std::string_view before = trie_.bytes(trie_.order()[from]).substr(0, trie_.depth(node));
    const auto begun =
        std::count_if(before.begin(), before.end(), [](char c) { return (static_cast<u8>(c) & 0xC0) != 0x80; });
    const bool high = texts_.tokens != nullptr && (below[2] | below[3]) != 0;
    for (u32 i = from; i < last; ++i) {
      const u32 token = trie_.order()[i];
      if (high && !texts_.tokens->has(token)) continue;
      add_inside(token, at.count + trie_.characters(i) - static_cast<u32>(begun));
    }
    end_in(at.state);
    return trie_.end(node);
  }

  // The bytes that are one whole X each, from a state that is then the same again, or that begin a character of which
  // every one is. That bytes above ASCII are text is not known from the bytes alone: the universal state knows.
  const ByteSet& whole(u32 state) {
    const auto [at, added] = whole_.emplace(state, ByteSet{});
    if (!added || !expressions_.nullable(counters_.expression(state))) return at->second;
    for (u32 b = 0; b < 256; ++b)
      if (is_whole(state, static_cast<u8>(b))) include(at->second, static_cast<u8>(b));
    return at->second;
  }
  bool is_whole(u32 state, u8 byte) {
    const u32 to = counters_.next(state, byte);
    if (byte < 0x80 || texts_.tokens == nullptr) return to == ((state << 1) | 1);
    const u32 text = lexer_.next(texts_.state, byte);
    return text == kDead || (to < Counters::kAmbiguous && (to & 1) && finishes(to ^ 1, text, state));
  }

  // Returns true if the rest of every character leads from `at`, in an X that has begun, to `border`; the universal
  // state is in `text`.
  bool finishes(u32 at, u32 text, u32 border) {
    if (at == Counters::kStop || at == Counters::kAmbiguous || (at & 1) || counters_.in_rest(at >> 1)) return false;
    u32 last = kNone, last_text = kNone;
    for (u32 b = 0x80; b < 0xC0; ++b) {
      const u32 to = counters_.next(at >> 1, static_cast<u8>(b)), text_to = lexer_.next(text, static_cast<u8>(b));
      if (text_to == kDead || (to == last && text_to == last_text)) continue;
      last = to, last_text = text_to;
      if (text_to == texts_.state ? to != border << 1 : !finishes(to, text_to, border)) return false;
    }
    end_in(at >> 1);
    return true;
  }

  // Counting sort of the tokens inside.
  void sort_by_count() {
    Walk& walk = *walk_;
    walk.starts.assign(most_ + 2, 0);
    for (const auto& entry : inside_) ++walk.starts[entry.count + 1];
    for (u32 i = 1; i < walk.starts.size(); ++i) walk.starts[i] += walk.starts[i - 1];
    walk.by_count.resize(inside_.size());
    std::vector<u32> at(walk.starts.begin(), walk.starts.end() - 1);
    for (const auto& entry : inside_) walk.by_count[at[entry.count]++] = entry.token;
    walk.up_to.resize(most_ + 1);
    walk.up_to[most_] = std::make_unique<TokenSet>(trie_.words());
    for (u32 token : walk.by_count) walk.up_to[most_]->add(token);
  }

  const Trie& trie_;
  Counters& counters_;
  Languages& languages_;
  Expressions& expressions_;
  Lexer& lexer_;
  const TextTokens texts_;
  Meter* const meter_;
  const u32 root_, base_, accept_first_;
  std::vector<Frame> path_;  // by depth below the root of the walk
  std::unique_ptr<Walk> walk_ = std::make_unique<Walk>();
  std::vector<Leaving> leaving_;
  std::vector<Residual::Entry> inside_;
  std::unordered_map<u32, ByteSet> whole_;
  u32 most_ = 0, last_end_ = kNone;
  bool ambiguous_ = false;
};

}  // namespace

FoundWalk walk_counted(const Trie& trie, Counters& counters, Languages& languages, Lexer& lexer, u32 root,
                       const Counter& counter, TextTokens texts, Meter* meter) {
  return CountedSearch(trie, counters, languages, lexer, root, texts, meter).run(counter);
}

}  // namespace structgen
