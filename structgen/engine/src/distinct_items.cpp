#include "distinct_items.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace structgen {

namespace {

constexpr u64 kMostSteps = 50'000;                 // of a search
constexpr std::size_t kMostRemembered = 1u << 16;  // exits, and sets of bytes

}  // namespace

// What is written of a terminal that cannot be recorded any more makes no difference.
u64 DistinctItems::key(const Place& p, const UniquenessState& state) {
  bool records = false;
  for (u32 i = 0; !p.fresh && i < lexer_.members(p.lexer); ++i)
    records |= (effects_.of(places_.terminal(p, p.lexer, i)) & Record) != 0;
  return mix(state.hash(records) + configurations_.intern(p));
}

void DistinctItems::remember(u64 key, const Exit& exit) {
  if (exits_.size() >= kMostRemembered && !exits_.contains(key)) exits_.clear();
  exits_[key] = exit;
}

const ByteSet& DistinctItems::next_bytes(u32 configuration) {
  if (const auto known = next_bytes_.find(configuration); known != next_bytes_.end()) return known->second;
  ByteSet found{};
  for (u32 b = 0; b < 256; ++b)
    if (Place q = configurations_.place(configuration); places_.read(q, static_cast<u8>(b)))
      found[b >> 6] |= 1ull << (b & 63);
  if (next_bytes_.size() > kMostRemembered) next_bytes_.clear();
  return next_bytes_[configuration] = found;
}

// A search for an exit, from one place. `any`: the first one that is found will do, and what is remembered helps.
class DistinctItems::Search {
 public:
  Search(DistinctItems& items, const Place& from, const UniquenessState& state, bool any) : items_(items), any_(any) {
    steps_.push_back({kNone, 0, 0, !state.items().pending(), items.key(from, state), from, state});
    seen_.insert(steps_[0].key);
    push(0, items.places_.min_remaining_bytes(from), true);
  }

  // The bytes to the exit; nothing if there is none.
  std::optional<std::string> run() {
    while (!queue_.empty()) {
      const u32 at = std::get<3>(queue_.top());
      queue_.pop();
      if (steps_[at].out) return leave(at, exit_at(at));
      if (auto found = expand(at)) return found;
      if (steps_.size() > kMostSteps) throw LimitExceeded{"work", kMostSteps};
    }
    // That of the first place last: others may be forgotten.
    for (std::size_t i = steps_.size(); i-- > 0;) items_.remember(steps_[i].key, {0, kNone});
    return std::nullopt;
  }

 private:
  struct Step {
    u32 parent, distance;
    u8 byte;
    bool out;  // no item is pending
    u64 key;
    Place place;
    UniquenessState state;
  };
  using Entry = std::tuple<u32, bool, u32, u32>;  // estimate, pending, remaining bytes, step

  void push(u32 step, u32 remaining, bool pending) {
    queue_.push({add_lengths(steps_[step].distance, remaining), pending, remaining, step});
  }
  Exit exit_at(u32 step) { return {0, items_.configurations_.intern(steps_[step].place)}; }

  // Tries every byte after a step. Returns the bytes to an exit if the search can end.
  std::optional<std::string> expand(u32 at) {
    const Step step = steps_[at];
    const ByteSet next = items_.next_bytes(items_.configurations_.intern(step.place));
    for (u32 b = 0; b < 256; ++b) {
      if (!contains(next, static_cast<u8>(b))) continue;
      items_.meter_.spend(64);
      if (auto found = try_byte(at, step, static_cast<u8>(b))) return found;
    }
    return std::nullopt;
  }

  std::optional<std::string> try_byte(u32 at, const Step& step, u8 byte) {
    Place p = step.place;
    UniquenessState now = step.state;
    if (!items_.reader_.read(p, now, byte) || !items_.reader_.has_new_text(p, now)) return std::nullopt;
    const u32 remaining = items_.places_.min_remaining_bytes(p);
    if (remaining >= kFar) return std::nullopt;
    const bool out = !now.items().pending();
    const u64 key = items_.key(p, now);
    if (!out && !seen_.insert(key).second) return std::nullopt;
    const Exit* known = any_ && !out ? remembered(key) : nullptr;
    if (known != nullptr && known->configuration == kNone) return std::nullopt;
    steps_.push_back({at, step.distance + 1, byte, out, key, p, std::move(now)});
    const u32 made = static_cast<u32>(steps_.size() - 1);
    if (any_ && out) return leave(made, exit_at(made));
    if (known != nullptr) return leave(made, Exit(*known));
    push(made, remaining, !out);
    return std::nullopt;
  }

  const Exit* remembered(u64 key) const {
    const auto known = items_.exits_.find(key);
    return known == items_.exits_.end() ? nullptr : &known->second;
  }

  // Remembers the exit for all places on the way to a step, from which it is `exit.bytes` away.
  std::string leave(u32 at, Exit exit) {
    std::string text;
    const u32 reached = steps_[at].distance + exit.bytes;
    for (u32 i = at; i != kNone; i = steps_[i].parent) {
      items_.remember(steps_[i].key, {reached - steps_[i].distance, exit.configuration});
      if (steps_[i].parent != kNone) text.push_back(static_cast<char>(steps_[i].byte));
    }
    std::reverse(text.begin(), text.end());
    return text;
  }

  DistinctItems& items_;
  const bool any_;
  std::vector<Step> steps_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
  std::unordered_set<u64> seen_;
};

DistinctItems::Exit DistinctItems::exit(const Place& p, const UniquenessState& state) {
  const u64 at = key(p, state);
  if (const auto known = exits_.find(at); known != exits_.end()) return known->second;
  Search(*this, p, state, true).run();
  return exits_.at(at);
}

std::optional<std::string> DistinctItems::shortest_exit(const Place& p, const UniquenessState& state) {
  return Search(*this, p, state, false).run();
}

}  // namespace structgen
