// Languages: simpler ones that are close to a given one.
#include <algorithm>

#include "languages.h"

namespace structgen {

namespace {

constexpr u32 kNarrow = 4;  // repetitions whose bound is not lifted

}  // namespace

ExprId Languages::clip(ExprId e, u32 longest) {
  if (answers(e).clipped != kNone) return answers(e).clipped;
  const Depth guard(depth_);
  const Span a = e_.args(e);
  ExprId result = e;
  std::vector<ExprId> parts;
  const auto add = [&](ExprId part) { parts.push_back(clip(part, longest)); };
  switch (e_.kind(e)) {
    case Expressions::Concat:
      each_part(e, add);
      result = e_.concat(parts);
      break;
    case Expressions::Union:
      for (ExprId x : a) add(x);
      result = e_.unite(std::move(parts));
      break;
    case Expressions::Repeat: {
      const u32 min = std::min(a[1], longest + 1), max = a[2] > longest ? kUnbounded : a[2];
      result = e_.repeat(clip(a[0], longest), min, max);
      break;
    }
    default:
      break;
  }
  answers(e).clipped = result;
  return result;
}

u32 Languages::clipped_below(ExprId e, u32 longest) {
  if (clip(e, longest) == e) return 0;
  const Depth guard(depth_);
  const Span a = e_.args(e);
  u32 found = 0;
  switch (e_.kind(e)) {
    case Expressions::Concat:
      each_part(e, [&](ExprId part) { found = add_lengths(found, clipped_below(part, longest)); });
      return found;
    case Expressions::Union:
      for (ExprId x : a) found = std::max(found, clipped_below(x, longest));
      return found;
    case Expressions::Repeat: {
      const u32 kept = std::min(a[1], longest + 1);
      const u32 less = times_length(shortest_length(a[0]), a[1] - kept);
      return add_lengths(less, times_length(clipped_below(a[0], longest), std::max(kept, 1u)));
    }
    default:
      return 0;
  }
}

ExprId Languages::without_exclusions(ExprId e) {
  if (!e_.facts(e).boolean) return e;
  const Depth guard(depth_);
  const Span a = e_.args(e);
  switch (e_.kind(e)) {
    case Expressions::Concat: {
      const ExprId first = without_exclusions(a[0]);
      return e_.concat(first, without_exclusions(a[1]));
    }
    case Expressions::Union: {
      std::vector<ExprId> parts;
      for (ExprId x : a) parts.push_back(without_exclusions(x));
      return e_.unite(std::move(parts));
    }
    case Expressions::Inter: {
      std::vector<ExprId> parts;
      for (ExprId x : a)
        if (e_.kind(x) != Expressions::Not || e_.open(e_.args(x)[0])) parts.push_back(without_exclusions(x));
      return parts.empty() ? e : e_.intersect(std::move(parts));
    }
    default:
      return e;
  }
}

Languages::Unbounded Languages::unbounded(ExprId e) {
  if (answers(e).unbounded != kNone) return {answers(e).unbounded, answers(e).reach};
  const Depth guard(depth_);
  Unbounded result{e, kFar};
  std::vector<ExprId> parts;
  const auto add = [&](ExprId part) {
    const Unbounded found = unbounded(part);
    result.reach = std::min(result.reach, found.reach);
    parts.push_back(found.e);
  };
  switch (e_.kind(e)) {
    case Expressions::Concat:
      each_part(e, add);
      result.e = e_.concat(parts);
      break;
    case Expressions::Union:
    case Expressions::Inter:
      for (ExprId x : e_.args(e)) add(x);
      result.e = e_.kind(e) == Expressions::Union ? e_.unite(std::move(parts)) : e_.intersect(std::move(parts));
      break;
    case Expressions::Repeat:
      result = unbounded_repeat(e);
      break;
    default:
      break;
  }
  if (result.e == e) result.reach = kFar;
  answers(e).unbounded = result.e;
  answers(e).reach = result.reach;
  return result;
}

Languages::Unbounded Languages::unbounded_repeat(ExprId e) {
  const Span a = e_.args(e);
  const Unbounded part = unbounded(a[0]);
  if (a[2] == kUnbounded || a[2] < kNarrow || e_.facts(a[0]).boolean)
    return {e_.repeat(part.e, a[1], a[2]), part.reach};
  const u64 one = std::max(1u, shortest_length(a[0]));
  const u32 reach = static_cast<u32>(std::min<u64>(part.reach, one * a[2] + one - 1));
  return {e_.repeat(part.e, a[1], kUnbounded), reach};
}

}  // namespace structgen
