#include "values.h"

#include <algorithm>
#include <charconv>
#include <functional>

namespace structgen {

namespace {

void add_utf8(std::string& text, u32 code) {
  auto add = [&text](u32 byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6), add(0x80 | (code & 63));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12), add(0x80 | (code >> 6 & 63)), add(0x80 | (code & 63));
  } else {
    add(0xF0 | code >> 18), add(0x80 | (code >> 12 & 63)), add(0x80 | (code >> 6 & 63)), add(0x80 | (code & 63));
  }
}

bool is_high(u32 code) { return code >= 0xD800 && code < 0xDC00; }
bool is_low(u32 code) { return code >= 0xDC00 && code < 0xE000; }

// The value of a number, in one spelling. Numbers beyond the range of a double become infinity or zero.
std::string value_of_number(std::string_view text) {
  const std::size_t exponent = std::min(text.find_first_of("eE"), text.size());
  const std::size_t point = std::min(text.find('.'), exponent);
  if (point == text.size()) return text == "-0" ? "0" : std::string(text);
  double number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc::result_out_of_range) {
    // Too large or too small: by where its first digit is, and by an exponent that is large itself.
    const std::size_t first = text.find_first_of("123456789");
    const bool is_small = exponent == text.size() ? first > point : text.substr(exponent + 1).starts_with('-');
    if (is_small) return "0";
    return text.starts_with('-') ? "-inf" : "inf";
  }
  if (number == 0) return "0";
  char digits[512];
  const bool is_integer =
      number > 1e17 || number < -1e17 || number == static_cast<double>(static_cast<long long>(number));
  const auto end = is_integer ? std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed, 0)
                              : std::to_chars(digits, digits + sizeof digits, number);
  return {digits, end.ptr};
}

// The significant digits of a number, from the first that is no zero on; the exponent is ignored.
std::string significant(std::string_view text) {
  std::string digits;
  for (char c : text.substr(0, text.find_first_of("eE")))
    if (c >= '0' && c <= '9' && (c != '0' || !digits.empty())) digits.push_back(c);
  return digits;
}

// Returns true if a number that begins like this can have the value of another one. An exponent can make any number 0
// or infinite.
bool may_equal_number(std::string_view begun, std::string_view value, std::string_view digits) {
  constexpr std::size_t kExact = 15;  // digits that a double always represents
  if (begun == "0e" || begun.ends_with("infe")) return begun.substr(0, begun.size() - 1) == value;
  if (value == "0" || value.ends_with("inf")) return true;
  const std::string own = significant(begun);
  if (own.size() > kExact) return true;
  if (begun.starts_with('-') != value.starts_with('-')) return false;
  if (own.size() <= digits.size()) return digits.starts_with(own);
  return own.starts_with(digits) && own.find_first_not_of('0', digits.size()) == std::string::npos;
}

// What a number that may go on has so far, in a form that many spellings share: without leading zeros of the exponent,
// without the digits of an exponent that no double reaches, and with at most kZeros zeros at the end of a fraction.
std::string begun_number(std::string_view text) {
  constexpr std::size_t kZeros = 32, kReach = 330;
  const std::size_t exponent = std::min(text.find_first_of("eE"), text.size());
  std::string found(text.substr(0, exponent));
  if (const std::size_t point = found.find('.'); point != std::string::npos) {
    const std::size_t last = found.find_last_not_of('0');
    if (found.size() - last - 1 > kZeros) found.resize(last + 1 + kZeros);
  }
  if (exponent == text.size()) return found;
  if (found.find_first_of("123456789") == std::string::npos) return "0e";
  std::string_view digits = text.substr(exponent + 1);
  const bool is_small = digits.starts_with('-');
  if (is_small || digits.starts_with('+')) digits.remove_prefix(1);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  std::size_t reach = 0;
  for (char c : digits.substr(0, 9)) reach = reach * 10 + static_cast<std::size_t>(c - '0');
  if (digits.size() > 9 || reach > kReach + found.size()) return is_small ? "0e" : found[0] == '-' ? "-infe" : "infe";
  return found + (is_small ? "e-" : "e") + std::string(digits);
}

}  // namespace

class Value::Reader {
 public:
  Reader(std::string_view text, bool ends) : text_(text), ends_(ends) {}

  ValuePtr value() {
    auto made = std::make_shared<Value>();
    if (at_ < text_.size()) {
      const Depth guard(depth_);
      switch (text_[at_]) {
        case '"':
          made->kind_ = String;
          made->whole_ = string(made->text_, made->escape_);
          break;
        case '[':
          made->kind_ = Array;
          array(*made);
          break;
        case '{':
          made->kind_ = Object;
          object(*made);
          break;
        default:
          scalar(*made);
      }
    }
    made->seal();
    return made;
  }

 private:
  bool next_is(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // False if the text ends within it; an escape that is begun is no part of it then.
  bool string(std::string& out, std::string& begun) {
    for (++at_; at_ < text_.size();) {
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (c != '\\') {
        out.push_back(c);
        ++at_;
        continue;
      }
      u32 code = 0;
      std::size_t length = escape(at_, code);
      if (is_high(code)) {  // half a character, unless the other half follows
        u32 low = 0;
        const std::size_t more = escape(at_ + length, low);
        const bool goes_on = at_ + length >= text_.size() || (more == 0 && text_[at_ + length] == '\\');
        if (goes_on) length = 0;
        if (more != 0 && is_low(low)) length += more, code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      }
      if (length == 0) return begun = text_.substr(at_), at_ = text_.size(), false;
      add_utf8(out, code);
      at_ += length;
    }
    return false;
  }

  // Bytes of the escape there; 0 if there is none, or not all of it.
  std::size_t escape(std::size_t at, u32& code) const {
    if (at + 1 >= text_.size() || text_[at] != '\\') return 0;
    static constexpr std::string_view kLetters = "bfnrt", kMeant = "\b\f\n\r\t";
    const char c = text_[at + 1];
    if (c == 'u') {
      if (at + 6 > text_.size()) return 0;
      std::from_chars(text_.data() + at + 2, text_.data() + at + 6, code, 16);
      return 6;
    }
    const std::size_t letter = kLetters.find(c);
    code = static_cast<u8>(letter == std::string_view::npos ? c : kMeant[letter]);
    return 2;
  }

  void array(Value& made) {
    ++at_;
    if (next_is(']')) return made.whole_ = true, void();
    while (at_ < text_.size()) {
      ValuePtr item = value();
      if (!item->whole_) return made.begun_ = std::move(item), void();
      made.items_.push_back(std::move(item));
      if (next_is(']')) return made.whole_ = true, void();
      if (next_is(',') && at_ == text_.size()) made.begun_ = std::make_shared<Value>();
    }
  }

  void object(Value& made) {
    ++at_;
    if (next_is('}')) return made.whole_ = true, void();
    while (at_ < text_.size()) {
      std::string name;
      made.named_ = true;
      made.name_is_whole_ = string(name, made.escape_);
      made.name_ = name;
      if (!made.name_is_whole_ || !next_is(':')) return;
      ValuePtr item = value();
      if (!item->whole_) return made.begun_ = std::move(item), void();
      made.named_ = false;
      const auto place = std::lower_bound(made.properties_.begin(), made.properties_.end(), name,
                                          [](const Property& m, const std::string& n) { return m.first < n; });
      if (place != made.properties_.end() && place->first == name)
        place->second = std::move(item);
      else
        made.properties_.insert(place, {std::move(name), std::move(item)});
      if (next_is('}')) return made.whole_ = true, void();
      if (next_is(',') && at_ == text_.size()) made.named_ = true, made.name_.clear(), made.name_is_whole_ = false;
    }
  }

  void scalar(Value& made) {
    const std::size_t end = std::min(text_.find_first_of(",]}", at_), text_.size());
    const std::string_view text = text_.substr(at_, end - at_);
    if (text.empty()) return at_ = text_.size(), void();  // no JSON
    made.kind_ = text[0] == '-' || (text[0] >= '0' && text[0] <= '9') ? Number : Word;
    made.whole_ = end < text_.size() || ends_ || text == "true" || text == "false" || text == "null";
    made.text_ = made.kind_ != Number ? std::string(text) : made.whole_ ? value_of_number(text) : begun_number(text);
    if (made.kind_ == Number && made.whole_) {
      made.name_ = significant(made.text_);
      made.name_.resize(made.name_.find_last_not_of('0') + 1);
    }
    at_ = end;
  }

  std::string_view text_;
  bool ends_;
  std::size_t at_ = 0;
  u32 depth_ = 0;
};

ValuePtr Value::of(std::string_view text, bool ends) { return Reader(text, ends).value(); }

void Value::seal() {
  auto add = [this](u64 part) { hash_ = mix(hash_ ^ part); };
  const std::hash<std::string> of;
  add(kind_ * 2u + whole_);
  add(of(text_));
  if (!escape_.empty()) add(of(escape_) + 1);
  for (const ValuePtr& item : items_) add(item->hash_);
  for (const auto& [name, value] : properties_) add(of(name)), add(value->hash_);
  if (named_) add(of(name_) + 1 + name_is_whole_);
  if (begun_) add(begun_->hash_ + 1);
}

const Value::Property* Value::property(std::string_view name) const {
  const auto found = std::lower_bound(properties_.begin(), properties_.end(), name,
                                      [](const Property& m, std::string_view n) { return m.first < n; });
  return found != properties_.end() && found->first == name ? &*found : nullptr;
}

bool Value::equals(const Value& other) const {
  if (hash_ != other.hash_ || kind_ != other.kind_ || text_ != other.text_) return false;
  auto same = [](const ValuePtr& a, const ValuePtr& b) { return a->equals(*b); };
  return std::equal(items_.begin(), items_.end(), other.items_.begin(), other.items_.end(), same) &&
         std::equal(
             properties_.begin(), properties_.end(), other.properties_.begin(), other.properties_.end(),
             [&](const Property& a, const Property& b) { return a.first == b.first && same(a.second, b.second); });
}

bool Value::may_become(const Value& other) const {
  if (whole_) return equals(other);
  if (kind_ == Nothing) return true;
  if (kind_ != other.kind_) return false;
  switch (kind_) {
    case Number:
      return may_equal_number(text_, other.text_, other.name_);
    case Array:
      return array_may_become(other);
    case Object:
      return object_may_become(other);
    default:
      return other.text_.starts_with(text_);
  }
}

bool Value::array_may_become(const Value& other) const {
  const std::size_t count = items_.size();
  if (count + (begun_ != nullptr) > other.items_.size()) return false;
  for (std::size_t i = 0; i < count; ++i)
    if (!items_[i]->equals(*other.items_[i])) return false;
  return !begun_ || begun_->may_become(*other.items_[count]);
}

bool Value::object_may_become(const Value& other) const {
  if (properties_.size() + named_ > other.properties_.size()) return false;
  for (const auto& [name, value] : properties_) {
    const Property* same = other.property(name);
    if (same == nullptr || !value->equals(*same->second)) return false;
  }
  if (!named_) return true;
  if (name_is_whole_) {
    const Property* same = other.property(name_);
    return same != nullptr && property(name_) == nullptr && (!begun_ || begun_->may_become(*same->second));
  }
  return std::any_of(other.properties_.begin(), other.properties_.end(),
                     [this](const Property& p) { return p.first.starts_with(name_) && property(p.first) == nullptr; });
}

}  // namespace structgen
