// Expressions: derivatives.
#include <algorithm>

#include "expression.h"

namespace structgen {

namespace {

ExprId derive_union(Expressions& e, Span parts, u8 byte) {
  std::vector<ExprId> found;
  for (ExprId part : parts)
    if (const ExprId d = e.derive(part, byte); d != kEmpty) found.push_back(d);
  return e.unite(std::move(found));
}

ExprId derive_intersection(Expressions& e, Span parts, u8 byte) {
  std::vector<ExprId> found;
  for (ExprId part : parts) {
    found.push_back(e.derive(part, byte));
    if (found.back() == kEmpty) return kEmpty;
  }
  return e.intersect(std::move(found));
}

// A Repeat after some repetitions.
ExprId repeated_less(Expressions& e, Span repeat, u32 times) {
  const u32 min = repeat[1] - std::min(repeat[1], times);
  const u32 max = repeat[2] == kUnbounded ? kUnbounded : repeat[2] - times;
  return e.repeat(repeat[0], min, max);
}

ExprId derive_divisible(Expressions& e, ExprId of, u8 byte) {
  if (byte == '.') return of;
  if (byte < '0' || byte > '9') return kEmpty;
  const u32 modulus = e.args(of)[0];
  const u64 number = static_cast<u64>(e.args(of)[1]) * 10 + (byte - '0');
  return e.divisible(modulus, static_cast<u32>(number % modulus));
}

// Returns true for an X{m,n} in which the byte is one whole X.
bool repeats_byte(Expressions& e, ExprId of, u8 byte) {
  if (e.kind(of) != Expressions::Repeat) return false;
  const ExprId part = e.args(of)[0];
  return !e.nullable(part) && e.derive(part, byte) == kEpsilon;
}

}  // namespace

ExprId Expressions::derive(ExprId e, u8 byte) {
  if (!contains(facts_[e].live, byte)) return kEmpty;
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
      if (!facts_[a[0]].nullable) return first;
      return unite({first, derive(a[1], byte)});
    }
    case Union:
      return derive_union(*this, a, byte);
    case Inter:
      return derive_intersection(*this, a, byte);
    case Not:
      return negate(derive(a[0], byte));
    case Repeat: {
      const ExprId first = derive(a[0], byte);
      return concat(first, repeated_less(*this, a, 1));
    }
    case Divisible:
      return derive_divisible(*this, e, byte);
    default:
      return kEmpty;
  }
}

// X{m,n} R reads the byte k times at once, if it is an X and does not begin R.
ExprId Expressions::derive_run(ExprId e, u8 byte, u32 count) {
  while (count > 0 && e != kEmpty) {
    const bool sequence = kind(e) == Concat;
    const ExprId head = sequence ? args(e)[0] : e, rest = sequence ? args(e)[1] : kEpsilon;
    u32 many = 1;
    if (repeats_byte(*this, head, byte) && derive(rest, byte) == kEmpty) {
      many = std::min(count, args(head)[2]);
      e = concat(repeated_less(*this, args(head), many), rest);
    } else {
      e = derive(e, byte);
    }
    count -= many;
  }
  return e;
}

}  // namespace structgen
