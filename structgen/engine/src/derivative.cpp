// Expressions: derivatives.
#include <algorithm>

#include "expression.h"

namespace structgen {

ExprId Expressions::derive(ExprId e, u8 byte) {
  if (!contains(nodes_[e].live, byte)) return kEmpty;
  if (kind(e) == Switch) {
    const Span a = args(e);
    u32 lo = 0, hi = (a.size - 1) / 2;
    while (lo < hi) {  // the first range that does not end before `byte`
      const u32 mid = (lo + hi) / 2;
      if ((a[1 + 2 * mid] >> 8) < byte)
        lo = mid + 1;
      else
        hi = mid;
    }
    return a[2 + 2 * lo];
  }
  const u64 key = (static_cast<u64>(e) << 8) | interval(e, byte).first;
  const u32 known = memo_.find(key);
  if (known != kNone) return known;
  const ExprId result = compute_derivative(e, byte);
  memo_.put(key, result);
  return result;
}

ExprId Expressions::compute_derivative(ExprId e, u8 byte) {
  const Depth guard(depth_);
  if (meter_) meter_->spend(1);
  const Span a = args(e);
  switch (kind(e)) {
    case Concat: {
      const ExprId first = concat(derive(a[0], byte), a[1]);
      if (!nodes_[a[0]].nullable) return first;
      return unite({first, derive(a[1], byte)});
    }
    case Union:
      return derive_union(a, byte);
    case Inter:
      return derive_intersection(a, byte);
    case Not:
      return negate(derive(a[0], byte));
    case Repeat: {
      const ExprId first = derive(a[0], byte);
      return concat(first, repeated_less(a, 1));
    }
    case Divisible:
      return derive_divisible(e, byte);
    default:
      return kEmpty;
  }
}

ExprId Expressions::derive_union(Span parts, u8 byte) {
  std::vector<ExprId> found;
  for (ExprId part : parts)
    if (const ExprId d = derive(part, byte); d != kEmpty) found.push_back(d);
  return unite(std::move(found));
}

ExprId Expressions::derive_intersection(Span parts, u8 byte) {
  std::vector<ExprId> found;
  for (ExprId part : parts) {
    found.push_back(derive(part, byte));
    if (found.back() == kEmpty) return kEmpty;
  }
  return intersect(std::move(found));
}

// The arguments of a Repeat, after some repetitions.
ExprId Expressions::repeated_less(Span repeat_args, u32 times) {
  const u32 min = repeat_args[1] - std::min(repeat_args[1], times);
  const u32 max = repeat_args[2] == kUnbounded ? kUnbounded : repeat_args[2] - times;
  return repeat(repeat_args[0], min, max);
}

ExprId Expressions::derive_divisible(ExprId e, u8 byte) {
  if (byte == '.') return e;
  if (byte < '0' || byte > '9') return kEmpty;
  const u64 number = static_cast<u64>(args(e)[1]) * 10 + (byte - '0');
  return divisible(args(e)[0], static_cast<u32>(number % args(e)[0]));
}

// X{m,n} R reads the byte k times at once, if it is an X and does not begin R.
ExprId Expressions::derive_run(ExprId e, u8 byte, u32 count) {
  while (count > 0 && e != kEmpty) {
    const bool sequence = kind(e) == Concat;
    const ExprId head = sequence ? args(e)[0] : e, rest = sequence ? args(e)[1] : kEpsilon;
    u32 many = 1;
    if (repeats_byte(head, byte) && derive(rest, byte) == kEmpty) {
      many = std::min(count, args(head)[2]);
      e = concat(repeated_less(args(head), many), rest);
    } else {
      e = derive(e, byte);
    }
    count -= many;
  }
  return e;
}

// Returns true for an X{m,n} in which the byte is one whole X.
bool Expressions::repeats_byte(ExprId e, u8 byte) {
  if (kind(e) != Repeat) return false;
  const ExprId part = args(e)[0];
  return !nullable(part) && derive(part, byte) == kEpsilon;
}

}  // namespace structgen
