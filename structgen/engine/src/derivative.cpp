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
    case Union: {
      std::vector<ExprId> parts;
      for (ExprId x : a) {
        const ExprId d = derive(x, byte);
        if (d != kEmpty) parts.push_back(d);
      }
      return unite(std::move(parts));
    }
    case Inter: {
      std::vector<ExprId> parts;
      for (ExprId x : a) {
        const ExprId d = derive(x, byte);
        if (d == kEmpty) return kEmpty;
        parts.push_back(d);
      }
      return intersect(std::move(parts));
    }
    case Not:
      return negate(derive(a[0], byte));
    case Repeat: {
      const u32 min = a[1] == 0 ? 0 : a[1] - 1, max = a[2] == kUnbounded ? kUnbounded : a[2] - 1;
      const ExprId part = a[0];
      return concat(derive(part, byte), repeat(part, min, max));
    }
    case Divisible: {
      if (byte == '.') return e;
      if (byte < '0' || byte > '9') return kEmpty;
      const u64 number = static_cast<u64>(a[1]) * 10 + (byte - '0');
      return divisible(a[0], static_cast<u32>(number % a[0]));
    }
    default:
      return kEmpty;
  }
}

// X{m,n} R takes the byte k times at once, if it is an X, and does not begin R.
ExprId Expressions::derive_run(ExprId e, u8 byte, u32 count) {
  while (count > 0 && e != kEmpty) {
    const bool sequence = kind(e) == Concat;
    const ExprId head = sequence ? args(e)[0] : e, rest = sequence ? args(e)[1] : kEpsilon;
    u32 many = 0;
    if (kind(head) == Repeat && !nullable(args(head)[0]) && derive(args(head)[0], byte) == kEpsilon &&
        derive(rest, byte) == kEmpty)
      many = std::min(count, args(head)[2]);
    if (many == 0) {
      e = derive(e, byte);
      --count;
      continue;
    }
    const Span a = args(head);
    const ExprId part = a[0];
    const u32 min = a[1] - std::min(a[1], many), max = a[2] == kUnbounded ? kUnbounded : a[2] - many;
    e = concat(repeat(part, min, max), rest);
    count -= many;
  }
  return e;
}

}  // namespace structgen
