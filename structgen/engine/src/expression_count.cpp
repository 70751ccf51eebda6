// Expressions: how many texts there are, as far as that is easy to see. (So that texts that must differ don't run out.)
#include "expression.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace structgen {

namespace {

constexpr u32 kCountedDeep = 200;                  // nested expressions whose texts are counted
constexpr u32 kManyStates = 64, kMoreBytes = 512;  // of a language whose texts are many
constexpr u64 kMostCounted = 1u << 16;             // states after so many bytes, all together
constexpr u32 kCounted = 64;                       // repetitions of an expression that are looked at to count its texts
constexpr u32 kExcludedDeep = 64, kExcluded = 1u << 16;  // bytes and number of excluded texts that are counted

}  // namespace

u32 Expressions::texts_at_least(ExprId root, u32 depth) {
  if (nodes_[root].texts_at_least != kNone) return nodes_[root].texts_at_least;
  if (depth > kCountedDeep) return nodes_[root].nullable;
  if (meter_) meter_->spend(1);
  u64 count = 0;
  auto add = [&count](u64 more) { count = std::min<u64>(kMany, count + more); };
  const Span a = args(root);
  switch (kind(root)) {
    case Epsilon:
      count = 1;
      break;
    case Switch:
      count = a[0];
      for (u32 i = 1; i < a.size; i += 2)
        add(((a[i] >> 8) - (a[i] & 0xFF) + 1) * u64{texts_at_least(a[i + 1], depth + 1)});
      break;
    case Concat: {  // one text of the one, with all of the other
      const u64 first = texts_at_least(a[0], depth + 1), second = texts_at_least(a[1], depth + 1);
      count = first == 0 || second == 0 ? 0 : std::max(first, second);
      break;
    }
    case Union:
      for (ExprId x : a) count = std::max<u64>(count, texts_at_least(x, depth + 1));
      break;
    case Inter: {  // one language, less what is excluded from it
      ExprId within = kNone;
      bool one = true;
      u64 excluded = 0;
      for (ExprId x : a) {
        if (kind(x) == Not && x != kAll)
          excluded += texts_at_most(args(x)[0], 0);
        else
          one &= within == kNone, within = x;
      }
      const u64 whole = within == kNone || !one ? 0 : texts_at_least(within, depth + 1);
      count = whole > excluded ? whole - excluded : 0;
      break;
    }
    case Repeat: {  // texts of single bytes can be told apart, in any number
      const ExprId part = a[0];
      const u32 min = a[1], max = std::min(a[2], std::max(a[1], kCounted));
      count = std::max<u64>(texts_at_least(part, depth + 1), min == 0 ? 1 : 0);
      const u64 bytes = bytes_matched(part);
      u64 power = 1, sum = 0;
      for (u32 k = 0; k < min && bytes > 1 && power < kMany; ++k) power = std::min<u64>(kMany, power * bytes);
      for (u32 k = min; k <= max && bytes > 1 && sum < kMany; ++k, power = std::min<u64>(kMany, power * bytes))
        sum += power;
      count = std::min<u64>(kMany, std::max(count, sum));
      break;
    }
    default:
      count = root == kAll ? kMany : 0;
  }
  return nodes_[root].texts_at_least = static_cast<u32>(count);
}

u32 Expressions::longest_of(ExprId root, u32 many) {
  std::vector<ExprId> states{root};
  std::unordered_set<ExprId> seen{root};
  u32 longest = 0;
  u64 counted = 0;
  for (std::size_t at = 0; at < states.size(); ++at) {
    if (states.size() > kManyStates) return kFar;
    const u32 shortest = shortest_length(states[at]), most = shortest + kMoreBytes;
    if (shortest > kManyStates) return kFar;
    std::unordered_map<ExprId, u64> ways{{states[at], 1}};
    u64 texts = 0;
    u32 length = 0;
    for (;; ++length) {
      std::unordered_map<ExprId, u64> longer;
      for (const auto& [e, times] : ways) {
        if (nodes_[e].nullable) texts += times;
        for (u32 low = 0, high = 0; low < 256; low = high + 1) {
          high = interval(e, static_cast<u8>(low)).second;
          const ExprId rest = derive(e, static_cast<u8>(low));
          if (rest == kEmpty || is_empty(rest)) continue;
          if (length == 0 && seen.insert(rest).second) states.push_back(rest);
          u64& sum = longer[rest];
          sum = std::min<u64>(kMany, sum + times * (high - low + 1));
        }
      }
      if (longer.size() > kManyStates || (counted += longer.size()) > kMostCounted) return kFar;
      if (meter_) meter_->spend(longer.size());
      ways = std::move(longer);
      if (texts >= many || ways.empty() || length >= most) break;
    }
    // Of a state near the end only the empty text may be left, as behind a quote.
    if (texts < many && (texts > 1 || shortest != 0 || !ways.empty())) return kFar;
    longest = std::max(longest, length);
  }
  return longest;
}

// How many texts of one byte match, as far as that is easy to see.
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
      return count > kExcluded ? kMany : count;
    case Union:
      for (ExprId x : a) count += texts_at_most(x, depth);
      return count > kExcluded ? kMany : count;
    default:
      return kMany;
  }
}

}  // namespace structgen
