#include "uniqueness_state.h"

#include <functional>

#include "chain.h"

namespace structgen {

UniquenessState::Scope::~Scope() { unchain(next); }

void UniquenessState::write(std::string_view bytes) {
  touch();
  writing_ = true;
  text_.append(bytes);
}

bool UniquenessState::may_repeat() const {
  if (differs_ || !seen()) return false;
  if (writing_ && !TextSet::has_prefix(seen(), written())) differs_ = true;
  return !differs_;
}

u64 UniquenessState::hash(bool with_written) const {
  const u64 text = writing_ && with_written ? mix(std::hash<std::string>{}(written()) + 1) : 0;
  return mix((scopes_ ? scopes_->hash : 0) + text) + items_.hash();
}

bool UniquenessState::is_same(const UniquenessState& other) const {
  if (!items_.is_same(other.items_)) return false;
  if (writing_ != other.writing_ || length() != other.length() || written() != other.written()) return false;
  const Scope *a = scopes_.get(), *b = other.scopes_.get();
  for (; a != nullptr && b != nullptr && a != b; a = a->next.get(), b = b->next.get())
    if (!TextSet::same(a->texts, b->texts)) return false;
  return a == b;
}

void UniquenessState::drop() {
  touch();
  text_.clear();
  writing_ = differs_ = false;
}

void UniquenessState::record() {
  const std::shared_ptr<const Scope> outer = scopes_ ? scopes_->next : nullptr;
  scopes_ = std::make_shared<const Scope>(outer, TextSet::with(seen(), written()));
  drop();
}

void UniquenessState::open() {
  touch();
  if (recorded() != 0) scopes_ = std::make_shared<const Scope>(scopes_, nullptr);
}

void UniquenessState::close() {
  touch();
  if (!scopes_) return;
  std::shared_ptr<const Scope> outer = scopes_->next;
  scopes_ = outer && outer->total != 0 ? std::move(outer) : nullptr;
}

}  // namespace structgen
