#include "matcher.h"

namespace structgen {

bool Matcher::advance_known(u32 token) {
  const u32 configuration = now_.configuration;
  if (!grammar_->positions().advance_known(now_, token)) return false;
  before_.push_back(configuration);
  return true;
}

bool Matcher::advance(u32 token) {
  auto next = grammar_->positions().advance(now_, token);
  if (!next) return false;
  if (grammar_->has_unique_texts()) changes_.push_back({before_.size(), std::move(now_.state)});
  before_.push_back(now_.configuration);
  now_ = std::move(*next);
  return true;
}

bool Matcher::rollback(std::size_t count) {
  if (count > before_.size()) return false;
  if (count == 0) return true;
  const std::size_t left = before_.size() - count;
  now_.configuration = before_[left];
  before_.resize(left);
  for (; !changes_.empty() && changes_.back().advanced >= left; changes_.pop_back())
    now_.state = std::move(changes_.back().before);
  return true;
}

void Matcher::move_to(Position position) {
  now_ = std::move(position);
  before_.clear();
  changes_.clear();
}

bool Matcher::copy_from(const Matcher& other) {
  if (other.grammar_ != grammar_) return false;
  now_ = other.now_;
  before_ = other.before_;
  changes_ = other.changes_;
  return true;
}

}  // namespace structgen
