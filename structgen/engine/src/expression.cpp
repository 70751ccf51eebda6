#include "expression.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace structgen {

namespace {

constexpr ByteSet kAnyByte{~0ull, ~0ull, ~0ull, ~0ull};
constexpr u32 kFew = 16;  // repetitions of an expression that is not open

void set_bit(ByteSet& s, u32 b) {
  if (b < 256) s[b >> 6] |= 1ull << (b & 63);
}

u32 range_of(u32 lo, u32 hi) { return lo | (hi << 8); }

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
    nodes_.push_back(describe(kind, this->args(id)));
    if (meter_) meter_->expression();
  }
  return id;
}

Expressions::Node Expressions::describe(Kind kind, Span args) const {
  Node node;
  node.bounds = {0, 0, 0, 0};
  auto include = [&](ExprId e) {
    for (std::size_t i = 0; i < 4; ++i) {
      node.bounds[i] |= nodes_[e].bounds[i];
      node.live[i] |= nodes_[e].live[i];
    }
    node.boolean |= nodes_[e].boolean;
    node.open |= nodes_[e].open;
  };
  switch (kind) {
    case Empty:
      node.shortest = node.least = kFar;
      break;
    case Epsilon:
      node.nullable = true;
      break;
    case Switch: {
      node.nullable = args[0] != 0;
      u32 best = kFar;
      node.least = kFar;
      for (u32 i = 1; i < args.size; i += 2) {
        node.open |= nodes_[args[i + 1]].open;
        for (u32 byte = args[i] & 0xFF; byte <= args[i] >> 8; ++byte) set_bit(node.live, byte);
        set_bit(node.bounds, args[i] & 0xFF);
        set_bit(node.bounds, (args[i] >> 8) + 1);
        best = std::min(best, nodes_[args[i + 1]].shortest);
        node.least = std::min(node.least, add_lengths(nodes_[args[i + 1]].least, 1));
        node.longest = std::max(node.longest, add_lengths(nodes_[args[i + 1]].longest, 1));
      }
      node.shortest = node.nullable ? 0 : add_lengths(best, 1);
      break;
    }
    case Concat: {
      include(args[0]);
      const Node &a = nodes_[args[0]], &b = nodes_[args[1]];
      node.boolean |= b.boolean;
      node.open |= b.open;
      if (a.nullable) include(args[1]);
      node.nullable = a.nullable && b.nullable;
      node.least = add_lengths(a.least, b.least);
      node.longest = add_lengths(a.longest, b.longest);
      node.shortest = a.shortest == kNone || b.shortest == kNone ? kNone : add_lengths(a.shortest, b.shortest);
      break;
    }
    case Union:
      node.shortest = node.least = kFar;
      for (ExprId e : args) {
        include(e);
        node.nullable |= nodes_[e].nullable;
        node.least = std::min(node.least, nodes_[e].least);
        node.longest = std::max(node.longest, nodes_[e].longest);
        node.shortest =
            node.shortest == kNone || nodes_[e].shortest == kNone ? kNone : std::min(node.shortest, nodes_[e].shortest);
      }
      break;
    case Inter:
      node.nullable = true;
      node.longest = kFar;
      for (ExprId e : args) include(e);
      node.live = kAnyByte;
      for (ExprId e : args) {
        for (std::size_t i = 0; i < 4; ++i) node.live[i] &= nodes_[e].live[i];
        node.nullable &= nodes_[e].nullable;
        node.least = std::max(node.least, nodes_[e].least);
        node.longest = std::min(node.longest, nodes_[e].longest);
      }
      node.boolean = true;
      node.shortest = node.nullable ? 0 : kNone;
      break;
    case Not:
      include(args[0]);
      node.nullable = !nodes_[args[0]].nullable;
      node.least = 1;
      node.longest = kFar;
      node.boolean = args[0] != kEmpty;  // kAll is plain
      node.open = true;
      node.live = kAnyByte;
      node.shortest = node.nullable ? 0 : kNone;
      break;
    case Divisible: {
      node.live = kAnyByte;
      for (u32 byte = '.'; byte <= '9' + 1; ++byte) set_bit(node.bounds, byte);
      node.nullable = args[1] == 0;
      node.open = true;
      // After n more digits the number is one of 10^n that follow each other: some multiple is among them, or is not.
      for (u64 first = args[1], many = 1; first % args[0] != 0 && args[0] - first % args[0] >= many;
           first *= 10, many *= 10)
        ++node.shortest;
      node.least = node.shortest;
      node.longest = kFar;
      break;
    }
    case Repeat: {
      include(args[0]);
      node.nullable = args[1] == 0 || nodes_[args[0]].nullable;
      node.open |= args[2] > kFew;
      node.least = times_length(nodes_[args[0]].least, args[1]);
      node.longest = nodes_[args[0]].longest == 0 ? 0 : times_length(nodes_[args[0]].longest, args[2]);
      const u32 one = nodes_[args[0]].shortest;
      node.shortest = node.nullable  ? 0
                      : one == kNone ? kNone
                                     : static_cast<u32>(std::min<u64>(kFar, static_cast<u64>(one) * args[1]));
      break;
    }
  }
  if (node.nullable) node.shortest = node.least = 0;
  return node;
}

ExprId Expressions::literal(const std::string& bytes) {
  ExprId e = kEpsilon;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    const u32 b = static_cast<u8>(bytes[i]);
    e = make(Switch, {0, range_of(b, b), e});
  }
  return e;
}

ExprId Expressions::literals(std::vector<std::string> options) {
  std::sort(options.begin(), options.end());
  options.erase(std::unique(options.begin(), options.end()), options.end());
  if (options.empty()) return kEmpty;
  // Build the trie of the sorted options from the right: a stack of open nodes, one for each byte of the last one.
  struct Open {
    std::vector<u32> args;
  };
  std::vector<Open> path(1);
  path[0].args = {0};
  std::string last;
  auto close = [&](std::size_t depth) {
    while (path.size() > depth + 1) {
      Open top = std::move(path.back());
      path.pop_back();
      const ExprId child = top.args.size() == 1 && top.args[0] ? kEpsilon : make(Switch, top.args);
      const u32 b = static_cast<u8>(last[path.size() - 1]);
      path.back().args.push_back(range_of(b, b));
      path.back().args.push_back(child);
    }
  };
  for (const std::string& option : options) {
    std::size_t common = 0;
    while (common < last.size() && common < option.size() && last[common] == option[common]) ++common;
    close(common);
    path.resize(option.size() + 1);
    for (std::size_t i = common + 1; i <= option.size(); ++i) path[i].args = {0};
    path.back().args[0] = 1;
    last = option;
  }
  close(0);
  return path[0].args.size() == 1 ? kEpsilon : make(Switch, path[0].args);
}

ExprId Expressions::charset(const std::vector<std::pair<u32, u32>>& ranges) {
  // UTF-8 (RFC 3629) of each range, cut where the length or a leading byte changes, as sequences of byte ranges;
  // then a trie of these sequences. They come sorted, and their first ranges are equal or disjoint.
  using Sequence = std::vector<std::pair<u8, u8>>;
  std::vector<Sequence> sequences;
  auto encode = [](u32 c, u8* out) -> int {
    if (c < 0x80) return out[0] = static_cast<u8>(c), 1;
    if (c < 0x800) return out[0] = static_cast<u8>(0xC0 | (c >> 6)), out[1] = static_cast<u8>(0x80 | (c & 63)), 2;
    if (c < 0x10000)
      return out[0] = static_cast<u8>(0xE0 | (c >> 12)), out[1] = static_cast<u8>(0x80 | ((c >> 6) & 63)),
             out[2] = static_cast<u8>(0x80 | (c & 63)), 3;
    out[0] = static_cast<u8>(0xF0 | (c >> 18));
    out[1] = static_cast<u8>(0x80 | ((c >> 12) & 63));
    out[2] = static_cast<u8>(0x80 | ((c >> 6) & 63));
    out[3] = static_cast<u8>(0x80 | (c & 63));
    return 4;
  };
  for (const auto& whole : ranges) {
    std::vector<std::pair<u32, u32>> todo{{whole.first, std::min(whole.second, 0x10FFFFu)}};
    while (!todo.empty()) {
      auto [lo, hi] = todo.back();
      todo.pop_back();
      if (lo > hi) continue;
      bool cut = false;
      for (u32 border : {0x80u, 0x800u, 0xD800u, 0xE000u, 0x10000u})
        if (lo < border && border <= hi) {
          todo.push_back({border, hi});
          todo.push_back({lo, border - 1});
          cut = true;
          break;
        }
      if (cut || (lo >= 0xD800 && lo < 0xE000)) continue;
      for (u32 shift : {6u, 12u, 18u}) {
        const u32 low = (1u << shift) - 1;
        if ((lo & ~low) == (hi & ~low) || hi < 0x80) continue;
        if ((lo & low) != 0) {
          todo.push_back({(lo | low) + 1, hi});
          todo.push_back({lo, lo | low});
          cut = true;
        } else if ((hi & low) != low) {
          todo.push_back({hi & ~low, hi});
          todo.push_back({lo, (hi & ~low) - 1});
          cut = true;
        }
        if (cut) break;
      }
      if (cut) continue;
      u8 a[4], b[4];
      const int n = encode(lo, a);
      encode(hi, b);
      Sequence s;
      for (int i = 0; i < n; ++i) s.emplace_back(a[i], b[i]);
      sequences.push_back(std::move(s));
    }
  }
  std::sort(sequences.begin(), sequences.end());
  auto build = [&](auto&& self, std::size_t from, std::size_t to, std::size_t at) -> ExprId {
    if (sequences[from].size() == at) return kEpsilon;
    std::vector<u32> args{0};
    for (std::size_t i = from; i < to;) {
      std::size_t j = i;
      while (j < to && sequences[j][at] == sequences[i][at]) ++j;
      const ExprId child = self(self, i, j, at + 1);
      const u32 lo = sequences[i][at].first, hi = sequences[i][at].second;
      const std::size_t n = args.size();
      if (n > 1 && args[n - 1] == child && (args[n - 2] >> 8) + 1 == lo)
        args[n - 2] = range_of(args[n - 2] & 0xFF, hi);
      else {
        args.push_back(range_of(lo, hi));
        args.push_back(child);
      }
      i = j;
    }
    return make(Switch, args);
  };
  return sequences.empty() ? kEmpty : build(build, 0, sequences.size(), 0);
}

ExprId Expressions::concat(ExprId a, ExprId b) {
  if (a == kEmpty || b == kEmpty) return kEmpty;
  std::vector<ExprId> spine;
  while (kind(a) == Concat) {
    spine.push_back(args(a)[0]);
    a = args(a)[1];
  }
  spine.push_back(a);
  for (std::size_t i = spine.size(); i-- > 0;) {
    const ExprId head = spine[i];
    if (head == kEpsilon) continue;
    if (b == kEpsilon) {
      b = head;
      continue;
    }
    // X{m,n} X{p,q} = X{m+p,n+q}
    const bool chain = kind(b) == Concat;
    const ExprId next = chain ? args(b)[0] : b;
    if (kind(head) == Repeat && kind(next) == Repeat && args(head)[0] == args(next)[0]) {
      const Span h = args(head), n = args(next);
      const u64 low = static_cast<u64>(h[1]) + n[1], high = static_cast<u64>(h[2]) + n[2];
      if (low < kUnbounded && (h[2] == kUnbounded || n[2] == kUnbounded || high < kUnbounded)) {
        const u32 max = h[2] == kUnbounded || n[2] == kUnbounded ? kUnbounded : static_cast<u32>(high);
        const ExprId rest = chain ? args(b)[1] : kEpsilon;
        const ExprId merged = repeat(h[0], static_cast<u32>(low), max);
        b = rest == kEpsilon ? merged : make(Concat, {merged, rest});
        continue;
      }
    }
    b = make(Concat, {head, b});
  }
  return b;
}

ExprId Expressions::concat(const std::vector<ExprId>& parts) {
  ExprId e = kEpsilon;
  for (std::size_t i = parts.size(); i-- > 0;) e = concat(parts[i], e);
  return e;
}

// X{m,n} R | X{p,q} R = X{min(m,p),max(n,q)} R where the ranges touch.
void Expressions::merge_ranges(std::vector<ExprId>& parts) {
  struct Range {
    ExprId x, rest;
    u32 min, max;
    ExprId whole;
  };
  std::vector<Range> found;
  for (ExprId e : parts) {
    const ExprId head = kind(e) == Concat ? args(e)[0] : e;
    if (kind(head) != Repeat) continue;
    found.push_back({args(head)[0], kind(e) == Concat ? args(e)[1] : kEpsilon, args(head)[1], args(head)[2], e});
  }
  if (found.size() < 2) return;
  std::sort(found.begin(), found.end(), [](const Range& a, const Range& b) {
    return std::tie(a.x, a.rest, a.min, a.max) < std::tie(b.x, b.rest, b.min, b.max);
  });
  bool changed = false;
  for (std::size_t i = 0; i + 1 < found.size(); ++i) {
    Range &a = found[i], &b = found[i + 1];
    if (a.x != b.x || a.rest != b.rest) continue;
    if (a.max != kUnbounded && b.min > static_cast<u64>(a.max) + 1) continue;
    b.min = a.min;
    b.max = std::max(a.max, b.max);  // kUnbounded is the largest
    a.whole = b.whole == a.whole ? a.whole : kNone;
    changed = true;
    a.x = kNone;  // merged into b
  }
  if (!changed) return;
  std::vector<ExprId> kept;
  for (ExprId e : parts) {
    const ExprId head = kind(e) == Concat ? args(e)[0] : e;
    if (kind(head) != Repeat) kept.push_back(e);
  }
  for (const Range& r : found)
    if (r.x != kNone) kept.push_back(concat(repeat(r.x, r.min, r.max), r.rest));
  parts.swap(kept);
}

ExprId Expressions::unite(std::vector<ExprId> parts) {
  std::vector<ExprId> flat;
  bool nullable_part = false;
  for (ExprId e : parts) {
    if (e == kAll) return kAll;
    if (e == kEmpty) continue;
    if (kind(e) == Union)
      flat.insert(flat.end(), args(e).begin(), args(e).end());
    else
      flat.push_back(e);
  }
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  if (flat.size() > 1) {
    merge_ranges(flat);
    std::sort(flat.begin(), flat.end());
    flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
    for (ExprId e : flat) nullable_part |= e != kEpsilon && nodes_[e].nullable;
    if (nullable_part && !flat.empty() && flat[0] == kEpsilon) flat.erase(flat.begin());
  }
  if (meter_) meter_->spend(flat.size());
  if (flat.empty()) return kEmpty;
  return flat.size() == 1 ? flat[0] : make(Union, flat);
}

ExprId Expressions::intersect(std::vector<ExprId> parts) {
  std::vector<ExprId> flat;
  for (ExprId e : parts) {
    if (e == kEmpty) return kEmpty;
    if (e == kAll) continue;
    if (kind(e) == Inter)
      flat.insert(flat.end(), args(e).begin(), args(e).end());
    else
      flat.push_back(e);
  }
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  if (meter_) meter_->spend(flat.size());
  if (flat.empty()) return kAll;
  if (flat.size() == 1) return flat[0];
  for (ExprId e : flat) {
    if (e == kEpsilon) {
      const bool all = std::all_of(flat.begin(), flat.end(), [this](ExprId x) { return nodes_[x].nullable; });
      return all ? kEpsilon : kEmpty;
    }
    if (kind(e) == Not && std::binary_search(flat.begin(), flat.end(), args(e)[0])) return kEmpty;
  }
  return lengths_meet(flat) ? make(Inter, flat) : kEmpty;
}

ExprId Expressions::negate(ExprId part) {
  if (kind(part) == Not) return args(part)[0];
  return make(Not, {part});
}

ExprId Expressions::repeat(ExprId part, u32 min, u32 max) {
  if (max == 0 || part == kEpsilon) return kEpsilon;
  if (part == kEmpty) return min == 0 ? kEpsilon : kEmpty;
  if (part == kAll) return kAll;
  if (nodes_[part].nullable) min = 0;
  if (kind(part) == Repeat && args(part)[2] == kUnbounded && args(part)[1] <= 1) {
    // (X*){m,n} = X*, (X+)* = X*, (X+)+ = X+
    const Span a = args(part);
    if (a[1] == 0 || min == 0) return make(Repeat, {a[0], 0, kUnbounded});
    if (min == 1) return part;
  }
  if (kind(part) == Repeat && args(part)[1] == 0 && args(part)[2] == 1 && min == 0)
    return repeat(args(part)[0], 0, max);  // (X?){0,n} = X{0,n}
  if (min == 1 && max == 1) return part;
  return make(Repeat, {part, min, max});
}

}  // namespace structgen
