// Names of members that came a short while ago, so that an array of records makes each of them once.
#pragma once

#include <array>
#include <cstdint>

#include "reader.h"

namespace structgen::repairing {

class Names {
 public:
  template <class Char>
  PyObject* find(const Char* text, Py_ssize_t length) {
    if (length == 0 || length > 64) return nullptr;
    std::uint32_t hash = static_cast<std::uint32_t>(length);
    for (Py_ssize_t i = 0; i < length; ++i) {
      if (text[i] >= 0x80) return nullptr;
      hash = hash * 31 + static_cast<std::uint32_t>(text[i]);
    }
    Owned& slot = slots_[hash % slots_.size()];
    if (slot && PyUnicode_GET_LENGTH(slot.get()) == length) {
      const Py_UCS1* known = PyUnicode_1BYTE_DATA(slot.get());
      Py_ssize_t i = 0;
      while (i < length && known[i] == text[i]) ++i;
      if (i == length) {
        Py_INCREF(slot.get());
        return slot.get();
      }
    }
    std::array<char, 64> bytes;
    for (Py_ssize_t i = 0; i < length; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(text[i]);
    PyObject* made = PyUnicode_FromStringAndSize(bytes.data(), length);
    if (made != nullptr) {
      Py_INCREF(made);
      slot = Owned(made);
    }
    return made;
  }

 private:
  std::array<Owned, 256> slots_;
};

}  // namespace structgen::repairing
