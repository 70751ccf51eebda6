// Expressions: what is known of a node from its parts, when it is made.
#include <algorithm>

#include "expression.h"

namespace structgen {

namespace {

constexpr ByteSet kAnyByte{~0ull, ~0ull, ~0ull, ~0ull};
constexpr u32 kFew = 16;  // repetitions of an expression that is not open

void set_bit(ByteSet& s, u32 b) {
  if (b < 256) s[b >> 6] |= 1ull << (b & 63);
}

u32 both_lengths(u32 a, u32 b) { return a == kNone || b == kNone ? kNone : add_lengths(a, b); }
u32 less_length(u32 a, u32 b) { return a == kNone || b == kNone ? kNone : std::min(a, b); }

}  // namespace

// The bytes that begin a text of the part may begin one of the whole.
void Expressions::Node::begin_with(const Node& part) {
  for (std::size_t i = 0; i < 4; ++i) {
    bounds[i] |= part.bounds[i];
    live[i] |= part.live[i];
  }
  boolean |= part.boolean;
  open |= part.open;
}

Expressions::Node Expressions::describe(Kind kind, Span args) const {
  Node node;
  switch (kind) {
    case Switch:
      describe_switch(node, args);
      break;
    case Concat:
      describe_concat(node, nodes_[args[0]], nodes_[args[1]]);
      break;
    case Empty:
    case Union:
      describe_union(node, args);
      break;
    case Inter:
      describe_intersection(node, args);
      break;
    case Not:
      describe_complement(node, args[0]);
      break;
    case Divisible:
      describe_divisible(node, args[0], args[1]);
      break;
    case Repeat:
      describe_repeat(node, nodes_[args[0]], args[1], args[2]);
      break;
    case Epsilon:
      node.nullable = true;
  }
  if (node.nullable) node.shortest = node.least = 0;
  return node;
}

void Expressions::describe_switch(Node& node, Span args) const {
  node.nullable = args[0] != 0;
  u32 best = kFar;
  node.least = kFar;
  for (u32 i = 1; i < args.size; i += 2) {
    const u32 lo = args[i] & 0xFF, hi = args[i] >> 8;
    const Node& rest = nodes_[args[i + 1]];
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

void Expressions::describe_concat(Node& node, const Node& a, const Node& b) {
  node.begin_with(a);
  if (a.nullable) node.begin_with(b);
  node.boolean |= b.boolean;
  node.open |= b.open;
  node.nullable = a.nullable && b.nullable;
  node.least = add_lengths(a.least, b.least);
  node.longest = add_lengths(a.longest, b.longest);
  node.shortest = both_lengths(a.shortest, b.shortest);
}

void Expressions::describe_union(Node& node, Span parts) const {
  node.shortest = node.least = kFar;
  for (ExprId e : parts) {
    const Node& part = nodes_[e];
    node.begin_with(part);
    node.nullable |= part.nullable;
    node.least = std::min(node.least, part.least);
    node.longest = std::max(node.longest, part.longest);
    node.shortest = less_length(node.shortest, part.shortest);
  }
}

void Expressions::describe_intersection(Node& node, Span parts) const {
  for (ExprId e : parts) node.begin_with(nodes_[e]);
  node.nullable = true;
  node.longest = kFar;
  node.live = kAnyByte;
  for (ExprId e : parts) {
    const Node& part = nodes_[e];
    for (std::size_t i = 0; i < 4; ++i) node.live[i] &= part.live[i];
    node.nullable &= part.nullable;
    node.least = std::max(node.least, part.least);
    node.longest = std::min(node.longest, part.longest);
  }
  node.boolean = true;
  node.shortest = kNone;
}

void Expressions::describe_complement(Node& node, ExprId part) const {
  node.begin_with(nodes_[part]);
  node.nullable = !nodes_[part].nullable;
  node.least = 1;
  node.longest = kFar;
  node.boolean = part != kEmpty;  // kAll needs no search
  node.open = true;
  node.live = kAnyByte;
  node.shortest = kNone;
}

void Expressions::describe_divisible(Node& node, u32 modulus, u32 remainder) {
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

void Expressions::describe_repeat(Node& node, const Node& part, u32 min, u32 max) {
  node.begin_with(part);
  node.nullable = min == 0 || part.nullable;
  node.open |= max > kFew;
  node.least = times_length(part.least, min);
  node.longest = part.longest == 0 ? 0 : times_length(part.longest, max);
  node.shortest = part.shortest == kNone ? kNone : times_length(part.shortest, min);
}

}  // namespace structgen
