#include "text_counts.h"

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

u32 TextCounts::at_least(ExprId e, u32 depth) {
  u32 count = memo_.find(e);
  if (count != kNone) return count;
  if (depth > kCountedDeep) return e_.nullable(e);
  if (meter_) meter_->spend(1);
  count = static_cast<u32>(compute_at_least(e, depth));
  memo_.put(e, count);
  return count;
}

u64 TextCounts::compute_at_least(ExprId e, u32 depth) {
  const Span a = e_.args(e);
  switch (e_.kind(e)) {
    case Expressions::Epsilon:
      return 1;
    case Expressions::Switch:
      return of_switch(a, depth);
    case Expressions::Concat: {  // one text of the one, with all of the other
      const u64 first = at_least(a[0], depth + 1), second = at_least(a[1], depth + 1);
      return first == 0 || second == 0 ? 0 : std::max(first, second);
    }
    case Expressions::Union:
      return of_union(a, depth);
    case Expressions::Inter:
      return of_intersection(a, depth);
    case Expressions::Repeat:
      return of_repeat(a, depth);
    default:
      return e == kAll ? kMany : 0;
  }
}

u64 TextCounts::of_union(Span parts, u32 depth) {
  u64 count = 0;
  for (ExprId x : parts) count = std::max<u64>(count, at_least(x, depth + 1));
  return count;
}

u64 TextCounts::of_switch(Span args, u32 depth) {
  u64 count = args[0];
  for (u32 i = 1; i < args.size; i += 2) {
    const u64 bytes = (args[i] >> 8) - (args[i] & 0xFF) + 1;
    count = std::min<u64>(kMany, count + bytes * at_least(args[i + 1], depth + 1));
  }
  return count;
}

// Of one language, less what is excluded from it; 0 if there are several.
u64 TextCounts::of_intersection(Span parts, u32 depth) {
  ExprId whole = kNone;
  u64 excluded = 0;
  for (ExprId x : parts) {
    if (e_.kind(x) == Expressions::Not && x != kAll)
      excluded += at_most(e_.args(x)[0], 0);
    else if (whole == kNone)
      whole = x;
    else
      return 0;
  }
  const u64 count = whole == kNone ? 0 : at_least(whole, depth + 1);
  return count > excluded ? count - excluded : 0;
}

// Texts of single bytes differ in any number of repetitions; of longer texts only one is counted.
u64 TextCounts::of_repeat(Span args, u32 depth) {
  const u32 min = args[1], max = std::min(args[2], std::max(min, kCounted));
  const u64 once = std::max<u64>(at_least(args[0], depth + 1), min == 0 ? 1 : 0);
  const u64 bytes = bytes_matched(args[0]);
  if (bytes <= 1) return once;
  u64 power = 1, sum = 0;
  for (u32 k = 0; k < min && power < kMany; ++k) power = std::min<u64>(kMany, power * bytes);
  for (u32 k = min; k <= max && sum < kMany; ++k, power = std::min<u64>(kMany, power * bytes)) sum += power;
  return std::min<u64>(kMany, std::max(once, sum));
}

// Lengths of the remaining texts from each state of a language.
class TextCounts::Lengths {
 public:
  Lengths(TextCounts& counts, ExprId root) : c_(counts), e_(counts.e_), states_{root}, seen_{root} {}

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
    const u32 shortest = c_.languages_.shortest_length(state), most = shortest + kMoreBytes;
    if (shortest > kManyStates) return kFar;
    Ways ways{{state, 1}};
    u64 texts = 0;
    for (u32 length = 0;; ++length) {
      for (const auto& [e, times] : ways)
        if (e_.nullable(e)) texts += times;
      ways = longer(ways, length == 0);
      counted_ += ways.size();
      if (ways.size() > kManyStates || counted_ > kMostCounted) return kFar;
      if (c_.meter_) c_.meter_->spend(ways.size());
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
        if (c_.languages_.is_empty(rest)) return true;
        if (is_first && seen_.insert(rest).second) states_.push_back(rest);
        const auto [lo, hi] = e_.interval(from, byte);
        u64& sum = found[rest];
        sum = std::min<u64>(kMany, sum + so_many * (static_cast<u64>(hi) - lo + 1));
        return true;
      });
    return found;
  }

  TextCounts& c_;
  Expressions& e_;
  std::vector<ExprId> states_;
  std::unordered_set<ExprId> seen_;
  u64 counted_ = 0;
};

u32 TextCounts::longest_of(ExprId root, u32 texts) { return Lengths(*this, root).longest_of(texts); }

// Depth-first through the derivatives that hold a text: there is no longest text if one of them leads to itself.
class TextCounts::Search {
 public:
  Search(TextCounts& counts, u32 states) : c_(counts), e_(counts.e_), states_(states) {}

  // How many texts there are, up to kMany; kUnknown if too many states had to be visited.
  u32 count(ExprId root) {
    if (c_.languages_.is_empty(root)) return 0;
    enter(root);
    while (!path_.empty()) {
      if (path_.back().left.empty()) {
        leave();
        continue;
      }
      const auto [next, times] = path_.back().left.back();
      if (const auto known = seen_.find(next); known != seen_.end()) {
        if (known->second == kOpen) return kMany;
        path_.back().count += std::min<u64>(kMany, times * known->second);
      } else if (!c_.languages_.is_empty(next)) {
        if (seen_.size() >= states_) return kUnknown;
        enter(next);
        continue;
      }
      path_.back().left.pop_back();
    }
    return static_cast<u32>(seen_[root]);
  }

 private:
  static constexpr u64 kOpen = ~u64{0};  // of a state on the path

  struct Frame {
    ExprId e;
    u64 count;
    std::vector<std::pair<ExprId, u64>> left;  // derivatives to visit, each with the number of its bytes
  };

  void enter(ExprId e) {
    seen_[e] = kOpen;
    path_.push_back({e, e_.nullable(e) ? u64{1} : u64{0}, {}});
    e_.each_derivative(e, [&](u8 byte, ExprId rest) {
      const auto [lo, hi] = e_.interval(e, byte);
      path_.back().left.emplace_back(rest, hi - lo + 1u);
      return true;
    });
    if (c_.meter_) c_.meter_->spend(1);
  }
  void leave() {
    seen_[path_.back().e] = std::min<u64>(kMany, path_.back().count);
    path_.pop_back();
  }

  TextCounts& c_;
  Expressions& e_;
  u32 states_;
  std::unordered_map<ExprId, u64> seen_;  // by state: how many texts it has, up to kMany
  std::vector<Frame> path_;
};

u32 TextCounts::count(ExprId e, u32 states) { return Search(*this, states).count(e); }

// How many texts of one byte match, as a lower bound.
u32 TextCounts::bytes_matched(ExprId e) const {
  const Span a = e_.args(e);
  u32 count = 0;
  if (e_.kind(e) == Expressions::Switch)
    for (u32 i = 1; i < a.size; i += 2) count += e_.nullable(a[i + 1]) ? (a[i] >> 8) - (a[i] & 0xFF) + 1 : 0;
  if (e_.kind(e) == Expressions::Union)
    for (ExprId x : a)
      if (e_.kind(x) == Expressions::Switch) count = std::max(count, bytes_matched(x));
  return count;
}

// An upper bound of the number of texts; kMany if there is none that is quickly found.
u64 TextCounts::at_most(ExprId e, u32 depth) {
  const Span a = e_.args(e);
  u64 count = 0;
  switch (e_.kind(e)) {
    case Expressions::Empty:
      return 0;
    case Expressions::Epsilon:
      return 1;
    case Expressions::Switch:
      count = at_most_of_switch(a, depth);
      break;
    case Expressions::Union:
      for (ExprId x : a) count += at_most(x, depth);
      break;
    default:
      return kMany;
  }
  return count > kExcluded ? kMany : count;
}

u64 TextCounts::at_most_of_switch(Span args, u32 depth) {
  if (depth >= kExcludedDeep) return kMany;
  u64 count = args[0];
  for (u32 i = 1; i < args.size && count <= kExcluded; i += 2)
    count += ((args[i] >> 8) - (args[i] & 0xFF) + 1) * at_most(args[i + 1], depth + 1);
  if (meter_) meter_->spend(args.size);
  return count;
}

}  // namespace structgen
