#include "compare.h"

#include <unordered_set>

namespace structgen {

namespace {

constexpr u32 kPrintable = 24;  // printable ASCII bytes on which two states must agree to be worth comparing
constexpr u32 kPairs = 96;      // pairs of states that are explored

}  // namespace

u32 Comparison::nearest(u32 state, const std::vector<u32>& candidates) {
  u32 best = kDead, most = trie_.subtree_tokens(0) / 2;
  for (const u32 candidate : candidates) {
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
void Comparison::each_step(u32 a, u32 b, Visit&& visit) {
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

// Explores the product of two states. A pair is not entered if that would cost more than leaving out the bytes that
// lead to it.
class Comparison::Product {
 public:
  explicit Product(Comparison& comparison) : c_(comparison) {}

  std::unique_ptr<InStep> run(u32 one, u32 other) {
    enter(one, other);
    found_->bytes = {~0ull, ~0ull, ~0ull, ~0ull};
    leave_out(differing(one, other));
    if (!is_worth_it()) found_->bytes = {};
    for (std::size_t at = 0; at < pairs_.size(); ++at) {
      const u32 a = static_cast<u32>(pairs_[at] >> 32), b = static_cast<u32>(pairs_[at]);
      found_->inside.push_back(a);
      c_.each_step(a, b, [&](const ByteSet& bytes, u32 to_a, u32 to_b) { follow(bytes, to_a, to_b); });
    }
    found_->kinds = kinds_within(found_->bytes);
    found_->other_kinds = kinds_within(found_->left_out());
    return std::move(found_);
  }
  const std::vector<u64>& pairs() const { return pairs_; }

 private:
  void enter(u32 a, u32 b) {
    entered_.insert(pair_key(a, b));
    pairs_.push_back(pair_key(a, b));
  }
  void follow(const ByteSet& bytes, u32 to_a, u32 to_b) {
    if (to_a == to_b || within(bytes, found_->left_out()) || entered_.contains(pair_key(to_a, to_b))) return;
    if (pairs_.size() >= kPairs || !c_.alike(to_a, to_b)) return leave_out(bytes);
    const ByteSet parting = differing(to_a, to_b);
    if (tokens_with(parting) > tokens_with(bytes)) return leave_out(bytes);
    leave_out(parting);
    enter(to_a, to_b);
  }
  void leave_out(const ByteSet& bytes) {
    for (std::size_t i = 0; i < 4; ++i) found_->bytes[i] &= ~bytes[i];
  }
  // The bytes after which two states end tokens differently.
  ByteSet differing(u32 a, u32 b) {
    ByteSet bytes_found{};
    c_.each_step(a, b, [&](const ByteSet& bytes, u32 to_a, u32 to_b) {
      if (to_a == to_b || c_.alike(to_a, to_b)) return;
      for (std::size_t i = 0; i < 4; ++i) bytes_found[i] |= bytes[i] & found_->bytes[i];
    });
    return bytes_found;
  }
  u64 tokens_with(const ByteSet& bytes) const {
    u64 tokens = 0;
    for (u32 c = 0; c < 256; ++c)
      if (contains(bytes, static_cast<u8>(c)) && contains(found_->bytes, static_cast<u8>(c)))
        tokens += c_.trie_.tokens_with(static_cast<u8>(c));
    return tokens;
  }
  bool is_worth_it() const {
    u32 printable = 0;
    for (u32 c = 0x20; c < 0x7F; ++c) printable += contains(found_->bytes, static_cast<u8>(c));
    return printable >= kPrintable;
  }

  Comparison& c_;
  std::unique_ptr<InStep> found_ = std::make_unique<InStep>();
  std::vector<u64> pairs_;
  std::unordered_set<u64> entered_;
};

const Comparison::InStep& Comparison::in_step(u32 one, u32 other) {
  const u32 known = memo_.find(pair_key(one, other));
  if (known != kNone) return *in_step_[known];
  Product product(*this);
  std::unique_ptr<InStep> found = product.run(one, other);
  const std::vector<u64>& pairs = product.pairs();
  if (meter_) meter_->spend(64 * pairs.size());
  bytes_ += sizeof(InStep) + 4 * found->inside.size() + 24 * pairs.size();
  const u32 id = static_cast<u32>(in_step_.size());
  in_step_.push_back(std::move(found));
  for (const u64 pair : pairs)
    if (memo_.find(pair) == kNone) memo_.put(pair, id);
  return *in_step_[id];
}

}  // namespace structgen
