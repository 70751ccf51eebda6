#include "reader.h"
#include "names.h"
#include "text.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace structgen::repairing {
namespace {

constexpr std::size_t kDepth = 1000;  // deeper brackets are left to the slow half, which has a limit of its own
constexpr Index kLongNumber = 4300;   // Python's own bound for digits
constexpr Index kInner = 32;          // unescaped quotes in one string

enum class Next { FirstName, Name, Colon, Value, FirstItem, Item, AfterValue };

template <class Char>
class Reader : Text<Char> {
 public:
  Reader(const Char* text, int kind, Index start, Index stop) : Text<Char>(text, stop), kind_(kind), at_(start) {}

  void run(What what, Outcome& out) {
    if (what != What::Value) {
      push('[', at_);
      is_row_ = what == What::Row;
      next_ = Next::FirstItem;
      fixed_ = 1;
    } else {
      next_ = Next::Value;
    }
    bool going = true;
    while (going && !broken_) going = step();
    out.end = std::max(at_, seen_);
    if (!value_ && marks_.empty() && ended_) out.cut = in_string_ ? Cut::InString : Cut::Outside;
    if (value_) {
      out.value = std::move(value_);
      out.end = at_;
    }
    out.open = std::move(frames_);
    out.marks = std::move(marks_);
    out.spans = std::move(spans_);
  }

  bool broken() const { return broken_; }

 private:
  using Text<Char>::at, Text<Char>::blanks, Text<Char>::hex, Text<Char>::is_comment, Text<Char>::is_cut_literal,
      Text<Char>::is_end, Text<Char>::is_name, Text<Char>::is_over, Text<Char>::is_word, Text<Char>::judge,
      Text<Char>::may_begin_member, Text<Char>::stop_, Text<Char>::text_;

  bool in_row() const { return is_row_ && frames_.size() == 1; }

  void mark(Change change, Index start, Index end, Index detail = 0) { marks_.push_back({change, start, end, detail}); }

  bool push(Code bracket, Index start) {
    if (frames_.size() >= kDepth) return false;
    Frame frame;
    frame.is_object = bracket == '{';
    frame.container = Owned(frame.is_object ? PyDict_New() : PyList_New(0));
    if (!frame.container) return fail();
    frame.start = start;
    frame.marks = frame.marks_done = marks_.size();
    frames_.push_back(std::move(frame));
    next_ = bracket == '{' ? Next::FirstName : Next::FirstItem;
    return true;
  }

  bool fail() {
    broken_ = true;
    return false;
  }

  // A complete value, put where it belongs.
  bool put(PyObject* made, Index start, Index end) {
    Owned value(made);
    if (!value) return fail();
    before_ = end;
    if (frames_.empty()) {
      value_ = std::move(value);
      return false;
    }
    Frame& frame = frames_.back();
    if (frame.is_object) {
      // That the name is new was made sure when it was read.
      if (PyDict_SetItem(frame.container.get(), frame.name.get(), value.get()) < 0) return fail();
    } else if (PyList_Append(frame.container.get(), value.get()) < 0) {
      return fail();
    }
    if (in_row()) spans_.emplace_back(start, end);
    frame.last_start = start;
    frame.last_end = end;
    frame.marks_done = marks_.size();
    next_ = Next::AfterValue;
    return true;
  }

  // One token. False: there is nothing more to read, or it is not for us.
  bool step() {
    at_ = blanks(at_);
    if (at_ >= stop_) {
      ended_ = true;
      return false;
    }
    const Code c = at(at_);
    if (c == '/' || c == '#') return !in_row() && comment(at_);
    switch (next_) {
      case Next::FirstName:
      case Next::Name:
        return name(c);
      case Next::Colon:
        return colon(c);
      case Next::Value:
      case Next::FirstItem:
      case Next::Item:
        return value(c);
      case Next::AfterValue:
        return after(c);
    }
    return false;
  }

  bool close() {
    Frame& frame = frames_.back();
    if (frames_.size() <= fixed_) return false;
    const Index start = frame.start;
    PyObject* made = frame.container.release();
    frames_.pop_back();
    ++at_;
    return put(made, start, at_);
  }

  bool after(Code c) {
    Frame& frame = frames_.back();
    if (in_row()) {
      next_ = Next::Item;
      return c == '{' || c == '[';
    }
    if (c == ',') {
      next_ = frame.is_object ? Next::Name : Next::Item;
      ++at_;
      return true;
    }
    if (c == '}' || c == ']') return (c == '}') == frame.is_object && close();
    // A comma is missing.
    const bool is_bracket = c == '{' || c == '[';
    if (frame.is_object ? c != '"' : !(is_bracket || c == '"' || c == '-' || is_digit(c))) return false;
    mark(Change::MissingComma, is_bracket ? at_ : before_, at_);
    next_ = frame.is_object ? Next::Name : Next::Item;
    return true;
  }

  bool name(Code c) {
    if (c == '}') {
      if (next_ == Next::Name) mark(Change::TrailingComma, at_, at_);
      return close();
    }
    if (c == ',') {
      mark(Change::SurplusComma, at_, at_ + 1);
      ++at_;
      return true;
    }
    Owned made;
    const Index start = at_;
    if (is_quote(c)) {
      made = Owned(string(c, Role::Name));
    } else if (begins_name(c)) {
      Index end = at_;
      while (end < stop_ && in_name(at(end))) ++end;
      const Index colon = blanks(end);
      if (at(colon) != ':' || (at(colon + 1) == '/' && at(colon + 2) == '/')) return false;
      made = Owned(name_of(at_, end));
      mark(Change::BareName, at_, end);
      at_ = end;
    } else {
      return false;
    }
    if (!made) return false;
    Frame& frame = frames_.back();
    const int known = PyDict_Contains(frame.container.get(), made.get());
    if (known != 0) {
      seen_ = std::max(seen_, at_);
      at_ = start;
      return known < 0 ? fail() : false;
    }
    frame.name = std::move(made);
    next_ = Next::Colon;
    return true;
  }

  bool colon(Code c) {
    next_ = Next::Value;
    if (c == ':') {
      ++at_;
    } else if (c == '=') {
      const Index width = at(at_ + 1) == '>' ? 2 : 1;
      mark(Change::OtherColon, at_, at_ + width);
      at_ += width;
    } else {
      mark(Change::MissingColon, at_, at_);  // string() has made sure that a value follows
    }
    return true;
  }

  bool value(Code c) {
    const Role role = next_ == Next::Value ? Role::Member : Role::Item;
    const Index start = at_;
    if (c == '{' || c == '[') {
      ++at_;
      return push(c, start);
    }
    if (frames_.empty() || in_row()) return false;
    if (is_quote(c)) {
      PyObject* made = string(c, role);
      return made != nullptr && put(made, start, at_);
    }
    if (c == '-' || is_digit(c)) return number(role);
    if (is_letter(c)) return literal(role);
    if (c == ':' && role == Role::Member) {
      mark(Change::SurplusColon, at_, at_ + 1);
      ++at_;
      return true;
    }
    if (role == Role::Member) return false;
    if (c == ']') {
      if (next_ == Next::Item) mark(Change::TrailingComma, at_, at_);
      return close();
    }
    if (c == ',') {
      mark(Change::SurplusComma, at_, at_ + 1);
      ++at_;
      return true;
    }
    return false;
  }

  // Comments. Those that say that something was left out are not for us.

  bool comment(Index begin) {
    const Code second = at(begin + 1);
    Index end = begin;
    if (at(begin) == '#' || second == '/') {
      while (end < stop_ && at(end) != '\n') ++end;
    } else if (second == '*') {
      end = begin + 2;
      while (end < stop_ && !(at(end) == '*' && at(end + 1) == '/')) ++end;
      if (end + 1 >= stop_) {
        seen_ = std::max(seen_, end);
        return false;
      }
      end += 2;
    } else {
      return false;
    }
    static constexpr std::array<const char*, 5> kMore = {"...", "more", "rest", "remaining", "etc"};
    for (Index i = begin; i < end; ++i) {
      if (at(i) == 0x2026) return false;
      for (const char* word : kMore) {
        Index k = 0;
        while (word[k] != 0 && i + k < end && at(i + k) == static_cast<Code>(word[k])) ++k;
        if (word[k] == 0) return false;
      }
    }
    mark(Change::Comment, begin, end);
    at_ = end;
    return true;
  }

  // Strings

  // The string that begins here; null: not for us. Behind it then.
  PyObject* string(Code open, Role role) {
    const Index start = at_, begin = at_ + 1;
    Index i = begin, inner = 0;
    bool escaped = false, control = false, named = false;
    for (;; ++i) {
      if (i >= stop_) {
        ended_ = in_string_ = inner == 0 && open == '"';
        return stopped(i);
      }
      const Code c = static_cast<Code>(text_[i]);
      if (c == '\\') {
        escaped = true;
        ++i;
      } else if (closes(open, c)) {
        const Verdict verdict = judge(i + 1, role, open, i == begin);
        if (verdict == Verdict::End) break;
        if (verdict == Verdict::Doubt && inner == 0 && open == '"') ended_ = is_end(i + 1, role);
        if (verdict == Verdict::Doubt || ++inner > kInner || may_begin_member(i, begin)) return stopped(i);
      } else if (c < 0x20) {
        control = true;
      } else if (c == ':' && role == Role::Name) {
        named = true;
      }
    }
    // `"a: 1, "b": 2`: a name without its closing quote is a matter of what follows.
    if (inner % 2 != 0 || (role == Role::Name && (control || inner != 0))) return stopped(i);
    if (named) {
      const Code c = at(blanks(i + 1));
      if (c != ':' && c != '=') return stopped(i);
    }
    if (open != '"') mark(Change::OtherQuote, start, i + 1, static_cast<Index>(open));
    if (inner != 0) mark(Change::InnerQuotes, begin, i, inner);
    if (control) mark(Change::ControlCharacter, begin, i);
    PyObject* made = escaped ? unescaped(begin, i) : role == Role::Name ? name_of(begin, i) : text_of(begin, i);
    if (made == nullptr) return broken_ ? nullptr : stopped(i);
    at_ = i + 1;
    return made;
  }

  PyObject* stopped(Index seen) {
    seen_ = std::max(seen_, seen);
    return nullptr;
  }

  PyObject* text_of(Index begin, Index end) {
    PyObject* made = PyUnicode_FromKindAndData(kind_, text_ + begin, end - begin);
    if (made == nullptr) broken_ = true;
    return made;
  }

  PyObject* name_of(Index begin, Index end) {
    PyObject* made = names_.find(text_ + begin, end - begin);
    return made != nullptr ? made : PyErr_Occurred() != nullptr ? (broken_ = true, nullptr) : text_of(begin, end);
  }

  // The text of a body with escapes; null without an error: with one that JSON does not have.
  PyObject* unescaped(Index begin, Index end) {
    buffer_.clear();
    for (Index i = begin; i < end; ++i) {
      Code c = at(i);
      if (c == '\\') {
        switch (at(++i)) {
          case '"':
            c = '"';
            break;
          case '\\':
            c = '\\';
            break;
          case '/':
            c = '/';
            break;
          case 'b':
            c = '\b';
            break;
          case 'f':
            c = '\f';
            break;
          case 'n':
            c = '\n';
            break;
          case 'r':
            c = '\r';
            break;
          case 't':
            c = '\t';
            break;
          case 'u': {
            Code low = 0;
            if (i + 4 >= end || !hex(i + 1, c)) return nullptr;
            i += 4;
            if (c >= 0xd800 && c <= 0xdbff && i + 6 < end && at(i + 1) == '\\' && at(i + 2) == 'u' && hex(i + 3, low) &&
                low >= 0xdc00 && low <= 0xdfff) {
              c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
              i += 6;
            }
            break;
          }
          default:
            return nullptr;
        }
      }
      buffer_.push_back(c);
    }
    PyObject* made =
        PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, buffer_.data(), static_cast<Index>(buffer_.size()));
    if (made == nullptr) broken_ = true;
    return made;
  }

  // Numbers and literals

  // False; the text may have ended there.
  bool stops_at(Index i) {
    ended_ = i >= stop_;
    return false;
  }

  bool number(Role role) {
    const Index start = at_;
    Index i = at_;
    bool is_float = false;
    if (at(i) == '-') ++i;
    if (!is_digit(at(i))) return stops_at(i);
    if (at(i) == '0')
      ++i;
    else
      while (is_digit(at(i))) ++i;
    if (at(i) == '.') {
      is_float = true;
      if (!is_digit(at(++i))) return stops_at(i);
      while (is_digit(at(i))) ++i;
    }
    if (at(i) == 'e' || at(i) == 'E') {
      is_float = true;
      ++i;
      if (at(i) == '+' || at(i) == '-') ++i;
      if (!is_digit(at(i))) return stops_at(i);
      while (is_digit(at(i))) ++i;
    }
    seen_ = std::max(seen_, i);
    if (!is_over(i, role, true)) {
      ended_ = blanks(i) >= stop_;
      return false;
    }
    const Index length = i - start;
    PyObject* made = nullptr;
    if (!is_float && length < 18) {
      long long value = 0;
      for (Index k = at(start) == '-' ? start + 1 : start; k < i; ++k) value = value * 10 + (at(k) - '0');
      made = PyLong_FromLongLong(at(start) == '-' ? -value : value);
    } else if (length > kLongNumber) {
      return false;
    } else {
      digits_.clear();
      for (Index k = start; k < i; ++k) digits_.push_back(static_cast<char>(text_[k]));
      if (is_float) {
        const double value = PyOS_string_to_double(digits_.c_str(), nullptr, nullptr);
        made = PyFloat_FromDouble(value);
      } else {
        made = PyLong_FromString(digits_.c_str(), nullptr, 10);
        if (made == nullptr && PyErr_ExceptionMatches(PyExc_ValueError)) {
          PyErr_Clear();  // a lower bound for digits was set
          return false;
        }
      }
    }
    at_ = i;
    return put(made, start, i);
  }

  bool literal(Role role) {
    static constexpr std::array<const char*, 13> kWords = {"true", "false", "null",  "none", "True", "False", "None",
                                                           "Null", "TRUE",  "FALSE", "NONE", "NULL", ""};
    const Index start = at_;
    std::size_t which = 0;
    while (kWords[which][0] != 0 && !is_word(start, kWords[which])) ++which;
    if (kWords[which][0] == 0) {
      ended_ = is_cut_literal(start);
      return false;
    }
    const Index end = start + static_cast<Index>(std::strlen(kWords[which]));
    if (!is_over(end, role, false)) {
      ended_ = which < 3 && blanks(end) >= stop_;
      return false;
    }
    if (which > 2) {
      // Another spelling is a word first: behind its comma has to come a name, or it goes on.
      Index i = blanks(end);
      if (role == Role::Member && at(i) == ',') {
        bool is_line = false;
        for (++i; is_blank(at(i)); ++i) is_line |= at(i) == '\n';
        if (!is_line && at(i) != '}' && !is_name(i)) return false;
      }
      mark(Change::ForeignLiteral, start, end);
    }
    at_ = end;
    const char first = kWords[which][0];
    PyObject* made = first == 't' || first == 'T' ? Py_True : first == 'f' || first == 'F' ? Py_False : Py_None;
    Py_INCREF(made);
    return put(made, start, end);
  }

  const int kind_;
  Index at_;
  Index seen_ = 0;    // as far as anything was looked at
  Index before_ = 0;  // the end of the last value
  std::size_t fixed_ = 0;
  Next next_ = Next::Value;
  bool is_row_ = false;
  bool ended_ = false;  // the text did, in the middle of what was well formed
  bool in_string_ = false;
  bool broken_ = false;
  Owned value_;
  std::vector<Frame> frames_;
  std::vector<Mark> marks_;
  std::vector<std::pair<Index, Index>> spans_;
  std::vector<Py_UCS4> buffer_;
  std::string digits_;
  Names names_;
};

template <class Char>
Outcome run(const Char* text, int kind, Py_ssize_t start, Py_ssize_t stop, What what, bool& failed) {
  Outcome out;
  Reader<Char> reader(text, kind, start, stop);
  reader.run(what, out);
  failed = reader.broken();
  return out;
}

}  // namespace

Outcome read(PyObject* text, Py_ssize_t start, Py_ssize_t stop, What what, bool& failed) {
  const int kind = PyUnicode_KIND(text);
  switch (kind) {
    case PyUnicode_1BYTE_KIND:
      return run(PyUnicode_1BYTE_DATA(text), kind, start, stop, what, failed);
    case PyUnicode_2BYTE_KIND:
      return run(PyUnicode_2BYTE_DATA(text), kind, start, stop, what, failed);
    default:
      return run(PyUnicode_4BYTE_DATA(text), kind, start, stop, what, failed);
  }
}

}  // namespace structgen::repairing
