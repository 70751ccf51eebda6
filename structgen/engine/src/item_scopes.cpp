#include "item_scopes.h"

#include <algorithm>
#include <functional>

#include "chain.h"

namespace structgen {

namespace {

constexpr u32 kMostItems = 1u << 20;  // in an array

}  // namespace

ItemScopes::Recorded::~Recorded() { unchain(next); }
ItemScopes::Items::~Items() { unchain(next); }

void ItemScopes::open(bool roomy) {
  const bool all = roomy && (!items_ || items_->roomy);
  items_ = std::make_shared<const Items>(items_, nullptr, static_cast<u32>(log_.size()), nesting_, nullptr, all);
}

void ItemScopes::log(std::string_view bytes) {
  if (!items_) return;
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

// The text of an item is whole; a comma or the bracket that closes the array comes next.
void ItemScopes::end_item(bool closes) {
  std::shared_ptr<const Recorded> values = items_->values;
  const bool is_empty_array = closes && log_.size() == items_->start;
  if (!is_empty_array) add_value(values, closes);
  if (closes) {
    items_ = std::shared_ptr<const Items>(items_->next);
    if (!items_) log_.clear(), nesting_ = 0, scanner_ = {};
  } else {
    next_item(std::move(values));
  }
  examined_ = 0;
}

void ItemScopes::add_value(std::shared_ptr<const Recorded>& values, bool closes) {
  ValuePtr value = Value::of(log_.text().substr(items_->start), true);
  for (const Recorded* one = values.get(); one != nullptr; one = one->next.get())
    if (value->equals(*one->value)) {
      repeated_ = true;
      return;
    }
  if (closes) return;
  if (values && values->size >= kMostItems) throw LimitExceeded{"states", kMostItems};
  values = std::make_shared<const Recorded>(std::move(values), std::move(value));
}

void ItemScopes::next_item(std::shared_ptr<const Recorded> values) {
  std::shared_ptr<const Items> outer = items_->next;
  // The outermost array is not an item of another one: the text before its next item need not be kept.
  if (!outer) log_.clear();
  auto candidates = std::make_shared<std::vector<ValuePtr>>();
  for (const Recorded* one = values.get(); one != nullptr; one = one->next.get()) candidates->push_back(one->value);
  const u32 start = outer ? static_cast<u32>(log_.size()) + 1 : 0;
  const bool roomy = items_->roomy && candidates->size() < kRoomy;
  items_ =
      std::make_shared<const Items>(std::move(outer), std::move(values), start, nesting_, std::move(candidates), roomy);
}

bool ItemScopes::pending() const {
  if (repeated_) return true;
  bool pending = false;
  for (const Items* scope = items_.get(); scope != nullptr && !pending; scope = scope->next.get())
    pending = scope->candidates != nullptr;
  if (!pending || examined_ == log_.size() + 1) return pending;
  examined_ = log_.size() + 1;
  begun_hash_ = 0;
  const std::string text = log_.text();
  std::vector<std::pair<const Items*, Candidates>> scopes;
  pending = false;
  bool changed = false;
  for (const Items* scope = items_.get(); scope != nullptr; scope = scope->next.get()) {
    Candidates candidates = still_possible(*scope, text);
    changed |= candidates != scope->candidates;
    pending |= candidates != nullptr;
    scopes.emplace_back(scope, std::move(candidates));
  }
  if (!changed) return pending;
  std::shared_ptr<const Items> made;
  for (std::size_t i = scopes.size(); i-- > 0;) {
    const Items& scope = *scopes[i].first;
    made = std::make_shared<const Items>(std::move(made), scope.values, scope.start, scope.nesting,
                                         std::move(scopes[i].second), scope.roomy);
  }
  items_ = std::move(made);
  return pending;
}

// The values that the item may become; null if there is none.
ItemScopes::Candidates ItemScopes::still_possible(const Items& scope, std::string_view text) const {
  if (!scope.candidates) return nullptr;
  const ValuePtr begun = Value::of(text.substr(std::min<std::size_t>(scope.start, text.size())), false);
  begun_hash_ = mix(begun_hash_ + begun->hash());
  auto possible = std::make_shared<std::vector<ValuePtr>>();
  for (const ValuePtr& one : *scope.candidates)
    if (begun->may_become(*one)) possible->push_back(one);
  if (possible->empty()) return nullptr;
  return possible->size() < scope.candidates->size() ? possible : scope.candidates;
}

bool ItemScopes::others_exist() const {
  if (repeated_ || !items_ || !items_->roomy) return false;
  // Of the innermost item that is pending nothing is read; and no other is pending.
  if (pending() && log_.size() > items_->start) return false;
  for (const Items* scope = items_->next.get(); scope != nullptr; scope = scope->next.get())
    if (scope->candidates) return false;
  return true;
}

u64 ItemScopes::hash() const {
  if (empty()) return 0;
  u64 hash = mix(nesting_ * 2u + repeated_ + 1);
  const bool is_pending = pending();
  for (const Items* scope = items_.get(); scope != nullptr; scope = scope->next.get())
    hash = mix(hash + (scope->values ? scope->values->hash : 0) + 1);
  return hash + (is_pending ? begun_hash_ : mix(std::hash<std::string>{}(log_.text())));
}

bool ItemScopes::is_same(const ItemScopes& other) const {
  if (repeated_ != other.repeated_ || nesting_ != other.nesting_ || log_.text() != other.log_.text()) return false;
  const Items *a = items_.get(), *b = other.items_.get();
  for (; a != nullptr && b != nullptr && a != b; a = a->next.get(), b = b->next.get())
    if (a->start != b->start || (a->values ? a->values->hash : 0) != (b->values ? b->values->hash : 0)) return false;
  return a == b;
}

}  // namespace structgen
