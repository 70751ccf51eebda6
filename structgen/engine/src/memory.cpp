#include "memory.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace structgen {

namespace {

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
    : text_(std::move(text)),
      priority_(priority),
      size_(1 + size(left) + size(right)),
      left_(std::move(left)),
      right_(std::move(right)),
      hash_(mix(priority) + hash(left_) + hash(right_)) {}

// The shape of a treap follows from its texts, but where two of them have the same priority; equal sets may then seem
// not to be, which costs time only.
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

Rope::Piece::~Piece() { unchain(next); }

void Rope::append(std::string_view bytes) {
  if (tail_.size() + bytes.size() > kTail && !tail_.empty()) {
    pieces_ = std::make_shared<const Piece>(std::move(pieces_), std::move(tail_));
    tail_.clear();
  }
  tail_ += bytes;
  size_ += bytes.size();
}

void Rope::clear() {
  pieces_.reset();
  tail_.clear();
  size_ = 0;
}

std::string Rope::text() const {
  std::string text(size_, '\0');
  std::size_t end = size_ - tail_.size();
  text.replace(end, tail_.size(), tail_);
  for (const Piece* piece = pieces_.get(); piece != nullptr; piece = piece->next.get()) {
    end -= piece->bytes.size();
    text.replace(end, piece->bytes.size(), piece->bytes);
  }
  return text;
}

Memory::Scope::~Scope() { unchain(next); }
Memory::Recorded::~Recorded() { unchain(next); }
Memory::Items::~Items() { unchain(next); }

void Memory::write(std::string_view bytes) {
  writing_ = true;
  name_ = 0;
  text_.append(bytes);
}

bool Memory::may_repeat() const {
  if (differs_ || !texts()) return false;
  if (writing_ && !Texts::has_prefix(texts(), written())) differs_ = true;
  return !differs_;
}

u64 Memory::hash(bool with_written) const {
  const u64 text = writing_ && with_written ? mix(std::hash<std::string>{}(written()) + 1) : 0;
  return mix((scopes_ ? scopes_->hash : 0) + text) + (items_ || repeated_ ? items_hash() : 0);
}

bool Memory::is_same(const Memory& other) const {
  if (repeated_ != other.repeated_ || nesting_ != other.nesting_ || log_.text() != other.log_.text()) return false;
  const Items *i = items_.get(), *j = other.items_.get();
  for (; i != nullptr && j != nullptr && i != j; i = i->next.get(), j = j->next.get())
    if (i->start != j->start || (i->values ? i->values->hash : 0) != (j->values ? j->values->hash : 0)) return false;
  if (i != j) return false;
  if (writing_ != other.writing_ || length() != other.length() || written() != other.written()) return false;
  const Scope *a = scopes_.get(), *b = other.scopes_.get();
  for (; a != nullptr && b != nullptr && a != b; a = a->next.get(), b = b->next.get())
    if (!Texts::same(a->texts, b->texts)) return false;
  return a == b;
}

void Memory::drop() {
  text_.clear();
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

void Memory::log(std::string_view bytes) {
  if (!items_) return;
  name_ = 0;
  std::size_t from = 0;  // of what is to be kept
  for (std::size_t i = 0; i < bytes.size() && items_; ++i) {
    const Scanner::Part part = scanner_.read(bytes[i]);
    const bool ends = (part == Scanner::Comma || part == Scanner::Closes) && nesting_ == items_->nesting;
    if (part == Scanner::Blank || ends) {
      log_.append(bytes.substr(from, i - from));
      from = i + (part == Scanner::Blank);
    }
    if (ends) {
      const bool outermost = !items_->next;
      end_item(part == Scanner::Closes);
      if (outermost) from = i + 1;
    }
    if (part == Scanner::Opens)
      ++nesting_;
    else if (part == Scanner::Closes && nesting_ > 0)
      --nesting_;
  }
  if (items_) log_.append(bytes.substr(from));
}

// Its text is whole; a comma or the bracket that closes the array comes next.
void Memory::end_item(bool closes) {
  constexpr u32 kMost = 1u << 20;
  const u32 start = items_->start;
  const bool is_last = closes && log_.size() == start;  // [] has none
  std::shared_ptr<const Recorded> values = items_->values;
  if (!is_last) {
    ValuePtr value = Value::of(log_.text().substr(start), true);
    bool is_new = true;
    for (const Recorded* one = values.get(); one != nullptr && is_new; one = one->next.get())
      is_new = !value->equals(*one->value);
    if (!is_new) repeated_ = true;
    if (is_new && !closes) {
      if (values && values->size >= kMost) throw LimitExceeded{"states", kMost};
      values = std::make_shared<const Recorded>(std::move(values), std::move(value));
    }
  }
  std::shared_ptr<const Items> outer = items_->next;
  if (closes) {
    items_ = std::move(outer);
    if (!items_) log_.clear(), nesting_ = 0, scanner_ = {};
  } else {
    // The outermost array is not an item of another one: what is behind it need not be kept.
    if (!outer) log_.clear();
    auto left = std::make_shared<std::vector<ValuePtr>>();
    for (const Recorded* one = values.get(); one != nullptr; one = one->next.get()) left->push_back(one->value);
    const u32 next_start = outer ? static_cast<u32>(log_.size()) + 1 : 0;
    const bool roomy = items_->roomy && left->size() < kRoomy;
    items_ = std::make_shared<const Items>(std::move(outer), std::move(values), next_start, nesting_, std::move(left),
                                           roomy);
  }
  looked_at_ = 0;
}

bool Memory::items_pending() const {
  if (repeated_) return true;
  if (!items_) return false;
  bool pending = false;
  for (const Items* scope = items_.get(); scope != nullptr && !pending; scope = scope->next.get())
    pending = scope->left != nullptr;
  if (!pending || looked_at_ == log_.size() + 1) return pending;
  looked_at_ = log_.size() + 1;
  begun_hash_ = 0;
  const std::string text = log_.text();
  std::vector<const Items*> scopes;
  std::vector<Left> lefts;
  pending = false;
  bool changed = false;
  for (const Items* scope = items_.get(); scope != nullptr; scope = scope->next.get()) {
    Left left = scope->left;
    if (left) {
      const ValuePtr begun =
          Value::of(std::string_view(text).substr(std::min<std::size_t>(scope->start, text.size())), false);
      begun_hash_ = mix(begun_hash_ + begun->hash());
      const auto count =
          std::count_if(left->begin(), left->end(), [&](const ValuePtr& one) { return begun->may_become(*one); });
      if (count == 0) {
        left = nullptr;
      } else if (static_cast<std::size_t>(count) < left->size()) {
        auto fewer = std::make_shared<std::vector<ValuePtr>>();
        for (const ValuePtr& one : *left)
          if (begun->may_become(*one)) fewer->push_back(one);
        left = std::move(fewer);
      }
      changed |= left != scope->left;
      pending |= left != nullptr;
    }
    scopes.push_back(scope);
    lefts.push_back(std::move(left));
  }
  if (!changed) return pending;
  std::shared_ptr<const Items> made;
  for (std::size_t i = scopes.size(); i-- > 0;)
    made = std::make_shared<const Items>(std::move(made), scopes[i]->values, scopes[i]->start, scopes[i]->nesting,
                                         std::move(lefts[i]), scopes[i]->roomy);
  items_ = std::move(made);
  return pending;
}

bool Memory::items_left() const {
  if (repeated_ || !items_ || !items_->roomy) return false;
  // Of the innermost one that is pending nothing is read; and no other is pending.
  if (items_pending() && log_.size() > items_->start) return false;
  for (const Items* scope = items_->next.get(); scope != nullptr; scope = scope->next.get())
    if (scope->left) return false;
  return true;
}

u64 Memory::items_hash() const {
  u64 hash = mix(nesting_ * 2u + repeated_ + 1);
  const bool pending = items_pending();
  for (const Items* scope = items_.get(); scope != nullptr; scope = scope->next.get())
    hash = mix(hash + (scope->values ? scope->values->hash : 0) + 1);
  return hash + (pending ? begun_hash_ : mix(std::hash<std::string>{}(log_.text())));
}

}  // namespace structgen
