#include "memory.h"

#include <functional>
#include <vector>

namespace structgen {

namespace {

constexpr std::size_t kTail = 48;  // bytes of a text that are copied with a memory

// Lets go of a chain link by link: its destructors would nest as deep as it is long.
template <class Link>
void unchain(std::shared_ptr<const Link>& next) {
  std::shared_ptr<const Link> link = std::move(next);
  while (link && link.use_count() == 1) {
    std::shared_ptr<const Link> further = std::move(link->next);
    link = std::move(further);
  }
}

}  // namespace

Texts::Texts(std::string text, u64 priority, TextsPtr left, TextsPtr right)
    : text_(std::move(text)), priority_(priority), size_(1 + size(left) + size(right)), left_(std::move(left)),
      right_(std::move(right)), hash_(mix(priority) + hash(left_) + hash(right_)) {}

// The shape of a treap follows from its texts, but where two of them have the same priority; equal sets may then seem not
// to be, which costs time only.
bool Texts::same(const TextsPtr& a, const TextsPtr& b) {
  if (a == b) return true;
  return a && b && a->hash_ == b->hash_ && a->size_ == b->size_ && a->text_ == b->text_ && same(a->left_, b->left_) &&
         same(a->right_, b->right_);
}

TextsPtr Texts::with(const TextsPtr& set, const std::string& text) {
  if (size(set) >= kMost) throw LimitExceeded{"states", kMost};
  const u64 priority = mix(std::hash<std::string>{}(text));
  // Down to where the text belongs, then a split of what is below it.
  std::vector<std::pair<const Texts*, bool>> path;  // a node, and whether the way goes left
  const Texts* at = set.get();
  while (at != nullptr && at->priority_ >= priority) {
    if (at->text_ == text) return set;
    path.emplace_back(at, text < at->text_);
    at = path.back().second ? at->left_.get() : at->right_.get();
  }
  std::vector<const Texts*> below;
  for (const Texts* node = at; node != nullptr;) {
    if (node->text_ == text) return set;
    below.push_back(node);
    node = text < node->text_ ? node->left_.get() : node->right_.get();
  }
  TextsPtr left, right;
  for (std::size_t i = below.size(); i-- > 0;) {
    const Texts& node = *below[i];
    if (text < node.text_)
      right = std::make_shared<const Texts>(node.text_, node.priority_, right, node.right_);
    else
      left = std::make_shared<const Texts>(node.text_, node.priority_, node.left_, left);
  }
  TextsPtr made = std::make_shared<const Texts>(text, priority, left, right);
  for (std::size_t i = path.size(); i-- > 0;) {
    const auto& [node, goes_left] = path[i];
    made = std::make_shared<const Texts>(node->text_, node->priority_, goes_left ? made : node->left_,
                                         goes_left ? node->right_ : made);
  }
  return made;
}

const std::string* Texts::from(const TextsPtr& set, std::string_view text) {
  const std::string* found = nullptr;
  for (const Texts* at = set.get(); at != nullptr;) {
    if (at->text_ < text) {
      at = at->right_.get();
    } else {
      found = &at->text_;
      at = at->left_.get();
    }
  }
  return found;
}

Texts::Next Texts::next(const TextsPtr& set, const std::string& prefix) {
  Next found;
  std::string from = prefix;
  for (const std::string* text = Texts::from(set, from); text != nullptr && text->starts_with(prefix);
       text = Texts::from(set, from)) {
    from = prefix;
    if (text->size() == prefix.size()) {
      found.ends = true;
      from.push_back('\0');
      continue;
    }
    const u8 byte = static_cast<u8>((*text)[prefix.size()]);
    found.bytes[byte >> 6] |= 1ull << (byte & 63);
    if (byte == 255) break;
    from.push_back(static_cast<char>(byte + 1));
  }
  return found;
}

Memory::Scope::~Scope() { unchain(next); }
Memory::Piece::~Piece() { unchain(next); }

void Memory::write(std::string_view bytes) {
  writing_ = true;
  name_ = 0;
  if (tail_.size() + bytes.size() > kTail && !tail_.empty()) {
    pieces_ = std::make_shared<const Piece>(std::move(pieces_), std::move(tail_));
    tail_.clear();
  }
  tail_ += bytes;
}

std::size_t Memory::length() const {
  std::size_t size = tail_.size();
  for (const Piece* piece = pieces_.get(); piece != nullptr; piece = piece->next.get()) size += piece->bytes.size();
  return size;
}

std::string Memory::written() const {
  const std::size_t size = length();
  std::string text(size, '\0');
  std::size_t end = size - tail_.size();
  text.replace(end, tail_.size(), tail_);
  for (const Piece* piece = pieces_.get(); piece != nullptr; piece = piece->next.get()) {
    end -= piece->bytes.size();
    text.replace(end, piece->bytes.size(), piece->bytes);
  }
  return text;
}

bool Memory::may_repeat() const {
  if (differs_ || !texts()) return false;
  if (writing_ && !Texts::has_prefix(texts(), written())) differs_ = true;
  return !differs_;
}

u64 Memory::hash() const {
  const u64 text = writing_ ? mix(std::hash<std::string>{}(written()) + 1) : 0;
  return mix((scopes_ ? scopes_->hash : 0) + text);
}

bool Memory::is_same(const Memory& other) const {
  if (writing_ != other.writing_ || length() != other.length() || written() != other.written()) return false;
  const Scope *a = scopes_.get(), *b = other.scopes_.get();
  for (; a != nullptr && b != nullptr && a != b; a = a->next.get(), b = b->next.get())
    if (!Texts::same(a->texts, b->texts)) return false;
  return a == b;
}

void Memory::drop() {
  pieces_.reset();
  tail_.clear();
  writing_ = differs_ = false;
  name_ = 0;
}

void Memory::record() {
  const std::shared_ptr<const Scope> outer = scopes_ ? scopes_->next : nullptr;
  scopes_ = std::make_shared<const Scope>(outer, Texts::with(texts(), written()));
  drop();
}

void Memory::open() {
  name_ = 0;
  if (recorded() != 0) scopes_ = std::make_shared<const Scope>(scopes_, nullptr);
}

void Memory::close() {
  name_ = 0;
  if (!scopes_) return;
  std::shared_ptr<const Scope> outer = scopes_->next;
  scopes_ = outer && outer->total != 0 ? std::move(outer) : nullptr;
}

}  // namespace structgen
