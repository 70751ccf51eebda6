#include "expression_facts.h"

#include <algorithm>

namespace structgen {

namespace {

using Facts = ExpressionFacts;
using Known = std::vector<ExpressionFacts>;

constexpr ByteSet kAnyByte{~0ull, ~0ull, ~0ull, ~0ull};
constexpr u32 kFew = 16;  // repetitions of an expression that is not open

void set_bit(ByteSet& s, u32 b) {
  if (b < 256) s[b >> 6] |= 1ull << (b & 63);
}

u32 both_lengths(u32 a, u32 b) { return a == kNone || b == kNone ? kNone : add_lengths(a, b); }
u32 less_length(u32 a, u32 b) { return a == kNone || b == kNone ? kNone : std::min(a, b); }

void describe_switch(Facts& node, Span args, const Known& known) {
  node.nullable = args[0] != 0;
  u32 best = kFar;
  node.least = kFar;
  for (u32 i = 1; i < args.size; i += 2) {
    const u32 lo = args[i] & 0xFF, hi = args[i] >> 8;
    const Facts& rest = known[args[i + 1]];
    node.open |= rest.open;
    for (u32 byte = lo; byte <= hi; ++byte) set_bit(node.live, byte);
    set_bit(node.bounds, lo);
    set_bit(node.bounds, hi + 1);
    best = std::min(best, rest.shortest);
    node.least = std::min(node.least, add_lengths(rest.least, 1));
    node.longest = std::max(node.longest, add_lengths(rest.longest, 1));
  }
  node.shortest = add_lengths(best, 1);
}

void describe_concat(Facts& node, const Facts& a, const Facts& b) {
  node.begin_with(a);
  if (a.nullable) node.begin_with(b);
  node.boolean |= b.boolean;
  node.open |= b.open;
  node.nullable = a.nullable && b.nullable;
  node.least = add_lengths(a.least, b.least);
  node.longest = add_lengths(a.longest, b.longest);
  node.shortest = both_lengths(a.shortest, b.shortest);
}

void describe_union(Facts& node, Span parts, const Known& known) {
  node.shortest = node.least = kFar;
  for (ExprId e : parts) {
    const Facts& part = known[e];
    node.begin_with(part);
    node.nullable |= part.nullable;
    node.least = std::min(node.least, part.least);
    node.longest = std::max(node.longest, part.longest);
    node.shortest = less_length(node.shortest, part.shortest);
  }
}

void describe_intersection(Facts& node, Span parts, const Known& known) {
  for (ExprId e : parts) node.begin_with(known[e]);
  node.nullable = true;
  node.longest = kFar;
  node.live = kAnyByte;
  for (ExprId e : parts) {
    const Facts& part = known[e];
    for (std::size_t i = 0; i < 4; ++i) node.live[i] &= part.live[i];
    node.nullable &= part.nullable;
    node.least = std::max(node.least, part.least);
    node.longest = std::min(node.longest, part.longest);
  }
  node.boolean = true;
  node.shortest = kNone;
}

void describe_complement(Facts& node, const Facts& part, bool is_all) {
  node.begin_with(part);
  node.nullable = !part.nullable;
  node.least = 1;
  node.longest = kFar;
  node.boolean = !is_all;  // that needs no search
  node.open = true;
  node.live = kAnyByte;
  node.shortest = kNone;
}

void describe_divisible(Facts& node, u32 modulus, u32 remainder) {
  node.live = kAnyByte;
  for (u32 byte = '.'; byte <= '9' + 1; ++byte) set_bit(node.bounds, byte);
  node.nullable = remainder == 0;
  node.open = true;
  // n more digits give 10^n consecutive numbers: one of them is a multiple, or none is.
  for (u64 first = remainder, many = 1; first % modulus != 0 && modulus - first % modulus >= many;
       first *= 10, many *= 10)
    ++node.shortest;
  node.least = node.shortest;
  node.longest = kFar;
}

void describe_repeat(Facts& node, const Facts& part, u32 min, u32 max) {
  node.begin_with(part);
  node.nullable = min == 0 || part.nullable;
  node.open |= max > kFew;
  node.least = times_length(part.least, min);
  node.longest = part.longest == 0 ? 0 : times_length(part.longest, max);
  node.shortest = part.shortest == kNone ? kNone : times_length(part.shortest, min);
}

}  // namespace

void ExpressionFacts::begin_with(const ExpressionFacts& part) {
  for (std::size_t i = 0; i < 4; ++i) {
    bounds[i] |= part.bounds[i];
    live[i] |= part.live[i];
  }
  boolean |= part.boolean;
  open |= part.open;
}

ExpressionFacts describe(ExpressionFacts::Kind kind, Span args, const std::vector<ExpressionFacts>& known) {
  Facts node;
  switch (kind) {
    case Facts::Switch:
      describe_switch(node, args, known);
      break;
    case Facts::Concat:
      describe_concat(node, known[args[0]], known[args[1]]);
      break;
    case Facts::Empty:
    case Facts::Union:
      describe_union(node, args, known);
      break;
    case Facts::Inter:
      describe_intersection(node, args, known);
      break;
    case Facts::Not:
      describe_complement(node, known[args[0]], args[0] == kEmpty);
      break;
    case Facts::Divisible:
      describe_divisible(node, args[0], args[1]);
      break;
    case Facts::Repeat:
      describe_repeat(node, known[args[0]], args[1], args[2]);
      break;
    case Facts::Epsilon:
      node.nullable = true;
  }
  if (node.nullable) node.shortest = node.least = 0;
  return node;
}

}  // namespace structgen
