// Expressions: how many texts there are, by lower bounds. Texts that must differ (`uniqueItems`) must not run out.
#include "expression.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace structgen {

namespace {

constexpr u32 kCountedDeep = 200;                        // nested expressions whose texts are counted
constexpr u32 kManyStates = 64, kMoreBytes = 512;        // of a language whose texts are many
constexpr u64 kMostCounted = 1u << 16;                   // states after so many bytes, all together
constexpr u32 kCounted = 64;                             // repetitions of an expression that are counted
constexpr u32 kExcludedDeep = 64, kExcluded = 1u << 16;  // bytes and number of excluded texts that are counted

}  // namespace

u32 Expressions::texts_at_least(ExprId root, u32 depth) {
  if (nodes_[root].texts_at_least != kNone) return nodes_[root].texts_at_least;
  if (depth > kCountedDeep) return nodes_[root].nullable;
  if (meter_) meter_->spend(1);
  u64 count = 0;
  const Span a = args(root);
  switch (kind(root)) {
    case Epsilon:
      count = 1;
      break;
    case Switch:
      count = texts_of_switch(a, depth);
      break;
    case Concat: {  // one text of the one, with all of the other
      const u64 first = texts_at_least(a[0], depth + 1), second = texts_at_least(a[1], depth + 1);
      count = first == 0 || second == 0 ? 0 : std::max(first, second);
      break;
    }
    case Union:
      for (ExprId x : a) count = std::max<u64>(count, texts_at_least(x, depth + 1));
      break;
    case Inter:
      count = texts_of_intersection(a, depth);
      break;
    case Repeat:
      count = texts_of_repeat(a, depth);
      break;
    default:
      count = root == kAll ? kMany : 0;
  }
  return nodes_[root].texts_at_least = static_cast<u32>(count);
}

u64 Expressions::texts_of_switch(Span args, u32 depth) {
  u64 count = args[0];
  for (u32 i = 1; i < args.size; i += 2) {
    const u64 bytes = (args[i] >> 8) - (args[i] & 0xFF) + 1;
    count = std::min<u64>(kMany, count + bytes * texts_at_least(args[i + 1], depth + 1));
  }
  return count;
}

// Of one language, less what is excluded from it; 0 if there are several.
u64 Expressions::texts_of_intersection(Span parts, u32 depth) {
  ExprId whole = kNone;
  u64 excluded = 0;
  for (ExprId x : parts) {
    if (kind(x) == Not && x != kAll)
      excluded += texts_at_most(args(x)[0], 0);
    else if (whole == kNone)
      whole = x;
    else
      return 0;
  }
  const u64 count = whole == kNone ? 0 : texts_at_least(whole, depth + 1);
  return count > excluded ? count - excluded : 0;
}

// Texts of single bytes differ in any number of repetitions; of longer texts only one is counted.
u64 Expressions::texts_of_repeat(Span args, u32 depth) {
  const u32 min = args[1], max = std::min(args[2], std::max(min, kCounted));
  const u64 once = std::max<u64>(texts_at_least(args[0], depth + 1), min == 0 ? 1 : 0);
  const u64 bytes = bytes_matched(args[0]);
  if (bytes <= 1) return once;
  u64 power = 1, sum = 0;
  for (u32 k = 0; k < min && power < kMany; ++k) power = std::min<u64>(kMany, power * bytes);
  for (u32 k = min; k <= max && sum < kMany; ++k, power = std::min<u64>(kMany, power * bytes)) sum += power;
  return std::min<u64>(kMany, std::max(once, sum));
}

// Lengths of the remaining texts from each state of a language.
class Expressions::Lengths {
 public:
  Lengths(Expressions& expressions, ExprId root) : e_(expressions), states_{root}, seen_{root} {}

  u32 longest_of(u32 many) {
    u32 longest = 0;
    for (std::size_t at = 0; at < states_.size() && longest < kFar; ++at)
      longest = std::max(longest, longest_from(states_[at], many));
    return longest;
  }

 private:
  using Ways = std::unordered_map<ExprId, u64>;  // by state: texts that lead there

  // The length up to which a state has so many texts; kFar if that takes too long to find, or there are not so many.
  u32 longest_from(ExprId state, u32 many) {
    if (states_.size() > kManyStates) return kFar;
    const u32 shortest = e_.shortest_length(state), most = shortest + kMoreBytes;
    if (shortest > kManyStates) return kFar;
    Ways ways{{state, 1}};
    u64 texts = 0;
    for (u32 length = 0;; ++length) {
      for (const auto& [e, times] : ways)
        if (e_.nullable(e)) texts += times;
      ways = longer(ways, length == 0);
      counted_ += ways.size();
      if (ways.size() > kManyStates || counted_ > kMostCounted) return kFar;
      if (e_.meter_) e_.meter_->spend(ways.size());
      if (texts >= many) return length;
      // Of a state near the end only the empty text may be left, as after a quote.
      if (ways.empty()) return texts > 1 || shortest != 0 ? kFar : length;
      if (length >= most) return kFar;
    }
  }

  Ways longer(const Ways& ways, bool is_first) {
    Ways found;
    for (const auto& [e, times] : ways)
      e_.each_derivative(e, [&, from = e, so_many = times](u8 byte, ExprId rest) {
        if (e_.is_empty(rest)) return true;
        if (is_first && seen_.insert(rest).second) states_.push_back(rest);
        const auto [lo, hi] = e_.interval(from, byte);
        u64& sum = found[rest];
        sum = std::min<u64>(kMany, sum + so_many * (static_cast<u64>(hi) - lo + 1));
        return true;
      });
    return found;
  }

  Expressions& e_;
  std::vector<ExprId> states_;
  std::unordered_set<ExprId> seen_;
  u64 counted_ = 0;
};

u32 Expressions::longest_of(ExprId root, u32 texts) { return Lengths(*this, root).longest_of(texts); }

// How many texts of one byte match, as a lower bound.
u32 Expressions::bytes_matched(ExprId e) const {
  const Span a = args(e);
  u32 count = 0;
  if (kind(e) == Switch)
    for (u32 i = 1; i < a.size; i += 2) count += nodes_[a[i + 1]].nullable ? (a[i] >> 8) - (a[i] & 0xFF) + 1 : 0;
  if (kind(e) == Union)
    for (ExprId x : a)
      if (kind(x) == Switch) count = std::max(count, bytes_matched(x));
  return count;
}

u64 Expressions::texts_at_most(ExprId e, u32 depth) {
  const Span a = args(e);
  u64 count = 0;
  switch (kind(e)) {
    case Empty:
      return 0;
    case Epsilon:
      return 1;
    case Switch:
      if (depth >= kExcludedDeep) return kMany;
      count = a[0];
      for (u32 i = 1; i < a.size && count <= kExcluded; i += 2)
        count += ((a[i] >> 8) - (a[i] & 0xFF) + 1) * texts_at_most(a[i + 1], depth + 1);
      if (meter_) meter_->spend(a.size);
      break;
    case Union:
      for (ExprId x : a) count += texts_at_most(x, depth);
      break;
    default:
      return kMany;
  }
  return count > kExcluded ? kMany : count;
}

}  // namespace structgen
