// Items that must differ: what an array has is not written in it again, whatever its text.
//
// A text inside such an array is looked at for as long as it may still become equal to an item before it (Memory::
// items_pending). A place is alive there if some way on leads out of that: to an item that differs. It is nearly always
// a few bytes long, as most bytes make a difference.
#include <algorithm>
#include <queue>
#include <tuple>

#include "compiled_grammar.h"

namespace structgen {

namespace {

constexpr u64 kMostSteps = 50'000;            // of a search
constexpr std::size_t kMostKnown = 1u << 16;  // places of which it is known whether they are alive
constexpr u32 kMostTries = 4096;              // ways out in one completion

}  // namespace

// Whether an item may end before the next byte, or with the terminal that is being read.
bool CompiledGrammar::ends_item(const Place& p) {
  if (!has_items_ || dynamic_) return false;
  if (p.fresh) return state(p.parse).ends_item;
  for (u32 i = 0; i < lexer_.members(p.lexer); ++i)
    if (effects_[state(p.parse).terminals[lexer_.index(p.lexer, i)]] & Item) return true;
  return lexer_.accepting(p.lexer) && state(after(p.parse, p.lexer)).ends_item;
}

// Of a place that is pending: tokens that finish the text, the end-of-text token included, as a bound that is good
// enough where many are left; kFar if none is known, kNone if nothing does.
u32 CompiledGrammar::tokens_beside_items(const Place& p, const Memory& memory) {
  const u64 key = leaving_key(p, memory);
  auto known = leaving_.find(key);
  if (known == leaving_.end()) {
    way_out_of_items(p, memory, true);
    known = leaving_.find(key);
  }
  return known->second;
}

// What is written of a terminal that cannot be recorded any more makes no difference.
u64 CompiledGrammar::leaving_key(const Place& p, const Memory& memory) {
  bool records = false;
  for (u32 i = 0; !p.fresh && i < lexer_.members(p.lexer); ++i)
    records |= (effects_[state(p.parse).terminals[lexer_.index(p.lexer, i)]] & Record) != 0;
  return mix(memory.hash(records) + intern(p));
}

void CompiledGrammar::leave(u64 key, u32 tokens) {
  if (leaving_.size() >= kMostKnown && !leaving_.contains(key)) leaving_.clear();
  leaving_[key] = tokens;
}

const ByteSet& CompiledGrammar::following(u32 configuration) {
  if (const auto known = following_.find(configuration); known != following_.end()) return known->second;
  ByteSet found{};
  for (u32 b = 0; b < 256; ++b)
    if (Place q = place(configuration); read(q, static_cast<u8>(b))) found[b >> 6] |= 1ull << (b & 63);
  if (following_.size() > kMostKnown) following_.clear();
  return following_[configuration] = found;
}

// Bytes after which no item can become equal to one before it: with what follows them the fewest there are (A*, along
// the lower bounds of what finishes the text), or `any`.
std::optional<std::string> CompiledGrammar::way_out_of_items(const Place& from, const Memory& memory, bool any) {
  struct Step {
    u32 parent, distance;
    u8 byte;
    bool out;
    u64 key;
    Place place;
    Memory memory;
  };
  std::vector<Step> steps{{kNone, 0, 0, !memory.items_pending(), leaving_key(from, memory), from, memory}};
  // All on the way to a step are alive; `tokens` finish the text from it.
  auto way = [&](u32 at, u32 tokens) {
    std::string text;
    for (u32 i = at; i != kNone; i = steps[i].parent) {
      leave(steps[i].key, std::min(kFar, add_lengths(steps[at].distance - steps[i].distance, tokens)));
      if (steps[i].parent != kNone) text.push_back(static_cast<char>(steps[i].byte));
    }
    std::reverse(text.begin(), text.end());
    return text;
  };
  auto to_finish = [&](u32 at) {
    const Cost cost = tokens_to_finish(intern(steps[at].place));
    const bool known = spells_ascii_ && cost.records == 0 && (cost.items == 0 || all_roomy_);
    return known ? add_lengths(cost.tokens, cost.items * (kRoom + 2)) : kFar;
  };
  using Entry = std::tuple<u32, bool, u32, u32>;  // estimate, pending, bytes left, step
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  std::unordered_set<u64> seen{steps[0].key};
  queue.push({bytes_to_finish(from), true, bytes_to_finish(from), 0});
  while (!queue.empty()) {
    const u32 at = std::get<3>(queue.top());
    queue.pop();
    if (steps[at].out) return way(at, to_finish(at));
    const Step step = steps[at];
    const ByteSet next = following(intern(step.place));
    for (u32 b = 0; b < 256; ++b) {
      const u8 byte = static_cast<u8>(b);
      if (!contains(next, byte)) continue;
      meter_.spend(64);
      Place p = step.place;
      Memory now = step.memory;
      if (!read(p, now, byte) || !has_new_text(p, now)) continue;
      const u32 left = bytes_to_finish(p);
      if (left >= kFar) continue;
      const bool out = !now.items_pending();
      const u64 key = leaving_key(p, now);
      if (!out && !seen.insert(key).second) continue;
      u32 known_tokens = kNone;
      if (const auto known = any && !out ? leaving_.find(key) : leaving_.end(); known != leaving_.end()) {
        if (known->second == kNone) continue;
        known_tokens = known->second;
      }
      steps.push_back({at, step.distance + 1, byte, out, key, p, std::move(now)});
      const u32 made = static_cast<u32>(steps.size() - 1);
      if (any && (out || known_tokens != kNone)) return way(made, out ? to_finish(made) : known_tokens);
      queue.push({add_lengths(step.distance + 1, left), !out, left, made});
    }
    if (steps.size() > kMostSteps) throw LimitExceeded{"work", kMostSteps};
  }
  for (std::size_t i = steps.size(); i-- > 0;)
    leave(steps[i].key, kNone);  // that of `from` last: others may be forgotten
  return std::nullopt;
}

// A text that finishes this one: out of what may become equal to an item on the shortest way, and on along the lower
// bounds until another item begins. (So a completion goes on with what is left of it when its first bytes are read.)
std::optional<std::string> CompiledGrammar::text_beside_items(const Place& from, const Memory& memory) {
  Place p = from;
  Memory now = memory;
  std::string text;
  for (u32 tries = 0; tries < kMostTries; ++tries) {
    if (now.items_pending()) {
      const auto way = way_out_of_items(p, now, false);
      if (!way || !read(p, now, *way)) return std::nullopt;
      text += *way;
    }
    const auto rest = witness(p, now, nullptr);
    if (!rest) return std::nullopt;
    std::size_t length = 0;
    while (length < rest->size() && !now.items_pending())
      if (!read(p, now, static_cast<u8>((*rest)[length++]))) return std::nullopt;
    text.append(*rest, 0, length);
    if (!now.items_pending()) return stops(p, now) ? std::optional(text) : std::nullopt;
  }
  return std::nullopt;
}

// Tokens that lead to where an item can only become equal to one before it; and those after which it still may.
void CompiledGrammar::find_equal_items(const Position& position, std::vector<u32>& forbidden,
                                       std::vector<u32>& pending) {
  const Place here = place(position.configuration);
  auto matters = [this](const Place& p, const Memory& memory) {
    return memory.in_items() && (memory.items_pending() || (ends_item(p) && !memory.items_left()));
  };
  if (!matters(here, position.memory)) return;
  const Trie& trie = store_->trie;
  struct Frame {
    Place place;
    Memory memory;
    u32 end;
  };
  std::vector<Frame> stack{{here, position.memory, trie.end(0)}};
  for (u32 node = 1; node < trie.end(0);) {
    while (node >= stack.back().end) stack.pop_back();
    Place p = stack.back().place;
    meter_.spend(1);
    if (Place q = p; !read(q, trie.byte(node))) {
      node = trie.end(node);
      continue;
    }
    Memory memory = stack.back().memory;
    if (!read(p, memory, trie.byte(node)) || !is_alive(p, memory)) {
      for (u32 i = trie.first_token(node); i < trie.first_token(trie.end(node)); ++i)
        forbidden.push_back(trie.order()[i]);
      meter_.spend(trie.subtree_tokens(node));
      node = trie.end(node);
    } else if (!matters(p, memory)) {
      node = trie.end(node);  // what ends an item further on in a token makes the token doubtful
    } else {
      for (u32 i = trie.first_token(node); i < trie.first_token(node + 1); ++i) pending.push_back(trie.order()[i]);
      stack.push_back({p, std::move(memory), trie.end(node)});
      ++node;
    }
  }
}

}  // namespace structgen
