// Walks: where two lexer states find the same tokens.
#include <unordered_set>

#include "walk.h"

namespace structgen {

namespace {

constexpr u32 kPrintable =
    24;  // characters of ASCII that must go on in both of two states for it to be worth following them
constexpr u32 kInStep = 96;  // pairs of states that are followed to see whether they stay in step

}  // namespace

// Of the landmarks, the one that most tokens can't tell from the state, by their first byte. kDead if none is near.
u32 Walks::landmark(u32 state) {
  u32 best = kDead, most = trie_.subtree_tokens(0) / 2;
  for (const u32 candidate : landmarks_) {
    if (state == candidate || !alike(state, candidate)) continue;
    const ByteSet& bytes = in_step(state, candidate).bytes;
    u32 tokens = 0;
    for (u32 node = 1; node < trie_.end(0); node = trie_.end(node))
      if (contains(bytes, trie_.byte(node))) tokens += trie_.subtree_tokens(node);
    if (tokens > most) most = tokens, best = candidate;
  }
  return best;
}

// Calls visit(bytes, to_a, to_b) for sets of bytes after which two states go to two others.
template <class Visit>
void Walks::each_step(u32 a, u32 b, Visit&& visit) {
  const u32 *row_a = lexer_.row(a), *row_b = lexer_.row(b);
  ByteSet bounds = lexer_.bounds(a);
  for (std::size_t i = 0; i < 4; ++i) bounds[i] |= lexer_.bounds(b)[i];
  for (u32 first = 0; first < 256;) {
    u32 last = first;
    while (last < 255 && !contains(bounds, static_cast<u8>(last + 1))) ++last;
    const u32 to_a = row_a[first] != kNone ? row_a[first] : lexer_.compute_next(a, static_cast<u8>(first));
    const u32 to_b = row_b[first] != kNone ? row_b[first] : lexer_.compute_next(b, static_cast<u8>(first));
    ByteSet bytes{};
    for (u32 c = first; c <= last; ++c) include(bytes, static_cast<u8>(c));
    visit(bytes, to_a, to_b);
    first = last + 1;
  }
}

// Pairs of states are followed from (one, other), over all bytes but those after which a pair would end tokens
// differently. A pair that would cost more than the bytes that lead to it is not entered: these are left out instead.
const Walks::InStep& Walks::in_step(u32 one, u32 other) {
  const u64 key = pair_key(one, other);
  const u32 known = in_step_memo_.find(key);
  if (known != kNone) return *in_step_[known];
  auto result = std::make_unique<InStep>();
  InStep& found = *result;
  std::vector<u64> pairs{key};
  std::unordered_set<u64> entered{key};
  auto leave_out = [&](const ByteSet& bytes) {
    for (std::size_t i = 0; i < 4; ++i) found.bytes[i] &= ~bytes[i];
  };
  // Of a pair, the bytes after which tokens end differently.
  auto apart = [&](u32 a, u32 b) {
    ByteSet differing{};
    each_step(a, b, [&](const ByteSet& bytes, u32 to_a, u32 to_b) {
      if (to_a == to_b || alike(to_a, to_b)) return;
      for (std::size_t i = 0; i < 4; ++i) differing[i] |= bytes[i] & found.bytes[i];
    });
    return differing;
  };
  auto tokens_with = [&](const ByteSet& bytes) {
    u64 tokens = 0;
    for (u32 c = 0; c < 256; ++c)
      if (contains(bytes, static_cast<u8>(c)) && contains(found.bytes, static_cast<u8>(c)))
        tokens += trie_.tokens_with(static_cast<u8>(c));
    return tokens;
  };
  found.bytes = {~0ull, ~0ull, ~0ull, ~0ull};
  leave_out(apart(one, other));
  // Where few texts go on as they do beside it, there is nothing to gain.
  u32 printable = 0;
  for (u32 c = 0x20; c < 0x7F; ++c) printable += contains(found.bytes, static_cast<u8>(c));
  if (printable < kPrintable) found.bytes = {};
  for (std::size_t at = 0; at < pairs.size(); ++at) {
    const u32 a = static_cast<u32>(pairs[at] >> 32), b = static_cast<u32>(pairs[at]);
    found.inside.push_back(a);
    each_step(a, b, [&](const ByteSet& bytes, u32 to_a, u32 to_b) {
      if (to_a == to_b || within(bytes, found.left_out())) return;
      const u64 to = pair_key(to_a, to_b);
      if (entered.contains(to)) return;
      if (pairs.size() < kInStep && alike(to_a, to_b)) {
        const ByteSet differing = apart(to_a, to_b);
        if (tokens_with(differing) <= tokens_with(bytes)) {
          leave_out(differing);
          entered.insert(to);
          pairs.push_back(to);
          return;
        }
      }
      leave_out(bytes);
    });
  }
  found.kinds = kinds_within(found.bytes);
  found.other_kinds = kinds_within(found.left_out());
  if (meter_) meter_->spend(64 * pairs.size());
  bytes_ += sizeof(InStep) + 4 * found.inside.size() + 24 * pairs.size();
  const u32 id = static_cast<u32>(in_step_.size());
  in_step_.push_back(std::move(result));
  for (const u64 pair : pairs)
    if (in_step_memo_.find(pair) == kNone) in_step_memo_.put(pair, id);
  return *in_step_[id];
}

// Whether a token that ends in one of the two states ends in the same way as in the other.
bool Walks::alike(u32 one, u32 other) {
  if (one <= kBlocked || other <= kBlocked || lexer_.ended(one) || lexer_.ended(other)) return false;
  if (lexer_.accepting(one) != lexer_.accepting(other)) return false;
  return !lexer_.accepting(one) || accepting_members(one) == accepting_members(other);
}

}  // namespace structgen
