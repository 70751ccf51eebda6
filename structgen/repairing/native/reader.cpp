#include "reader.h"

#include <array>
#include <string_view>
#include <utility>

#include "scalars.h"
#include "text.h"

namespace structgen::repairing {
namespace {

constexpr std::size_t kDepth = 1000;  // deeper brackets are left to the Python half, which has a limit of its own
constexpr Index kInner = 32;          // unescaped quotes in one string

enum class Next { FirstName, Name, Colon, Value, FirstItem, Item, AfterValue };

// The body of a string, as far as it was read.
struct Body {
  Index begin, end;
  Index inner = 0;  // quotes that do not end it
  bool is_escaped = false, has_control = false, has_colon = false;
};

struct Literal {
  std::string_view word;
  char value;  // its first letter in JSON
  bool is_json;
};
constexpr Literal kLiterals[] = {
    {"true", 't', true},  {"false", 'f', true},  {"null", 'n', true},  {"none", 'n', false},
    {"True", 't', false}, {"False", 'f', false}, {"None", 'n', false}, {"Null", 'n', false},
    {"TRUE", 't', false}, {"FALSE", 'f', false}, {"NONE", 'n', false}, {"NULL", 'n', false},
};

template <class Char>
bool spells(const Text<Char>& text, Index i, std::string_view word) {
  for (const char c : word)
    if (text.at(i++) != static_cast<Code>(c)) return false;
  return true;
}

// Returns true if a comment says that something was left out: the Python half decides what that means.
template <class Char>
bool is_omission(const Text<Char>& text, Index begin, Index end) {
  for (Index i = begin; i < end; ++i) {
    if (text.at(i) == 0x2026) return true;
    for (const std::string_view word : {"...", "more", "rest", "remaining", "etc"})
      if (i + static_cast<Index>(word.size()) <= end && spells(text, i, word)) return true;
  }
  return false;
}

template <class Char>
class Reader : Text<Char> {
 public:
  Reader(const Char* text, int kind, Index start, Index stop)
      : Text<Char>(text, stop), at_(start), scalars_(*this, text, kind) {}

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
  using Text<Char>::at, Text<Char>::bare_name_end, Text<Char>::blanks, Text<Char>::comment_end, Text<Char>::is_comment,
      Text<Char>::is_cut_literal, Text<Char>::is_end, Text<Char>::is_name, Text<Char>::is_over, Text<Char>::is_word,
      Text<Char>::judge, Text<Char>::may_begin_member, Text<Char>::stop_, Text<Char>::text_;

  bool in_row() const { return is_row_ && frames_.size() == 1; }

  void mark(Change change, Index start, Index end, Index detail = 0) { marks_.push_back({change, start, end, detail}); }

  // Leaves characters out that should not be here.
  bool skip(Change change, Index width) {
    mark(change, at_, at_ + width);
    at_ += width;
    return true;
  }

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
      // The name is new: that was checked when it was read.
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

  // Reads one token. Returns false at the end, and at what this unit does not read.
  bool step() {
    at_ = blanks(at_);
    if (at_ >= stop_) {
      ended_ = true;
      return false;
    }
    const Code c = at(at_);
    if (c == '/' || c == '#') return !in_row() && comment();
    switch (next_) {
      case Next::FirstName:
      case Next::Name:
        return name(c);
      case Next::Colon:
        return colon(c);
      case Next::AfterValue:
        return after(c);
      default:
        return value(c);
    }
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
    return missing_comma(c, frame.is_object);
  }

  bool missing_comma(Code c, bool in_object) {
    const bool is_bracket = c == '{' || c == '[';
    const bool is_item = is_bracket || c == '"' || c == '-' || is_digit(c);
    if (in_object ? c != '"' : !is_item) return false;
    mark(Change::MissingComma, is_bracket ? at_ : before_, at_);
    next_ = in_object ? Next::Name : Next::Item;
    return true;
  }

  bool name(Code c) {
    if (c == '}') return close_after_comma(next_ == Next::Name);
    if (c == ',') return skip(Change::SurplusComma, 1);
    const Index start = at_;
    Owned made(is_quote(c) ? string(c, Role::Name) : bare_name());
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

  PyObject* bare_name() {
    const Index start = at_, end = bare_name_end(start, stop_), colon = blanks(end);
    if (end == start || at(colon) != ':' || (at(colon + 1) == '/' && at(colon + 2) == '/')) return nullptr;
    PyObject* made = scalars_.name(start, end);
    if (made == nullptr) broken_ = true;
    mark(Change::BareName, start, end);
    at_ = end;
    return made;
  }

  // A closing bracket where a name or an item could be.
  bool close_after_comma(bool has_comma) {
    if (has_comma) mark(Change::TrailingComma, at_, at_);
    return close();
  }

  bool colon(Code c) {
    next_ = Next::Value;
    if (c == ':') {
      ++at_;
    } else if (c == '=') {
      skip(Change::OtherColon, at(at_ + 1) == '>' ? 2 : 1);
    } else {
      mark(Change::MissingColon, at_, at_);  // string() has made sure that a value follows
    }
    return true;
  }

  bool value(Code c) {
    if (c == '{' || c == '[') {
      ++at_;
      return push(c, at_ - 1);
    }
    if (frames_.empty() || in_row()) return false;
    const Role role = next_ == Next::Value ? Role::Member : Role::Item;
    if (is_quote(c)) {
      const Index start = at_;
      PyObject* made = string(c, role);
      return made != nullptr && put(made, start, at_);
    }
    if (c == '-' || is_digit(c)) return number(role);
    if (is_letter(c)) return literal(role);
    return role == Role::Member ? c == ':' && skip(Change::SurplusColon, 1) : no_item(c);
  }

  // What may be where an item is expected, but is none.
  bool no_item(Code c) {
    if (c == ']') return close_after_comma(next_ == Next::Item);
    return c == ',' && skip(Change::SurplusComma, 1);
  }

  // Comments

  bool comment() {
    const Index end = comment_end(at_);
    if (end > stop_) seen_ = stop_;
    if (end == at_ || end > stop_ || is_omission(*this, at_, end)) return false;
    mark(Change::Comment, at_, end);
    at_ = end;
    return true;
  }

  // Strings

  // Reads the string that begins here; null if it is not for this unit.
  PyObject* string(Code open, Role role) {
    Body body{at_ + 1, at_ + 1};
    if (!read_body(body, open, role) || !is_sound(body, role)) return stopped(body.end);
    mark_body(body, open);
    PyObject* made = body.is_escaped      ? scalars_.unescaped(body.begin, body.end)
                     : role == Role::Name ? scalars_.name(body.begin, body.end)
                                          : scalars_.string(body.begin, body.end);
    if (made == nullptr) {
      if (PyErr_Occurred() != nullptr) broken_ = true;
      return broken_ ? nullptr : stopped(body.end);
    }
    at_ = body.end + 1;
    return made;
  }

  // Reads up to the quote that ends the string. Returns false if none does.
  bool read_body(Body& body, Code open, Role role) {
    const Quote quote = *quote_of(open);
    for (Index i = body.begin;; ++i) {
      body.end = i;
      if (i >= stop_) {
        ended_ = in_string_ = body.inner == 0 && open == '"';
        return false;
      }
      const Code c = static_cast<Code>(text_[i]);
      if (c == '\\') {
        body.is_escaped = true;
        ++i;
      } else if (quote.closes(c)) {
        const Verdict verdict = judge(i + 1, role, open, i == body.begin);
        if (verdict == Verdict::End) return true;
        if (!take_inner(body, verdict, open, role)) return false;
      } else if (c < 0x20) {
        body.has_control = true;
      } else if (c == ':') {
        body.has_colon = true;
      }
    }
  }

  // A quote at the end of the body, which does not end the string. Returns false if that is in doubt.
  bool take_inner(Body& body, Verdict verdict, Code open, Role role) {
    if (verdict == Verdict::Doubt) {
      if (body.inner == 0 && open == '"') ended_ = is_end(body.end + 1, role);
      return false;
    }
    return ++body.inner <= kInner && !may_begin_member(body.end, body.begin);
  }

  bool is_sound(const Body& body, Role role) const {
    if (body.inner % 2 != 0) return false;
    if (role != Role::Name) return true;
    if (body.has_control || body.inner != 0) return false;
    if (!body.has_colon) return true;
    // `"a: 1, "b": 2`: whether this name lacks its closing quote depends on what follows.
    const Code c = at(blanks(body.end + 1));
    return c == ':' || c == '=';
  }

  void mark_body(const Body& body, Code open) {
    if (open != '"') mark(Change::OtherQuote, body.begin - 1, body.end + 1, static_cast<Index>(open));
    if (body.inner != 0) mark(Change::InnerQuotes, body.begin, body.end, body.inner);
    if (body.has_control) mark(Change::ControlCharacter, body.begin, body.end);
  }

  PyObject* stopped(Index seen) {
    seen_ = std::max(seen_, seen);
    return nullptr;
  }

  // Numbers and literals

  bool number(Role role) {
    const Index start = at_;
    const auto found = Text<Char>::number(start);
    if (!found.is_complete) {
      ended_ = found.end >= stop_;
      return false;
    }
    seen_ = std::max(seen_, found.end);
    if (!is_over(found.end, role, true)) {
      ended_ = blanks(found.end) >= stop_;
      return false;
    }
    PyObject* made = scalars_.number(start, found.end, found.is_float);
    if (made == nullptr && PyErr_Occurred() == nullptr) return false;
    at_ = found.end;
    return put(made, start, at_);
  }

  const Literal* literal_at(Index i) const {
    for (const Literal& literal : kLiterals)
      if (is_word(i, literal.word.data())) return &literal;
    return nullptr;
  }

  bool literal(Role role) {
    const Index start = at_;
    const Literal* found = literal_at(start);
    if (found == nullptr) {
      ended_ = is_cut_literal(start);
      return false;
    }
    const Index end = start + static_cast<Index>(found->word.size());
    if (!is_over(end, role, false)) {
      ended_ = found->is_json && blanks(end) >= stop_;
      return false;
    }
    if (!found->is_json) {
      if (role == Role::Member && !may_follow_word(end)) return false;
      mark(Change::ForeignLiteral, start, end);
    }
    at_ = end;
    PyObject* made = found->value == 't' ? Py_True : found->value == 'f' ? Py_False : Py_None;
    Py_INCREF(made);
    return put(made, start, end);
  }

  // Another spelling of a literal may be the first word of a text: a name has to come after its comma then.
  bool may_follow_word(Index end) const {
    Index i = blanks(end);
    if (at(i) != ',') return true;
    bool is_line = false;
    for (++i; is_blank(at(i)); ++i) is_line |= at(i) == '\n';
    return is_line || at(i) == '}' || is_name(i);
  }

  Index at_;
  Index seen_ = 0;    // how far the text was read or looked ahead in
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
  Scalars<Char> scalars_;
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
