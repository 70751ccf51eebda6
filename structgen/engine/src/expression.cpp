#include "expression.h"

#include <algorithm>
#include <optional>
#include <tuple>

namespace structgen {

namespace {

u32 range_of(u32 lo, u32 hi) { return lo | (hi << 8); }

Span span_of(const std::vector<u32>& words) { return {words.data(), static_cast<u32>(words.size())}; }

void sort_as_set(std::vector<ExprId>& parts) {
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
}

// X{min,max} R.
struct RepeatRange {
  ExprId x, rest;
  u32 min, max;
  // The same X and R, and ranges of numbers that touch. `other` does not begin before this one.
  bool touches(const RepeatRange& other) const {
    return x == other.x && rest == other.rest && (max == kUnbounded || other.min <= static_cast<u64>(max) + 1);
  }
};

std::optional<RepeatRange> repeat_range(const Expressions& e, ExprId of) {
  const bool chain = e.kind(of) == Expressions::Concat;
  const ExprId head = chain ? e.args(of)[0] : of;
  if (e.kind(head) != Expressions::Repeat) return std::nullopt;
  const Span a = e.args(head);
  return RepeatRange{a[0], chain ? e.args(of)[1] : kEpsilon, a[1], a[2]};
}

// X{m,n} R | X{p,q} R = X{min(m,p),max(n,q)} R where the ranges touch.
void merge_ranges(Expressions& e, std::vector<ExprId>& parts) {
  std::vector<RepeatRange> found;
  for (ExprId part : parts)
    if (const auto range = repeat_range(e, part)) found.push_back(*range);
  if (found.size() < 2) return;
  std::sort(found.begin(), found.end(), [](const RepeatRange& a, const RepeatRange& b) {
    return std::tie(a.x, a.rest, a.min, a.max) < std::tie(b.x, b.rest, b.min, b.max);
  });
  std::vector<RepeatRange> merged;
  for (const RepeatRange& range : found) {
    if (!merged.empty() && merged.back().touches(range))
      merged.back().max = std::max(merged.back().max, range.max);  // kUnbounded is the largest
    else
      merged.push_back(range);
  }
  if (merged.size() == found.size()) return;
  std::erase_if(parts, [&e](ExprId part) { return repeat_range(e, part).has_value(); });
  for (const RepeatRange& r : merged) parts.push_back(e.concat(e.repeat(r.x, r.min, r.max), r.rest));
}

// The parts of a union or an intersection, as a sorted set without those that change nothing.
std::vector<ExprId> flat(const Expressions& e, Expressions::Kind of, const std::vector<ExprId>& parts, ExprId neutral) {
  std::vector<ExprId> found;
  for (ExprId part : parts) {
    if (part == neutral) continue;
    if (e.kind(part) == of)
      found.insert(found.end(), e.args(part).begin(), e.args(part).end());
    else
      found.push_back(part);
  }
  sort_as_set(found);
  return found;
}

// Returns false if a part needs more bytes than another one allows: so digits end where no multiple can follow.
bool lengths_meet(const Expressions& e, const std::vector<ExprId>& parts) {
  u32 least = 0, longest = kFar;
  for (ExprId part : parts) {
    least = std::max(least, e.facts(part).least);
    longest = std::min(longest, e.facts(part).longest);
  }
  return least <= longest;
}

}  // namespace

Expressions::Expressions() {
  make(Empty, {});
  make(Epsilon, {});
  make(Not, {kEmpty});
}

ExprId Expressions::make(Kind kind, Span args) {
  key_.assign(1, kind);
  key_.insert(key_.end(), args.begin(), args.end());
  bool added = false;
  const ExprId id = keys_.intern(key_, &added);
  if (added) {
    facts_.push_back(describe(kind, this->args(id), facts_));
    if (meter_) meter_->expression();
  }
  return id;
}

ExprId Expressions::literal(const std::string& bytes) {
  ExprId e = kEpsilon;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    const u32 b = static_cast<u8>(bytes[i]);
    e = make(Switch, {0, range_of(b, b), e});
  }
  return e;
}

// Builds the trie of the sorted options from the right: a stack of unfinished nodes, one for each byte of the last one.
ExprId Expressions::literals(std::vector<std::string> options) {
  std::sort(options.begin(), options.end());
  options.erase(std::unique(options.begin(), options.end()), options.end());
  if (options.empty()) return kEmpty;
  const std::vector<u32> none{0};
  std::vector<std::vector<u32>> path{none};  // arguments of a Switch
  std::string last;
  auto node_of = [this](const std::vector<u32>& args) {
    return args.size() == 1 && args[0] ? kEpsilon : make(Switch, span_of(args));
  };
  auto close = [&](std::size_t depth) {
    while (path.size() > depth + 1) {
      const ExprId child = node_of(path.back());
      path.pop_back();
      const u32 b = static_cast<u8>(last[path.size() - 1]);
      path.back().push_back(range_of(b, b));
      path.back().push_back(child);
    }
  };
  for (const std::string& option : options) {
    std::size_t common = 0;
    while (common < last.size() && common < option.size() && last[common] == option[common]) ++common;
    close(common);
    path.resize(option.size() + 1, none);
    path.back()[0] = 1;
    last = option;
  }
  close(0);
  return node_of(path[0]);
}

ExprId Expressions::charset(const std::vector<std::pair<u32, u32>>& ranges) {
  const std::vector<ByteRanges> sequences = utf8_ranges(ranges);
  return sequences.empty() ? kEmpty : characters(sequences, 0, sequences.size(), 0);
}

// The trie of some sequences from their byte `at` on; they are equal before.
ExprId Expressions::characters(const std::vector<ByteRanges>& sequences, std::size_t from, std::size_t to,
                               std::size_t at) {
  if (sequences[from].size() == at) return kEpsilon;
  std::vector<u32> args{0};
  for (std::size_t i = from; i < to;) {
    std::size_t j = i;
    while (j < to && sequences[j][at] == sequences[i][at]) ++j;
    const ExprId child = characters(sequences, i, j, at + 1);
    const auto [lo, hi] = sequences[i][at];
    const std::size_t n = args.size();
    if (n > 1 && args[n - 1] == child && (args[n - 2] >> 8) + 1 == lo) {
      args[n - 2] = range_of(args[n - 2] & 0xFF, hi);
    } else {
      args.push_back(range_of(lo, hi));
      args.push_back(child);
    }
    i = j;
  }
  return make(Switch, span_of(args));
}

ExprId Expressions::concat(ExprId a, ExprId b) {
  if (a == kEmpty || b == kEmpty) return kEmpty;
  std::vector<ExprId> spine;
  while (kind(a) == Concat) {
    spine.push_back(args(a)[0]);
    a = args(a)[1];
  }
  spine.push_back(a);
  for (std::size_t i = spine.size(); i-- > 0;) b = prepend(spine[i], b);
  return b;
}

// The concatenation of two, of which the first is none itself.
ExprId Expressions::prepend(ExprId head, ExprId rest) {
  if (head == kEpsilon) return rest;
  if (rest == kEpsilon) return head;
  const bool chain = kind(rest) == Concat;
  const ExprId merged = kind(head) == Repeat ? merge_repeats(head, chain ? args(rest)[0] : rest) : kNone;
  if (merged == kNone) return make(Concat, {head, rest});
  return chain ? make(Concat, {merged, args(rest)[1]}) : merged;
}

// X{m,n} X{p,q} = X{m+p,n+q}; kNone if the two can't be merged.
ExprId Expressions::merge_repeats(ExprId a, ExprId b) {
  if (kind(b) != Repeat || args(a)[0] != args(b)[0]) return kNone;
  const Span first = args(a), second = args(b);
  const bool unbounded = first[2] == kUnbounded || second[2] == kUnbounded;
  const u64 low = static_cast<u64>(first[1]) + second[1];
  const u64 high = unbounded ? kUnbounded : static_cast<u64>(first[2]) + second[2];
  if (low >= kUnbounded || (!unbounded && high >= kUnbounded)) return kNone;
  return repeat(first[0], static_cast<u32>(low), static_cast<u32>(high));
}

ExprId Expressions::concat(const std::vector<ExprId>& parts) {
  ExprId e = kEpsilon;
  for (std::size_t i = parts.size(); i-- > 0;) e = concat(parts[i], e);
  return e;
}

ExprId Expressions::unite(std::vector<ExprId> given) {
  if (std::find(given.begin(), given.end(), kAll) != given.end()) return kAll;
  std::vector<ExprId> parts = flat(*this, Union, given, kEmpty);
  if (parts.size() > 1) {
    merge_ranges(*this, parts);
    sort_as_set(parts);
    const auto has_empty_text = [this](ExprId e) { return e != kEpsilon && facts_[e].nullable; };
    if (parts[0] == kEpsilon && std::any_of(parts.begin(), parts.end(), has_empty_text)) parts.erase(parts.begin());
  }
  if (meter_) meter_->spend(parts.size());
  if (parts.empty()) return kEmpty;
  return parts.size() == 1 ? parts[0] : make(Union, span_of(parts));
}

ExprId Expressions::intersect(std::vector<ExprId> given) {
  if (std::find(given.begin(), given.end(), kEmpty) != given.end()) return kEmpty;
  const std::vector<ExprId> parts = flat(*this, Inter, given, kAll);
  if (meter_) meter_->spend(parts.size());
  if (parts.empty()) return kAll;
  if (parts.size() == 1) return parts[0];
  if (parts[0] == kEpsilon)
    return std::all_of(parts.begin(), parts.end(), [this](ExprId x) { return facts_[x].nullable; }) ? kEpsilon : kEmpty;
  for (ExprId e : parts)
    if (kind(e) == Not && std::binary_search(parts.begin(), parts.end(), args(e)[0])) return kEmpty;
  return lengths_meet(*this, parts) ? make(Inter, span_of(parts)) : kEmpty;
}

ExprId Expressions::negate(ExprId part) {
  if (kind(part) == Not) return args(part)[0];
  return make(Not, {part});
}

ExprId Expressions::repeat(ExprId part, u32 min, u32 max) {
  if (max == 0 || part == kEpsilon) return kEpsilon;
  if (part == kEmpty) return min == 0 ? kEpsilon : kEmpty;
  if (part == kAll) return kAll;
  if (facts_[part].nullable) min = 0;
  if (kind(part) == Repeat) {
    const ExprId simpler = repeat_of_repeat(part, min, max);
    if (simpler != kNone) return simpler;
  }
  return min == 1 && max == 1 ? part : make(Repeat, {part, min, max});
}

// kNone if there is nothing simpler.
ExprId Expressions::repeat_of_repeat(ExprId part, u32 min, u32 max) {
  const Span a = args(part);
  const ExprId x = a[0];
  if (a[2] == kUnbounded && a[1] <= 1) {
    if (a[1] == 0 || min == 0) return make(Repeat, {x, 0, kUnbounded});  // (X*){m,n} = X*, (X+)* = X*
    if (min == 1) return part;                                           // (X+)+ = X+
  }
  return a[1] == 0 && a[2] == 1 && min == 0 ? repeat(x, 0, max) : kNone;  // (X?){0,n} = X{0,n}
}

}  // namespace structgen
