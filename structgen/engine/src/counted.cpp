// Walks of counters, P X{m,n} R: made once for all m and n.
#include <algorithm>
#include <unordered_map>

#include "walk.h"

namespace structgen {

namespace {

constexpr u32 kStop = kNone - 1, kAmbiguous = kNone - 2;
constexpr u32 kShort = 8;  // repetitions that are walked one by one, if few tokens begin like them

}  // namespace

// P X{m,n} R with R never empty. Of several counters the largest is taken: the others are part of P or R.
std::optional<Walks::Counter> Walks::find_counter(u32 state) const {
  if (lexer_.members(state) != 1 || lexer_.guarded(state)) return std::nullopt;
  const ExprId e = lexer_.rest(state, 0);
  if (expressions_.kind(e) != Expressions::Concat) return std::nullopt;
  std::vector<ExprId> spine;
  ExprId at = e;
  for (; expressions_.kind(at) == Expressions::Concat; at = expressions_.args(at)[1])
    spine.push_back(expressions_.args(at)[0]);
  u32 best = 1, where = kNone;
  for (u32 i = 0; i < spine.size() && i < 8; ++i) {
    if (expressions_.kind(spine[i]) != Expressions::Repeat) continue;
    const Span a = expressions_.args(spine[i]);
    const u32 size = a[2] == kUnbounded ? a[1] : a[2];
    if (size > best && !expressions_.nullable(a[0])) best = size, where = i;
  }
  if (where == kNone) return std::nullopt;
  const Span a = expressions_.args(spine[where]);
  Counter counter{kEpsilon, a[0], at, a[1], a[2]};
  Expressions& expressions = expressions_;
  for (u32 i = static_cast<u32>(spine.size()); i-- > where + 1;)
    counter.rest = expressions.concat(spine[i], counter.rest);
  for (u32 i = where; i-- > 0;) counter.prefix = expressions.concat(spine[i], counter.prefix);
  if (expressions.nullable(counter.rest) || expressions.is_empty(counter.rest) || expressions.is_empty(counter.x) ||
      expressions.is_empty(counter.prefix))
    return std::nullopt;
  return counter;
}

// Whether a walk that heeds the numbers costs little: it stays where a few X are, such as the digits of an escape. The
// one without them goes through R from everywhere.
bool Walks::is_quick(const Counter& counter) {
  if (counter.prefix != kEpsilon || counter.max > kShort) return false;
  u32 tokens = 0;
  for (u32 child = 1; child < trie_.end(0); child = trie_.end(child))
    if (expressions_.derive(counter.x, trie_.byte(child)) != kEmpty) tokens += trie_.subtree_tokens(child);
  return tokens < trie_.subtree_tokens(0) / 4;
}

u32 Walks::counted_state(ExprId x, ExprId rest, bool tail, ExprId e) {
  const u32 key[] = {x, rest, tail, e};
  bool added = false;
  const u32 id = counted_state_keys_.intern(key, 4, &added);
  if (added) {
    counted_states_.push_back({tail, e, std::make_unique<u32[]>(256)});
    std::fill_n(counted_states_.back().next.get(), 256, kNone);
    bytes_ += 1024;
  }
  return id;
}

u32 Walks::counted_next(u32 state, ExprId x, ExprId rest, u8 byte) {
  const bool tail = counted_states_[state].tail;
  const ExprId e = counted_states_[state].e;
  auto derive = [&](ExprId from) {
    const ExprId d = expressions_.derive(from, byte);
    return d == kEmpty || expressions_.is_empty(d) ? kEmpty : d;
  };
  u32 result = kStop;
  if (tail) {
    const ExprId d = derive(e);
    if (d != kEmpty) result = counted_state(x, rest, true, d) << 1;
  } else {
    const ExprId inside = derive(e);
    const bool border = expressions_.nullable(e);
    const ExprId begin = border ? derive(x) : kEmpty, leave = border ? derive(rest) : kEmpty;
    const int ways = (inside != kEmpty) + (begin != kEmpty) + (leave != kEmpty);
    if (ways > 1)
      result = kAmbiguous;
    else if (inside != kEmpty)
      result = counted_state(x, rest, false, inside) << 1;
    else if (begin != kEmpty)
      result = (counted_state(x, rest, false, begin) << 1) | 1;
    else if (leave != kEmpty)
      result = counted_state(x, rest, true, leave) << 1;
  }
  counted_states_[state].next[byte] = result;
  return result;
}

// The automaton without numbers reads the bytes; the numbers are put in at the end, instead of after every byte.
std::optional<u32> Walks::read_counted(u32 state, std::string_view bytes) {
  const auto counter = find_counter(state);
  if (!counter) return std::nullopt;
  u32 at = counted_state(counter->x, counter->rest, false, counter->prefix), count = 0;
  for (const char c : bytes) {
    u32 to = counted_states_[at].next[static_cast<u8>(c)];
    if (to == kNone) to = counted_next(at, counter->x, counter->rest, static_cast<u8>(c));
    if (to == kStop || to == kAmbiguous) return std::nullopt;
    count += to & 1;
    at = to >> 1;
  }
  if (counted_states_[at].tail || count > counter->max) return std::nullopt;
  const u32 min = counter->min - std::min(counter->min, count);
  const u32 max = counter->max == kUnbounded ? kUnbounded : counter->max - count;
  const ExprId rest = expressions_.concat(expressions_.repeat(counter->x, min, max), counter->rest);
  return lexer_.single(lexer_.index(state, 0), expressions_.concat(counted_states_[at].e, rest));
}

std::unique_ptr<Walk> Walks::counted(u32 root, const Counter& counter) {
  auto walk = std::make_unique<Walk>();
  walk->counted = true;
  std::vector<Leaving> leaving;
  std::vector<Residual::Entry> inside;
  const u32 none[] = {0};
  const u32 accept_first = accept_sets_.intern(none, 1);
  struct Frame {
    u32 state, count;
    u32 accept;
  };
  const u32 base = trie_.depth(root);
  std::vector<Frame> path(trie_.longest() + 6 - std::min(base, trie_.longest()));
  path[0] = {counted_state(counter.x, counter.rest, false, counter.prefix), 0, kNone};
  auto step = [&](u32 state, u8 byte) {
    const u32 to = counted_states_[state].next[byte];
    return to != kNone ? to : counted_next(state, counter.x, counter.rest, byte);
  };
  u64 steps = 0;
  u32 most = 0, last_end = kNone;
  auto end_in = [&](u32 state) {
    if (state == last_end) return;
    last_end = state;
    walk->farthest = std::max(walk->farthest, expressions_.shortest_length(counted_states_[state].e));
  };
  // The bytes of which each is one whole X from a state that is then the same again, or begins a character of which
  // every one is. What is no text can't be told by its bytes alone: from the beginning of a text, the landmark knows.
  const u32 landmark = landmarks_[0];
  const TokenSet* texts =
      root == 0 && counter.prefix == kEpsilon ? &walks_[plain_walk(0, landmark)]->interior : nullptr;
  if (texts != nullptr && !texts->dense()) texts = nullptr;
  // Whether the rest of every character leads from `at`, in an X that has begun, to `border`; the landmark is in
  // `text`.
  auto finishes = [&](auto&& self, u32 at, u32 text, u32 border) -> bool {
    if (at == kStop || at == kAmbiguous || (at & 1) || counted_states_[at >> 1].tail) return false;
    u32 last = kNone, last_text = kNone;
    for (u32 b = 0x80; b < 0xC0; ++b) {
      const u32 to = step(at >> 1, static_cast<u8>(b)), text_to = lexer_.next(text, static_cast<u8>(b));
      if (text_to == kDead || (to == last && text_to == last_text)) continue;
      last = to, last_text = text_to;
      if (text_to == landmark ? to != border << 1 : !self(self, to, text_to, border)) return false;
    }
    end_in(at >> 1);
    return true;
  };
  std::unordered_map<u32, ByteSet> known;
  auto whole = [&](u32 state) -> const ByteSet& {
    const auto [at, added] = known.emplace(state, ByteSet{});
    const bool border = added && expressions_.nullable(counted_states_[state].e);  // so a character ends there
    for (u32 b = 0; border && b < 256; ++b) {
      const u32 to = step(state, static_cast<u8>(b));
      bool good = to == ((state << 1) | 1);
      if (b >= 0x80 && texts != nullptr) {
        const u32 text = lexer_.next(landmark, static_cast<u8>(b));
        good = text == kDead || (to < kAmbiguous && (to & 1) && finishes(finishes, to ^ 1, text, state));
      }
      if (good) at->second[b >> 6] |= 1ull << (b & 63);
    }
    return at->second;
  };
  const u32 end = trie_.end(root);
  for (u32 node = root + 1; node < end;) {
    const u32 depth = trie_.depth(node);
    const Frame top = path[depth - base - 1];
    const u32 to = step(top.state, trie_.byte(node));
    if (++steps % kStride == 0 && meter_) meter_->spend(kStride);
    if (to == kAmbiguous) return nullptr;
    if (to == kStop) {
      if (top.accept != kNone) leaving.push_back({top.accept, node, top.count, Leaving::With});
      node = trie_.end(node);
      continue;
    }
    const u32 count = top.count + (to & 1);
    const u32 state = to >> 1;
    const bool tail = counted_states_[state].tail;
    const u32 first = trie_.first_token(node), behind = trie_.first_token(node + 1);
    if (tail && counted_states_[state].e == kEpsilon) {
      if (trie_.subtree_tokens(node) > kLarge) {
        leaving.push_back({accept_first, node, count, Leaving::Own});
        walk->references.push_back({accept_first, node, count, {}});
      } else {
        leaving.push_back({accept_first, node, count, Leaving::Behind});
      }
      node = trie_.end(node);
      continue;
    }
    for (u32 i = first; i < behind; ++i) {
      (tail ? walk->tail : inside).push_back({trie_.order()[i], count});
      if (!tail) most = std::max(most, count);
      end_in(state);
    }
    if (trie_.end(node) == node + 1) {
      ++node;
      continue;
    }
    const ByteSet* below = trie_.bytes_below(node);
    if (!tail && below != nullptr && within(*below, whole(state))) {
      const u32 last = trie_.first_token(trie_.end(node));
      const std::string_view before = trie_.bytes(trie_.order()[behind]).substr(0, depth);
      const auto begun =
          std::count_if(before.begin(), before.end(), [](char c) { return (static_cast<u8>(c) & 0xC0) != 0x80; });
      const bool high = texts != nullptr && ((*below)[2] | (*below)[3]) != 0;
      for (u32 i = behind; i < last; ++i) {
        const u32 token = trie_.order()[i];
        if (high && !((texts->words()[token >> 5] >> (token & 31)) & 1)) continue;
        const u32 total = count + trie_.characters(i) - static_cast<u32>(begun);
        inside.push_back({token, total});
        most = std::max(most, total);
      }
      end_in(state);
      node = trie_.end(node);
      continue;
    }
    u32 accept = kNone;
    if (tail && expressions_.nullable(counted_states_[state].e)) {
      accept = accept_first;
      if (trie_.subtree_tokens(node) > kLarge) {
        std::vector<u32> goes_on;
        for (u32 child = node + 1; child < trie_.end(node); child = trie_.end(child))
          if (step(state, trie_.byte(child)) != kStop) goes_on.push_back(child);
        if (leaving_tokens(node, goes_on) > kLarge) {
          walk->references.push_back({accept, node, count, std::move(goes_on)});
          accept = kNone;
        }
      }
    }
    path[depth - base] = {state, count, accept};
    ++node;
  }
  visited_ += steps;
  if (meter_) meter_->spend(steps % kStride);
  walk->starts.assign(most + 2, 0);
  for (const auto& entry : inside) ++walk->starts[entry.count + 1];
  for (u32 i = 1; i < walk->starts.size(); ++i) walk->starts[i] += walk->starts[i - 1];
  walk->by_count.resize(inside.size());
  std::vector<u32> at(walk->starts.begin(), walk->starts.end() - 1);
  for (const auto& entry : inside) walk->by_count[at[entry.count]++] = entry.token;
  walk->up_to.resize(most + 1);
  walk->up_to[most] = std::make_unique<TokenSet>(trie_.words());
  for (u32 token : walk->by_count) walk->up_to[most]->add(token);
  bytes_ += inside.size() * 4;
  finish(*walk, std::move(leaving));
  return walk;
}

}  // namespace structgen
